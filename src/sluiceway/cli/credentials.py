"""What the command line shows a server: a token from the environment, or the session of an earlier login.

Sessions are kept by the server's address in `~/.config/sluice/sessions.json`, which only its owner can read.
A secret goes in clear to this machine only; to others it takes https.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from sluiceway.errors import InvalidInputError, UnauthorisedError

TOKEN_VARIABLE = "SLUICE_TOKEN"
COOKIE = "sluice_session"


@dataclass(frozen=True, slots=True)
class Login:
    """A session at one server: whose, and its key."""

    name: str
    key: str


def headers_for(address: str) -> dict[str, str]:
    """Return the headers that say who we are; none when there is nothing to show.

    Raises InvalidInputError when a secret would travel in clear, UnauthorisedError for a token that is none.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if token:
        require_private(address, "the token")
        return {"Authorization": f"Bearer {checked_token(token, TOKEN_VARIABLE)}"}
    login = load(address)
    if login is None:
        return {}
    require_private(address, "your login")
    return {"Cookie": f"{COOKIE}={login.key}"}


def checked_token(token: str, place: str) -> str:
    """Return the token. Raises UnauthorisedError when `place` holds something else; its text is not told."""
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UnauthorisedError(f"{place} holds something else than one token; write just the token there")
    return token


def require_private(address: str, what: str) -> None:
    """Raise InvalidInputError unless nobody on the way to this address can read along."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not _is_this_machine(parts.hostname or ""):
        raise InvalidInputError(
            f"{what} would travel to {parts.hostname} in clear; use an https:// address, or a tunnel"
        )


def load(address: str) -> Login | None:
    """Return the login at this server, None when there is none."""
    return _read().get(_key(address))


def save(address: str, login: Login) -> None:
    """Keep a login. Raises InvalidInputError when the file can't be written."""
    _write({**_read(), _key(address): login})


def forget(address: str) -> None:
    """Forget a login."""
    logins = _read()
    if logins.pop(_key(address), None) is not None:
        _write(logins)


def sessions_file() -> Path:
    """Return where logins are kept. Source: XDG Base Directory Specification."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    base = Path(home) if home.startswith("/") else Path.home() / ".config"
    return base / "sluice" / "sessions.json"


def _read() -> dict[str, Login]:
    try:
        found = json.loads(sessions_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    logins: dict[str, Login] = {}
    for address, entry in cast(dict[str, object], found).items():
        with contextlib.suppress(KeyError, TypeError):
            fields = cast(dict[str, object], entry)
            logins[address] = Login(str(fields["name"]), str(fields["key"]))
    return logins


def _write(logins: dict[str, Login]) -> None:
    file = sessions_file()
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    text = json.dumps({address: asdict(login) for address, login in logins.items()}, indent=2) + "\n"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            target.write(text)
        beside.replace(file)
    except OSError as failure:
        raise InvalidInputError(
            f"{file} can't be written ({failure.strerror}); set XDG_CONFIG_HOME, or use {TOKEN_VARIABLE}"
        ) from failure


def _key(address: str) -> str:
    return address.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
