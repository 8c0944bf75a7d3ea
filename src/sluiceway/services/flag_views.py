"""Feature flags as people see them: in lists, one by one, and what became of a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sluiceway.domain.flags.references import Reference
from sluiceway.domain.flags.staleness import Stale


class Outcome(StrEnum):
    """What became of a change in one environment."""

    APPLIED = "applied"
    WAITING = "waiting"  # for an approval
    UNCHANGED = "unchanged"  # it was so already


@dataclass(frozen=True, slots=True)
class FlagChange:
    """What was changed, or would be, in one environment. `version` is the set's afterwards.

    `proposal` is the id of what waits, `waits_for` says for whom.
    """

    service: str
    environment: str
    outcome: Outcome
    version: int
    lines: tuple[str, ...] = ()
    proposal: str = ""
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class FlagServiceView:
    """A service that has flags, or a process and therefore may; its environments in the process's order."""

    service: str
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlagStateView:
    """A flag in one environment. `held_off_by` is "kill", "threshold" or "", `words` says it in short.

    `version` is what a change of it gives as the expected one. `standing` is one word for what is in force:
    `on`, `off`, `killed`, `held` (by a threshold), `scheduled` (on, and outside its window now).
    """

    environment: str
    version: int
    is_enabled: bool
    held_off_by: str
    held_off_why: str
    words: str
    changed_at: datetime
    changed_by: str
    standing: str = ""


@dataclass(frozen=True, slots=True)
class FlagSummary:
    """A flag in a list, with its state in each environment that has it."""

    service: str
    id: str
    name: str
    type: str
    value_type: str
    owner: str
    tags: tuple[str, ...]
    release: str
    expires_at: datetime | None
    states: tuple[FlagStateView, ...]


@dataclass(frozen=True, slots=True)
class FlagDefinition:
    """The whole of a flag or segment in one environment: its document as flag files and clients have it."""

    environment: str
    version: int
    document: Mapping[str, object]  # what JSON can say


@dataclass(frozen=True, slots=True)
class FlagView:
    """Everything about one flag. `rights` is what the reader may do for the service."""

    summary: FlagSummary
    description: str
    definitions: tuple[FlagDefinition, ...]
    environments: tuple[str, ...]  # all that the service has
    waiting: tuple[ProposalView, ...]
    rights: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoteView:
    by: str
    kind: str
    at: datetime
    role: str
    comment: str


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A change that waits for an approval, or did. `subject` is what a vote gives as seen."""

    id: str
    service: str
    environment: str
    act: str
    items: tuple[str, ...]
    lines: tuple[str, ...]
    by: str
    at: datetime
    why: str
    policy: str
    state: str
    sentence: str  # what the votes add up to, or how it was settled
    votes: tuple[VoteView, ...]
    subject: str
    outdated: tuple[str, ...] = ()  # what has changed since it was written: it can't be applied any more


@dataclass(frozen=True, slots=True)
class FlagVersionView:
    """One change in a flag's history. `is_undoable`: nothing has changed the flag there since."""

    id: int
    environment: str
    kind: str
    item: str
    version: int
    act: str
    at: datetime
    by: str
    why: str
    lines: tuple[str, ...]
    undoes: int | None
    is_undoable: bool


@dataclass(frozen=True, slots=True)
class FilePlanView:
    """What a file of flags would do in one environment. `lines` are those of `planning`, signs first.

    `approval` is the title of what is asked there, "" where it is applied at once.
    """

    service: str
    environment: str
    lines: tuple[str, ...]
    changed: tuple[str, ...]  # ids
    conflicts: tuple[str, ...]  # ids: nothing can be applied while there are any
    approval: str


@dataclass(frozen=True, slots=True)
class StaleFlagView:
    """A flag that has done its work, why, and where code still names it."""

    service: str
    flag: str
    owner: str
    reasons: tuple[Stale, ...]
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment in one environment, and the flags there that use it."""

    environment: str
    id: str
    title: str
    version: int
    changed_at: datetime
    changed_by: str
    used_by: tuple[str, ...]
    document: Mapping[str, object]  # what JSON can say
