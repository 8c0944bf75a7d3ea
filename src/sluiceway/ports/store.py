"""Where rollouts, their decisions and the audit trail are kept.

One `Transaction` is one database transaction: all of its writes land or none. SQLite and PostgreSQL pass
the same suite, `sluiceway.testing.store_contract`. Raises StoreError when the database can't be used.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sluiceway.domain.audit.chain import AuditEntry, NewAuditEntry
from sluiceway.domain.process.plan import Ingress, MetricSpec, Service, Version
from sluiceway.domain.rollouts.model import Command, Effect, RolloutId, RolloutState
from sluiceway.ports.experiments import ExperimentRows
from sluiceway.ports.flags import FlagRows, FlagUsageRows
from sluiceway.ports.history import HistoryTransaction
from sluiceway.ports.people import PeopleRows
from sluiceway.ports.points import PointRows, TokenRows
from sluiceway.ports.releases import ReleaseRows, RunRows

BY_FLAG = "flag"  # as the provider of an ingress: there is none, a flag decides who meets what


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves the users of a service: a version of it behind its ingress."""

    service: Service
    ingress: Ingress
    version: Version


@dataclass(frozen=True, slots=True)
class RolloutSetup:
    """What a rollout was started with and keeps: the process file's content, not its path.

    `rollout_name` is which of the process's named rollouts it is, empty for the process's default one. A
    rollout by flag starts nothing and has no ingress of its own; `serving` is what its proxy's figures are
    of, None where Sluiceway doesn't run the service.
    """

    service: Service
    ingress: Ingress
    metrics: tuple[MetricSpec, ...]
    process_hash: str
    process_text: str
    process_path: str
    rollout_name: str = ""
    serving: Serving | None = None

    @property
    def is_by_flag(self) -> bool:
        """Whether its stages set the reach of a flag; in a rehearsal they move simulated traffic."""
        return self.ingress.provider == BY_FLAG


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """A rollout as stored. `gen` grows with every claim; a save with an old one is refused."""

    id: RolloutId
    setup: RolloutSetup
    state: RolloutState
    gen: int
    version: int  # grows whenever more than measurements changed, for people's edits
    due_at: datetime | None  # wall clock; None: parked, nobody will look at it again
    lease_until: datetime | None  # wall clock
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class PendingCommand:
    """A person's act that the reconciler has not taken up yet."""

    id: int
    rollout_id: RolloutId
    command: Command


@dataclass(frozen=True, slots=True)
class SamplePoint:
    """One point of a rollout's plots. `figures` maps `new.error_rate`, `stable.p95_ms`, `weight_bp`, ..."""

    at: datetime
    figures: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class EffectFailure:
    """An effect that could not be delivered and why; gone once a later one of the same kind succeeds."""

    gen: int
    key: str  # as it was enqueued
    text: str  # for people
    at: datetime


