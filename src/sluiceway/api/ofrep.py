"""OFREP 0.3.0: what flags are worth, asked over HTTP from any language (open-feature/protocol).

`POST /ofrep/v1/evaluate/flags/KEY` asks for one flag, `POST /ofrep/v1/evaluate/flags` for all of the token's
service and environment. What an answer looks like is the business of `ofrep_answers`, who may ask that of
`flag_gate`, change events that of `flag_streams`.

The ETag of a bulk answer covers the set, the context and what came out of both, which is more than the
protocol asks: a flag with a time window changes without either of them. `flagConfigEtag` and
`flagConfigLastModified` are taken and need nothing: events are sent after a set was swapped, so whoever they
bring sees the new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, cast
from urllib.parse import quote

import msgspec
import structlog
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from sluiceway.api.flag_answers import (
    JSON,
    GoneError,
    Reply,
    TooLargeError,
    header,
    is_same,
    plain_route,
    problem_reply,
    read_body,
    refused_reply,
    send_reply,
)
from sluiceway.api.flag_gate import Caller, Headers, Refused, TokenGate
from sluiceway.api.flag_served import ServedSet, ServedSets
from sluiceway.api.guard import FLAG_EVENTS_PATH, OFREP_PATH
from sluiceway.api.ofrep_answers import failure
from sluiceway.domain.flags.model import TARGETING_KEY, ErrorCode
from sluiceway.errors import SluicewayError

MAX_BODY_BYTES: Final = 1_100_000  # a context of 1 MB and what is around it
_INACTIVITY_S: Final = 120
_TAILS_KEPT: Final = 10_000
_decode: Final = msgspec.json.Decoder().decode
_log = structlog.get_logger("sluiceway.api")

Context = Mapping[str, object]


class _BadContextError(Exception):
    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Ofrep:
    """The two routes. All on the event loop, but for what the gate and the first look at a set need."""

    def __init__(self, gate: TokenGate, sets: ServedSets) -> None:
        self._gate = gate
        self._sets = sets
        self._tails: dict[str, tuple[ServedSet, str, bytes]] = {}

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        below = scope["path"].removesuffix("/")
        if below and not below.startswith("/"):  # another path that begins with the same letters
            wrong = problem_reply(404, "not-found", f"nothing is served at {OFREP_PATH}{below[:200]}")
            await send_reply(send, wrong)
            return
        with suppress(GoneError):
            await send_reply(send, await self._reply(below[1:], scope["headers"], receive))

    async def _reply(self, key: str, headers: Headers, receive: Receive) -> Reply:
        try:
            return await self._evaluated(key, headers, receive)
        except _BadContextError as bad:
            return Reply(400, (JSON,), failure(bad.code, bad.detail, key or None))
        except TooLargeError:
            return problem_reply(413, "request", f"the body has more than {MAX_BODY_BYTES} bytes; send less")
        except SluicewayError as error:  # the store can't be read, say
            return Reply(error.http_status, (JSON,), _details(str(error)))
        except GoneError:
            raise
        except Exception as error:
            _log.error("evaluation failed", path=OFREP_PATH, exc_info=error)
            return Reply(
                500, (JSON,), _details("something unforeseen went wrong; the server's log holds what")
            )

    async def _evaluated(self, key: str, headers: Headers, receive: Receive) -> Reply:
        caller = await self._gate.admit(headers)
        if isinstance(caller, Refused):
            return refused_reply(caller)
        body = await read_body(headers, receive, MAX_BODY_BYTES)
        context = _context_in(body)
        served = await self._sets.get(caller.place)
        if key:
            return _one(served, key, context)
        ticket, tail = self._tail(caller, served)
        asked, everything = served.all(context)
        etag = _etag(served.live.etag, ticket, body, asked)
        lines = ((b"etag", b'"%b"' % etag.encode()), (b"cache-control", b"private, no-cache"))
        if is_same(header(headers, b"if-none-match"), etag):
            return Reply(304, lines, b"")
        return Reply(200, (JSON, *lines), b'{"flags":[' + everything + tail)

    def _tail(self, caller: Caller, served: ServedSet) -> tuple[str, bytes]:
        """Return the ticket for the caller's event stream, and what stands in an answer after the flags."""
        ticket = self._gate.ticket(caller)
        known = self._tails.get(caller.key)
        if known is not None and known[0] is served and known[1] == ticket:
            return ticket, known[2]
        tail = _written_tail(served, ticket)
        if len(self._tails) >= _TAILS_KEPT:
            self._tails.clear()
        self._tails[caller.key] = (served, ticket, tail)
        return ticket, tail


def ofrep_route(gate: TokenGate, sets: ServedSets) -> ASGIRouteHandler:
    """Return the two routes."""
    return plain_route(OFREP_PATH, Ofrep(gate, sets).serve, "POST", is_mount=True)


def _one(served: ServedSet, key: str, context: Context) -> Reply:
    found = served.one(key, context)
    if found is None:
        detail = f"{served.live.evaluator.flag_set.service} has no flag {key[:200]!r}"
        return Reply(404, (JSON,), failure(ErrorCode.FLAG_NOT_FOUND, detail, key))
    evaluation, text = found
    return Reply(200 if evaluation.error is None else 400, (JSON,), text)


def _context_in(body: bytes) -> Context:
    """Return the context that a request carries. Raises _BadContextError."""
    try:
        found = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as failed:
        detail = f"the body is not JSON ({str(failed)[:200]})"
        raise _BadContextError(ErrorCode.PARSE_ERROR, detail) from failed
    context = cast("dict[str, Any]", found).get("context") if isinstance(found, dict) else None
    if not isinstance(context, dict):
        detail = 'the body holds no object "context"; send {"context": {"targetingKey": "..."}}'
        raise _BadContextError(ErrorCode.INVALID_CONTEXT, detail)
    context = cast("dict[str, Any]", context)
    key = context.get(TARGETING_KEY)
    if key is None:
        detail = "the context has no targetingKey; send the id of whoever asks"
        raise _BadContextError(ErrorCode.TARGETING_KEY_MISSING, detail)
    if not isinstance(key, str):
        raise _BadContextError(ErrorCode.INVALID_CONTEXT, "the context's targetingKey is no text")
    return context


def _etag(set_etag: str, ticket: str, body: bytes, asked: bytes) -> str:
    """Return the tag of a bulk answer. With the ticket: who only ever gets 304s would keep a dead one."""
    digest = hashlib.blake2b(f"{set_etag}\n{ticket}\n{len(body)}\n".encode(), digest_size=16)
    digest.update(body)
    digest.update(asked)
    return digest.hexdigest()


def _written_tail(served: ServedSet, ticket: str) -> bytes:
    flags = served.live.evaluator.flag_set
    stream = {
        "type": "sse",
        "endpoint": {"requestUri": f"{FLAG_EVENTS_PATH}?ticket={quote(ticket)}"},
        "inactivityDelaySec": _INACTIVITY_S,
    }
    about = {"service": flags.service, "environment": flags.environment, "version": served.live.version}
    return b'],"eventStreams":%b,"metadata":%b}' % (
        msgspec.json.encode([stream]),
        msgspec.json.encode(about),
    )


def _details(text: str) -> bytes:
    return msgspec.json.encode({"errorDetails": text})
