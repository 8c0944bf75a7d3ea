"""Plain ASGI for applications' requests: bodies read within a bound, answers sent in two messages.

The few routes that are asked thousands of times a second, or hold thousands of connections, do without the
framework's requests and responses. Everything else uses those.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, cast

from litestar.enums import ScopeType
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from sluiceway.api.flag_gate import Headers, Refused
from sluiceway.api.guard import OPEN, TOKEN_ONLY
from sluiceway.api.problems import PROBLEM_JSON, problem

METHODS = "methods"  # in a plain route's `opt`: what it answers to
JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", PROBLEM_JSON.encode())

Lines = Sequence[tuple[bytes, bytes]]  # of a header
Serve = Callable[[Scope, Receive, Send], Awaitable[None]]


class TooLargeError(Exception):
    """A request's body is larger than is read. Never leaves this package."""


class GoneError(Exception):
    """Whoever asked went away. Never leaves this package."""


class Reply(NamedTuple):
    """A whole answer; its length is added when it is sent."""

    status: int
    lines: Lines
    body: bytes


def plain_route(path: str, serve: Serve, method: str, *, is_mount: bool = False) -> ASGIRouteHandler:
    """Return a route without the framework's requests and responses; a mount has all paths below it, too.

    It lets strangers in: `serve` asks for a token, also while everything else is open to everybody.
    """

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            return
        asked = str(cast("dict[str, Any]", scope)["method"])
        if asked == method:
            await serve(scope, receive, send)
        else:
            detail = f"{scope['path'][:200]} does not know {asked[:20]}"
            await send_reply(send, problem_reply(405, "request", detail, ((b"allow", method.encode()),)))

    opt = {OPEN: True, TOKEN_ONLY: True, METHODS: (method,)}
    return ASGIRouteHandler(path, is_mount=is_mount, copy_scope=False, opt=opt)(handle)


async def read_body(headers: Headers, receive: Receive, most: int) -> bytes:
    """Return a request's body of at most `most` bytes. Raises TooLargeError, GoneError."""
    if int(header(headers, b"content-length") or "0") > most:
        raise TooLargeError
    parts: list[bytes] = []
    size = 0
    while True:
        message = cast("dict[str, Any]", await receive())
        if message["type"] == "http.disconnect":
            raise GoneError
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > most:
            raise TooLargeError
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def header(headers: Headers, wanted: bytes) -> str:
    """Return a header's value, "" without one; of several, the first."""
    return next((value.decode("latin-1") for name, value in headers if name == wanted), "")


async def send_reply(send: Send, reply: Reply) -> None:
    """Send a whole answer."""
    lines = (
        [*reply.lines, (b"content-length", b"%d" % len(reply.body))] if reply.status != 304 else reply.lines
    )
    await send({"type": "http.response.start", "status": reply.status, "headers": list(lines)})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})


def problem_reply(status: int, code: str, detail: str, more: Lines = ()) -> Reply:
    """Return problem details (RFC 9457)."""
    return Reply(status, (_PROBLEM, *more), json.dumps(problem(status, code, detail)).encode())


def refused_reply(refused: Refused) -> Reply:
    """Return why an application was not let in, and how to authenticate or when to come back."""
    more: Lines = ()
    if refused.status == 401:
        more = ((b"www-authenticate", b'Bearer realm="sluiceway"'),)
    elif refused.wait_s:
        more = ((b"retry-after", b"%d" % refused.wait_s),)
    return problem_reply(refused.status, refused.code, refused.detail, more)


def is_same(if_none_match: str, etag: str) -> bool:
    """Return whether an `If-None-Match` names this tag, compared weakly (RFC 9110, section 13.1.2)."""
    if not if_none_match:
        return False
    named = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return "*" in named or f'"{etag}"' in named or etag in named
