"""What writing flags for other tools has in common: each flag by itself, and what stays behind is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sluiceway.config.flag_formats.converted import Exported
from sluiceway.config.flag_formats.reading import NotConvertible, refuse
from sluiceway.config.flag_formats.rules import SPLIT_NOTE
from sluiceway.domain.flags.model import BUCKETS, Flag, FlagSet, Json, Segment


def write_each(
    flags: FlagSet,
    write: Callable[[Flag, Mapping[str, Segment]], dict[str, Json]],
    when_off: Callable[[Flag], str],
) -> Exported:
    """Return a document of what `write` makes of each flag, by id.

    A flag for which it raises NotConvertible is left out and named as a problem.
    `when_off` says how a flag with an off variant differs there while it is off, "" when it doesn't.
    """
    segments = {one.id: one for one in flags.segments}
    document: dict[str, Json] = {}
    notes: list[str] = []
    problems: list[str] = []
    for flag in flags.flags:
        try:
            document[flag.id] = write(flag, segments)
        except NotConvertible as error:
            problems.append(str(error))
            continue
        notes += _lost(flag)
        differs = when_off(flag) if flag.off_variant else ""
        if differs:
            notes.append(f"{flag.id}: {differs}")
    return Exported(document, tuple(notes), tuple(problems))


def _lost(flag: Flag) -> list[str]:
    """Return notes on what other tools than ours don't know of a flag."""
    splits = any(one.split for one in (flag.serve, flag.otherwise, *(rule.serve for rule in flag.rules)))
    said = {
        "thresholds": bool(flag.thresholds),
        "its experiment": flag.experiment is not None,
        "its owner": bool(flag.owner),
        "its expiry": flag.expires_at is not None,
        "its release": bool(flag.release),
    }
    notes = [
        f"{flag.id}: {what} can't be said there and stays behind"
        for what, is_there in said.items()
        if is_there
    ]
    if splits or any(rule.reach < BUCKETS for rule in flag.rules):
        notes.append(f"{flag.id}: {SPLIT_NOTE.replace('here', 'there')}")
    return notes


def refuse_what_only_we_know(flag: Flag) -> None:
    """Raise NotConvertible for what changes answers and can't be told to tools without it."""
    if flag.dependencies:
        refuse(f"{flag.id}.dependencies", "flags that depend on others can't be said there")
