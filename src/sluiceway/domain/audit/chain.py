"""The audit trail's arithmetic: entries chained by hash so that a changed, cut or moved one shows.

Each entry's hash covers its own content and the hash before it: `SHA-256(prev_hash || canonical JSON)`.
Storing entries is the store's business; who may write one is the services'.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

GENESIS_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class NewAuditEntry:
    """Who did what, when, why, and on which figures. `at` is wall time, `process_at` the plan's clock."""

    at: datetime
    process_at: datetime
    actor: str
    kind: str
    subject: str  # rollout id, or what else it is about
    why: str
    figures: tuple[tuple[str, float | str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A stored entry: `seq` counts from 1 without gaps, `hash` covers `prev_hash` and the content."""

    seq: int
    content: NewAuditEntry
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The trail is whole. `head` is the last hash: keep a copy elsewhere to notice a cut-off tail."""

    entries: int
    head: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that does not fit and what is wrong with it."""

    seq: int
    reason: str


def chain(entry: NewAuditEntry, seq: int, prev_hash: str) -> AuditEntry:
    """Return the entry in its place of the chain."""
    return AuditEntry(seq, entry, prev_hash, entry_hash(entry, seq, prev_hash))


def entry_hash(entry: NewAuditEntry, seq: int, prev_hash: str) -> str:
    """Return the SHA-256 (hex) of an entry at its place, over JSON with sorted keys and no spaces."""
    content = {
        "seq": seq,
        "at": entry.at.isoformat(),
        "process_at": entry.process_at.isoformat(),
        "actor": entry.actor,
        "kind": entry.kind,
        "subject": entry.subject,
        "why": entry.why,
        "figures": entry.figures,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(prev_hash.encode() + text.encode()).hexdigest()


def verify(entries: Iterable[AuditEntry], expected_head: str | None = None) -> Verified | Broken:
    """Walk the whole trail from its start and return where it breaks first, if it does.

    With `expected_head` (a hash noted earlier, elsewhere) a trail whose tail was cut off is found too.
    """
    prev_hash, seq, seen_head = GENESIS_HASH, 0, expected_head in {None, GENESIS_HASH}
    for entry in entries:
        if entry.seq != seq + 1:
            return Broken(
                entry.seq, f"entry {seq + 1} is missing or out of order: found {entry.seq} in its place"
            )
        seq = entry.seq
        if entry.prev_hash != prev_hash:
            return Broken(seq, f"entry {seq} does not follow entry {seq - 1}: one of them was replaced")
        if entry_hash(entry.content, seq, prev_hash) != entry.hash:
            return Broken(seq, f"entry {seq} was changed after it was written")
        prev_hash = entry.hash
        seen_head = seen_head or prev_hash == expected_head
    if not seen_head:
        return Broken(
            seq + 1,
            f"the trail ends at entry {seq} without the expected head {expected_head}: entries were cut off",
        )
    return Verified(seq, prev_hash)
