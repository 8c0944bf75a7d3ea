"""What a change of a set of flags looks like to those who listen: server-sent events, written once for all.

Applications with our own client (`flag-set` events) get small changes whole, so that a thousand of them
don't come back at once to fetch. OFREP's clients get the `message` its `event-streams.yaml` asks for, which
only says that something changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.services.flag_sets import LiveSet

COMMENT = b": still here\n\n"
_MAX_PATCH_CHARS = 32_000
_RETRY_MS = 1_000


@dataclass(frozen=True, slots=True)
class Frames:
    """One event in both forms."""

    ours: bytes
    ofrep: bytes


def on_connecting(live: LiveSet) -> Frames:
    """Return the event that says where the set stands."""
    frames = _frames(live, "")
    retry = b"retry: %d\n" % _RETRY_MS
    return Frames(retry + frames.ours, retry + frames.ofrep)


def on_change(before: LiveSet, after: LiveSet) -> Frames:
    """Return the event of a change, with what changed where that is small and only flags did."""
    return _frames(after, _patch(before, after))


def _frames(live: LiveSet, patch: str) -> Frames:
    said = json.dumps(
        {
            "type": "refetchEvaluation",
            "etag": live.etag,
            "lastModified": int(live.changed_at.timestamp()),
            "version": live.version,
        },
        separators=(",", ":"),
    )
    ofrep = f"id: {live.etag}\ndata: {said}\n\n"
    ours = f"event: flag-set\nid: {live.etag}\ndata: {said[:-1]}{patch}}}\n\n"
    return Frames(ours.encode(), ofrep.encode())


def _patch(before: LiveSet, after: LiveSet) -> str:
    """Return further members of the event, "" when a client has to fetch. Documents have no line ends."""
    changed = {key: held for key, held in after.items.items() if held.version > before.version}
    flags = {key[1]: held.text for key, held in changed.items() if key[0] is ItemKind.FLAG}
    if len(flags) != len(changed) or sum(map(len, flags.values())) > _MAX_PATCH_CHARS:
        return ""
    documents = ",".join(text for text in flags.values() if text)
    removed = json.dumps([name for name, text in flags.items() if not text], separators=(",", ":"))
    return f',"from":{json.dumps(before.etag)},"flags":[{documents}],"removed":{removed}'
