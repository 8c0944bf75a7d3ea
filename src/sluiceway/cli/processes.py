"""`sluice process show|diff|packs`: processes put together out of their files, without a server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from sluiceway.cli.files import read_text
from sluiceway.cli.notes import AllNotes, say_notes
from sluiceway.cli.options import AsJson
from sluiceway.cli.output import out, print_json
from sluiceway.cli.process import DEFAULT_FILE
from sluiceway.cli.process_overview import overview
from sluiceway.config import parse_process
from sluiceway.config.differences import Change, Difference, differences
from sluiceway.config.extends import pack_file, pack_node, put_together
from sluiceway.config.resolved import annotated_text, plain_data, short_text
from sluiceway.config.tree import nearest
from sluiceway.domain.process.plan import Note
from sluiceway.errors import InvalidInputError
from sluiceway.packs import pack_names, pack_text

app = typer.Typer(help="Look at processes and compare them.", no_args_is_help=True)

_MARKS = {Change.ADDED: "+", Change.REMOVED: "-", Change.CHANGED: "~", Change.REORDERED: "↕"}
_COLOURS = {Change.ADDED: "green", Change.REMOVED: "red", Change.CHANGED: "yellow", Change.REORDERED: "cyan"}
_SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class ProcessShown:
    """A process put together: `process` is the whole of it, `files` the file itself and what it extends."""

    name: str
    content_hash: str
    files: tuple[str, ...]
    notes: tuple[Note, ...]
    process: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PackShown:
    name: str
    extends: str
    description: str


@dataclass(frozen=True, slots=True)
class _Source:
    """A process's text, the name messages give it, and the folder its parents are looked for in."""

    text: str
    name: str
    folder: Path | None


@app.command("show")
def show(
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            help=f"The process file; `-` is stdin. Else {DEFAULT_FILE}.",
            show_default=False,
        ),
    ] = None,
    pack: Annotated[
        str | None, typer.Option("--pack", help="Show a built-in process.", show_default=False)
    ] = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print it as one YAML file that extends nothing.")
    ] = False,
    all_notes: AllNotes = False,
    as_json: AsJson = False,
) -> None:
    """Show what a process says, with all that it extends."""
    if pack is not None and file is not None:
        raise InvalidInputError("--file and --pack name two processes; show one of them")
    if resolved and as_json:
        raise InvalidInputError("--resolved prints YAML and --json JSON; choose one of them")
    source = _pack(pack) if pack is not None else _file(file or DEFAULT_FILE)
    whole = put_together(source.text, source.name, source.folder)
    if resolved:
        typer.echo(annotated_text(whole.node), nl=False)
        return
    process = parse_process(source.text, source.name, source.folder)
    if as_json:
        data = plain_data(whole.node)
        shown = ProcessShown(process.name, process.content_hash, whole.files, process.notes, data)
        print_json(shown, ProcessShown)
        return
    console = out()
    console.print(overview(process, whole.files))
    say_notes(process.notes, process.path, is_all=all_notes)


@app.command("diff")
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A process file, or the name of a pack.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="A process file, or the name of a pack.")],
    as_json: AsJson = False,
) -> None:
    """Show what sets two processes apart, part by part. Exit 0 with and without differences."""
    trees = [put_together(one.text, one.name, one.folder).node for one in (_either(old), _either(new))]
    found = differences(trees[0], trees[1])
    if as_json:
        print_json(found, tuple[Difference, ...])
    elif found:
        out().print(_table(found, old, new))
    else:
        typer.echo(f"{old} and {new} say the same")


@app.command("packs")
def packs(as_json: AsJson = False) -> None:
    """List the built-in processes."""
    found = [_pack_shown(name) for name in pack_names()]
    if as_json:
        print_json(found, list[PackShown])
        return
    table = Table("pack", "extends", "what it is", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.name, one.extends, Text(one.description))
    out().print(table)


def _pack_shown(name: str) -> PackShown:
    parts = plain_data(pack_node(name))
    extends, description = (str(parts.get(word) or "") for word in ("extends", "description"))
    return PackShown(name, extends, " ".join(description.split()))


def _either(given: str) -> _Source:
    if given in pack_names():
        return _pack(given)
    if given != "-" and not Path(given).exists():
        known = ", ".join(pack_names())
        raise InvalidInputError(
            f'"{given}" is neither a file nor a pack ({known}){nearest(given, pack_names())}'
        )
    return _file(Path(given))


def _file(path: Path) -> _Source:
    return _Source(read_text(path), str(path), path.parent)


def _pack(name: str) -> _Source:
    if name not in pack_names():
        known = ", ".join(pack_names())
        raise InvalidInputError(
            f'unknown pack "{name}", expected one of {known}{nearest(name, pack_names())}'
        )
    return _Source(pack_text(name), pack_file(name), None)


def _table(found: tuple[Difference, ...], old: str, new: str) -> Table:
    table = Table("", "where", old, new, box=None, pad_edge=False, show_lines=False)
    for one in found:
        mark = Text(_MARKS[one.change], style=_COLOURS[one.change])
        texts = (short_text(value, _SHOWN_CHARS) for value in (one.old, one.new))
        table.add_row(mark, Text(one.path), *(Text(text) for text in texts))
    return table
