"""The newest audit entries of rollouts that people look at, read once and not again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from sluiceway.domain.audit.chain import AuditEntry
from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.ports.store import Store

_PAGE = 500
_ROLLOUTS_KEPT = 200


@dataclass
class _Tail:
    """What is known of one rollout's entries: the newest ones, and up to which sequence number."""

    entries: deque[AuditEntry]
    after: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class RecentEntries:
    """Keeps the newest `kept` entries of the rollouts asked for last; the trail only grows."""

    def __init__(self, store: Store, kept: int) -> None:
        self._store = store
        self._kept = kept
        self._tails: OrderedDict[RolloutId, _Tail] = OrderedDict()
        self._guard = threading.Lock()

    def of(self, rollout_id: RolloutId) -> Sequence[AuditEntry]:
        """Return the newest entries, oldest first; reads only what came since the last time."""
        tail = self._tail(rollout_id)
        with tail.lock:
            while True:
                with self._store.read() as tx:
                    page = tx.audit_entries(rollout_id=rollout_id, after=tail.after, limit=_PAGE)
                if page:
                    tail.entries.extend(page)
                    tail.after = page[-1].seq
                if len(page) < _PAGE:
                    return tuple(tail.entries)

    def _tail(self, rollout_id: RolloutId) -> _Tail:
        with self._guard:
            tail = self._tails.setdefault(rollout_id, _Tail(deque(maxlen=self._kept)))
            self._tails.move_to_end(rollout_id)
            if len(self._tails) > _ROLLOUTS_KEPT:
                self._tails.popitem(last=False)
            return tail
