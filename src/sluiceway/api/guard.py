"""Who may send requests at all: keeps other web sites out of a server that listens on this machine.

A page of any site can make a browser send requests to 127.0.0.1. Three checks stop that: the `Host` must be
ours (a foreign name that was made to resolve to this machine is refused), a request that changes something
must not come from another origin, and it must carry what a plain form can't send: JSON and `X-Sluice-Client`.
Pushed figures need no such header: they carry a token, which no foreign page has.
"""

from __future__ import annotations

import json
from ipaddress import ip_address
from urllib.parse import urlsplit

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from sluiceway.api.problems import PROBLEM_JSON, problem

CLIENT_HEADER = "x-sluice-client"
ACTOR_HEADER = "x-sluice-actor"
PUSH_PATH = "/api/points"
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
            refusal = self.refusal(scope["method"], scope["path"], Headers.from_scope(scope))
            if refusal is not None:
                await _refuse(send, *refusal)
                return
        await self._app(scope, receive, send)

    def refusal(self, method: str, path: str, headers: Headers) -> tuple[int, str] | None:
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
        if path != PUSH_PATH and not headers.get(CLIENT_HEADER):
            return 403, "the header X-Sluice-Client is missing; set it to the name of your program"
        return None


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
