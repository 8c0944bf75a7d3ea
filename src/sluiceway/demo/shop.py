"""The sample service of the demo: a small web shop over HTTP/1.1 with keep-alive.

Run as `python -m sluiceway.demo.shop --port 9001 --version 1.0`. Latencies are lognormal, about two answers
in a thousand are 500, and every answer names its version in `x-shop-version`. What can be wrong with a
version is in `faults`. Only the standard library, and no more of HTTP than the demo needs (RFC 9112 without
chunked request bodies): a few hundred requests per second cost a small part of one core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from sluiceway.demo.faults import (
    CRASH_AFTER_S,
    CRASH_MIN_REQUESTS,
    Fault,
    FaultSwitch,
    error_share,
    latency_factor,
    switch_from_environment,
)
from sluiceway.errors import InvalidInputError

VERSION_HEADER = "x-shop-version"
CRASH_EXIT_CODE = 70
DRAIN_S = 5.0

_SIGMA = 0.45  # of the lognormal latencies: p95 is 2.1 times the median
_MAX_HEAD_BYTES = 16_384
_MAX_BODY_BYTES = 65_536
_IDLE_LINGER_S = 0.25  # a request may be on its way while we start to drain: answer it, then close

PRODUCTS = tuple(
    {"id": number, "name": name, "price_cents": cents}
    for number, (name, cents) in enumerate(
        (
            ("Watering can", 1_890),
            ("Garden hose, 20 m", 3_450),
            ("Rain barrel", 7_900),
            ("Hand trowel", 990),
            ("Seed box, herbs", 1_250),
            ("Gloves, oiled", 1_490),
            ("Lock gate, model 1:87", 12_900),
            ("Wellington boots", 3_990),
        ),
        start=1,
    )
)


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    body: bytes
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """`median_s` is the median of the time it takes; 0 answers at once."""

    status: int
    body: bytes
    median_s: float = 0.0
    content_type: str = "application/json"


class BadRequestError(Exception):
    """What came in is no request that this server understands."""


def route(request: Request, version: str) -> Answer:
    """Return what a sound shop answers."""
    path = request.path.partition("?")[0]
    match (request.method, path.strip("/").split("/")):
        case ("GET", ["healthz"]):
            return Answer(200, _json({"status": "ok", "version": version}))
        case ("GET", [""]):
            return Answer(200, _home(version), 0.008, "text/html; charset=utf-8")
        case ("GET", ["products"]):
            return Answer(200, _json({"products": PRODUCTS}), 0.006)
        case ("GET", ["products", number]):
            if number.isdecimal() and 1 <= int(number) <= len(PRODUCTS):
                return Answer(200, _json(PRODUCTS[int(number) - 1]), 0.004)
            return Answer(404, _json({"error": f"there is no product {number!r}"}), 0.004)
        case ("POST", ["cart"]):
            return _cart(request.body)
        case ("POST", ["checkout"]):
            return Answer(200, _json({"status": "paid"}), 0.025)
        case (_, ["healthz"] | [""] | ["products"] | ["products", _] | ["cart"] | ["checkout"]):
            return Answer(405, _json({"error": f"{request.method} is not possible here"}))
        case _:
            return Answer(404, _json({"error": f"there is no page {path!r}"}))


def parse_head(head: bytes) -> tuple[str, str, bool, int]:
    """Return method, target, keep-alive and body length of a request head (without the blank line).

    Raises BadRequestError.
    """
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError(f"not an HTTP/1.1 request line: {lines[0][:80]!r}")
    keep_alive = parts[2] != "HTTP/1.0"
    length = 0
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequestError(f"not a header: {line[:80]!r}")
        match name.lower():
            case "content-length":
                if not value.strip().isdecimal() or int(value) > _MAX_BODY_BYTES:
                    raise BadRequestError(f"content-length is {value.strip()!r}; use 0 to {_MAX_BODY_BYTES}")
                length = int(value)
            case "transfer-encoding":
                raise BadRequestError("a body needs a content-length here")
            case "connection":
                keep_alive = "close" not in value.lower() and (keep_alive or "keep-alive" in value.lower())
            case _:
                pass
    return parts[0], parts[1], keep_alive, length


class Shop:
    """One version of the shop: routes, latencies, and its fault if it has one."""

    def __init__(self, version: str, switch: FaultSwitch, rng: random.Random) -> None:
        self.version = version
        self.is_draining = False
        self.connections: set[_Connection] = set()
        self._switch = switch
        self._rng = rng
        self._served = 0
        self._is_doomed = False

    def answer(self, request: Request) -> tuple[Answer, float]:
        """Return the answer and after how many seconds it is given."""
        sound = route(request, self.version)
        if sound.median_s == 0.0:
            return sound, 0.0
        self._served += 1
        since_s = self._switch.since_s()
        fault = self._switch.fault
        if since_s is not None and fault is Fault.CRASH and self._served >= CRASH_MIN_REQUESTS:
            self._crash_soon()
        factor = latency_factor(fault, since_s)
        if factor > 1.0:
            self._switch.note_first()
        delay_s = sound.median_s * self._rng.lognormvariate(0.0, _SIGMA) * factor
        if self._rng.random() < error_share(fault, since_s):
            if since_s is not None and fault is not Fault.CRASH:
                self._switch.note_first()
            return Answer(500, _json({"error": "something went wrong"}), sound.median_s), delay_s
        return sound, delay_s

    def _crash_soon(self) -> None:
        if self._is_doomed:
            return
        self._is_doomed = True
        asyncio.get_running_loop().call_later(self._rng.uniform(*CRASH_AFTER_S), self._crash)

    def _crash(self) -> None:
        self._switch.note_first()
        sys.stderr.write("fatal: price table damaged, giving up\n")
        sys.stderr.flush()
        os._exit(CRASH_EXIT_CODE)


class _Connection(asyncio.Protocol):
    """One client: requests in, answers out, one after the other."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._buffer = b""
        self._waiting: deque[Request] = deque()
        self._is_busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._shop.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why it ended does not matter
        self._transport = None
        self._shop.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while (request := self._next_request()) is not None:
                self._waiting.append(request)
        except BadRequestError as problem:
            self._send(Answer(400, _json({"error": str(problem)})), keep_alive=False)
            return
        self._serve_next()

    def close_if_idle(self) -> None:
        if not self._is_busy and self._transport is not None:
            self._transport.close()

    def _next_request(self) -> Request | None:
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        if len(head) > _MAX_HEAD_BYTES:
            raise BadRequestError(f"request head is larger than {_MAX_HEAD_BYTES} bytes")
        if not blank:
            return None
        method, target, keep_alive, length = parse_head(head)
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return Request(method, target, rest[:length], keep_alive)

    def _serve_next(self) -> None:
        if self._is_busy or not self._waiting:
            return
        self._is_busy = True
        request = self._waiting.popleft()
        answer, delay_s = self._shop.answer(request)
        if delay_s <= 0.0:
            self._finish(answer, request.keep_alive)
        else:
            asyncio.get_running_loop().call_later(delay_s, self._finish, answer, request.keep_alive)

    def _finish(self, answer: Answer, keep_alive: bool) -> None:
        self._is_busy = False
        self._send(answer, keep_alive=keep_alive and not self._shop.is_draining)
        self._serve_next()

    def _send(self, answer: Answer, *, keep_alive: bool) -> None:
        if self._transport is None:  # the client has gone
            return
        head = (
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
            f"content-type: {answer.content_type}\r\n"
            f"content-length: {len(answer.body)}\r\n"
            f"{VERSION_HEADER}: {self._shop.version}\r\n"
        )
        end = "\r\n" if keep_alive else "connection: close\r\n\r\n"
        self._transport.write((head + end).encode() + answer.body)
        if not keep_alive:
            self._waiting.clear()
            self._transport.close()


