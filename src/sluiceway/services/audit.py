"""Whether the audit trail is whole. Writing entries is the business of each use case and the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sluiceway.domain.audit.chain import AuditEntry, Broken, Verified, verify
from sluiceway.errors import AuditBrokenError
from sluiceway.ports.store import Store

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class AuditCheckView:
    """The trail is whole. `head` is its last hash: note it elsewhere to notice a cut-off tail later."""

    entries: int
    head: str


def verify_audit(store: Store, expected_head: str | None = None) -> AuditCheckView:
    """Walk the trail from its first entry to its last.

    It must reach the head that the store notes beside it and, when given, `expected_head`, a hash noted
    earlier and kept elsewhere: whoever can change the trail can change the note beside it too. Raises
    AuditBrokenError naming the first entry that is wrong.
    """
    with store.read() as tx:
        noted_head = tx.audit_head()
    found = verify(all_entries(store), noted_head)
    if isinstance(found, Verified) and expected_head is not None:
        found = verify(all_entries(store), expected_head)
    match found:
        case Verified(entries, head):
            return AuditCheckView(entries, head)
        case Broken(_, reason):
            raise AuditBrokenError(reason)


def all_entries(store: Store) -> Iterator[AuditEntry]:
    """Yield every entry in order of sequence; reads in pages so that writers never wait for a long walk."""
    after = 0
    while True:
        with store.read() as tx:
            page = tx.audit_entries(rollout_id=None, after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq
