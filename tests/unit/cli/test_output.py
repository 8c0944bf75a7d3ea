"""What the CLI writes: control characters are shown and never obeyed."""

from __future__ import annotations

import pytest
from rich.text import Text

from sluiceway.cli.output import harmless, out, say, tell

HOSTILE = "harmless\x1b[2J\x1b]0;title\x07\x9b31m \u202egnp.exe :bomb: [red]x[/red]"
SHOWN = "harmless␛[2J␛]0;title␇␡31m \ufffdgnp.exe :bomb: [red]x[/red]"


def test_what_a_terminal_would_obey_is_shown_as_signs() -> None:
    assert harmless(HOSTILE) == SHOWN
    assert harmless("two\nlines\tand a café ☕") == "two\nlines\tand a café ☕"


def test_whatever_is_printed_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    tell(HOSTILE)
    out().print(Text(HOSTILE))

    said, shown = capsys.readouterr(), SHOWN.replace("␇", "")  # Rich itself drops the bell
    assert said.err == f"{shown}\n"
    assert said.out == f"{shown}\n{shown}\n"
