"""`sluice init|validate|schema`: process files, without a server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from sluiceway.cli.files import read_text
from sluiceway.cli.notes import AllNotes, say_notes
from sluiceway.cli.options import AsJson
from sluiceway.cli.output import print_json, say
from sluiceway.cli.starter import STARTER
from sluiceway.config import json_schema, parse_process
from sluiceway.config.change_request import holds_change_request, parse_change_request
from sluiceway.domain.process.plan import Note
from sluiceway.errors import ConflictError, InvalidInputError, ProcessFileError

DEFAULT_FILE = Path("sluiceway.yaml")

_PROCESS, _CHANGE_REQUEST = "process", "change-request"


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to be said of one file and all that it extends. `kind` is "process" or "change-request"; both
    are checked."""

    file: str
    kind: str
    valid: bool
    problems: tuple[str, ...]
    notes: tuple[Note, ...]


def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write it.")] = DEFAULT_FILE,
    name: Annotated[
        str | None, typer.Option("--name", help="The service's name; else the folder's.", show_default=False)
    ] = None,
) -> None:
    """Write a commented process file to start from. Never overwrites one."""
    text = STARTER.format(name=_service_name(name or file.absolute().parent.name))
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError as failure:
        raise ConflictError(f"{file} exists already and is kept as it is; name another file") from failure
    except OSError as failure:
        raise InvalidInputError(f"{file} can't be written ({failure.strerror})") from failure
    say(f"wrote {file}; edit it, then `sluice validate {file}` and `sluice serve`")


def validate(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Process files; `-` is stdin.")
    ] = None,
    all_notes: AllNotes = False,
    as_json: AsJson = False,
) -> None:
    """Check process files and change requests; report every problem at once. Exit 3 when there are any."""
    results = [_check(file) for file in files or [DEFAULT_FILE]]
    problems = tuple(problem for result in results for problem in result.problems)
    if as_json:
        print_json(results, list[Checked])
        if problems:
            raise typer.Exit(ProcessFileError.exit_code)
        return
    for result in results:
        say_notes(result.notes, result.file, is_all=all_notes)
        if result.valid:
            what = ", a change request and no process" if result.kind == _CHANGE_REQUEST else ""
            typer.echo(f"{result.file}: valid{what}")
    if problems:
        raise ProcessFileError(problems)


def schema() -> None:
    """Print the JSON Schema of process files, for editors."""
    print_json(json_schema(), dict[str, Any])


def _check(file: Path) -> Checked:
    text = read_text(file)
    kind = _CHANGE_REQUEST if holds_change_request(text) else _PROCESS
    notes: tuple[Note, ...] = ()
    try:
        if kind == _CHANGE_REQUEST:
            parse_change_request(text, str(file))
        else:
            notes = parse_process(text, str(file), file.parent).notes
    except ProcessFileError as error:
        return Checked(str(file), kind, False, error.problems, ())
    return Checked(str(file), kind, True, (), notes)


def _service_name(text: str) -> str:
    name = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
    return name if name and name[0].isalpha() else f"service-{name}".strip("-")
