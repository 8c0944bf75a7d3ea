"""Flags in the shapes of two published release processes: Enterprise's object and Athena's interface.

Enterprise's is one object of flags by id, with `rolloutPercentage`, `targetAudience` and the like; Athena's a
list of flags with `conditions` and `schedule`. Both convert and come back without loss: what was written is
kept with the flag, and returned as it stood while it still says the same.

Where they leave something open, notes say what was chosen: a threshold without figures turns its flag off,
the safe side; percentages count by our own hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, cast

from sluiceway.config.flag_formats.converted import Converted, Exported
from sluiceway.config.flag_formats.reading import Document, NotConvertible, listed, mapping, refuse, texts
from sluiceway.config.flag_times import parse_instant
from sluiceway.domain.flags.model import (
    BUCKETS,
    Constraint,
    Dependency,
    Experiment,
    Flag,
    FlagSet,
    FlagType,
    Json,
    NoData,
    Operator,
    Rule,
    Threshold,
    Window,
)
from sluiceway.errors import InvalidInputError

ENTERPRISE: Final = "enterprise"
ATHENA: Final = "athena"
NO_DATA_NOTE: Final = "while its figures are missing it turns the flag off (on_no_data: turn-off)"

_RULE = "audience"
_THRESHOLDS: Mapping[str, tuple[str, str]] = {  # by key: the id here, the metric in expressions
    "maxResponseTime": ("response-time", "p95_ms"),
    "maxCpuUsage": ("cpu", "cpu_percent"),
}
_CONDITIONS = ("userRole", "userTier", "workspace")
_ENTERPRISE_KEYS = frozenset(
    {
        *("enabled", "rolloutPercentage", "targetAudience", "killSwitch", "dependencies"),
        *("performanceThresholds", "experimentGroup", "metrics"),
    }
)
_ATHENA_KEYS = frozenset(
    {"id", "name", "description", "type", "enabled", "conditions", "schedule", "fallback", "experiment"}
)
_COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|//[^\n]*|/\*.*?\*/""", re.DOTALL)
_OBJECT = re.compile(r"\bfeatureFlags\s*=\s*(?=\{)")
_BRACES = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{}]""")


def javascript_object(text: str) -> str:
    """Return the object literal that a JavaScript text gives to `featureFlags`, as YAML; else the text."""
    begin = _OBJECT.search(text)
    if begin is None:
        return text
    bare = _COMMENT.sub(lambda match: match[1] or "", text[begin.end() :]).replace("\t", " ")
    depth = 0
    for match in _BRACES.finditer(bare):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return bare[: match.end()]
    return bare


def from_enterprise(document: object, *, service: str = "", environment: str = "") -> Converted:
    """Return the flags of an object such as `{newDashboard: {enabled: true, rolloutPercentage: 25}}`."""
    try:
        flags = mapping(document, "flags")
    except NotConvertible as error:
        return Converted(FlagSet(service, environment), problems=(str(error),))
    flags = mapping(flags["featureFlags"], "featureFlags") if set(flags) == {"featureFlags"} else flags
    return _all(flags.items(), _enterprise_flag, service, environment)


def from_athena(document: object, *, service: str = "", environment: str = "") -> Converted:
    """Return the flags of a list of objects in the shape of Athena's `FeatureFlag`, of one, or by id."""
    try:
        items = _athena_items(document)
    except NotConvertible as error:
        return Converted(FlagSet(service, environment), problems=(str(error),))
    return _all([(str(one.get("id", "")), one) for one in items], _athena_flag, service, environment)


def _athena_items(document: object) -> list[Document]:
    if not isinstance(document, Mapping):
        return [mapping(one, f"flags[{at}]") for at, one in enumerate(listed(document, "flags"))]
    top = mapping(cast("object", document), "flags")
    if "id" in top:
        return [top]
    if isinstance(top.get("flags"), list):
        return _athena_items(top["flags"])
    by_id = mapping(top.get("flags", top), "flags")
    return [{"id": key, **mapping(one, key)} for key, one in by_id.items()]


def to_enterprise(flags: FlagSet) -> Exported:
    """Return flags in Enterprise's shape; those that it can't say are named as problems."""
    return _written(flags, ENTERPRISE, _enterprise_flag, _to_enterprise)


def to_athena(flags: FlagSet) -> Exported:
    """Return flags in Athena's shape, below `flags`; those that it can't say are named as problems."""
    found = _written(flags, ATHENA, _athena_flag, _to_athena)
    return replace(found, document={"flags": list(found.document.values())})


