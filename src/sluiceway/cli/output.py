"""How the CLI writes: results to stdout, everything else to stderr, and JSON as programs want it.

What others wrote is shown and never acts: a terminal obeys control characters, so they are shown as signs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment

_PIPE_WIDTH = 160  # columns when nobody looks: wide enough that nothing is cut
_SIGNS = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    **dict.fromkeys((0x7F, *range(0x80, 0xA0)), 0x2421),
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD),  # turn the text around
}


def out() -> Console:
    """Return a console on the present stdout."""
    return _harmless(
        Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False, emoji=False)
    )


def err() -> Console:
    """Return a console on the present stderr."""
    width = None if sys.stderr.isatty() else _PIPE_WIDTH
    return _harmless(Console(stderr=True, width=width, highlight=False, emoji=False))


def say(text: str) -> None:
    """Tell the person something that is not the command's result."""
    err().print(text, markup=False, soft_wrap=True)


def tell(text: str) -> None:
    """Write a line that is the command's result."""
    out().print(text, markup=False, soft_wrap=True)


def harmless(text: str) -> str:
    """Return a text with signs in place of what a terminal would obey."""
    return text.translate(_SIGNS)


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


class _Harmless(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Shown(renderables)]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is printed, with signs in place of control characters that are not the console's own."""

    renderables: Sequence[ConsoleRenderable]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for renderable in self.renderables:
            for segment in console.render(renderable, options):
                yield segment if segment.control else Segment(harmless(segment.text), segment.style)


def _harmless(console: Console) -> Console:
    console.push_render_hook(_Harmless())
    return console
