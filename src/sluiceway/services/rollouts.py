"""The use cases of rollouts: start one, look at it, act on it. One transaction each, with its audit entry.

Holds no rules about what is possible when: acts are put before the reconciler, which decides and answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.plan import Action, RolloutPlan, Version
from sluiceway.domain.process.team import Permission
from sluiceway.domain.rollouts.model import Command, CommandKind, Phase, RolloutId
from sluiceway.errors import ConflictError, IllegalMoveError, InvalidInputError
from sluiceway.ports.clock import Clock
from sluiceway.ports.live import LiveView
from sluiceway.ports.store import RolloutRow, RolloutSetup, Store, Transaction
from sluiceway.services import access, render
from sluiceway.services.audit import AuditCheckView, verify_audit
from sluiceway.services.ids import new_rollout_id
from sluiceway.services.recent import RecentEntries
from sluiceway.services.starting import (
    checked_version,
    insert_rollout,
    new_row,
    read_plan,
    read_start,
    settle_sides,
)
from sluiceway.services.views import (
    AuditView,
    ExplanationView,
    RolloutSummary,
    RolloutView,
    SeriesView,
)

MAX_PAGE = 500
MAX_POINTS = 5_000
_TAKE_UP_POLL_S = 0.03
_CHANGE_POLL_S = 0.1
_ENTRY_PAGE = 500
# What an act needs; the second right is enough, too.
_NEEDED = {
    CommandKind.PAUSE: (Permission.ROLL_BACK, None),
    CommandKind.ABORT: (Permission.ROLL_BACK, None),
    CommandKind.ROLLBACK: (Permission.ROLL_BACK, None),
    CommandKind.APPROVE: (Permission.ROLLOUT, Permission.APPROVE),
}
_NOT_TAKEN_UP = (
    "this act is recorded and will be taken up as soon as the reconciler runs again; nothing has changed yet"
)


@dataclass(frozen=True, slots=True)
class Change:
    """A rollout as it is now; `token` stands for it, to ask later whether it changed."""

    token: str
    view: RolloutView


class RolloutService:
    """Every method opens its own transactions and may be called from any thread.

    `by` is who asks. Each method raises ForbiddenError when they may not do this for the rollout's service,
    UnauthorisedError when they came in before there were accounts. `take_up_s` is how long, in real seconds,
    an act waits for the reconciler's answer.
    """

    def __init__(self, store: Store, clock: Clock, live: LiveView, *, take_up_s: float = 5.0) -> None:
        self._store = store
        self._clock = clock
        self._live = live
        self._take_up_s = take_up_s
        self._recent = RecentEntries(store, kept=2 * render.MAX_DECISIONS)

    def start(
        self,
        process_text: str,
        path: str,
        new: str,
        stable: str | None,
        by: Principal,
        *,
        rollout: str = "",
        replace_serving: bool = False,
    ) -> RolloutView:
        """Start a rollout to `new` by the process file's content; `path` says where relative names start.

        `rollout` is one of the process's named ones, its default one when empty. Without `stable` it starts
        from what the service's last rollout left serving. Raises ProcessFileError, InvalidInputError,
        NotFoundError for a name that the process does not have, and ConflictError when the service or its
        ingress is busy.
        """
        actor = access.actor(by)
        new_version = checked_version(new, "new version")
        setup, plan = read_start(process_text, path, rollout)
        with self._store.begin() as tx:
            access.require(tx, by, Permission.ROLLOUT, setup.service.name)
            setup, stable_version = settle_sides(
                tx, setup, plan, new_version, stable, replace_serving=replace_serving
            )
            by_which = f"rollout {rollout} of {path}" if rollout else path
            why = f"{setup.service.name} from {stable_version} to {new_version} by {by_which}"
            row = self._insert(tx, setup, plan, stable=stable_version, new=new_version, actor=actor, why=why)
        self._live.nudge()
        return self._view(self._row(row.id))

    def list(
        self,
        by: Principal,
        *,
        service: str | None = None,
        active_only: bool = False,
        limit: int = 50,
        before: str | None = None,
    ) -> Sequence[RolloutSummary]:
        """Return those that `by` may see, newest first; `before` is the last id of the page before."""
        now = self._clock.now()
        with self._store.read() as tx:
            if service is not None:
                access.require(tx, by, Permission.READ, service)
            rows = tx.list_rollouts(
                service=service,
                services=None if service is not None else access.services_for(tx, by, Permission.READ),
                active_only=active_only,
                limit=_within(limit, MAX_PAGE, "limit"),
                before=RolloutId(before) if before else None,
            )
        return tuple(render.render_summary(row, self._live.latest(row.id), now) for row in rows)

    def get(self, rollout_id: str, by: Principal) -> RolloutView:
        """Return everything about one rollout; a unique prefix of its id is enough. Raises NotFoundError."""
        return self._view(self._seen(rollout_id, by))

    def explain(self, rollout_id: str, by: Principal) -> ExplanationView:
        """Return why it is where it is and what it waits for. Raises NotFoundError."""
        row = self._seen(rollout_id, by)
        return render.render_explanation(row.state, self._live.latest(row.id), self._clock.now())

    def series(
        self, rollout_id: str, by: Principal, *, after: datetime | None = None, limit: int = 600
    ) -> SeriesView:
        """Return its plots since `after` (wall time), thinned to `limit` points. Raises NotFoundError."""
        with self._store.read() as tx:
            row = _readable(tx, rollout_id, by)
            points = tx.samples(row.id, after=after, limit=_within(limit, MAX_POINTS, "limit"))
        return render.render_series(points, row.state)

    def history(
        self, rollout_id: str, by: Principal, *, after: int = 0, limit: int = 200
    ) -> Sequence[AuditView]:
        """Return its audit entries, oldest first, those after sequence number `after`."""
        with self._store.read() as tx:
            row = _readable(tx, rollout_id, by)
            entries = tx.audit_entries(
                rollout_id=row.id, after=after, limit=_within(limit, MAX_PAGE, "limit")
            )
        return tuple(render.render_audit(entry) for entry in entries)

    def act(
        self,
        rollout_id: str,
        kind: CommandKind,
        by: Principal,
        *,
        reason: str = "",
        subject: str = "",
        action: Action = Action.IMMEDIATE,
        plan_text: str | None = None,
        expected_version: int | None = None,
    ) -> RolloutView:
        """Put a person's act before the reconciler and return the rollout after it was taken up.

        `plan_text` is an edited process file, only with `edit`. Raises IllegalMoveError with the
        reconciler's sentence when it refuses, ConflictError when the rollout is not at `expected_version`
        any more, NotFoundError, ProcessFileError. When no reconciler takes it up in time, the view's
        `problems` say that the act is recorded and waits.
        """
        actor = access.actor(by)
        if (kind is CommandKind.EDIT) != (plan_text is not None):
            raise InvalidInputError("a process file's text goes with the act `edit`, and only with it")
        with self._store.begin() as tx:
            row = tx.get_rollout(RolloutId(rollout_id))
            needed, or_else = _NEEDED.get(kind, (Permission.ROLLOUT, None))
            access.require(tx, by, needed, row.setup.service.name, or_else=or_else)
            _expect_version(row, expected_version)
            if kind is CommandKind.RETRY and row.state.phase in {Phase.ROLLED_BACK, Phase.ABORTED}:
                return self._start_again(tx, row, actor, reason)
            if row.state.phase.is_terminal:
                raise IllegalMoveError(
                    f"{kind}: this rollout is finished ({row.state.phase}); start a new one instead"
                )
            plan = (
                read_plan(plan_text, row.setup.process_path, row.setup.rollout_name)
                if plan_text is not None
                else None
            )
            now = self._clock.now()
            command = Command(
                kind=kind, by=actor, at=now, reason=reason, subject=subject, action=action, plan=plan
            )
            command_id = tx.add_command(row.id, command)
            asked = f"{kind} {subject}".strip() + (f": {reason}" if reason else "")
            self._note(tx, actor, f"{render.ASKED_PREFIX}{kind}", row.id, asked)
            tx.wake(row.id, self._clock.wall())
        self._live.nudge()
        return self._answer(row.id, kind, command_id)

    def wait_for_change(
        self, rollout_id: str, seen: str | None, by: Principal, timeout_s: float = 0.0
    ) -> Change | None:
        """Return the rollout once it differs from what the token `seen` stands for, None when time is up."""
        deadline = self._clock.monotonic_s() + timeout_s
        while True:
            row = self._seen(rollout_id, by)
            token = self._token(row)
            if token != seen:
                return Change(token, self._view(row))
            if self._clock.monotonic_s() >= deadline:
                return None
            self._clock.sleep(_CHANGE_POLL_S)

    def verify_audit(self, by: Principal, expected_head: str | None = None) -> AuditCheckView:
        """Walk the whole audit trail; `expected_head` is a hash noted earlier, which must occur in it.

        Needs the right to read every service.
        """
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, "")
        return verify_audit(self._store, expected_head)

    def _seen(self, rollout_id: str, by: Principal) -> RolloutRow:
        with self._store.read() as tx:
            return _readable(tx, rollout_id, by)

    def _row(self, rollout_id: str) -> RolloutRow:
        with self._store.read() as tx:
            return tx.get_rollout(RolloutId(rollout_id))

    def _view(self, row: RolloutRow, notices: Sequence[str] = ()) -> RolloutView:
        return render.render_view(
            row,
            self._live.latest(row.id),
            self._recent.of(row.id),
            now=self._clock.now(),
            speed=self._clock.speed,
            notices=notices,
        )

    def _token(self, row: RolloutRow) -> str:
        seen = self._live.latest(row.id)
        return f"{row.version}.{seen.sample}.{hash(seen.problems)}" if seen else f"{row.version}"

    def _insert(
        self,
        tx: Transaction,
        setup: RolloutSetup,
        plan: RolloutPlan,
        *,
        stable: Version,
        new: Version,
        actor: str,
        why: str,
    ) -> RolloutRow:
        row = new_row(new_rollout_id(), setup, plan, self._clock, stable=stable, new=new, by=actor)
        insert_rollout(tx, row, self._clock, why)
        return row

    def _start_again(self, tx: Transaction, row: RolloutRow, actor: str, reason: str) -> RolloutView:
        """A failed rollout is tried again as a new one, with the same process and versions.

        Raises IllegalMoveError for one of a release, which says itself when it may roll out.
        """
        owner = tx.release_of_rollout(row.id)
        if owner is not None:
            raise IllegalMoveError(
                f"retry: this rollout belongs to release {owner.release.id}; take the release to its rollout "
                "phase again and start a new one there"
            )
        state = row.state
        why = f"{row.setup.service.name} from {state.stable} to {state.new} again, after {row.id}"
        if reason:
            why = f"{why}: {reason}"
        again = self._insert(
            tx, row.setup, state.plan, stable=state.stable, new=state.new, actor=actor, why=why
        )
        entries = tx.audit_entries(rollout_id=again.id, after=0, limit=_ENTRY_PAGE)
        return render.render_view(again, None, entries, now=self._clock.now(), speed=self._clock.speed)

    def _note(
        self, tx: Transaction, actor: str, kind: str, rollout_id: RolloutId, why: str, **figures: str
    ) -> None:
        tx.append_audit(
            NewAuditEntry(
                at=self._clock.wall(),
                process_at=self._clock.now(),
                actor=actor,
                kind=kind,
                subject=rollout_id,
                why=why,
                figures=tuple(figures.items()),
            )
        )

    def _answer(self, rollout_id: RolloutId, kind: CommandKind, command_id: int) -> RolloutView:
        deadline = self._clock.monotonic_s() + (self._take_up_s if self._live.is_running else 0.0)
        while True:
            with self._store.read() as tx:
                is_taken_up, refusal = tx.command_refusal(command_id)
            if refusal:
                raise IllegalMoveError(refusal)
            if is_taken_up:
                return self._view(self._row(rollout_id))
            if self._clock.monotonic_s() >= deadline:
                return self._view(self._row(rollout_id), (f"{kind}: {_NOT_TAKEN_UP}",))
            self._clock.sleep(_TAKE_UP_POLL_S)


def _readable(tx: Transaction, rollout_id: str, by: Principal) -> RolloutRow:
    row = tx.get_rollout(RolloutId(rollout_id))
    access.require(tx, by, Permission.READ, row.setup.service.name)
    return row


def _expect_version(row: RolloutRow, expected: int | None) -> None:
    if expected is not None and expected != row.version:
        raise ConflictError(
            f"rollout {row.id} is at version {row.version}, not {expected}: somebody or something changed it "
            "since you looked; look again and decide anew"
        )


def _within(value: int, most: int, name: str) -> int:
    if not 1 <= value <= most:
        raise InvalidInputError(f"{name} is {value}; use 1 to {most}")
    return value
