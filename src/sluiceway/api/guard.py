"""Who may send requests at all, and who sends them: the two checks before any route.

`RequestGuard` keeps other web sites out. A page of any site can make a browser send requests here, with the
cookie of whoever is logged in. Three checks stop that: the `Host` must be ours (a foreign name that was made
to resolve to us is refused), a request that changes something must not come from another origin, and it must
carry what a plain form can't send: JSON and `X-Sluice-Client`. The cookie is `SameSite=Lax` besides. What
programs send with a token (pushed figures, evaluations, exposures) needs no such header: a cookie opens none
of those routes, and no foreign page has the token.

`Entrance` finds out who is speaking. A route lets strangers in only when it says so (`open`); every other
gets a `Principal`, or the request ends there.
"""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Headers, State
from litestar.enums import ScopeType
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp, Receive, Scope, Send

from sluiceway.api.problems import PROBLEM_JSON, problem
from sluiceway.domain.people.model import Principal
from sluiceway.services.sessions import Credentials, SessionService

CLIENT_HEADER = "x-sluice-client"
ACTOR_HEADER = "x-sluice-actor"
PUSH_PATH = "/api/points"
OFREP_PATH = "/ofrep/v1/evaluate/flags"
FLAG_SET_PATH = "/api/flag-set"
FLAG_EVENTS_PATH = "/api/flag-set/events"
EXPOSURES_PATH = "/api/flag-exposures"
COOKIE = "sluice_session"
OPEN = "open"  # in a route's `opt`: strangers are let in
TOKEN_ONLY = "token_only"  # in a route's `opt`: it takes a token and nothing else, least of all a cookie
_OPEN_PATHS = "^/schema(/|$)"  # the framework's own: what the API looks like, nothing of what is in it
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine and nothing else."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class RequestGuard:
    """ASGI middleware. `own_name` is a further host name the server is reached under, empty for none."""

    def __init__(self, app: ASGIApp, own_name: str = "") -> None:
        self._app = app
        self._own_name = own_name.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            is_token_only = bool(scope["route_handler"].opt.get(TOKEN_ONLY))
            refusal = self._refusal(scope["method"], Headers.from_scope(scope), is_token_only=is_token_only)
            if refusal is not None:
                await _refuse(send, *refusal)
                return
        await self._app(scope, receive, send)

    def _refusal(self, method: str, headers: Headers, *, is_token_only: bool) -> tuple[int, str] | None:
        """Return the status and the reason to refuse a request with, None when it may pass."""
        host = headers.get("host", "")
        name = _host_name(host)
        if not (is_loopback(name) or (self._own_name and name == self._own_name)):
            return 421, f"Host is {host[:200]!r}; use the address that `sluice serve` printed"
        if method in _SAFE_METHODS:
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return 403, f"Origin is {origin[:200]!r}, another site; acts are taken from {host} only"
        if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return 415, "Content-Type must be application/json"
        if not is_token_only and not headers.get(CLIENT_HEADER):
            return 403, "the header X-Sluice-Client is missing; set it to the name of your program"
        return None


class Entrance(AbstractAuthenticationMiddleware):
    """Middleware. Puts who is speaking into the request's `user`; UnauthorisedError ends it."""

    def __init__(self, app: ASGIApp, sessions: SessionService) -> None:
        super().__init__(app, exclude=_OPEN_PATHS, exclude_from_auth_key=OPEN)
        self._sessions = sessions

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        principal = await run_sync(self._sessions.identify, credentials_of(connection))
        return AuthenticationResult(user=principal, auth=None)


def credentials_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Credentials:
    """Return what a request came with. While all is open, it is who the client says."""
    headers = connection.headers
    claimed = headers.get(ACTOR_HEADER) or headers.get(CLIENT_HEADER) or "unknown"
    return Credentials(
        key=connection.cookies.get(COOKIE, ""),
        authorization=headers.get("authorization", ""),
        claimed=claimed,
    )


def who_speaks(request: Request[Principal, None, State]) -> Principal:
    """The dependency `by` of every route that is not open."""
    return request.user


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


async def _refuse(send: Send, status: int, detail: str) -> None:
    body = json.dumps(problem(status, "request", detail)).encode()
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
