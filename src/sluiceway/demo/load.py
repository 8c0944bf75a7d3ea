"""Open-loop load: requests leave at their own times, whether or not earlier ones were answered.

Run as `python -m sluiceway.demo.load --url http://127.0.0.1:8080 --rps 200 --users 1000 --out records.jsonl`.
Arrivals are a Poisson process. A latency counts from the moment the request was meant to leave, so neither a
slow server nor a busy generator can hide waiting users ("coordinated omission"). Every user sends the same
`x-user-id` each time, for an ingress that keeps users on one version. What the records mean is in `records`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sluiceway.demo.http_client import Client, Response
from sluiceway.demo.records import Record, format_record
from sluiceway.demo.shop import PRODUCTS, VERSION_HEADER
from sluiceway.errors import InvalidInputError

USER_HEADER = "x-user-id"

_FLUSH_S = 0.2
# What people do in a shop: mostly look around. Shares sum to 1.
_MIX = (("home", 0.15), ("products", 0.25), ("product", 0.38), ("cart", 0.12), ("checkout", 0.10))


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """`seconds` None runs until told to stop. `seed` repeats the same arrivals."""

    url: str
    out: Path
    rps: float = 200.0
    users: int = 1000
    seconds: float | None = None
    timeout_s: float = 10.0
    seed: int | None = None
    version_header: str = VERSION_HEADER


class RequestMaker:
    """Draws who asks next and for what, and writes the request's bytes."""

    def __init__(self, host: str, users: int, rng: random.Random) -> None:
        self._users = users
        self._rng = rng
        self._common = f" HTTP/1.1\r\nhost: {host}\r\n{USER_HEADER}: user-"
        self._kinds = [kind for kind, _ in _MIX]
        self._weights = [share for _, share in _MIX]

    def draw(self) -> tuple[int, bytes]:
        """Return the user's number and the request."""
        user = self._rng.randrange(self._users)
        kind = self._rng.choices(self._kinds, self._weights)[0]
        product = self._rng.randint(1, len(PRODUCTS))
        match kind:
            case "home":
                start, body = "GET /", ""
            case "products":
                start, body = "GET /products", ""
            case "product":
                start, body = f"GET /products/{product}", ""
            case "cart":
                start, body = "POST /cart", f'{{"product":{product}}}'
            case _:
                start, body = "POST /checkout", "{}"
        length = f"\r\ncontent-type: application/json\r\ncontent-length: {len(body)}" if body else ""
        return user, f"{start}{self._common}{user:04d}{length}\r\n\r\n{body}".encode()


class RecordWriter:
    """Appends records in batches of whole lines, so that a reader can follow the file."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
        self._lines: list[str] = []

    def add(self, record: Record) -> None:
        self._lines.append(format_record(record))

    def flush(self) -> None:
        data = memoryview("".join(self._lines).encode())
        self._lines.clear()
        while data:
            data = data[os.write(self._file, data) :]

    def close(self) -> None:
        self.flush()
        os.close(self._file)


class Load:
    """One run of the generator."""

    def __init__(self, options: LoadOptions, writer: RecordWriter) -> None:
        host, port = split_url(options.url)
        self._options = options
        self._writer = writer
        self._rng = random.Random(options.seed)
        self._requests = RequestMaker(f"{host}:{port}", options.users, self._rng)
        self._client = Client(host, port, options.version_header, options.timeout_s)
        self._loop = asyncio.get_running_loop()
        # Loop time is monotonic; records carry unix time, fixed to it once so that they never step back.
        self._unix_minus_loop_s = time.time() - self._loop.time()
        self._next_at = self._loop.time()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        """Send until stopped or the time is up, wait for the last answers, and write everything out."""
        self._loop.call_at(self._next_at, self._send_due)
        flusher = asyncio.ensure_future(self._flush_regularly())
        try:
            async with asyncio.timeout(self._options.seconds):
                await self._stop.wait()
        except TimeoutError:
            self._stop.set()
        while self._client.in_flight:  # each one ends by itself within the timeout
            await asyncio.sleep(0.01)
        self._client.close()
        flusher.cancel()
        self._writer.flush()

    def _send_due(self) -> None:
        if self._stop.is_set():
            return
        now = self._loop.time()
        while self._next_at <= now:
            user, request = self._requests.draw()
            self._client.send(request, self._recorder(self._next_at, user))
            self._next_at += self._rng.expovariate(self._options.rps)
        self._loop.call_at(self._next_at, self._send_due)

    def _recorder(self, meant_at: float, user: int) -> Callable[[Response], None]:
        def record(response: Response) -> None:
            latency_ms = (self._loop.time() - meant_at) * 1000
            at = meant_at + self._unix_minus_loop_s
            self._writer.add(Record(at, latency_ms, response.status, response.error, response.version, user))

        return record

    async def _flush_regularly(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_S)
            self._writer.flush()


def split_url(url: str) -> tuple[str, int]:
    """Return host and port of an `http://host:port` address. Raises InvalidInputError for any other."""
    parts = urlsplit(url)
    try:
        port = parts.port or 80
    except ValueError as failure:
        raise InvalidInputError(f"the port in {url!r} is not a number from 1 to 65535") from failure
    if parts.scheme != "http" or not parts.hostname:
        raise InvalidInputError(f"can't send load to {url!r}; use http://host:port")
    return parts.hostname, port


async def run_load(options: LoadOptions) -> None:
    """Run until SIGTERM, SIGINT or the end of `options.seconds`.

    Raises InvalidInputError for options that can't be used, OSError when `out` can't be written.
    """
    if options.rps <= 0 or options.users <= 0:
        raise InvalidInputError("--rps and --users must be more than 0")
    writer = RecordWriter(options.out)
    try:
        load = Load(options, writer)
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, load.stop)
        await load.run()
    finally:
        writer.close()


def main(argv: list[str] | None = None) -> int:
    """Run the generator; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m sluiceway.demo.load", description=__doc__)
    parser.add_argument("--url", required=True, help="where to send requests: http://host:port")
    parser.add_argument("--out", type=Path, required=True, help="file for one JSON line per request")
    parser.add_argument("--rps", type=float, default=200.0, help="mean requests per second")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=None, help="how long; until SIGTERM when absent")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds until an answer is given up")
    parser.add_argument("--seed", type=int, default=None, help="repeat the same arrivals")
    arguments = parser.parse_args(argv)
    options = LoadOptions(
        url=str(arguments.url),
        out=Path(str(arguments.out)),
        rps=float(arguments.rps),
        users=int(arguments.users),
        seconds=None if arguments.seconds is None else float(arguments.seconds),
        timeout_s=float(arguments.timeout),
        seed=None if arguments.seed is None else int(arguments.seed),
    )
    try:
        asyncio.run(run_load(options))
    except InvalidInputError as problem:
        sys.stderr.write(f"load: {problem}\n")
        return problem.exit_code
    except OSError as problem:
        sys.stderr.write(f"load: can't write {options.out}: {problem.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
