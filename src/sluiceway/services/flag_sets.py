"""The sets of flags that are served, one for each service and environment, compiled and in memory.

What changes them is the business of `flags`. A set is replaced as a whole, by one reference, after the change
was committed: whoever evaluates sees it as it was or as it is, and what could not be committed is never seen.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sluiceway.domain.flags.compiling import Evaluator, compile_set
from sluiceway.domain.flags.model import FlagSet
from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.domain.flags.wire import FORMAT
from sluiceway.domain.people.model import Principal
from sluiceway.domain.people.rights import may
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ForbiddenError
from sluiceway.ports.clock import Clock
from sluiceway.ports.flags import FlagRow, SetKey
from sluiceway.ports.store import Store, Transaction
from sluiceway.services import access
from sluiceway.services.flag_documents import Items, flags_of, held, segments_of
from sluiceway.services.flag_environments import environments_of, require_environment

Listener = Callable[[str, str], None]  # service and environment
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LiveSet:
    """A set as it is served. `document` is its JSON as `wire.set_to_json` gives it, `etag` the hash of that.

    `items` holds every flag and segment with who changed it when, also those that were taken away.
    """

    evaluator: Evaluator
    etag: str
    document: bytes
    version: int
    changed_at: datetime
    items: Items


class FlagSets:
    """Every method may be called from any thread. `current` costs a look-up once a set was loaded."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._live: dict[SetKey, LiveSet] = {}
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()  # held while sets are loaded and replaced

    def current(self, service: str, environment: str) -> LiveSet:
        """Return the set as it is now, loaded from the store the first time.

        Raises NotFoundError for an environment that the service does not have, StoreError.
        """
        found = self._live.get((service, environment))
        if found is not None:
            return found
        with self._lock, self._store.read() as tx:
            found = self._live.get((service, environment))
            if found is None:
                require_environment(tx, service, environment)
                found = self._live[service, environment] = self._brought_up(tx, service, environment)
            return found

    def for_principal(self, by: Principal) -> SetKey:
        """Return the one service and environment whose flags a token is for.

        Raises ForbiddenError for a token that is not narrowed to one of each, or may not evaluate flags.
        """
        services, environments = by.services or (), by.environments or ()
        if len(services) != 1 or len(environments) != 1:
            raise ForbiddenError(
                f"{_caller(by)} is not for the flags of one service in one environment; make one that is: "
                "`sluice token create NAME --scope evaluate --service SERVICE --environment ENVIRONMENT`"
            )
        (service,), (environment,) = services, environments
        if not may(by, Permission.EVALUATE, service, {}):
            with self._store.read() as tx:
                access.require(tx, by, Permission.EVALUATE, service)
        return service, environment

    def environments(self, service: str) -> tuple[str, ...]:
        """Return the environments of a service, in the order of its process."""
        with self._store.read() as tx:
            return environments_of(tx, service)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; return what ends that.

        It is called on the thread that made the change, after the set was replaced, and must be quick.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def end() -> None:
            with self._lock:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        return end

    def changed(self, service: str) -> None:
        """Replace the loaded sets of a service that changed, and tell the listeners. Raises StoreError."""
        self._refresh(service)

    def poll(self) -> None:
        """Do the same for every loaded set: another process on the same database may have changed it."""
        self._refresh("")

    def items(self, tx: Transaction, service: str, environment: str) -> Items:
        """Return a set's items as the transaction sees them, without reading again what has not changed."""
        live = self._live.get((service, environment))
        known: Items = live.items if live is not None else {}
        after = live.version if live is not None else 0
        return _with_rows(known, tx.flag_rows(service, environment, after=after))

    def _refresh(self, service: str) -> None:
        replaced: list[SetKey] = []
        with self._lock:
            loaded = [key for key in self._live if service in {"", key[0]}]
            if not loaded:
                return
            with self._store.read() as tx:
                versions = tx.flag_set_versions(service)
                for key in loaded:
                    if versions.get(key, 0) != self._live[key].version:
                        self._live[key] = self._brought_up(tx, *key)
                        replaced.append(key)
        for key in replaced:
            for listener in self._listeners:
                listener(*key)

    def _brought_up(self, tx: Transaction, service: str, environment: str) -> LiveSet:
        version = tx.flag_set_versions(service).get((service, environment), 0)
        items = self.items(tx, service, environment)
        flags = FlagSet(service, environment, version, flags_of(items), segments_of(items))
        return self._compiled(flags, items, self._live.get((service, environment)))

    def _compiled(self, flags: FlagSet, items: Items, before: LiveSet | None) -> LiveSet:
        """Return the set as it is served; what has not changed since `before` is not compiled again."""
        document = _document(flags, items)
        return LiveSet(
            evaluator=compile_set(
                flags,
                now=self._now,
                chance=random.random,
                previous=before.evaluator if before is not None else None,
            ),
            etag=hashlib.sha256(document).hexdigest()[:32],
            document=document,
            version=flags.version,
            changed_at=max((one.changed_at for one in items.values()), default=_NEVER),
            items=items,
        )

    def _now(self) -> float:
        return self._clock.wall().timestamp()


def _with_rows(known: Items, rows: Sequence[FlagRow]) -> Items:
    return {**known, **{(row.kind, row.id): held(row) for row in rows}} if rows else known


def _document(flags: FlagSet, items: Items) -> bytes:
    """Return the JSON of `wire.set_to_json`, put together from the texts that the store keeps."""
    head = {
        "format": FORMAT,
        "service": flags.service,
        "environment": flags.environment,
        "version": flags.version,
    }
    start = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]
    of_flags = ",".join(items[ItemKind.FLAG, one.id].text for one in flags.flags)
    of_segments = ",".join(items[ItemKind.SEGMENT, one.id].text for one in flags.segments)
    return f'{start},"flags":[{of_flags}],"segments":[{of_segments}]}}'.encode()


def _caller(by: Principal) -> str:
    return f"the token {by.through}" if by.through else f"what {by.name} came with"