async def serve(shop: Shop, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then answer what is in flight (up to 5 s) and return.

    Raises OSError when the port can't be had.
    """
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(shop), host, port, backlog=512)
    bound = server.sockets[0].getsockname()[1]
    sys.stderr.write(f"shop {shop.version} serves on http://{host}:{bound}\n")
    sys.stderr.flush()
    await stop.wait()
    server.close()
    shop.is_draining = True
    await asyncio.sleep(_IDLE_LINGER_S)
    deadline = loop.time() + DRAIN_S
    while shop.connections and loop.time() < deadline:
        for connection in tuple(shop.connections):
            connection.close_if_idle()
        await asyncio.sleep(0.02)


async def _run(shop: Shop, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    await serve(shop, host, port, stop)


def main(argv: list[str] | None = None) -> int:
    """Run one version of the shop until SIGTERM; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sluiceway.demo.shop", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="where to listen; 0 picks a free port")
    parser.add_argument("--version", required=True, help="what x-shop-version says")
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args(argv)
    version, host, port = str(arguments.version), str(arguments.host), int(arguments.port)
    try:
        shop = Shop(version, switch_from_environment(), random.Random())
        asyncio.run(_run(shop, host, port))
    except InvalidInputError as problem:
        sys.stderr.write(f"shop: {problem}\n")
        return problem.exit_code
    except OSError as problem:
        sys.stderr.write(f"shop: can't serve on {host}:{port}: {problem.strerror}; is the port taken?\n")
        return 1
    return 0


def _cart(body: bytes) -> Answer:
    try:
        wish: object = json.loads(body)
    except ValueError:
        wish = None
    number = cast("dict[str, object]", wish).get("product") if isinstance(wish, dict) else None
    if not isinstance(number, int) or not 1 <= number <= len(PRODUCTS):
        return Answer(
            422, _json({"error": f'send {{"product": 1}}, a number from 1 to {len(PRODUCTS)}'}), 0.004
        )
    return Answer(201, _json({"in_cart": PRODUCTS[number - 1]}), 0.012)


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _home(version: str) -> bytes:
    rows = "".join(f"<li>{p['name']}: {int(str(p['price_cents'])) / 100:.2f}</li>" for p in PRODUCTS)
    return (
        "<!doctype html><html lang='en'><title>Sluice Shop</title>"
        f"<h1>Sluice Shop</h1><p>Version {version}</p><ul>{rows}</ul></html>"
    ).encode()


if __name__ == "__main__":
    sys.exit(main())
