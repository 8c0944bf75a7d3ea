"""Every command, option, route and error code has its entry in the reference."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, cast

import pytest
import typer
from litestar.routes import ASGIRoute, HTTPRoute

from sluiceway.api.app import Services, create_api
from sluiceway.api.flag_answers import METHODS as PLAIN_METHODS
from sluiceway.cli.main import app
from sluiceway.errors import SluicewayError
from tests.docs.pages import ROOT

REFERENCE = ROOT / "docs" / "reference"
CLI = (REFERENCE / "cli.md").read_text(encoding="utf-8")
API = (REFERENCE / "api.md").read_text(encoding="utf-8")
ERRORS = (REFERENCE / "errors.md").read_text(encoding="utf-8")


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(command, typer.core.TyperGroup):
        for name, child in command.commands.items():
            yield from commands(child, f"{path} {name}")
    else:
        yield path, command


COMMANDS = dict(commands(typer.main.get_command(app), "sluice"))


def section(page: str, heading: str) -> str:
    """Return the text under a heading, up to the next one; empty without such a heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", page, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def errors(root: type[SluicewayError]) -> Iterator[type[SluicewayError]]:
    yield root
    for child in root.__subclasses__():
        yield from errors(child)


def routes() -> list[tuple[str, str]]:
    """Return (method, path) of each route of the API's own handlers."""
    nothing: Any = None
    names = [part.name for part in fields(Services)]
    built = create_api(Services(**dict.fromkeys(names, nothing)))
    return [
        (method, re.sub(r":\w+}", "}", route.path))
        for route in built.routes
        if not route.path.startswith("/schema")
        for method in methods(route)
        if method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    ]


def methods(route: object) -> Iterable[str]:
    match route:
        case HTTPRoute():
            return route.methods
        case ASGIRoute():
            return cast("Iterable[str]", route.route_handler.opt[PLAIN_METHODS])
        case _:
            raise AssertionError(f"{route} is of a kind that nobody has described")


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_has_its_entry_with_all_its_options(path: str) -> None:
    text = section(CLI, path)

    assert text, f"docs/reference/cli.md has no heading for `{path}`"
    missing = [
        parameter.opts[0]
        for parameter in COMMANDS[path].params
        if parameter.param_type_name == "option" and parameter.name != "help"
        if f"`{parameter.opts[0]}`" not in text
    ]
    assert missing == []


def test_the_command_page_describes_no_command_that_is_gone() -> None:
    described = re.findall(r"^### (sluice .+)$", CLI, re.MULTILINE)

    assert sorted(described) == sorted(COMMANDS)


def test_every_route_has_its_entry_and_no_other() -> None:
    described = [tuple(words.split()) for words in re.findall(r"^### ([A-Z]+ /\S*)$", API, re.MULTILINE)]

    assert sorted(described) == sorted(routes())


@pytest.mark.parametrize("error", list(errors(SluicewayError)), ids=lambda error: error.__name__)
def test_an_error_has_its_entry_with_exit_code_and_status(error: type[SluicewayError]) -> None:
    assert f"| `{error.code}` | {error.exit_code} | {error.http_status} |" in ERRORS


def test_exit_codes_of_errors_are_on_the_command_page() -> None:
    table = section(CLI, "Exit codes")

    assert {error.exit_code for error in errors(SluicewayError)} <= {
        int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)
    }
