"""The `stages` list: weights, durations, criteria, audience and approval of each step."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import assert_never

from sluiceway.config import shapes, values, vocabulary
from sluiceway.config.judgements import Judge
from sluiceway.config.sections import Fields
from sluiceway.config.tree import Value
from sluiceway.domain.process.durations import show_weight
from sluiceway.domain.process.plan import (
    FULL_WEIGHT_BP,
    Approval,
    Audience,
    Stage,
    Strategy,
    WhenInconclusive,
)

BLUE_GREEN_WEIGHTS_BP = (0, 500, 2_500, 5_000, FULL_WEIGHT_BP)
BLUE_GREEN_STEP_S = 300.0
MAX_STAGES = 200

_DEFAULT = Stage("", 0, 0.0)


def default_stages(strategy: Strategy) -> tuple[Stage, ...]:
    """Return the stages of a rollout that names none; () for strategies that must name theirs.

    Blue-green switches gradually: 0, 5, 25, 50, 100 percent. Maintenance replaces everything at once.
    """
    match strategy:
        case Strategy.BLUE_GREEN:
            return tuple(
                Stage(f"green-{bp // 100}", bp, BLUE_GREEN_STEP_S if 0 < bp < FULL_WEIGHT_BP else 0.0)
                for bp in BLUE_GREEN_WEIGHTS_BP
            )
        case Strategy.MAINTENANCE:
            return (Stage("everything", FULL_WEIGHT_BP, 0.0),)
        case Strategy.CANARY | Strategy.ROLLING | Strategy.FEATURE_FLAG:
            return ()
        case _:
            assert_never(strategy)


def read_stages(value: Value, strategy: Strategy, judge: Judge) -> tuple[Stage, ...]:
    """Return the stages without problems, the last at full weight."""
    items = value.items()
    if value.is_list and not items:
        value.problem("found no stage, expected at least one")
    if len(items) > MAX_STAGES:
        value.problem(f"found {len(items)} stages, expected at most {MAX_STAGES}")
        return ()
    stages: list[Stage] = []
    first_line: dict[str, int] = {}
    is_complete = True
    for number, item in enumerate(items, 1):
        found = _read_stage(item, number, strategy, judge)
        is_complete = is_complete and bool(found)
        for stage in found:
            if stage.id in first_line:
                _at(item, "name").problem(
                    f'a second stage is called "{stage.id}", first on line {first_line[stage.id]}; '
                    "expected different names"
                )
            first_line[stage.id] = item.line
            if stages and stage.weight_bp < stages[-1].weight_bp:
                before = show_weight(stages[-1].weight_bp)
                _at(item, "weight", "percentage").problem(
                    f"{show_weight(stage.weight_bp)} is less than the {before} of the stage before, "
                    "expected weights that never fall"
                )
            stages.append(stage)
    return ending_at_full_weight(tuple(stages), value) if stages and is_complete else tuple(stages)


def ending_at_full_weight(stages: tuple[Stage, ...], value: Value) -> tuple[Stage, ...]:
    """Return the stages with one at 100 percent at the end, which a person must approve when it was added."""
    last = stages[-1]
    if last.weight_bp == FULL_WEIGHT_BP:
        return stages
    full_id = "full" if all(stage.id != "full" for stage in stages) else "full-weight"
    value.note(
        f'ends at {show_weight(last.weight_bp)}; a stage "{full_id}" at 100 % was added that begins once '
        "somebody approves it"
    )
    return (*stages, Stage(full_id, FULL_WEIGHT_BP, 0.0, approval=Approval()))


def _at(item: Value, *words: str) -> Value:
    for key, entry in item.entries() if item.is_mapping else ():
        if key.raw in words:
            return entry
    return item


def _read_stage(value: Value, number: int, strategy: Strategy, judge: Judge) -> tuple[Stage, ...]:
    fields = vocabulary.STAGE.read(value)
    if not fields.is_mapping:
        return ()
    name_value, weight_value, criteria_value = (
        fields.get("name"),
        fields.get("weight"),
        fields.get("criteria"),
    )
    name = values.text(name_value, what="a name") if name_value else f"stage-{number}"
    weights_bp = _weights(weight_value) if weight_value else None
    criteria = judge.criteria(criteria_value) if criteria_value else ()
    audience_value, approval_value = fields.get("audience"), fields.get("approval")
    audience = _audience(audience_value, strategy) if audience_value else ()
    approval = _approval(approval_value) if approval_value else None
    options = _options(fields)
    total_s = _duration(fields, weights_bp)
    if name is None or weights_bp is None or options is None or total_s is None:
        return ()
    inconclusive, min_requests, mirror_bp = options
    may_be_zero = strategy is Strategy.BLUE_GREEN or audience or mirror_bp
    if weights_bp[0] == 0 and weight_value and not may_be_zero:
        weight_value.problem("0 % reaches nobody, expected a weight, an audience or a mirror")
    base = replace(
        _DEFAULT,
        criteria=criteria,
        audience=audience,
        inconclusive=inconclusive,
        min_requests=min_requests,
        mirror_bp=mirror_bp,
    )
    return _expanded(base, _stage_id(name, number), weights_bp, total_s, approval)


def _expanded(
    base: Stage, stage_id: str, weights_bp: tuple[int, ...], total_s: float, approval: Approval | None
) -> tuple[Stage, ...]:
    if len(weights_bp) == 1:
        only = weights_bp[0]
        return (replace(base, id=stage_id, weight_bp=only, duration_s=total_s, approval=approval),)
    share_s = total_s / len(weights_bp)
    return tuple(
        replace(
            base,
            id=f"{stage_id}-{show_weight(bp).removesuffix(' %')}",
            weight_bp=bp,
            duration_s=share_s,
            approval=approval if index == 0 else None,
        )
        for index, bp in enumerate(weights_bp)
    )


def _stage_id(name: str, number: int) -> str:
    slug = re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-.")
    return slug[:50] or f"stage-{number}"


def _weights(value: Value) -> tuple[int, ...] | None:
    if not value.is_list:
        single = values.weight_bp(value)
        return None if single is None else (single,)
    found = tuple(values.weight_bp(item) for item in value.items())
    if not found:
        value.problem("found an empty list, expected a percentage such as 5%")
        return None
    return tuple(bp for bp in found if bp is not None) if None not in found else None


def _duration(fields: Fields, weights_bp: tuple[int, ...] | None) -> float | None:
    value = fields.get("duration")
    if value:
        return values.duration(value)
    if weights_bp is None or len(weights_bp) != 1 or 0 < weights_bp[0] < FULL_WEIGHT_BP:
        if fields.is_mapping and not fields.has("duration"):
            fields.value.problem(
                '"duration" is missing, expected how long the stage lasts at least, such as 10m'
            )
        return None
    return 0.0


def _options(fields: Fields) -> tuple[WhenInconclusive, int, int] | None:
    inconclusive_value, requests_value = fields.get("inconclusive"), fields.get("min_requests")
    mirror_value = fields.get("mirror")
    inconclusive = (
        values.choice(inconclusive_value, shapes.INCONCLUSIVE)
        if inconclusive_value
        else _DEFAULT.inconclusive
    )
    requests = values.count(requests_value) if requests_value else _DEFAULT.min_requests
    mirror_bp = values.weight_bp(mirror_value) if mirror_value else 0
    if inconclusive is None or requests is None or mirror_bp is None:
        return None
    return inconclusive, requests, mirror_bp


def _audience(value: Value, strategy: Strategy) -> tuple[Audience, ...]:
    items = value.items() if value.is_list else (value,)
    found = [_one_audience(item, strategy) for item in items]
    return tuple(audience for audience in found if audience is not None)


def _one_audience(value: Value, strategy: Strategy) -> Audience | None:
    is_by_flag = strategy is Strategy.FEATURE_FLAG
    if is_by_flag and value.is_scalar:
        segment = values.name(value, what="the id of a segment")
        return Audience("segment", "", (segment,)) if segment is not None else None
    fields = vocabulary.AUDIENCE.read(value)
    if not fields.is_mapping:
        return None
    attribute = fields.get("attribute")
    if attribute is not None:
        return _of_attribute(fields, attribute, is_by_flag=is_by_flag)
    header, cookie, equals = fields.get("header"), fields.get("cookie"), fields.get("equals")
    if (header is None) == (cookie is None):
        value.problem(
            "found both a header and a cookie, expected one of them"
            if header
            else "found neither a header nor a cookie, expected one of them"
        )
        return None
    named = header or cookie
    kind = "header" if header else "cookie"
    if named is None or equals is None:
        return None
    name = values.token(named, what=f"a {kind} name")
    wanted = values.texts(equals, what="a value")
    if name is None or wanted is None:
        return None
    return Audience(kind, name.lower() if header else name, wanted)


def _of_attribute(fields: Fields, attribute: Value, *, is_by_flag: bool) -> Audience | None:
    if not is_by_flag:
        attribute.problem("a proxy knows no attributes of users, expected a header or a cookie")
        return None
    if fields.get("header") or fields.get("cookie"):
        fields.value.problem("found an attribute beside a header or a cookie, expected one of them")
        return None
    name, equals = values.text(attribute, what="an attribute"), fields.get("equals")
    wanted = values.texts(equals, what="a value") if equals else None
    return Audience("attribute", name, wanted) if name and wanted else None


def _approval(value: Value) -> Approval | None:
    if value.is_scalar and value.kind == "bool":
        return Approval() if values.truth(value) else None
    if value.is_scalar:
        return Approval(role=value.raw)
    fields = vocabulary.APPROVAL.read(value)
    role_value, count_value = fields.get("role"), fields.get("count")
    role = values.text(role_value, what="a role") if role_value else ""
    count = values.whole(count_value, least=1, most=20) if count_value else 1
    return Approval(role or "", count or 1)
