"""Runs commands without a shell: in a session of their own, a clean environment, bounded time and output.

A command that is over time, or no longer wanted, is told to end (SIGTERM) and killed with everything it
started when it does not. What it leaves in the background when it ends by itself goes on; its output is no
longer read. Environments are never logged: they may hold secrets.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Final

import psutil

from sluiceway.adapters.deploy.launch import PASSED_ON, Launch, check_launch
from sluiceway.adapters.execution.output import Tail
from sluiceway.adapters.processes import TAG_VARIABLE
from sluiceway.domain.checklists.model import Outcome
from sluiceway.domain.process.durations import show_duration
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.execution import Command

GRACE_S: Final = 5.0  # between SIGTERM and SIGKILL
POLL_S: Final = 0.05
LAST_WORDS_S: Final = 1.0  # how long output is read when the command has ended and its children have not
WANTED_EVERY_S: Final = 0.5

_CHUNK = 1 << 16


def run_command(command: Command, why_end: Callable[[], str], *, grace_s: float = GRACE_S) -> Outcome:
    """Run a command to its end; see `ports.execution.Execution.run`."""
    env = {"PATH": os.defpath} | {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    env |= {**dict(command.env), TAG_VARIABLE: command.tag}
    cwd = command.cwd or os.getcwd()  # noqa: PTH109 - a text is what is needed
    try:
        check_launch(Launch(command.argv, cwd, env), "the command")
        child = subprocess.Popen(
            command.argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except PermanentProviderError as refusal:
        return Outcome(False, str(refusal))
    except (OSError, ValueError) as failure:
        return Outcome(False, _unstartable(command, cwd, failure))
    return _Running(command, child, why_end, grace_s).outcome()


def end_leftovers(tag: str) -> int:
    """Kill what runs with this tag in its environment; return how many processes that were."""
    ended = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(TAG_VARIABLE) == tag:
                process.kill()
                ended += 1
    return ended


class _Running:
    """One command while it runs: reads what it prints and looks at the time."""

    def __init__(
        self, command: Command, child: subprocess.Popen[bytes], why_end: Callable[[], str], grace_s: float
    ) -> None:
        self._command = command
        self._child = child
        self._why_end = why_end
        self._grace_s = grace_s
        self._began_s = time.monotonic()
        self._asked_s = self._began_s
        self._tail = Tail()
        self._selector = selectors.DefaultSelector()
        assert child.stdout is not None
        self._pipe = child.stdout
        self._is_open = True
        self._selector.register(self._pipe, selectors.EVENT_READ)

    def outcome(self) -> Outcome:
        try:
            return self._watched()
        finally:
            self._selector.close()
            self._pipe.close()
            if self._child.poll() is None:  # something unforeseen was raised: nothing is left running
                self._signal(signal.SIGKILL)
                self._child.wait()

    def _watched(self) -> Outcome:
        while self._child.poll() is None:
            self._read(POLL_S)
            if self._seconds() >= self._command.timeout_s:
                how = self._end()
                limit = show_duration(self._command.timeout_s)
                return Outcome(False, f"did not end within {limit} and was ended{how}", self._tail.text())
            if why := self._asked():
                how = self._end()
                note = f"was ended after {self._seconds():.1f} s{how}: {why}"
                return Outcome(None, note, self._tail.text())
        self._read_last_words()
        return Outcome(self._child.returncode == 0, self._how_it_ended(), self._tail.text())

    def _seconds(self) -> float:
        return time.monotonic() - self._began_s

    def _asked(self) -> str:
        if time.monotonic() - self._asked_s < WANTED_EVERY_S:
            return ""
        self._asked_s = time.monotonic()
        return self._why_end()

    def _read(self, for_s: float) -> None:
        """Take in one chunk, waiting for it at most `for_s`."""
        if not self._is_open:
            time.sleep(for_s)
            return
        if self._selector.select(for_s):
            chunk = os.read(self._pipe.fileno(), _CHUNK)
            self._tail.add(chunk)
            self._is_open = bool(chunk)

    def _read_last_words(self) -> None:
        until_s = time.monotonic() + LAST_WORDS_S
        while self._is_open and time.monotonic() < until_s:
            self._read(POLL_S)

    def _end(self) -> str:
        """End the command and all it started; return in words what that took."""
        self._signal(signal.SIGTERM)
        until_s = time.monotonic() + self._grace_s
        while self._child.poll() is None and time.monotonic() < until_s:
            self._read(POLL_S)
        heeded = self._child.poll() is not None
        self._signal(signal.SIGKILL)  # also what the command itself left behind
        self._child.wait()
        end_leftovers(self._command.tag)  # also what left its session
        self._read_last_words()
        return "" if heeded else ", by SIGKILL because it did not heed SIGTERM"

    def _signal(self, what: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, what)

    def _how_it_ended(self) -> str:
        code = self._child.returncode
        took = f"after {self._seconds():.1f} s"
        if code >= 0:
            return f"exit code {code} {took}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = "one without a name"
        return f"ended by signal {-code} ({name}) {took}"


def _unstartable(command: Command, cwd: str, failure: OSError | ValueError) -> str:
    program = command.argv[0]
    if isinstance(failure, OSError) and failure.errno == errno.ENOEXEC:
        return (
            f"can't start {program!r} in {cwd}: it is no program for this machine; "
            "a script needs a first line such as #!/bin/sh"
        )
    reason = failure.strerror if isinstance(failure, OSError) else str(failure)
    return f"can't start {program!r} in {cwd}: {reason}; check the command and its directory"
