"""The program's log: one JSON object per line with timestamp, level, service and message.

Lines of the libraries underneath (web server, work engine) come out in the same form. Secrets are never
logged because nobody hands them over; this module filters nothing.
"""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog
from structlog.typing import EventDict, WrappedLogger

from sluiceway.errors import StoreError

SERVICE = "sluiceway"
_MAX_BYTES = 10_000_000
_KEPT_FILES = 5


def set_up_logs(file: Path | None, *, level: str = "info", to_stderr: bool = True) -> None:
    """Send log lines to a rotating file, to stderr, or both. Safe to repeat; the last call counts.

    Raises StoreError when the file can't be opened.
    """
    handlers: list[logging.Handler] = []
    if to_stderr:
        handlers.append(logging.StreamHandler(sys.stderr))
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handlers.append(RotatingFileHandler(file, maxBytes=_MAX_BYTES, backupCount=_KEPT_FILES))
        except OSError as failure:
            raise StoreError(
                f"the log {file} can't be written ({failure.strerror}); check its folder's rights"
            ) from failure
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
        ],
    )
    logging.raiseExceptions = False  # a full disk must not fill the terminal as well
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "uvicorn", "uvicorn.error", "uvicorn.access", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        _add_service,
    ]


def _add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # A line may be about a released service; that name moves, so that this program's own is in its place.
    if "service" in event and event["service"] != SERVICE:
        event["released_service"] = event["service"]
    event["service"] = SERVICE
    return event
