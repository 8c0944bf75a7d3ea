"""How the CLI writes: results to stdout, everything else to stderr, and JSON as programs want it."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console

_PIPE_WIDTH = 160  # columns when nobody looks: wide enough that nothing is cut


def out() -> Console:
    """Return a console on the present stdout."""
    return Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)


def err() -> Console:
    """Return a console on the present stderr."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else _PIPE_WIDTH, highlight=False)


def say(text: str) -> None:
    """Tell the person something that is not the command's result."""
    err().print(text, markup=False, soft_wrap=True)


def print_json(value: object, kind: Any) -> None:
    """Write one JSON document; `kind` is the type of `value`."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    sys.stdout.write(adapter.dump_json(value, indent=2).decode() + "\n")


def print_json_line(value: object, kind: Any) -> None:
    """Write one JSON document on one line, at once."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    sys.stdout.write(adapter.dump_json(value).decode() + "\n")
    sys.stdout.flush()


def local_time(at: datetime | None) -> str:
    """Return an instant in the person's own zone."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


def figure(value: float | None, unit: str) -> str:
    """Return a metric's value as people read it."""
    if value is None:
        return "no data"
    match unit:
        case "share":
            return f"{value * 100:.3g} %"
        case "ms":
            return f"{value:.0f} ms"
        case "/s":
            return f"{value:.1f} /s"
        case _:
            return f"{value:.4g} {unit}".strip() if unit != "count" else f"{value:.4g}"
