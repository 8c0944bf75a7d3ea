"""Whatever stands in a file, the answer is a process or a list of problems: never another error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sluiceway.config import parse_process, team_parts
from sluiceway.config.vocabulary import PROCESS, SECTIONS
from sluiceway.domain.process.plan import FULL_WEIGHT_BP
from sluiceway.errors import ProcessFileError

GOOD = Path(__file__).with_name("good")
COMPLETE = (GOOD / "complete.yaml").read_text(encoding="utf-8")
TEAM = (GOOD / "team.yaml").read_text(encoding="utf-8")
WORDS = sorted(
    {word for s in (PROCESS, *SECTIONS.values()) for k in s.keys for word in (k.name, *k.synonyms)}
)
TEAM_KEYS = ["rollouts", *(key.name for key in team_parts.KEYS)]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 200),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(
        ["5%", "10m", "canary", "error_rate < 0.01", "/healthz", "Error rate > 1%", "{port}", ""]
    ),
    st.text(max_size=8),
)


def some_yaml() -> st.SearchStrategy[Any]:
    return st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
        ),
        max_leaves=25,
    )


def read(text: str) -> tuple[str, ...]:
    try:
        parse_process(text, "p.yaml")
    except ProcessFileError as error:
        return error.problems
    return ()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    top=st.dictionaries(
        st.sampled_from(["service", "ingress", "metrics", "rollout", *TEAM_KEYS]), some_yaml(), max_size=4
    )
)
def test_any_shape_gives_a_process_or_problems(top: Any) -> None:
    for problem in read(yaml.safe_dump(top, allow_unicode=True)):
        name, line, column, rest = problem.split(":", 3)

        assert (name, line.isdigit(), column.isdigit()) == ("p.yaml", True, True)
        assert rest.strip()


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, len(COMPLETE)), length=st.integers(0, 30), put=st.text(max_size=3))
@example(at=0, length=0, put="\ud800")
def test_a_damaged_file_gives_a_process_or_problems(at: int, length: int, put: str) -> None:
    read(COMPLETE[:at] + put + COMPLETE[at + length :])


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(TEAM)), length=st.integers(0, 30), put=st.text(max_size=3))
def test_a_damaged_team_gives_a_process_or_problems(at: int, length: int, put: str) -> None:
    read(TEAM[:at] + put + TEAM[at + length :])


@settings(max_examples=100, deadline=None)
@given(weights=st.lists(st.integers(1, FULL_WEIGHT_BP), min_size=1, max_size=6).map(sorted))
def test_rising_weights_are_kept_to_the_basis_point_and_end_at_everyone(weights: list[int]) -> None:
    rows = "".join(f"    - {{weight: {bp / 100:.2f}%, duration: 1m}}\n" for bp in weights)
    plan = parse_process(f"rollout:\n  stages:\n{rows}").rollout

    assert plan is not None
    found = [stage.weight_bp for stage in plan.stages]
    assert found == (weights if weights[-1] == FULL_WEIGHT_BP else [*weights, FULL_WEIGHT_BP])
