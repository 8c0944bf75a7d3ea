"""The processes that a demo starts: the server, the load, and what the server leaves running.

The proxy and the shop's instances outlive `sluice serve` by design. Each carries a tag in its environment
that names its folder, so the demo ends those of its own data directory and nothing of anybody else.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from sluiceway.adapters.processes import TAG_VARIABLE

_GRACE_S = 8.0
_LINE_CHARS = 400  # of a log line that is quoted


class Child:
    """One process in a session of its own, so that Ctrl-C reaches the demo alone and it ends in order."""

    def __init__(self, name: str, argv: Sequence[str], *, log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def end(self, grace_s: float = _GRACE_S) -> None:
        """End it politely, hard after `grace_s`. Safe to repeat."""
        if self.has_ended:
            return
        self._process.terminate()
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self, lines: int = 8) -> str:
        """Return the end of its log."""
        with contextlib.suppress(OSError):
            last = self.log.read_text(errors="replace").splitlines()[-lines:]
            return "\n".join(
                line if len(line) <= _LINE_CHARS else line[:_LINE_CHARS] + "..." for line in last
            )
        return ""


def left_running(data: Path) -> list[psutil.Process]:
    """Return the processes that a server of this data directory started and left running."""
    inside = f"{data.absolute()}{os.sep}"
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        # Other users' processes can't be read, and one may end while it is looked at.
        with contextlib.suppress(psutil.Error, OSError):
            if inside in process.environ().get(TAG_VARIABLE, ""):
                found.append(process)
    return found


def end_left_running(data: Path, grace_s: float = _GRACE_S) -> None:
    """End what a server of this data directory left: politely, and hard after `grace_s`.

    Returns when all of it is gone.
    """
    processes = left_running(data)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=grace_s)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=2.0)


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As servers do: a port whose last owner just closed it is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port(preferred: int = 0) -> int:
    """Return `preferred` when it is free, else any free port of 127.0.0.1."""
    if preferred and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
