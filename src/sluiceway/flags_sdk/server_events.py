"""Server-sent events, line by line (HTML standard, "Server-sent events"). Reading lines is for others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_EVENT_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerEvent:
    name: str
    data: str


class EventTooLongError(ValueError):
    """An event is longer than anything a server of flags says."""


class EventReader:
    """Puts events together. One per connection."""

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, line: bytes) -> ServerEvent | None:
        """Take one line without its end; return the event that it completes, if it does.

        Raises EventTooLongError when the event has more than `max_bytes`.
        """
        if not line:
            return self._complete()
        self._size += len(line)
        if self._size > self._max_bytes:
            raise EventTooLongError(f"an event has more than {self._max_bytes} bytes")
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
        return None  # a comment, or a field that means nothing here

    def _complete(self) -> ServerEvent | None:
        name, data = self._name or "message", "\n".join(self._data)
        has_data = bool(self._data)
        self._name, self._data, self._size = "", [], 0
        return ServerEvent(name, data) if has_data else None