class Transaction(
    HistoryTransaction,
    PointRows,
    TokenRows,
    ReleaseRows,
    PeopleRows,
    RunRows,
    FlagRows,
    FlagUsageRows,
    ExperimentRows,
    Protocol,
):
    """Reads and writes inside one transaction."""

    def insert_rollout(self, row: RolloutRow) -> None:
        """Raise ConflictError when another unfinished rollout holds the same service or ingress."""
        ...

    def get_rollout(self, rollout_id: RolloutId) -> RolloutRow:
        """Raise NotFoundError for an unknown id.

        A beginning or an ending of at least 4 characters is enough when it fits one rollout only; raises
        InvalidInputError when it fits several.
        """
        ...

    def get_rollouts(self, rollout_ids: Collection[RolloutId]) -> Sequence[RolloutRow]:
        """Return those of these that exist, in no order."""
        ...

    def newest_rollouts(self) -> Sequence[RolloutRow]:
        """Return the newest rollout of each service, finished or not, that moves versions, not a flag."""
        ...

    def list_rollouts(
        self,
        *,
        service: str | None,
        services: Collection[str] | None = None,
        active_only: bool,
        limit: int,
        before: RolloutId | None,
    ) -> Sequence[RolloutRow]:
        """Return newest first; `before` continues after the last id of the page before.

        `services` narrows it to those of these services; None is every one.
        """
        ...

    def claim_due(self, now: datetime, lease_s: float, limit: int) -> Sequence[RolloutRow]:
        """Claim rows that are due and unleased: bump `gen`, set the lease, return them."""
        ...

    def save_claimed(self, row: RolloutRow, state: RolloutState, due_at: datetime | None) -> bool:
        """Save and release the lease if `gen` is still the claim's; else change nothing, return False.

        `due_at` None parks the row (finished).
        """
        ...

    def wake(self, rollout_id: RolloutId, at: datetime) -> None:
        """Make it due no later than `at`, also when a claim is held at this moment."""
        ...

    def wake_all(self, at: datetime) -> int:
        """Make every unfinished rollout due no later than `at`; return how many there are.

        For the start, and for when the system clock was set back: what is due later than meant is due now.
        """
        ...

    def release_leases(self) -> int:
        """Give back the leases that this store's owner holds; for the start, after a crash of the owner.

        Their old holder, if it still lives, can't save any more once the rows are claimed again.
        """
        ...

    def add_command(self, rollout_id: RolloutId, command: Command) -> int:
        """Raise NotFoundError, or IllegalMoveError when the rollout has finished.

        What is still waiting when a rollout finishes is refused by the save that finishes it.
        """
        ...

    def pending_commands(self, rollout_id: RolloutId) -> Sequence[PendingCommand]: ...

    def finish_command(self, command_id: int, refusal: str | None) -> None:
        """Record that a command was taken up (`refusal` None) or why not."""
        ...

    def command_refusal(self, command_id: int) -> tuple[bool, str | None]:
        """Return whether it was taken up yet and, if refused, why."""
        ...

    def append_audit(self, entry: NewAuditEntry) -> AuditEntry:
        """Chain and append; the stored entry has its sequence number and hash."""
        ...

    def audit_entries(self, *, rollout_id: RolloutId | None, after: int, limit: int) -> Sequence[AuditEntry]:
        """Return in order of sequence, those after `after`."""
        ...

    def newest_audit_entries(self, subject: str, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """Return the entries about one subject, newest first; `before` continues below a sequence number."""
        ...

    def audit_head(self) -> str:
        """Return the newest entry's hash as noted beside the trail; `verify` finds a cut-off with it."""
        ...

    def add_samples(self, rollout_id: RolloutId, points: Sequence[SamplePoint]) -> None: ...

    def samples(self, rollout_id: RolloutId, *, after: datetime | None, limit: int) -> Sequence[SamplePoint]:
        """Return oldest first, thinned evenly to at most `limit`."""
        ...

    def enqueue_effect(self, row: RolloutRow, key: str, effect: Effect) -> None:
        """Queue an effect for delivery, in this transaction. The same key twice is one effect."""
        ...

    def record_effect_failure(self, rollout_id: RolloutId, effect: Effect, failure: EffectFailure) -> None:
        """Note that an effect was given up on, in words for people, and wake the rollout.

        A failure of an older `gen` does not replace a newer one of the same kind of effect.
        """
        ...

    def record_effect_success(self, rollout_id: RolloutId, gen: int, effect: Effect) -> None:
        """Forget the failures of this kind of effect up to `gen`."""
        ...

    def effect_failures(self, rollout_id: RolloutId) -> Sequence[EffectFailure]:
        """Return what could not be delivered, oldest first."""
        ...

    def clear_effect_failures(self, rollout_id: RolloutId) -> int:
        """Forget every failure (a person asked to retry); return how many there were."""
        ...

    def get_meta(self, key: str) -> str | None:
        """Return a small fact of the whole installation, None when it was never set."""
        ...

    def set_meta(self, key: str, value: str) -> None: ...


class Store(Protocol):
    def begin(self) -> AbstractContextManager[Transaction]:
        """Open a transaction: committed on a clean exit, rolled back on an exception."""
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that only reads: it sees one moment and never waits for a writer.

        A write inside raises StoreError.
        """
        ...

    def close(self) -> None: ...
