"""What people say a release is: options of `release new` and `edit`, and the same as a YAML file.

The server says what fits the release's type and its phase; here only what can be read at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from sluiceway.cli.files import read_text
from sluiceway.cli.release_dates import instant, zone_info
from sluiceway.config.slugs import slug
from sluiceway.config.tree import nearest
from sluiceway.domain.releases.model import Channel, Facts, Goal, ScopeItem, ScopeKind, Stakeholder
from sluiceway.errors import InvalidInputError
from sluiceway.services.release_facts import FactsPatch

_PARTS = ";"  # between the parts of what one option says
_PATCH: TypeAdapter[FactsPatch] = TypeAdapter(FactsPatch)
_NAMES = [one.name for one in fields(FactsPatch)]
_TEXTS = (
    "version",
    "type",
    "title",
    "code_name",
    "manager",
    "sponsor",
    "user_impact",
    "revenue_impact",
    "environment",
)

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class FactWords:
    """What the options of `new` and `edit` say; None and empty say nothing."""

    facts: Path | None
    version: str | None
    type: str | None
    target: str | None
    title: str | None
    code_name: str | None
    manager: str | None
    sponsor: str | None
    user_impact: str | None
    revenue_impact: str | None
    environment: str | None
    goals: Sequence[str]
    scope: Sequence[str]
    stakeholders: Sequence[str]
    channels: Sequence[str]


class _FactsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    facts: FactsPatch


def patch_of(words: FactWords, before: Facts, zone: str) -> FactsPatch:
    """Return what the file and then the options change; goals, scope and the like are added to what is there.

    Raises InvalidInputError for what can't be read.
    """
    patch = read_facts(words.facts, zone) if words.facts is not None else FactsPatch()
    said = {name: value for name in _TEXTS if (value := getattr(words, name)) is not None}
    patch = replace(patch, **said)
    if words.target is not None:
        patch = replace(patch, target_at=instant(words.target, zone, "--target", datetime.now(UTC)))
    return replace(
        patch,
        goals=_added(patch.goals, before.goals, [goal(text) for text in words.goals]),
        scope=_added(patch.scope, before.scope, [scope_item(text) for text in words.scope]),
        stakeholders=_added(
            patch.stakeholders, before.stakeholders, [stakeholder(text) for text in words.stakeholders]
        ),
        channels=_added(patch.channels, before.channels, [channel(text) for text in words.channels]),
    )


def patch_body(patch: FactsPatch) -> dict[str, object]:
    """Return a patch as JSON, without what it leaves as it is."""
    return cast(dict[str, object], _PATCH.dump_python(patch, mode="json", exclude_none=True))


def read_facts(path: Path, zone: str) -> FactsPatch:
    """Return what a YAML file says of a release. Raises InvalidInputError naming what can't be used in it."""
    try:
        found: object = yaml.safe_load(read_text(path, what="file of facts"))
    except yaml.YAMLError as failure:
        raise InvalidInputError(f"{path} is not YAML: {' '.join(str(failure).split())}") from failure
    if not isinstance(found, dict):
        raise InvalidInputError(f"{path} holds no facts; use lines such as `title: Pay by invoice`")
    facts = cast(dict[str, Any], found)
    for name in facts:
        if name not in _NAMES:
            known = ", ".join(_NAMES)
            raise InvalidInputError(
                f'{path}: unknown field "{name}", expected one of {known}{nearest(str(name), _NAMES)}'
            )
    if facts.get("target_at") is not None:
        facts["target_at"] = instant(
            _date_text(facts["target_at"]), zone, f"{path}: target_at", datetime.now(UTC)
        )
    facts["scope"] = _with_ids(facts.get("scope"), "text")
    facts["channels"] = _with_ids(facts.get("channels"), "title")
    try:
        return _FactsFile.model_validate({"facts": facts}).facts
    except ValidationError as failure:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg'].lower()}, found {one['input']!r}"
            for one in failure.errors()
        )
        raise InvalidInputError(f"{path}: {problems}") from failure


def facts_text(facts: Facts, zone: str) -> str:
    """Return facts as the YAML file that `read_facts` reads, all fields in it."""
    shown: dict[str, Any] = _PATCH.dump_python(
        FactsPatch(**{name: getattr(facts, name) for name in _NAMES}), mode="json"
    )
    if facts.target_at is not None:
        shown["target_at"] = facts.target_at.astimezone(zone_info(zone)).isoformat()
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100)


def goal(text: str) -> Goal:
    """Return a goal said as `TEXT[; METRIC[; TARGET]]`."""
    return Goal(*_parts(text, 3, "--goal", "TEXT; METRIC; TARGET"))


def scope_item(text: str) -> ScopeItem:
    """Return something that the release holds, said as `KIND: TEXT[; LINK]`."""
    kind, colon, rest = text.partition(":")
    if not colon or kind.strip() not in list(ScopeKind):
        known = ", ".join(ScopeKind)
        raise InvalidInputError(
            f"--scope is {text!r}; begin with its kind ({known}), such as 'feature: Pay by invoice'"
        )
    words = _parts(rest, 2, "--scope", "KIND: TEXT; LINK")
    return ScopeItem(slug(words[0]), ScopeKind(kind.strip()), *words)


def stakeholder(text: str) -> Stakeholder:
    """Return who plays which part, said as `ROLE: PERSON[; BACKUP]`."""
    role, colon, rest = text.partition(":")
    if not colon or not role.strip():
        raise InvalidInputError(f"--stakeholder is {text!r}; use ROLE: PERSON, such as 'support: mia'")
    person, *backup = _parts(rest, 2, "--stakeholder", "ROLE: PERSON; BACKUP")
    return Stakeholder(role.strip(), person, backup=backup[0] if backup else "")


def channel(text: str) -> Channel:
    """Return a way to the users, said by its name."""
    title = _parts(text, 1, "--channel", "NAME")[0]
    return Channel(slug(title), title)


def _parts(text: str, most: int, option: str, form: str) -> list[str]:
    parts = [part.strip() for part in text.split(_PARTS)]
    if not parts[0] or len(parts) > most:
        raise InvalidInputError(f"{option} is {text!r}; use {form}, or a file with --facts")
    return parts


def _added(
    filed: tuple[_Item, ...] | None, before: tuple[_Item, ...], more: Sequence[_Item]
) -> tuple[_Item, ...] | None:
    return (*(before if filed is None else filed), *more) if more else filed


def _date_text(value: object) -> str:
    """Return a date as it was written, which YAML may have read as one."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _with_ids(items: object, named_by: str) -> object:
    """Return a list of mappings with an id each, made of `named_by` where one has none."""
    if not isinstance(items, list):
        return items
    return [_with_id(one, named_by) for one in cast(list[object], items)]


def _with_id(item: object, named_by: str) -> object:
    if not isinstance(item, dict):
        return item
    found = cast(dict[str, Any], item)
    return {"id": slug(str(found.get(named_by, ""))), **found}
