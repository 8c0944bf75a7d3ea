"""Talks to a running `sluice serve`: finds its address, says who we are, turns problems back into errors."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from sluiceway.adapters.data_dir import find_data_dir, read_note
from sluiceway.cli import credentials
from sluiceway.errors import (
    FlagFileError,
    NotReadyError,
    NotServedError,
    ProcessFileError,
    SluicewayError,
)
from sluiceway.services.points import PointView
from sluiceway.services.sessions import LoginView
from sluiceway.services.views import RolloutView

SERVER_VARIABLE = "SLUICE_SERVER"
ACTOR_VARIABLE = "SLUICE_ACTOR"
_TIMEOUT = httpx.Timeout(30.0, connect=3.0)
_STREAM_SILENCE_S = 30.0  # the server says something at least every ten

_VIEW = TypeAdapter(RolloutView)

Answer = TypeVar("Answer")


def server_address(given: str | None, start: Path) -> str:
    """Return the address to talk to: as given, from the environment, or as a server nearby announced it.

    Raises NotServedError when there is none.
    """
    named = given or os.environ.get(SERVER_VARIABLE)
    if named:
        return named if "://" in named else f"http://{named}"
    data_dir = find_data_dir(start)
    note = read_note(data_dir / "server.json") if data_dir else None
    if note is None:
        raise NotServedError(
            f"no server found for {start} or a folder above it; start one with `sluice serve`, "
            f"or name its address with --server or {SERVER_VARIABLE}"
        )
    return note.url


def actor() -> str:
    """Return who acts: SLUICE_ACTOR, else the name of the system's user."""
    try:
        return os.environ.get(ACTOR_VARIABLE) or getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


class Client:
    """One server, as whoever `credentials` says we are. `transport` replaces the network, for tests."""

    def __init__(self, address: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.address = address.rstrip("/")
        shown = credentials.headers_for(self.address)
        self._http = httpx.Client(
            base_url=self.address,
            headers=[
                (b"X-Sluice-Client", b"sluice-cli"),
                (b"X-Sluice-Actor", actor().encode("latin-1", "replace")),
                *((name.encode(), value.encode()) for name, value in shown.items()),
            ],
            timeout=_TIMEOUT,
            transport=transport,
            trust_env=False,  # a proxy has no business between this machine and itself
        )

    def get(self, path: str, kind: type[Answer], **params: str | int | bool | Sequence[str] | None) -> Answer:
        """Return the parsed answer. Raises the error that the server names, NotServedError without one.

        A parameter with several values is sent several times.
        """
        wanted = {name: value for name, value in params.items() if value is not None}
        with self._reached():
            return _parsed(self._http.get(path, params=wanted), kind)

    def post(self, path: str, kind: type[Answer], body: Mapping[str, object]) -> Answer:
        """Send JSON and return the parsed answer; raises as `get` does."""
        with self._reached():
            return _parsed(self._http.post(path, json=body), kind)

    def put(self, path: str, kind: type[Answer], body: Mapping[str, object]) -> Answer:
        """Send JSON to be put in place and return the parsed answer; raises as `get` does."""
        with self._reached():
            return _parsed(self._http.put(path, json=body), kind)

    def text(self, path: str, **params: str | None) -> str:
        """Return an answer that is a text, not JSON; raises as `get` does."""
        wanted = {name: value for name, value in params.items() if value is not None}
        with self._reached():
            response = self._http.get(path, params=wanted)
        if response.is_error:
            raise _error(response)
        return response.text

    def log_in(self, name: str, password: str) -> tuple[LoginView, str]:
        """Begin a session; return it with its key. Raises as `get` does, TooManyAttemptsError besides."""
        with self._reached():
            response = self._http.post("/api/session", json={"name": name, "password": password})
            begun = _parsed(response, LoginView)
        key = response.cookies.get(credentials.COOKIE)
        if not key:
            raise NotServedError(f"{self.address} logged {name} in but sent no session; is it a Sluiceway?")
        return begun, key

    def push(self, points: Sequence[Mapping[str, str | float]], token: str) -> list[PointView]:
        """Push figures; return what became of each. Raises as `get` does, UnauthorisedError for the token.

        A token is sent in clear to this machine only: raises InvalidInputError for other plain addresses.
        """
        with self._reached():
            credentials.require_private(self.address, "the token")
            headers = {"Authorization": f"Bearer {token}"}
            return _parsed(self._http.post("/api/points", json=points, headers=headers), list[PointView])

    def events(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield server-sent events as (name, data) until the server ends the stream."""
        timeout = httpx.Timeout(_STREAM_SILENCE_S, connect=3.0)
        with self._reached(), self._http.stream("GET", path, timeout=timeout) as response:
            if response.is_error:
                response.read()
                _parsed(response, dict)
            yield from _events(response.iter_lines())

    def rollout_views(self, rollout_id: str) -> Iterator[RolloutView]:
        """Yield the rollout as it changes, until the server ends the stream."""
        for name, data in self.events(f"/api/rollouts/{rollout_id}/events"):
            if name == "rollout":
                yield _VIEW.validate_json(data)

    @contextmanager
    def _reached(self) -> Generator[None]:
        try:
            yield
        except httpx.InvalidURL as failure:
            raise NotServedError(f"{self.address} is not an address ({failure})") from failure
        except httpx.HTTPError as failure:
            raise NotServedError(
                f"no `sluice serve` answers at {self.address} ({failure}); "
                "start one, or name another with --server"
            ) from failure


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Source: HTML standard, "Interpreting an event stream"; fields this client does not use are skipped."""
    name, data = "message", list[str]()
    for line in lines:
        if not line:
            if data:
                yield name, "\n".join(data)
            name, data = "message", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)


def _parsed(response: httpx.Response, kind: type[Answer]) -> Answer:
    if response.is_error:
        raise _error(response)
    adapter: TypeAdapter[Answer] = TypeAdapter(kind)
    try:
        return adapter.validate_json(response.content)
    except ValidationError as failure:
        raise NotServedError(
            f"{response.url} answered something else than a Sluiceway of this version; "
            "name another with --server"
        ) from failure


def _error(response: httpx.Response) -> SluicewayError:
    """Return the error of our tree that a problem (RFC 9457) stands for."""
    try:
        found = json.loads(response.content)
        code, detail = str(found["code"]), str(found["detail"])
    except (ValueError, KeyError, TypeError):
        return NotServedError(
            f"{response.url} answered {response.status_code}, not as a Sluiceway server does"
        )
    for of_file in (ProcessFileError, FlagFileError):
        if code == of_file.code:
            return of_file(tuple(str(problem) for problem in found.get("problems", [detail])))
    if code == NotReadyError.code:
        return NotReadyError(detail.partition("\n")[0], tuple(str(one) for one in found.get("missing", ())))
    for known in _tree(SluicewayError):
        if known.code == code:
            return known(detail)
    return SluicewayError(detail)


def _tree(root: type[SluicewayError]) -> Iterator[type[SluicewayError]]:
    for child in root.__subclasses__():
        yield child
        yield from _tree(child)
