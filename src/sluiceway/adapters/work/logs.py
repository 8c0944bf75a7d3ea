"""DBOS's log lines, sent where ours go: no banner on the console, a lasting fault said once a minute."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

_REPEAT_S: Final = 60.0
_MAX_REMEMBERED: Final = 200
_REMEMBERED_LENGTH: Final = 80


class _OncePerMinute(logging.Filter):
    """Lets a message pass if none with the same beginning did in the last minute.

    The queue is asked ten times a second; with the disk full each time fails with the same words. A warning
    keeps the words of its exception but not the traceback: what is retried is not a fault in the program.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] and record.levelno < logging.ERROR:
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]}", ()
            record.exc_info = None
        key = record.getMessage()[:_REMEMBERED_LENGTH]
        now = time.monotonic()
        with self._lock:
            if now - self._last.get(key, float("-inf")) < _REPEAT_S:
                return False
            if len(self._last) >= _MAX_REMEMBERED:
                self._last.clear()
            self._last[key] = now
            return True


_filter = _OncePerMinute()


def quieten() -> None:
    """Route the logger `dbos` into the program's own logging, warnings and worse only. Safe to repeat."""
    logger = logging.getLogger("dbos")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    if _filter not in logger.filters:
        logger.addFilter(_filter)
    logger.setLevel(logging.WARNING)
    logger.propagate = True
