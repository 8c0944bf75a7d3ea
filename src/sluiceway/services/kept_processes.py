"""The processes that the store keeps as texts, as they were read: each once while it is asked for."""

from __future__ import annotations

from functools import lru_cache

from sluiceway.config import parse_process
from sluiceway.domain.process.plan import Process

_KEPT = 256  # a server has a few in force and some that old releases keep; each takes a quarter of a megabyte


@lru_cache(maxsize=_KEPT)
def parsed(text: str, path: str) -> Process:
    """Return a process of the store, read once. Raises ProcessFileError when this version can't read it."""
    return parse_process(text, path, is_known=True)
