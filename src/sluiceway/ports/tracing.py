"""Traces of Sluiceway's own work, for whoever runs it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Tracer(Protocol):
    def span(self, name: str, **attributes: str | int | float | bool) -> AbstractContextManager[object]:
        """Open a span around a block; an exception that leaves the block marks it as failed."""
        ...


class NoTracer:
    """Traces nothing: the default."""

    def span(self, name: str, **attributes: str | int | float | bool) -> AbstractContextManager[object]:
        """Return a context that does nothing."""
        del name, attributes
        return nullcontext()
