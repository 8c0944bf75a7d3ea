"""Child processes that outlive Sluiceway: start, recognise again after a restart, end.

A process is started as leader of its own session, so nothing that ends Sluiceway (Ctrl-C, a closed
terminal, kill -9) ends it too. What it is *for*, when to restart it and where its record is kept is the
caller's business.

A pid alone names nobody: the kernel gives it out again. `ProcessRef` therefore holds the start time too. On
Linux that is counted from boot, together with the boot's id, because the wall-clock start time that `ps`
shows moves whenever somebody sets the system clock. Source: proc_pid_stat(5), field 22.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import psutil

from sluiceway.adapters.files import write_atomically
from sluiceway.errors import PermanentProviderError, TemporaryProviderError

TAG_VARIABLE = "SLUICEWAY_TAG"

_POLL_S = 0.02
_CHILDREN_REMEMBERED = 500
_START_TOLERANCE_S = 0.011  # start times are kept in hundredths of a second
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})


@dataclass(frozen=True, slots=True)
class ProcessRef:
    """One process, told apart from every later one with the same pid.

    `started_s` counts from boot `boot`; where the system has no boot id (not Linux), `boot` is empty and
    `started_s` counts from 1970.
    """

    pid: int
    started_s: float
    boot: str = ""


_children: dict[ProcessRef, subprocess.Popen[bytes]] = {}
_children_lock = threading.Lock()


def spawn(
    argv: Sequence[str],
    *,
    cwd: Path | str,
    env: Mapping[str, str],
    log_path: Path,
    tag: str = "",
) -> ProcessRef:
    """Start `argv` in its own session, its output appended to `log_path`, and return at once.

    `env` is the whole environment. A `tag` lets `find_tagged` find the process when the record of it was
    never written. The log is opened for appending, so it may be copied and truncated while in use.
    Raises PermanentProviderError when the command or directory can't be used, TemporaryProviderError when
    the system has no room (disk, memory, processes, files).
    """
    whole_env = {**env, TAG_VARIABLE: tag} if tag else dict(env)
    try:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("ab") as log:
            child = subprocess.Popen(  # its end is awaited by `reap`, not here
                list(argv),
                cwd=cwd,
                env=whole_env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as failure:
        if failure.errno in _FULL:
            raise TemporaryProviderError(f"can't start {argv[0]!r}: {failure.strerror}") from failure
        where = f": {failure.filename}" if failure.filename else ""
        raise PermanentProviderError(
            f"can't start {argv[0]!r} in {cwd}: {failure.strerror}{where}; check the command and directory"
        ) from failure
    # A child of ours keeps its /proc entry until it is awaited, so this can't miss even if it died already.
    ref = ProcessRef(child.pid, _started_s(child.pid) or 0.0, _boot())
    with _children_lock:
        if len(_children) >= _CHILDREN_REMEMBERED:
            for ended in [known for known, process in _children.items() if process.poll() is not None]:
                del _children[ended]
        _children[ref] = child
    return ref


def is_alive(ref: ProcessRef) -> bool:
    """Return whether this very process still runs; one that ended but was not awaited does not."""
    reap()
    if ref.boot != _boot():
        return False
    started_s = _started_s(ref.pid)
    if started_s is None or abs(started_s - ref.started_s) > _START_TOLERANCE_S:
        return False
    try:
        return psutil.Process(ref.pid).status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.Error:
        return False


def exit_code(ref: ProcessRef) -> int | None:
    """Return how a child of this Sluiceway ended (negative: by that signal); None if alive or not ours."""
    with _children_lock:
        child = _children.get(ref)
        return child.poll() if child is not None else None


def terminate(ref: ProcessRef, grace_s: float) -> None:
    """End the process and all it started: politely (SIGTERM), and hard after `grace_s` (0: hard at once).

    Returns when the process is gone; one that is gone already is fine. Raises PermanentProviderError when
    it belongs to somebody else or can't be killed.
    """
    if grace_s > 0 and is_alive(ref):
        _signal_group(ref, signal.SIGTERM)
        _wait(ref, grace_s)
    # Also when the leader is gone: what it left behind in its group would hold on to the port.
    _signal_group(ref, signal.SIGKILL)
    if not _wait(ref, 10.0):
        raise PermanentProviderError(
            f"process {ref.pid} does not end, not even on SIGKILL; look at it by hand"
        )


def reap() -> None:
    """Await children that ended, so that they do not stay as zombies. Cheap; called by `is_alive`."""
    with _children_lock:
        for child in _children.values():
            child.poll()


def find_tagged(tag: str) -> tuple[ProcessRef, ...]:
    """Return the processes that were started with this tag and run, whoever started them.

    Only leaders count, not what they started themselves. For when Sluiceway died between starting a process
    and recording it. Reads every process's environment, so not for every tick.
    """
    found: list[ProcessRef] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == process.pid and process.environ().get(TAG_VARIABLE) == tag:
                ref = ProcessRef(process.pid, _started_s(process.pid) or 0.0, _boot())
                if is_alive(ref):
                    found.append(ref)
    return tuple(found)


def save_ref(path: Path, ref: ProcessRef) -> None:
    """Record the process in a JSON file. Raises TemporaryProviderError when the disk is full."""
    record = {"pid": ref.pid, "started_s": ref.started_s, "boot": ref.boot}
    write_atomically(path, json.dumps(record) + "\n")


def load_ref(path: Path) -> ProcessRef | None:
    """Return the recorded process, alive or not; None without a record.

    Raises PermanentProviderError when the file is damaged.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        record = cast("dict[str, object]", json.loads(text))
        return ProcessRef(int(str(record["pid"])), float(str(record["started_s"])), str(record["boot"]))
    except (ValueError, KeyError, TypeError) as failure:
        raise PermanentProviderError(
            f"{path}: not a process record ({failure}); end the process it stood for, then remove the file"
        ) from failure


def _signal_group(ref: ProcessRef, what: signal.Signals) -> None:
    started_s = _started_s(ref.pid)
    is_stranger = started_s is not None and abs(started_s - ref.started_s) > _START_TOLERANCE_S
    if ref.boot != _boot() or is_stranger:
        return
    try:
        os.killpg(ref.pid, what)
    except ProcessLookupError:
        return
    except PermissionError as failure:
        if is_alive(ref):  # macOS also refuses when only zombies are left
            raise PermanentProviderError(
                f"may not end process {ref.pid}: it belongs to another user"
            ) from failure


def _wait(ref: ProcessRef, for_s: float) -> bool:
    deadline = time.monotonic() + for_s
    while is_alive(ref):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _started_s(pid: int) -> float | None:
    if sys.platform != "linux":
        try:
            return psutil.Process(pid).create_time()
        except psutil.Error:
            return None
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The second field, the name in brackets, may itself hold spaces and brackets.
    ticks = int(stat.rpartition(")")[2].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK")


def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
