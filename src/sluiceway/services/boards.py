"""The use cases of boards: who sits on them, what waits for them, their meetings; how past changes went.

Boards are those of a service's process in force. Votes and decisions are in `change_deciding`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sluiceway.domain.changes import boards
from sluiceway.domain.changes.boards import MeetingDate
from sluiceway.domain.changes.model import BoardMeeting, ChangeId, ChangeState, MeetingKind
from sluiceway.domain.changes.success import WINDOW_DAYS, team_success
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.control import Board
from sluiceway.domain.process.expressions import did_you_mean
from sluiceway.domain.process.team import Permission
from sluiceway.errors import InvalidInputError, NotFoundError, RuleError
from sluiceway.ports.calendars import Holidays
from sluiceway.ports.clock import Clock
from sluiceway.ports.releases import MeetingRow
from sluiceway.ports.store import Store, Transaction
from sluiceway.services import access
from sluiceway.services.again import again_on_conflict
from sluiceway.services.board_rendering import (
    agenda_items,
    render_agenda,
    render_board,
    render_meeting,
    render_success,
)
from sluiceway.services.change_facts import in_utc
from sluiceway.services.change_scene import (
    ChangeScene,
    ChangeScenes,
    Current,
    every_change,
)
from sluiceway.services.change_views import (
    AgendaItemView,
    AgendaView,
    BoardView,
    MeetingView,
    SuccessView,
)
from sluiceway.services.release_saving import note
from sluiceway.services.saying import with_reason
from sluiceway.services.texts import prose

_MEETINGS = 20  # a board's latest ones that are shown
_ON_AGENDA = 100  # at most on the agenda of one meeting
_ENDED = (ChangeState.DONE, ChangeState.FAILED)
_DECIDED = (ChangeState.APPROVED, ChangeState.SCHEDULED, ChangeState.IN_PROGRESS, *_ENDED)


class BoardService:
    """Every method opens its own transactions and may be called from any thread.

    `by` is who asks. Each method raises ForbiddenError when they may not do this for the service,
    NotFoundError for a service without a process and for a board or meeting that does not exist.
    """

    def __init__(self, store: Store, clock: Clock, *, holidays: Holidays) -> None:
        self._store = store
        self._clock = clock
        self._holidays = holidays

    def list(self, service: str, by: Principal) -> Sequence[BoardView]:
        """Return the boards of a service; "" is every service that `by` may see."""
        with self._store.read() as tx:
            if service:
                access.require(tx, by, Permission.READ, service)
                services: Iterable[str] = (service,)
            else:
                visible = access.services_for(tx, by, Permission.READ)
                services = [one for one in tx.services() if visible is None or one in visible]
            scenes = self._scenes(tx)
            return tuple(
                self._board(tx, scenes, current, board, by)
                for current in map(scenes.current, services)
                for board in current.team.changes.boards
            )

    def get(self, service: str, board: str, by: Principal) -> BoardView:
        """Return everything about one board."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            scenes = self._scenes(tx)
            current = scenes.current(service)
            return self._board(tx, scenes, current, _board_of(current, board), by)

    def agenda(self, service: str, board: str, by: Principal) -> AgendaView:
        """Return what the board's next meeting is about, as it stands now."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            scenes = self._scenes(tx)
            current = scenes.current(service)
            found = _board_of(current, board)
            next_at = self._next(tx, current, found)
            return render_agenda(found, current, self._items(tx, scenes, current, found, next_at), next_at)

    def call_meeting(
        self,
        service: str,
        board: str,
        by: Principal,
        *,
        kind: MeetingKind = MeetingKind.REGULAR,
        at: datetime | None = None,
        reason: str = "",
        changes: Sequence[str] = (),
    ) -> MeetingView:
        """Call a meeting; without a time the next regular one, without changes with the agenda as it stands.

        An emergency meeting is now unless a time is given, and takes a reason; without changes it is about
        the emergency changes that wait. Raises RuleError for one in the past, for changes that don't wait for
        this board, and for an emergency without a reason or without a change to decide on; InvalidInputError
        for a regular one without a time of a board that has no fixed day.
        """
        words, given = prose(reason, "the reason"), in_utc(at) if at is not None else None

        def call() -> str:
            with self._store.begin() as tx:
                access.require(tx, by, Permission.BOARD, service)
                scenes = self._scenes(tx)
                current = scenes.current(service)
                found, now = _board_of(current, board), self._clock.now()
                usual = now if kind is MeetingKind.EMERGENCY else None
                when = given or usual or self._next_at(tx, current, found)
                waiting = agenda_items(found, current, self._waiting(tx, scenes, service), when)
                called = boards.call_meeting(
                    found,
                    f"MTG-{now.year}-{tx.next_number(f'MTG-{now.year}'):03}",
                    kind,
                    when,
                    called_by=by.name,
                    now=now,
                    items=_chosen(found, current, kind, waiting, changes),
                    reason=words,
                )
                self._add(tx, replace(called, service=service), found, access.actor(by))
                return called.id

        return self.meeting(again_on_conflict(call), by)

    def meeting(self, meeting_id: str, by: Principal) -> MeetingView:
        """Return a meeting with its agenda."""
        with self._store.read() as tx:
            meeting = tx.get_meeting(meeting_id.strip().upper()).meeting
            access.require(tx, by, Permission.READ, meeting.service)
            scenes = self._scenes(tx)
            current = scenes.current(meeting.service)
            return self._meeting(tx, scenes, current, meeting)

    def meetings(
        self, service: str, board: str, by: Principal, *, open_only: bool = False, limit: int = _MEETINGS
    ) -> Sequence[MeetingView]:
        """Return a board's meetings, latest first; "" is every board of the service."""
        if not 1 <= limit <= 200:
            raise InvalidInputError(f"limit is {limit}; use 1 to 200")
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            scenes = self._scenes(tx)
            current = scenes.current(service)
            if board:
                _board_of(current, board)
            rows = tx.list_meetings(service=service, board=board, open_only=open_only, limit=limit)
            return tuple(self._meeting(tx, scenes, current, row.meeting) for row in rows)

    def close_meeting(self, meeting_id: str, by: Principal, *, minutes: str) -> MeetingView:
        """Close a meeting with its minutes; what it left undecided is on the next agenda by itself.

        Raises IllegalMoveError when it was closed before.
        """
        actor, words = access.actor(by), prose(minutes, "the minutes")
        with self._store.begin() as tx:
            row = tx.get_meeting(meeting_id.strip().upper())
            access.require(tx, by, Permission.BOARD, row.meeting.service)
            closed = boards.close_meeting(row.meeting, words)
            tx.save_meeting(row, closed)
            left = sum(tx.get_change(one).change.state is ChangeState.SUBMITTED for one in closed.agenda)
            why = f"closed, {left} of {len(closed.agenda)} left undecided"
            note(tx, self._clock, actor=actor, kind="meeting-closed", subject=closed.id, why=why)
        return self.meeting(closed.id, by)

    def success(self, service: str, by: Principal) -> SuccessView:
        """Return how the service's changes of the last year went."""
        now = self._clock.now()
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            since = now - timedelta(days=WINDOW_DAYS)
            ended = [row.change for row in every_change(tx, _ENDED, service, ended_since=since)]
        return render_success(service, team_success(ended, now))

    def _board(
        self, tx: Transaction, scenes: ChangeScenes, current: Current, board: Board, by: Principal
    ) -> BoardView:
        next_at = self._next(tx, current, board)
        rows = tx.list_meetings(service=current.service, board=board.id, open_only=False, limit=_MEETINGS)
        may_hold = access.is_allowed(tx, by, Permission.BOARD, current.service)
        return render_board(
            board,
            current,
            waiting=self._items(tx, scenes, current, board, next_at),
            meetings=[self._meeting(tx, scenes, current, row.meeting) for row in rows],
            next_at=next_at,
            may=("meet", "close") if may_hold else (),
        )

    def _items(
        self,
        tx: Transaction,
        scenes: ChangeScenes,
        current: Current,
        board: Board,
        next_at: MeetingDate | None,
    ) -> Sequence[AgendaItemView]:
        meets_at = next_at.at if next_at is not None else self._clock.now()
        return agenda_items(board, current, self._waiting(tx, scenes, current.service), meets_at)

    def _meeting(
        self, tx: Transaction, scenes: ChangeScenes, current: Current, meeting: BoardMeeting
    ) -> MeetingView:
        board = next((one for one in current.team.changes.boards if one.id == meeting.board), None)
        rows = [tx.get_change(one) for one in meeting.agenda]
        known = {row.change.id: scenes.of(row) for row in rows}
        gone = Board(meeting.board, meeting.board, chair="", voting=())
        return render_meeting(meeting, board or gone, current, known)

    def _waiting(self, tx: Transaction, scenes: ChangeScenes, service: str) -> dict[ChangeId, ChangeScene]:
        """Return every request that may be on an agenda: submitted, or decided on and to be reviewed."""
        rows = every_change(tx, (ChangeState.SUBMITTED,), service)
        kinds = scenes.current(service).team.changes.kinds
        looked_back_at = [one.id for one in kinds if one.is_emergency and one.review_after_s > 0]
        reviewed = every_change(tx, _DECIDED, service, looked_back_at) if looked_back_at else ()
        return {row.change.id: scenes.of(row) for row in (*rows, *reviewed)}

    def _next(self, tx: Transaction, current: Current, board: Board) -> MeetingDate | None:
        """Return the next regular meeting: one that was called, else the board's next day."""
        rows = tx.list_meetings(service=current.service, board=board.id, open_only=False, limit=_MEETINGS)
        regular = [row.meeting for row in rows if row.meeting.kind is MeetingKind.REGULAR]
        now = self._clock.now()
        called = [one.at for one in regular if not one.is_closed and one.at >= now]
        if called:
            return MeetingDate(min(called))
        last = max((one.at for one in regular), default=None)
        return boards.next_meeting(board, current.calendar, current.holidays, now, last)

    def _next_at(self, tx: Transaction, current: Current, board: Board) -> datetime:
        found = self._next(tx, current, board)
        if found is None:
            raise InvalidInputError(f"the {board.title} has no fixed day; say when it meets")
        return found.at

    def _add(self, tx: Transaction, meeting: BoardMeeting, board: Board, actor: str) -> None:
        """Keep a new meeting, on the requests of its agenda, too."""
        tx.insert_meeting(MeetingRow(meeting, version=1))
        when = f"{meeting.kind} meeting of the {board.title} on {meeting.at:%Y-%m-%d %H:%M} UTC"
        why = with_reason(when, meeting.reason)
        note(tx, self._clock, actor=actor, kind="meeting-called", subject=meeting.id, why=why)
        for one in meeting.agenda:
            row = tx.get_change(one)
            tx.save_change(row, replace(row.change, meeting=meeting.id))
            words = f"on the agenda of {meeting.id}, {when}"
            note(tx, self._clock, actor=actor, kind="change-on-agenda", subject=one, why=words)

    def _scenes(self, tx: Transaction) -> ChangeScenes:
        return ChangeScenes(tx, self._clock.now(), self._holidays)


