"""The shapes of two published processes become flags and come back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.config.flag_formats.reading import load
from sluiceway.config.flag_formats.seeds import (
    from_athena,
    from_enterprise,
    javascript_object,
    to_athena,
    to_enterprise,
)
from sluiceway.domain.flags.compiling import compile_set
from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Experiment,
    Flag,
    FlagSet,
    FlagType,
    NoData,
    Operator,
    Rule,
    Serve,
    Threshold,
    Window,
)

SEEDS = Path(__file__).resolve().parents[5] / "shared" / "seeds"
ENTERPRISE_TEXT = """\
const featureFlags = {
  // Core feature rollout
  newUserDashboard: {
    enabled: true,
    rolloutPercentage: 25,
    targetAudience: ['beta_users', 'premium_customers'],
    killSwitch: true,
    dependencies: ['userProfile_v2']
  },
  optimizedSearch: {
    enabled: true, rolloutPercentage: 50,
    performanceThresholds: {
      maxResponseTime: 100, // ms
      maxCpuUsage: 70
    }
  },
  checkoutFlowV2: {
    enabled: false, rolloutPercentage: 100, experimentGroup: 'checkout', metrics: ['conversion_rate']
  }
};
function unrelated() { return { }; }
"""


def enterprise() -> Any:
    return load(javascript_object(ENTERPRISE_TEXT))


def test_enterprises_object_is_read_as_it_stands_in_javascript() -> None:
    found = from_enterprise(enterprise())
    dashboard, search, checkout = (replace(one, extra={}) for one in found.flags.flags)

    assert found.problems == ()
    assert dashboard == Flag(
        "newUserDashboard",
        is_enabled=True,
        rules=(
            Rule(
                "audience",
                constraints=(Constraint("segment", Operator.IN, ("beta_users", "premium_customers")),),
                reach=25_000,
            ),
        ),
        dependencies=(Dependency("userProfile_v2"),),
    )
    assert search.thresholds == (
        Threshold("response-time", "p95_ms > 100", NoData.TURN_OFF, metric="p95_ms"),
        Threshold("cpu", "cpu_percent > 70", NoData.TURN_OFF, metric="cpu_percent"),
    )
    assert not search.has_kill_switch
    assert checkout.experiment == Experiment("checkout", ("conversion_rate",))
    assert (checkout.type, checkout.rules) == (FlagType.EXPERIMENTAL, ())


def test_what_was_chosen_is_said() -> None:
    notes = from_enterprise(enterprise()).notes
    assert (
        "optimizedSearch.performanceThresholds.maxResponseTime: became `p95_ms > 100`; "
        "while its figures are missing it turns the flag off (on_no_data: turn-off)"
    ) in notes
    assert any("depends on userProfile_v2, which is not among these flags" in note for note in notes)
    assert any("percentages count by another hash" in note for note in notes)


@pytest.mark.parametrize("file", ["enterprise-release-plan.md", "blueprint-2.1.0-package-diff.md"])
def test_the_published_objects_convert_and_come_back(file: str) -> None:
    path = SEEDS / file
    if not path.is_file():
        pytest.skip(f"needs {path}: the source documents are not part of this repository")
    (block,) = re.findall(
        r"^```javascript\n(.*?featureFlags.*?)^```$", path.read_text(), re.MULTILINE | re.DOTALL
    )
    document = load(javascript_object(block))
    found = from_enterprise(document)
    assert [one.id for one in found.flags.flags] == ["newUserDashboard", "optimizedSearch", "checkoutFlowV2"]
    assert found.problems == ()
    assert to_enterprise(found.flags).document == document


WORDS = st.sampled_from(("beta_users", "pro", "x y", "1"))
LISTS = st.lists(WORDS, max_size=3, unique=True)
PERCENTS = st.integers(0, 100) | st.sampled_from((0.1, 12.5, 33.333))
ENTERPRISE_ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "enabled": st.booleans(),
        "rolloutPercentage": PERCENTS,
        "targetAudience": LISTS,
        "killSwitch": st.booleans(),
        "dependencies": LISTS,
        "performanceThresholds": st.fixed_dictionaries(
            {}, optional={"maxResponseTime": st.integers(1, 999), "maxCpuUsage": st.sampled_from((70, 99.5))}
        ),
        "experimentGroup": WORDS,
        "metrics": LISTS,
        "comment": WORDS,
    },
)
DATES = st.sampled_from(("2026-12-01T08:00:00Z", "2026-12-02T08:00:00+02:00", "2026-12-03T00:00:00.000Z"))
ATHENA_ITEMS = st.fixed_dictionaries(
    {"id": st.just("flag"), "name": WORDS, "description": WORDS, "enabled": st.booleans()},
    optional={
        "type": st.sampled_from(("release", "operational", "experimental")),
        "conditions": st.fixed_dictionaries(
            {}, optional={"userRole": LISTS, "userTier": LISTS, "workspace": LISTS, "percentage": PERCENTS}
        ),
        "schedule": st.fixed_dictionaries({}, optional={"enabledAt": DATES, "disabledAt": DATES}),
        "fallback": st.booleans(),
        "experiment": WORDS,
        "variant": WORDS,
    },
)


def without_what_was_kept(flags: FlagSet) -> FlagSet:
    return replace(flags, flags=tuple(replace(one, extra={}) for one in flags.flags))


@given(ENTERPRISE_ITEMS)
def test_enterprises_shape_comes_back_without_loss(item: dict[str, Any]) -> None:
    found = from_enterprise({"flag": item})
    assert found.problems == ()
    assert to_enterprise(found.flags).document == {"flag": item}

    bare = without_what_was_kept(found.flags)  # written from the flag itself, not from what was kept
    written = to_enterprise(bare)
    if not written.problems:
        assert without_what_was_kept(from_enterprise(written.document).flags) == bare


@given(ATHENA_ITEMS)
def test_athenas_shape_comes_back_without_loss(item: dict[str, Any]) -> None:
    found = from_athena([item])
    assert found.problems == ()
    assert to_athena(found.flags).document == {"flags": [item]}

    bare = without_what_was_kept(found.flags)
    written = to_athena(bare)
    assert written.problems == ()
    assert without_what_was_kept(from_athena(written.document).flags) == bare


ATHENA: dict[str, Any] = {
    "id": "database-views-v2",
    "name": "Views",
    "description": "The new ones",
    "type": "operational",
    "enabled": True,
    "conditions": {"userRole": ["admin"], "userTier": "pro", "percentage": 0.1},
    "schedule": {"enabledAt": "2026-12-01T08:00:00Z"},
    "fallback": False,
}


def test_athenas_conditions_all_have_to_hold() -> None:
    (flag,) = from_athena(ATHENA).flags.flags
    assert replace(flag, extra={}) == Flag(
        "database-views-v2",
        is_enabled=True,
        rules=(
            Rule(
                "audience",
                constraints=(
                    Constraint("userRole", Operator.IN, ("admin",)),
                    Constraint("userTier", Operator.IN, ("pro",)),
                ),
                reach=100,
            ),
        ),
        window=Window(datetime(2026, 12, 1, 8, tzinfo=UTC)),
        name="Views",
        description="The new ones",
        type=FlagType.OPERATIONAL,
        fallback=False,
    )
    everyone = {**ATHENA, "conditions": {"userRole": ["admin"], "userTier": ["pro"]}}
    evaluator = compile_set(from_athena(everyone).flags, now=lambda: 2e9, chance=lambda: 0.0)
    people = [{"userRole": role, "userTier": tier} for role in ("admin", "dev") for tier in ("pro", "free")]
    values = [evaluator.evaluate("database-views-v2", {"targetingKey": "a", **one}).value for one in people]
    assert values == [True, False, False, False]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"conditions": {"userrole": ["a"]}}, "conditions.userrole: is not known, expected userRole"),
        ({"conditions": {"percentage": 101}}, "conditions.percentage: is 101, expected a percentage"),
        ({"conditions": {"percentage": 0.0001}}, "finer than the smallest step"),
        ({"schedule": {"enabledAt": "soon"}}, 'schedule.enabledAt: "soon" is no instant'),
        ({"type": "permanent"}, 'type: is "permanent", expected one of release, operational, experimental'),
        ({"enabled": "yes"}, "enabled: is 'yes', expected true or false"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], problem: str) -> None:
    found = from_athena([{**ATHENA, **change}])
    assert found.flags.flags == ()
    assert problem in found.problems[0]


def test_a_flag_that_says_more_than_the_shape_is_left_out_and_named() -> None:
    flags = FlagSet("shop", "production", flags=(Flag("a", serve=Serve("off")), Flag("b")))
    written = to_enterprise(flags)
    assert list(written.document) == ["b"]
    assert written.problems == ("a: says more than Enterprise's shape can; it was left out",)
