"""flagd's flag definitions as flags: targeting in JSONLogic becomes rules.

A flag that is DISABLED is worth the caller's own default, as in flagd. What rules can't say is refused by its
place in `jsonlogic`; writing flagd's format is the business of `flagd_export`.
Source: flagd.dev/reference/flag-definitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sluiceway.config.flag_formats.converted import Converted
from sluiceway.config.flag_formats.jsonlogic import Logic
from sluiceway.config.flag_formats.reading import Document, NotConvertible, mapping, refuse, value_type
from sluiceway.config.flag_formats.rules import SPLIT_NOTE, VERSION_NOTE, check_variants, rules_of
from sluiceway.domain.flags.model import Flag, FlagSet, Serve, Variant

KEPT: Final = "flagd"
_KEYS: Final = frozenset({"state", "variants", "defaultVariant", "targeting", "metadata"})


def from_flagd(document: object, *, service: str = "", environment: str = "") -> Converted:
    """Return the flags of a flagd document, with the problems of those that can't be carried over."""
    flags: list[Flag] = []
    notes: list[str] = []
    problems: list[str] = []
    try:
        top = mapping(document, "flagd")
        logic = Logic(mapping(top.get("$evaluators") or {}, "$evaluators"))
        items = mapping(top.get("flags"), "flags")
    except NotConvertible as error:
        return Converted(FlagSet(service, environment), problems=(str(error),))
    for id_, item in items.items():
        try:
            flags.append(_flag(id_, mapping(item, f"flags.{id_}"), logic, notes))
        except NotConvertible as error:
            problems.append(str(error))
    found = FlagSet(service, environment, flags=tuple(flags))
    return Converted(found, tuple(notes), tuple(problems))


def _flag(id_: str, item: Document, logic: Logic, notes: list[str]) -> Flag:
    where = f"flags.{id_}"
    variants = tuple(
        Variant(name, value) for name, value in mapping(item.get("variants"), f"{where}.variants").items()
    )
    names = [one.name for one in variants]
    default = item.get("defaultVariant")
    targeting = item.get("targeting") or None
    if not isinstance(default, str):
        refuse(
            f"{where}.defaultVariant", "is missing: what those get who fit no rule must be one variant here"
        )
    usual = Serve(default)
    branches = logic.branches(targeting, f"{where}.targeting")
    rules, rest = rules_of(
        ((f"rule-{at}", "", one.when, one.serve or usual) for at, one in enumerate(branches, start=1)), where
    )
    check_variants((usual, rest or usual, *(rule.serve for rule in rules)), names, where)
    if any(rule.serve.split for rule in rules) or (rest is not None and rest.split):
        notes.append(f"{id_}: {SPLIT_NOTE}")
    if any(one.operator.startswith("semver") for rule in rules for one in rule.constraints):
        notes.append(f"{id_}: {VERSION_NOTE}")
    kept = {key: value for key, value in item.items() if key not in _KEYS}
    notes += [f"{id_}.{key}: is kept, and means nothing here" for key in sorted(kept)]
    return Flag(
        id_,
        value_type([one.value for one in variants], f"{where}.variants"),
        is_enabled=item.get("state", "ENABLED") == "ENABLED",
        variants=variants,
        rules=rules,
        serve=rest or usual,
        otherwise=rest or usual,
        off_variant="",
        metadata=_metadata(item.get("metadata"), where),
        extra={KEPT: kept} if kept else {},
    )


def _metadata(said: object, where: str) -> Mapping[str, Any]:
    found = mapping(said or {}, f"{where}.metadata")
    for key, value in found.items():
        if not isinstance(value, str | bool | int | float):
            refuse(f"{where}.metadata.{key}", "expected a text, number or truth")
    return found