def _board_of(current: Current, board: str) -> Board:
    found = next((one for one in current.team.changes.boards if one.id == board), None)
    if found is None:
        ids = [one.id for one in current.team.changes.boards]
        near = did_you_mean(board, ids) or f"; it has {', '.join(ids) or 'none'}"
        raise NotFoundError(f'the process of {current.service} has no board "{board[:100]}"{near}')
    return found


def _chosen(
    board: Board,
    current: Current,
    kind: MeetingKind,
    waiting: Sequence[AgendaItemView],
    named: Sequence[str],
) -> list[str]:
    """Return what a meeting is about, in the order of the agenda. Raises RuleError for what doesn't wait."""
    known = [one.change.id for one in waiting]
    if named:
        wanted = [one.strip().upper() for one in named]
        strange = [one for one in wanted if one not in known]
        if strange:
            raise RuleError(
                f"{strange[0][:40]} does not wait for the {board.title}; "
                f"waiting: {', '.join(known) or 'none'}"
            )
        return [one for one in known if one in wanted]
    if kind is MeetingKind.EMERGENCY:
        pressing = {one.id for one in current.team.changes.kinds if one.is_emergency}
        return [one.change.id for one in waiting if one.change.kind in pressing][:_ON_AGENDA]
    return known[:_ON_AGENDA]
