"""A rollout's live stream as server-sent events (HTML standard, "Server-sent events").

`rollout` carries a whole RolloutView, at once after every change and each second while it runs; `series` the
plot points that came since (a reader drops those it has); a comment keeps quiet connections open. A
finished rollout's stream stays open until the reader or the server goes, or the reader's right to it ends.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from threading import Event

import anyio
from anyio.to_thread import run_sync
from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage
from pydantic import TypeAdapter

from sluiceway.api.guard import credentials_of
from sluiceway.domain.people.model import Principal
from sluiceway.errors import ForbiddenError, StoreError, UnauthorisedError
from sluiceway.services.rollouts import Change, RolloutService
from sluiceway.services.sessions import Credentials, SessionService
from sluiceway.services.views import RolloutView, SeriesView

_POLL_S = 0.2
_REPEAT_S = 1.0
_HEARTBEAT_S = 10.0
_ASK_AGAIN_S = 5.0
_SERIES_LOOK_BACK = timedelta(seconds=5)
_VIEW = TypeAdapter(RolloutView)
_SERIES = TypeAdapter(SeriesView)


class Shutdown:
    """Tells open streams that the server is about to end, so that they end first."""

    def __init__(self) -> None:
        self._event = Event()

    def begin(self) -> None:
        self._event.set()

    @property
    def has_begun(self) -> bool:
        return self._event.is_set()


@get(
    "/api/rollouts/{rollout_id:str}/events",
    summary="Follow a rollout: server-sent events `rollout` and `series`",
    tags=["rollouts"],
)
async def rollout_events(
    *,
    request: Request[Principal, None, State],
    service: NamedDependency[RolloutService],
    sessions: NamedDependency[SessionService],
    shutdown: NamedDependency[Shutdown],
    by: NamedDependency[Principal],
    rollout_id: FromPath[str],
) -> ServerSentEvent:
    first = await run_sync(service.get, rollout_id, by)  # an unknown id is a 404, not an empty stream
    reader = _Reader(sessions, credentials_of(request), by)
    return ServerSentEvent(_follow(service, reader, shutdown, first.summary.id), retry_duration=1_000)


class _Reader:
    """Who reads a stream: asked for again every few seconds, because logins end and roles are taken back."""

    def __init__(self, sessions: SessionService, came_with: Credentials, by: Principal) -> None:
        self._sessions = sessions
        self._came_with = came_with
        self._by = by
        self._asked_at = time.monotonic()

    async def now(self) -> Principal:
        """Raises UnauthorisedError when they are nobody any more."""
        if time.monotonic() - self._asked_at >= _ASK_AGAIN_S:
            self._by = await run_sync(self._sessions.identify, self._came_with)
            self._asked_at = time.monotonic()
        return self._by


async def _follow(
    service: RolloutService, reader: _Reader, shutdown: Shutdown, rollout_id: str
) -> AsyncIterator[ServerSentEventMessage]:
    token: str | None = None
    is_finished = False
    sent_at = beat_at = 0.0
    series_after = datetime.now(UTC) - _SERIES_LOOK_BACK
    while not shutdown.has_begun:
        is_repeat_due = not is_finished and time.monotonic() - sent_at >= _REPEAT_S
        seen = None if is_repeat_due else token
        try:
            by = await reader.now()
            change = await run_sync(service.wait_for_change, rollout_id, seen, by, 0.0)
            series, series_after = await run_sync(_new_points, service, by, rollout_id, series_after, change)
        except StoreError:  # it comes back, or the reader goes; either way this stream need not end
            change, series = None, None
        except (UnauthorisedError, ForbiddenError):
            return
        if change is not None:
            token, is_finished = change.token, change.view.summary.is_finished
            sent_at = beat_at = time.monotonic()
            yield _message("rollout", _VIEW.dump_json(change.view))
            if series is not None:
                yield _message("series", _SERIES.dump_json(series))
        elif time.monotonic() - beat_at >= _HEARTBEAT_S:
            beat_at = time.monotonic()
            yield ServerSentEventMessage(data=None, comment="still here")
        await anyio.sleep(_POLL_S)


def _new_points(
    service: RolloutService, by: Principal, rollout_id: str, after: datetime, change: Change | None
) -> tuple[SeriesView | None, datetime]:
    after = min(after, datetime.now(UTC))  # a system clock that was set back must not silence the plots
    series = service.series(rollout_id, by, after=after) if change is not None else None
    if series is None or not series.at:
        return None, after
    return series, datetime.fromtimestamp(series.at[-1], UTC)


def _message(event: str, data: bytes) -> ServerSentEventMessage:
    return ServerSentEventMessage(event=event, data=data.decode())
