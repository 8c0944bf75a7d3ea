"""Users of an ingress: one who asks once, many told apart by a header, a crowd that never stops."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sluiceway.domain.process.plan import Ingress

USER = "x-user"
_AT_ONCE = 50
_VERSION = re.compile(rb"^x-version: (.*)\r$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a user got. `version` is the name of the backend that answered, "" for the proxy's own words."""

    status: int
    version: str
    headers: Mapping[str, str]  # names in lower case; of several with one name, the last


def ask(
    ingress: Ingress,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    path: str = "/",
    body: bytes | None = None,
    timeout_s: float = 30.0,
) -> Answer:
    """Send one request on a connection of its own. Raises OSError or HTTPException when it is lost."""
    connection = http.client.HTTPConnection(ingress.host, ingress.port, timeout=timeout_s)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        answer.read()
        got = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, got.get("x-version", ""), got)
    finally:
        connection.close()


def sides(ingress: Ingress, users: Sequence[str]) -> dict[str, str]:
    """Return the version that each user meets, who is known by the header `USER`."""
    met: dict[str, str] = {}
    with socket.create_connection((ingress.host, ingress.port), timeout=30) as connection:
        for start in range(0, len(users), _AT_ONCE):
            group = users[start : start + _AT_ONCE]
            requests = [f"GET / HTTP/1.1\r\nhost: shop\r\n{USER}: {user}\r\n\r\n" for user in group]
            connection.sendall("".join(requests).encode())
            received = b""
            while len(versions := _VERSION.findall(received)) < len(group):
                more = connection.recv(65_536)
                assert more, f"the proxy closed the connection after {received[-300:]!r}"
                received += more
            met.update(zip(group, (version.decode() for version in versions), strict=True))
    return met


@dataclass(slots=True)
class Crowd:
    """What its users have got so far."""

    by_version: Counter[str] = field(default_factory=Counter[str])  # answers with 200
    failures: list[str] = field(default_factory=list[str])
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    def asked(self) -> int:
        with self.lock:
            return self.by_version.total() + len(self.failures)

    def note(self, version: str, failure: str) -> None:
        with self.lock:
            if failure:
                self.failures.append(failure)
            else:
                self.by_version[version] += 1


@contextmanager
def crowd(ingress: Ingress, users: int = 4, *, method: str = "GET") -> Iterator[Crowd]:
    """Let some users ask one request after the other until the context ends, each as somebody else."""
    them = Crowd()
    threads = [
        threading.Thread(target=_keep_asking, args=(ingress, them, number, method), daemon=True)
        for number in range(users)
    ]
    for thread in threads:
        thread.start()
    try:
        yield them
    finally:
        them.over.set()
        for thread in threads:
            thread.join(30)


def _keep_asking(ingress: Ingress, them: Crowd, number: int, method: str) -> None:
    connection = http.client.HTTPConnection(ingress.host, ingress.port, timeout=10)
    asked = 0
    while not them.over.is_set():
        asked += 1
        try:
            connection.request(method, "/", headers={USER: f"{number}-{asked}"})
            answer = connection.getresponse()
            words = answer.read().decode("utf-8", "replace")
            failure = "" if answer.status == http.client.OK else f"{answer.status} {words}"
            them.note(answer.getheader("x-version", ""), failure)
        except (OSError, http.client.HTTPException) as lost:
            connection.close()
            them.note("", f"{type(lost).__name__} {lost}")
    connection.close()