def _all(
    items: Any, read: Callable[[str, Document, list[str]], Flag], service: str, environment: str
) -> Converted:
    flags: list[Flag] = []
    notes: list[str] = []
    problems: list[str] = []
    for id_, item in items:
        try:
            flags.append(read(id_, mapping(item, id_), notes))
        except NotConvertible as error:
            problems.append(str(error))
    known = {one.id for one in flags}
    notes += [
        f"{flag.id}: depends on {need.flag}, which is not among these flags; it stays off until there is one"
        for flag in flags
        for need in flag.dependencies
        if need.flag not in known
    ]
    if any(rule.reach < BUCKETS for flag in flags for rule in flag.rules):
        notes.append("percentages count by another hash here: who is reached differs, how many does not")
    return Converted(FlagSet(service, environment, flags=tuple(flags)), tuple(notes), tuple(problems))


def _enterprise_flag(id_: str, item: Document, notes: list[str]) -> Flag:
    audience = item.get("targetAudience")
    segments = () if audience is None else texts(audience, f"{id_}.targetAudience")
    group = item.get("experimentGroup")
    metrics = texts(item.get("metrics") or [], f"{id_}.metrics")
    if item.get("rolloutPercentage") is None:
        notes.append(f"{id_}: says no rolloutPercentage; everyone in its audience is reached")
    _note_unknown(id_, item, _ENTERPRISE_KEYS, notes)
    return Flag(
        id_,
        is_enabled=_truth(item, "enabled", id_),
        rules=_rules(
            () if audience is None else (Constraint("segment", Operator.IN, segments),),
            item.get("rolloutPercentage"),
            f"{id_}.rolloutPercentage",
        ),
        dependencies=tuple(
            Dependency(one) for one in texts(item.get("dependencies") or [], f"{id_}.dependencies")
        ),
        thresholds=_thresholds(id_, item.get("performanceThresholds"), notes),
        type=FlagType.EXPERIMENTAL if group or metrics else FlagType.RELEASE,
        experiment=Experiment(str(group or id_), metrics) if group or metrics else None,
        has_kill_switch=_truth(item, "killSwitch", id_),
        extra={ENTERPRISE: dict(item)},
    )


def _thresholds(id_: str, said: object, notes: list[str]) -> tuple[Threshold, ...]:
    if said is None:
        return ()
    found: list[Threshold] = []
    for key, most in mapping(said, f"{id_}.performanceThresholds").items():
        where = f"{id_}.performanceThresholds.{key}"
        if key not in _THRESHOLDS:
            refuse(where, f"is not known, expected {' or '.join(_THRESHOLDS)}")
        if isinstance(most, bool) or not isinstance(most, int | float):
            refuse(where, f"is {most!r}, expected a number")
        own, metric = _THRESHOLDS[key]
        found.append(Threshold(own, f"{metric} > {most!r}", NoData.TURN_OFF, metric=metric))
        notes.append(f"{where}: became `{metric} > {most!r}`; {NO_DATA_NOTE}")
    return tuple(found)


def _athena_flag(id_: str, item: Document, notes: list[str]) -> Flag:
    if not id_:
        refuse("flags", "one has no id")
    conditions = mapping(item.get("conditions") or {}, f"{id_}.conditions")
    for key in conditions.keys() - {*_CONDITIONS, "percentage"}:
        known = ", ".join((*_CONDITIONS, "percentage"))
        refuse(f"{id_}.conditions.{key}", f"is not known, expected {known}")
    constraints = tuple(
        Constraint(key, Operator.IN, texts(conditions[key], f"{id_}.conditions.{key}"))
        for key in _CONDITIONS
        if conditions.get(key) is not None
    )
    _note_unknown(id_, item, _ATHENA_KEYS, notes)
    type_ = str(item.get("type") or "release")
    if type_ not in set(FlagType):
        refuse(f"{id_}.type", f'is "{type_}", expected one of {", ".join(FlagType)}')
    experiment = item.get("experiment")
    return Flag(
        id_,
        is_enabled=_truth(item, "enabled", id_),
        rules=_rules(constraints, conditions.get("percentage"), f"{id_}.conditions.percentage"),
        window=_window(item.get("schedule"), f"{id_}.schedule"),
        name=str(item.get("name") or ""),
        description=str(item.get("description") or ""),
        type=FlagType(type_),
        fallback=item.get("fallback"),
        experiment=Experiment(str(experiment)) if experiment else None,
        extra={ATHENA: dict(item)},
    )


def _rules(constraints: tuple[Constraint, ...], percentage: object, where: str) -> tuple[Rule, ...]:
    """Return the one rule that both shapes have, none where nothing is asked for."""
    reach = BUCKETS if percentage is None else _reach(percentage, where)
    return (Rule(_RULE, constraints=constraints, reach=reach),) if constraints or reach < BUCKETS else ()


