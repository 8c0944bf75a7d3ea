"""GO Feature Flag's files as flags: queries and percentages become rules and splits.

What changes by itself as time goes on (progressive and scheduled rollouts) is refused by its place: a rollout
does that here. A flag that is disabled is worth the caller's own default, as there.
Source: gofeatureflag.org/docs/configure_flag/create-flags. Writing its format is `goff_export`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sluiceway.config.flag_formats.converted import Converted
from sluiceway.config.flag_formats.goff_query import parse_query
from sluiceway.config.flag_formats.jsonlogic import Logic
from sluiceway.config.flag_formats.logic import ALWAYS, Expression
from sluiceway.config.flag_formats.reading import (
    Document,
    NotConvertible,
    listed,
    load,
    mapping,
    refuse,
    value_type,
)
from sluiceway.config.flag_formats.rules import SPLIT_NOTE, VERSION_NOTE, check_variants, rules_of
from sluiceway.config.flag_times import parse_instant
from sluiceway.domain.flags.model import Flag, FlagSet, Serve, Share, Variant, Window
from sluiceway.errors import InvalidInputError

KEPT: Final = "goff"
_PER_PERCENT: Final = 1_000  # weights: percentages have up to three digits behind the point
_KEYS: Final = frozenset(
    {"variations", "targeting", "defaultRule", "disable", "experimentation", "metadata", "bucketingKey"}
)
_IN_TIME: Final = ("progressiveRollout", "scheduledRollout")


def from_goff(document: object, *, service: str = "", environment: str = "") -> Converted:
    """Return the flags of a GO Feature Flag file, with the problems of those that can't be carried over."""
    flags: list[Flag] = []
    notes: list[str] = []
    problems: list[str] = []
    try:
        items = mapping(document, "goff")
    except NotConvertible as error:
        return Converted(FlagSet(service, environment), problems=(str(error),))
    for id_, item in items.items():
        try:
            flags.append(_flag(id_, mapping(item, id_), notes))
        except NotConvertible as error:
            problems.append(str(error))
    return Converted(FlagSet(service, environment, flags=tuple(flags)), tuple(notes), tuple(problems))


def _flag(id_: str, item: Document, notes: list[str]) -> Flag:
    for key in _IN_TIME:
        if item.get(key):
            refuse(f"{id_}.{key}", "changes by itself in time; drive the flag with a rollout instead")
    variants = tuple(
        Variant(name, value) for name, value in mapping(item.get("variations"), f"{id_}.variations").items()
    )
    by = (str(item["bucketingKey"]),) if item.get("bucketingKey") else ()
    usual = _served(mapping(item.get("defaultRule"), f"{id_}.defaultRule"), f"{id_}.defaultRule", by)
    rules, rest = rules_of(_branches(item.get("targeting"), id_, by, notes), id_)
    rest = rest or usual
    serves = [rest, usual, *(rule.serve for rule in rules)]
    check_variants(serves, [one.name for one in variants], id_)
    notes += [f"{id_}: {SPLIT_NOTE}"] if any(one.split for one in serves) else []
    if any(one.operator.startswith("semver") for rule in rules for one in rule.constraints):
        notes.append(f"{id_}: {VERSION_NOTE}")
    kept = {key: value for key, value in item.items() if key not in _KEYS}
    notes += [f"{id_}.{key}: is kept, and means nothing here" for key in sorted(kept)]
    metadata = mapping(item.get("metadata") or {}, f"{id_}.metadata")
    return Flag(
        id_,
        value_type([one.value for one in variants], f"{id_}.variations"),
        is_enabled=not item.get("disable"),
        variants=variants,
        rules=rules,
        serve=rest,
        otherwise=rest,
        off_variant="",
        window=_window(item.get("experimentation"), f"{id_}.experimentation"),
        metadata={
            key: value for key, value in metadata.items() if isinstance(value, str | bool | int | float)
        },
        extra={KEPT: kept} if kept else {},
    )


def _branches(
    targeting: object, id_: str, by: tuple[str, ...], notes: list[str]
) -> Sequence[tuple[str, str, Expression, Serve]]:
    found: list[tuple[str, str, Expression, Serve]] = []
    for at, one in enumerate(listed(targeting or [], f"{id_}.targeting")):
        where = f"{id_}.targeting[{at}]"
        rule = mapping(one, where)
        title = str(rule.get("name") or "")
        if rule.get("disable"):
            notes.append(f"{where}: is disabled and was left out")
            continue
        query = rule.get("query")
        found.append((f"rule-{at + 1}", title, _condition(query, f"{where}.query"), _served(rule, where, by)))
    return found


def _condition(query: object, where: str) -> Expression:
    if not query:
        return ALWAYS
    if not isinstance(query, str):
        return Logic({}).condition(query, where)
    if query.lstrip().startswith("{"):
        return Logic({}).condition(load(query, where), where)
    return parse_query(query, where)


def _served(rule: Document, where: str, by: tuple[str, ...]) -> Serve:
    if rule.get("progressiveRollout"):
        refuse(
            f"{where}.progressiveRollout", "changes by itself in time; drive the flag with a rollout instead"
        )
    if rule.get("percentage"):
        shares = mapping(rule["percentage"], f"{where}.percentage").items()
        return Serve(
            split=tuple(Share(name, _weight(one, f"{where}.percentage.{name}")) for name, one in shares),
            by=by,
        )
    if not isinstance(rule.get("variation"), str):
        refuse(f"{where}.variation", "is missing")
    return Serve(str(rule["variation"]))


def _weight(percent: object, where: str) -> int:
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not 0 <= percent <= 100:
        refuse(where, f"is {percent!r}, expected a percentage from 0 to 100")
    return round(percent * _PER_PERCENT)


def _window(said: object, where: str) -> Window | None:
    if not said:
        return None
    dates = mapping(said, where)
    return Window(_instant(dates.get("start"), f"{where}.start"), _instant(dates.get("end"), f"{where}.end"))


def _instant(text: object, where: str) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_instant(str(text), "UTC")[0]
    except InvalidInputError as error:
        refuse(where, str(error))
