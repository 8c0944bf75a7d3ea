"""What waits for people, with a checklist's items put together so that they are one thing to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sluiceway.services.release_views import WaitingView
from sluiceway.web import wording
from sluiceway.web.release_words import waiting_url


@dataclass(frozen=True, slots=True)
class WorkGroup:
    """One thing that waits, or several items of one checklist, most urgent first. `first` is the first."""

    first: WaitingView
    key: str
    url: str
    text: str
    texts: tuple[str, ...]
    who: tuple[str, ...]
    roles: tuple[str, ...]
    is_overdue: bool
    count: int


def work_groups(work: Sequence[WaitingView]) -> tuple[WorkGroup, ...]:
    """Return what waits in the order of each group's first."""
    found: dict[tuple[str, str, str], list[WaitingView]] = {}
    for one in work:
        part = one.ref.partition("/")[0] if one.kind == "checklist" else one.ref
        found.setdefault((one.subject, one.kind, part), []).append(one)
    return tuple(_group("-".join(key), ones) for key, ones in found.items())


def _group(key: str, ones: Sequence[WaitingView]) -> WorkGroup:
    first = ones[0]
    title, colon, _ = first.text.partition(': "')
    is_list = len(ones) > 1
    return WorkGroup(
        first=first,
        key=key,
        url=waiting_url(first),
        text=f"{title}: {wording.counted(len(ones), 'item')}" if is_list else first.text,
        texts=tuple(one.text.removeprefix(f"{title}: ") if colon else one.text for one in ones)
        if is_list
        else (),
        who=tuple(dict.fromkeys(name for one in ones for name in one.who)),
        roles=tuple(dict.fromkeys(role for one in ones for role in one.roles)),
        is_overdue=any(one.is_overdue for one in ones),
        count=len(ones),
    )