def _reach(percentage: object, where: str) -> int:
    if isinstance(percentage, bool) or not isinstance(percentage, int | float) or not 0 <= percentage <= 100:
        refuse(where, f"is {percentage!r}, expected a percentage from 0 to 100")
    reach = round(percentage * BUCKETS / 100)
    if abs(reach - percentage * BUCKETS / 100) > 1e-6:
        refuse(where, f"is {percentage!r}, finer than the smallest step of 0.001 percent")
    return reach


def _window(said: object, where: str) -> Window | None:
    if said is None:
        return None
    schedule = mapping(said, where)
    on_at, off_at = (_instant(schedule.get(key), f"{where}.{key}") for key in ("enabledAt", "disabledAt"))
    return Window(on_at, off_at) if on_at or off_at else None


def _instant(text: object, where: str) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_instant(str(text), "UTC")[0]
    except InvalidInputError as error:
        refuse(where, str(error))


def _truth(item: Document, key: str, id_: str) -> bool:
    found = item.get(key, False)
    if not isinstance(found, bool):
        refuse(f"{id_}.{key}", f"is {found!r}, expected true or false")
    return found


def _note_unknown(id_: str, item: Document, known: frozenset[str], notes: list[str]) -> None:
    notes += [f"{id_}.{key}: is kept, and means nothing here" for key in sorted(item.keys() - known)]


def _written(
    flags: FlagSet,
    name: str,
    read: Callable[[str, Document, list[str]], Flag],
    write: Callable[[Flag], dict[str, Json]],
) -> Exported:
    document: dict[str, Json] = {}
    problems: list[str] = []
    for flag in flags.flags:
        bare = _bare(flag)
        kept = flag.extra.get(name)
        try:
            if isinstance(kept, Mapping) and _bare(read(flag.id, mapping(kept, flag.id), [])) == bare:
                document[flag.id] = kept
                continue
            written = write(flag)
            is_whole = _bare(read(flag.id, written, [])) == bare
        except NotConvertible as error:
            problems.append(str(error))
            continue
        if is_whole:
            document[flag.id] = written
        else:
            problems.append(f"{flag.id}: says more than {name.capitalize()}'s shape can; it was left out")
    return Exported(document, problems=tuple(problems))


def _bare(flag: Flag) -> Flag:
    return replace(flag, extra={}, hold=None, full_since=None)


def _percentage(rule: Rule) -> int | float:
    percent = rule.reach * 100 / BUCKETS
    return int(percent) if percent.is_integer() else percent


def _to_enterprise(flag: Flag) -> dict[str, Json]:
    found: dict[str, Json] = {"enabled": flag.is_enabled}
    rule = flag.rules[0] if flag.rules else Rule(_RULE)
    found["rolloutPercentage"] = _percentage(rule)
    if rule.constraints:
        found["targetAudience"] = list(rule.constraints[0].values)
    found["killSwitch"] = flag.has_kill_switch
    if flag.dependencies:
        found["dependencies"] = [one.flag for one in flag.dependencies]
    if flag.thresholds:
        found["performanceThresholds"] = dict(_limit(flag, one) for one in flag.thresholds)
    if flag.experiment is not None:
        found["experimentGroup"] = flag.experiment.id
        found["metrics"] = list(flag.experiment.metrics)
    return found


def _limit(flag: Flag, threshold: Threshold) -> tuple[str, float | int]:
    for key, (_, metric) in _THRESHOLDS.items():
        found = re.fullmatch(rf"{metric} > (\d+)(\.\d+)?", threshold.when)
        if found:
            return key, float(found[1] + found[2]) if found[2] else int(found[1])
    raise NotConvertible(f"{flag.id}.thresholds: `{threshold.when}` is none that Enterprise's shape knows")


def _to_athena(flag: Flag) -> dict[str, Json]:
    found: dict[str, Json] = {
        "id": flag.id,
        "name": flag.name,
        "description": flag.description,
        "type": flag.type.value,
        "enabled": flag.is_enabled,
    }
    if flag.rules:
        rule = flag.rules[0]
        conditions: dict[str, Json] = {one.attribute: list(one.values) for one in rule.constraints}
        if rule.reach < BUCKETS:
            conditions["percentage"] = _percentage(rule)
        found["conditions"] = conditions
    if flag.window is not None:
        times = {"enabledAt": flag.window.on_at, "disabledAt": flag.window.off_at}
        found["schedule"] = {key: at.isoformat() for key, at in times.items() if at is not None}
    if flag.fallback is not None:
        found["fallback"] = flag.fallback
    if flag.experiment is not None:
        found["experiment"] = flag.experiment.id
    return found
