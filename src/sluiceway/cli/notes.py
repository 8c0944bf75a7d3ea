"""How notes of a process are said: those of the file itself each, those of what it extends counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from sluiceway.cli.output import say
from sluiceway.domain.process.plan import Note

AllNotes = Annotated[
    bool, typer.Option("--all-notes", help="Also tell the notes of what the file extends, one by one.")
]


def say_notes(notes: Sequence[Note], own_file: str, *, is_all: bool) -> None:
    """Say the notes of `own_file`, and with `is_all` of its parents, of which else only the count is told."""
    for note in notes:
        if is_all or note.file == own_file:
            say(f"note: {note}")
    others = Counter(note.file for note in notes if note.file != own_file)
    if others and not is_all:
        counts = ", ".join(
            f"{count} more note{'s' if count > 1 else ''} of {file}" for file, count in others.items()
        )
        say(f"{own_file}: {counts}; --all-notes tells them")
