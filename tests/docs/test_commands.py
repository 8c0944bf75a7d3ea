"""Every `sluice` command that a page tells people to type exists, with the options it is given."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from sluiceway.cli.main import app
from tests.docs.pages import PAGES, ROOT

_LINE = re.compile(r"^ {0,12}(?:\$ )?(?:\S*\.venv/bin/)?sluice (?P<words>[^\n|]+)$", re.MULTILINE)
_INLINE = re.compile(r"`(?:\S*\.venv/bin/)?sluice (?P<words>[^`]+)`")
_ELSEWHERE = {"demo"}  # hands its options over to a program of its own


def commands(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [
        found["words"].split("  #")[0].strip() for find in (_LINE, _INLINE) for found in find.finditer(text)
    ]


def problem(words: str) -> str:
    """Return what is wrong with a command line, "" when it can be typed as it is."""
    command = typer.main.get_command(app)
    parts = shlex.split(words.replace("[", "").replace("]", ""), comments=True)
    while parts and isinstance(command, typer.core.TyperGroup):
        choices = parts[0].split("|")
        unknown = [name for name in choices if name not in command.commands]
        if unknown:
            return f"sluice {words}: no such command {', '.join(unknown)}"
        command, parts = command.commands[choices[0]], parts[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for part in parts:
        option = part.partition("=")[0]
        if (
            option.startswith("-")
            and option != "-"
            and option not in known
            and command.name not in _ELSEWHERE
        ):
            return f"sluice {words}: no such option {option}; it has {', '.join(sorted(known))}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_the_commands_of_a_page_exist(page: Path) -> None:
    assert [found for words in commands(page) if (found := problem(words))] == []


def test_a_command_that_does_not_exist_is_found() -> None:
    assert problem("rollout launch") == "sluice rollout launch: no such command launch"
    assert problem("serve --sped 3").startswith("sluice serve --sped 3: no such option --sped; it has ")
