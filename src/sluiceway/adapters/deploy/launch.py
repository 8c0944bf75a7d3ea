"""How an instance is started: its command, directory, environment and port, checked before it is tried."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sluiceway.domain.process.plan import Service, Version, VersionOverride
from sluiceway.errors import PermanentProviderError, TemporaryProviderError

HOST = "127.0.0.1"

# A service gets what programs can't do without, not Sluiceway's own environment with its secrets.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "SHELL")

_PORT_TRIES = 50


@dataclass(frozen=True, slots=True)
class Launch:
    """One way to start an instance; placeholders are filled in."""

    command: tuple[str, ...]
    cwd: str
    env: dict[str, str]


def launch_of(service: Service, version: Version, port: int) -> Launch:
    """Return how an instance of the version starts on this port, with what is different about the version."""
    override = dict(service.versions).get(version, VersionOverride())

    def filled(text: str) -> str:
        # Not str.format: other braces, such as those of JSON, are the service's own.
        return text.replace("{port}", str(port)).replace("{version}", version)

    inherited = {"PATH": os.defpath} | {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own = {name: filled(value) for name, value in (*service.env, *override.env)}
    return Launch(
        command=tuple(filled(word) for word in (override.command or service.command)),
        cwd=filled(override.cwd or service.cwd),
        env={**inherited, "PORT": str(port), "VERSION": version, **own},
    )


def check_launch(launch: Launch, who: str) -> None:
    """Raise PermanentProviderError when it can't be started at all, with what is missing where."""
    cwd = Path(launch.cwd)
    if not cwd.is_dir():
        found = "is not a directory" if cwd.exists() else "does not exist"
        raise PermanentProviderError(
            f"can't start {who}: its working directory {cwd} {found}; make it or mend `cwd`"
        )
    if not launch.command or not launch.command[0]:
        raise PermanentProviderError(f"can't start {who}: its command is empty; mend `command`")
    program = launch.command[0]
    if "/" not in program:
        if shutil.which(program, path=launch.env["PATH"]) is None:
            raise PermanentProviderError(
                f"can't start {who}: no program {program!r} on PATH ({launch.env['PATH']}); "
                "install it or mend `command`"
            )
        return
    file = cwd / program
    if not file.exists():
        raise PermanentProviderError(
            f"can't start {who}: the program {file} does not exist; put it there or mend `command`"
        )
    if not file.is_file():
        raise PermanentProviderError(f"can't start {who}: {file} is not a program; mend `command`")
    if not os.access(file, os.X_OK):
        raise PermanentProviderError(f"can't start {who}: {file} is not executable; run chmod +x {file}")


def choose_port(preferred: int, taken: Collection[int]) -> int:
    """Return the preferred port if it is free, else one that nobody has and that is not in `taken`.

    Another program may still be quicker than the instance; the instance then ends, and its restart gets
    another port. Raises TemporaryProviderError when there is none.
    """
    if preferred and preferred not in taken and _bound(preferred):
        return preferred
    for _ in range(_PORT_TRIES):
        port = _bound(0)
        if port and port not in taken:
            return port
    raise TemporaryProviderError(f"no free port on {HOST}; end something that listens there")


def _bound(port: int) -> int:
    """Return the port that could be bound (0 asks for any), 0 when none could."""
    with socket.socket() as probe:
        # As servers do: a port whose last owner just closed its connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])
