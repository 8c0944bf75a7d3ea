"""What people write about a release, as they send it: which fields, and how much may stand in each."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeVar

from sluiceway.domain.releases.model import Channel, Facts, Goal, ScopeItem, Stakeholder
from sluiceway.errors import InvalidInputError
from sluiceway.services.texts import line, prose

MAX_ENTRIES = 500  # of a list: parts of the scope, goals, stakeholders ...
_MAX_ENTRY_CHARS = 2_000
_MAX_VERSION_CHARS = 100

_Entry = TypeVar("_Entry", Goal, ScopeItem, Stakeholder, Channel)


@dataclass(frozen=True, slots=True)
class FactsPatch:
    """What to change in a release's facts; None leaves a field as it is."""

    version: str | None = None
    type: str | None = None
    title: str | None = None
    code_name: str | None = None
    target_at: datetime | None = None
    manager: str | None = None
    sponsor: str | None = None
    user_impact: str | None = None
    revenue_impact: str | None = None
    goals: tuple[Goal, ...] | None = None
    scope: tuple[ScopeItem, ...] | None = None
    stakeholders: tuple[Stakeholder, ...] | None = None
    channels: tuple[Channel, ...] | None = None
    environment: str | None = None

    def of(self, facts: Facts) -> Facts:
        """Return the facts with the patch. Raises InvalidInputError for a text that can't be kept."""
        given: dict[str, Any] = {
            one.name: value for one in fields(self) if (value := getattr(self, one.name)) is not None
        }
        return checked(replace(facts, **given))


def checked(facts: Facts) -> Facts:
    """Return the facts without blanks around their texts.

    Raises InvalidInputError for what is too long, too many, or holds characters that can't be seen.
    """
    return replace(
        facts,
        version=line(facts.version, "the version", _MAX_VERSION_CHARS),
        type=line(facts.type, "the type"),
        title=line(facts.title, "the title"),
        code_name=line(facts.code_name, "the code name"),
        manager=line(facts.manager, "the manager"),
        sponsor=line(facts.sponsor, "the sponsor"),
        user_impact=prose(facts.user_impact, "the impact on users"),
        revenue_impact=prose(facts.revenue_impact, "the impact on revenue"),
        environment=line(facts.environment, "the environment"),
        goals=_entries(facts.goals, "goals"),
        scope=_entries(facts.scope, "scope"),
        stakeholders=_entries(facts.stakeholders, "stakeholders"),
        channels=_entries(facts.channels, "channels"),
    )


def _entries(found: tuple[_Entry, ...], what: str) -> tuple[_Entry, ...]:
    if len(found) > MAX_ENTRIES:
        raise InvalidInputError(f"{what} has {len(found)} entries; use at most {MAX_ENTRIES}")
    return tuple(_entry(one, f"{what}, entry {number}") for number, one in enumerate(found, start=1))


def _entry(found: _Entry, what: str) -> _Entry:
    texts: dict[str, Any] = {
        one.name: prose(value, f"{what}: {one.name}", _MAX_ENTRY_CHARS)
        for one in fields(found)
        if type(value := getattr(found, one.name)) is str
    }
    return replace(found, **texts)
