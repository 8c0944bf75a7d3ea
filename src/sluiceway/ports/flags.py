"""Where feature flags, their history and what applications report of them are kept.

Part of `ports.store.Transaction`. Documents are JSON texts as `domain.flags.wire` writes them; "" is a flag
that was taken away, whose row stays so that others notice. Contract: `testing.store_flags_contract`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sluiceway.domain.flags.proposals import ItemKind, Proposal, ProposalState

SetKey = tuple[str, str]  # service and environment
ItemKey = tuple[ItemKind, str]  # kind and id


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A flag or segment of one service in one environment.

    `version` is the version of the set that last changed it, so that it never comes back to an earlier one.
    """

    service: str
    environment: str
    kind: ItemKind
    id: str
    version: int
    document: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class FlagVersionRow:
    """One change of one flag or segment, kept for good. `seq` is 0 until it is stored.

    `act` is what was done, as the audit trail calls it; `undoes` the change it took back.
    """

    seq: int
    service: str
    environment: str
    kind: ItemKind
    id: str
    version: int
    act: str
    at: datetime
    by: str
    why: str
    before: str
    after: str
    lines: tuple[str, ...] = ()
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """`version` grows with every save."""

    proposal: Proposal
    version: int


@dataclass(frozen=True, slots=True)
class UsageRow:
    """How often a flag was worth a variant in one hour (since 1970-01-01 UTC), and when first and last."""

    flag: str
    variant: str
    hour: int
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class LastUse:
    """When a flag was last worth a variant, and how often it was in all that is kept."""

    flag: str
    variant: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """Who (a hash) was first seen with which variant of an experiment, when.

    `is_mixed`: was seen with another variant, too, and is no evidence for either.
    """

    experiment: str
    subject: str
    variant: str
    first_at: datetime
    is_mixed: bool = False


class FlagRows(Protocol):
    """Flags, segments, their history and the proposals."""

    def lock_flag_set(self, service: str, environment: str) -> int:
        """Return the set's version, 0 for a new one; nobody else changes it until this transaction ends."""
        ...

    def flag_set_versions(self, service: str = "") -> Mapping[SetKey, int]:
        """Return the version of every set, or of every set of a service."""
        ...

    def flag_rows(self, service: str, environment: str, *, after: int) -> Sequence[FlagRow]:
        """Return the rows that changed after this version of the set, all of them after 0, by kind and id."""
        ...

    def get_flag_row(self, service: str, environment: str, kind: ItemKind, item: str) -> FlagRow | None: ...

    def save_flag_rows(self, service: str, environment: str, version: int, rows: Sequence[FlagRow]) -> None:
        """Write the rows and note that the set is at `version` now. The set must have been locked."""
        ...

    def applied_flags(self, service: str, environment: str) -> Mapping[ItemKey, str]:
        """Return the documents that the set's file had when it was last applied."""
        ...

    def save_applied_flags(
        self, service: str, environment: str, documents: Sequence[tuple[ItemKind, str, str]]
    ) -> None:
        """Remember what a file said: kind, id and document, "" for what it does not hold any more."""
        ...

    def add_flag_versions(self, rows: Sequence[FlagVersionRow]) -> None: ...

    def flag_versions(
        self,
        service: str,
        *,
        environment: str = "",
        kind: ItemKind | None = None,
        item: str = "",
        before: int | None = None,
        limit: int,
    ) -> Sequence[FlagVersionRow]:
        """Return changes newest first; what is empty narrows nothing; `before` continues below a `seq`."""
        ...

    def get_flag_version(self, service: str, seq: int) -> FlagVersionRow:
        """Raise NotFoundError."""
        ...

    def add_proposal(self, proposal: Proposal) -> None: ...

    def get_proposal(self, proposal_id: str) -> ProposalRow:
        """Raise NotFoundError."""
        ...

    def save_proposal(self, row: ProposalRow, proposal: Proposal) -> int:
        """Return the new version. Raise ConflictError when somebody saved it since."""
        ...

    def list_proposals(
        self, services: Collection[str] | None, *, state: ProposalState | None, limit: int
    ) -> Sequence[ProposalRow]:
        """Return the newest first; None is every service, every state."""
        ...


class FlagUsageRows(Protocol):
    """What applications report: how often flags were worth what, and who takes part in experiments."""

    def take_batch(self, service: str, environment: str, batch: str, at: datetime) -> bool:
        """Return whether this batch is new; remember it."""
        ...

    def add_usage(self, service: str, environment: str, rows: Sequence[UsageRow]) -> None:
        """Add to what is there."""
        ...

    def flag_usage(
        self, service: str, environment: str, *, flag: str = "", since_hour: int = 0
    ) -> Sequence[UsageRow]:
        """Return the hours of a flag, or of every one, oldest first."""
        ...

    def last_uses(self, service: str, environment: str) -> Sequence[LastUse]:
        """Return for every flag and variant of the set when it was last seen."""
        ...

    def flag_usage_began(self, service: str, environment: str) -> datetime | None:
        """Return the first instant of all that is kept, None while nothing was reported."""
        ...

    def add_assignments(
        self, service: str, environment: str, rows: Sequence[AssignmentRow], *, limit: int
    ) -> int:
        """Keep who is new, at most `limit` of an experiment; return how many were left out.

        Somebody who is known with another variant is noted as mixed.
        """
        ...

    def assignments(
        self, service: str, environment: str, experiment: str, *, after: str = "", limit: int
    ) -> Sequence[AssignmentRow]:
        """Return them by subject; `after` continues behind one."""
        ...

    def prune_flag_reports(self, *, batches_before: datetime, hours_before: int, limit: int) -> int:
        """Forget at most `limit` old batches and hours each; return how many rows that were."""
        ...
