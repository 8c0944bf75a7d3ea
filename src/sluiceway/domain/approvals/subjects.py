"""What a vote was given on: its hash, and what differs between two of them.

Which parts of a release or a change make up a subject is the business of `releases.subjects` and
`domain.changes`.
"""

from __future__ import annotations

import hashlib
import json

from sluiceway.domain.approvals.model import Subject

_MOST_CHARS = 60
_MOST_LINES = 3


def subject_hash(subject: Subject) -> str:
    """Return the SHA-256 (hex) of the subject as JSON: names sorted, no spaces, ASCII only.

    The order of the parts makes no difference.
    """
    text = json.dumps(dict(subject), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def what_changed(old: Subject, new: Subject) -> tuple[str, ...]:
    """Return a few words for each part that differs, in the order of `new`; empty when nothing does.

    A part of one line is shown before and after; of a longer one the lines that came and went.
    """
    before, after = dict(old), dict(new)
    names = [*after, *(name for name in before if name not in after)]
    return tuple(
        f"{name} {_difference(before.get(name, ''), after.get(name, ''))}"
        for name in names
        if before.get(name, "") != after.get(name, "")
    )


def _difference(old: str, new: str) -> str:
    if "\n" not in old + new:
        return f"was {_quoted(old)}, is {_quoted(new)}"
    was, now = old.split("\n"), new.split("\n")
    came = [line for line in now if line not in was]
    went = [line for line in was if line not in now]
    parts = [f"gained {_some(came)}"] if came else []
    parts += [f"lost {_some(went)}"] if went else []
    return " and ".join(parts) or "is in another order"


def _some(lines: list[str]) -> str:
    shown = ", ".join(_quoted(line) for line in lines[:_MOST_LINES])
    more = len(lines) - _MOST_LINES
    return f"{shown} and {more} more" if more > 0 else shown


def _quoted(text: str) -> str:
    if not text:
        return "empty"
    return f'"{text}"' if len(text) <= _MOST_CHARS else f'"{text[: _MOST_CHARS - 3]}..."'
