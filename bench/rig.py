"""What the benches share: free ports, child processes that surely end, and load with its records."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx

from sluiceway.demo.records import Record, parse_record


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def child(words: Sequence[str], env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a child process, quiet, and end it at the end of the block."""
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def module(name: str, *words: str) -> list[str]:
    """Return the command line that runs a module with this Python."""
    return [sys.executable, "-m", name, *words]


def shop(port: int, version: str) -> list[str]:
    """Return the command line of the sample shop."""
    return module("sluiceway.demo.shop", "--port", str(port), "--version", version)


def load(port: int, out: Path, *, rps: float, seconds: float | None = None) -> list[str]:
    """Return the command line of the open-loop load."""
    words = ["--url", f"http://127.0.0.1:{port}", "--rps", str(rps), "--users", "1000", "--out", str(out)]
    return module("sluiceway.demo.load", *words, *(["--seconds", str(seconds)] if seconds else []))


def wait_until(what: str, probe: Callable[[], object], within_s: float = 30.0) -> None:
    """Poll until `probe` is true; a refused connection counts as not yet. Raises TimeoutError."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        with contextlib.suppress(httpx.TransportError):
            if probe():
                return
        time.sleep(0.05)
    raise TimeoutError(f"waited {within_s:.0f} s for {what}")


def answers(port: int, path: str = "/healthz") -> bool:
    """Return whether something answers 200 at this port."""
    return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=2, trust_env=False).status_code == 200


def read_records(path: Path) -> list[Record]:
    """Return what the load wrote down so far; a half-written last line is left for later."""
    text = path.read_text() if path.exists() else ""
    return [parse_record(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def say(words: str) -> None:
    """Tell the person who waits, on stderr: stdout ends with the figures."""
    print(words, file=sys.stderr, flush=True)
