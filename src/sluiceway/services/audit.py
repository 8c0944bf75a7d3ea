"""Whether the audit trail is whole. Writing entries is the business of each use case and the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sluiceway.domain.audit.chain import AuditEntry, Broken, Verified, verify
from sluiceway.ports.store import Store

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class AuditCheckView:
    """The result of walking the whole trail. `head` is the last good hash: note it elsewhere."""

    intact: bool
    entries: int
    head: str
    broken_at: int | None  # sequence number of the first entry that does not fit
    reason: str


def verify_audit(store: Store, expected_head: str | None = None) -> AuditCheckView:
    """Walk the trail from its first entry; `expected_head` is a hash noted earlier, which must occur in it."""
    match verify(all_entries(store), expected_head):
        case Verified(entries, head):
            return AuditCheckView(True, entries, head, None, "")
        case Broken(seq, reason):
            return AuditCheckView(False, seq - 1, "", seq, reason)


def all_entries(store: Store) -> Iterator[AuditEntry]:
    """Yield every entry in order of sequence; reads in pages so that writers never wait for a long walk."""
    after = 0
    while True:
        with store.begin() as tx:
            page = tx.audit_entries(rollout_id=None, after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq
