"""What a `rollout` section says about the flag that it drives, and what does not go with driving one.

Only of the strategy `feature-flag`. Whether the flag exists is known when the rollout starts, not here.
"""

from __future__ import annotations

from collections.abc import Iterator

from sluiceway.config import values
from sluiceway.config.sections import Fields
from sluiceway.domain.process.plan import (
    Analysis,
    DrivenFlag,
    MetricSource,
    SmokeCheck,
    Stage,
    Strategy,
)

OF_USERS = frozenset({"attribute", "segment"})  # kinds of audience that a flag can tell
_OF_THE_PROXY = frozenset({MetricSource.ENVOY, MetricSource.DEPLOY})


def read_flag(fields: Fields, strategy: Strategy) -> DrivenFlag | None:
    """Return the flag that the rollout drives, None when it names none."""
    keys = {name: fields.get(name) for name in ("flag", "environment", "rule")}
    present = {name: value for name, value in keys.items() if value is not None}
    if strategy is not Strategy.FEATURE_FLAG:
        for name, value in present.items():
            value.problem(f'"{name}" goes with strategy feature-flag only, found {strategy}')
        return None
    if "flag" not in present:
        for name, value in present.items():
            value.problem(f'"{name}" says where a flag is driven, expected "flag" beside it')
        return None
    named = {name: values.name(value, what=f"the {name}") for name, value in present.items()}
    if None in named.values():
        return None
    return DrivenFlag(**{"id" if name == "flag" else name: text for name, text in named.items() if text})


def check_driven(
    fields: Fields,
    flag: DrivenFlag | None,
    stages: tuple[Stage, ...],
    smoke: tuple[SmokeCheck, ...],
    analysis: Analysis | None,
) -> None:
    """Report what a rollout by flag can't have: it starts nothing, and no proxy tells its users apart."""
    if flag is None:
        return
    if smoke:
        fields.at("smoke").problem(
            "a rollout by flag starts no version, so there is none to ask; leave it out"
        )
    for stage in stages:
        for words in _misplaced(stage):
            fields.at("stages").problem(f'stage "{stage.id}" {words}')
    blind = [one.name for one in analysis.metrics if one.source in _OF_THE_PROXY] if analysis else []
    if blind:
        fields.at("analysis").problem(
            f"compares by {', '.join(blind)}, which is the same for users with and without the flag; "
            "expected metrics of Prometheus or pushed ones that tell both sides apart"
        )


def _misplaced(stage: Stage) -> Iterator[str]:
    if stage.mirror_bp:
        yield "has a mirror, but a flag moves no requests; leave it out"
    for one in stage.audience:
        if one.kind not in OF_USERS:
            yield f"picks its audience by {one.kind}, which no flag knows; expected segments or an attribute"
