"""Effects and runbook steps on their way out: queued with the work engine in the same transaction.

The queue is DBOS's; its tables live in the same database, so a decision and the effects it wants land
together or not at all. DBOS is imported when the first effect is queued: that takes a second, and readers
never need it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, delete, insert, inspect, select, update

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.backend import Backend
from sluiceway.adapters.store.schema import effect_failures
from sluiceway.domain.checklists.model import RunId
from sluiceway.domain.rollouts.model import Effect, RolloutId
from sluiceway.ports.store import EffectFailure

if TYPE_CHECKING:
    from dbos import DBOSClient

QUEUE: Final = "sluiceway-effects"
WORKFLOW: Final = "sluiceway.deliver"
# Steps of runbooks take minutes or hours; in a queue of their own they never hold up what moves users.
STEP_QUEUE: Final = "sluiceway-steps"
STEP_WORKFLOW: Final = "sluiceway.step"
APP_NAME: Final = "sluiceway"
# Constant on purpose: the queue hands work only to its own version, and an upgrade of Sluiceway must take up
# what the version before left. Change it only when old effects must never be delivered by new code.
APP_VERSION: Final = "effects-1"
DBOS_SCHEMA: Final = "dbos"


class EffectQueue:
    """Puts effects on the queue of one database. Safe for use by several threads."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._client: DBOSClient | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Create the work engine's tables if this database has none; its own start brings them up to date."""
        schema = DBOS_SCHEMA if self._backend.schema else None
        with self._backend.engine.connect() as connection:
            if inspect(connection).has_table("workflow_status", schema=schema):
                return
        from dbos import DBOS

        from sluiceway.adapters.work.logs import quieten

        quieten()
        DBOS.migrate(self._backend.url_text, schema=DBOS_SCHEMA)

    def put(self, connection: Connection, rollout_id: RolloutId, gen: int, key: str, effect: Effect) -> None:
        """Queue within the connection's transaction; a key that is known already changes nothing.

        No workflow timeout is given: DBOS measures it on the system clock from the first attempt on, so
        what a crash left behind would be cancelled instead of delivered. `DbosWork` bounds attempts instead.
        """
        self._enqueue(connection, WORKFLOW, QUEUE, key, (rollout_id, gen, codec.effect_text(effect)))

    def put_step(self, connection: Connection, run_id: RunId, key: str) -> None:
        """Queue a runbook's step within the connection's transaction; a known key changes nothing."""
        self._enqueue(connection, STEP_WORKFLOW, STEP_QUEUE, key, (run_id,))

    def _enqueue(
        self, connection: Connection, workflow: str, queue: str, key: str, arguments: tuple[str | int, ...]
    ) -> None:
        from dbos import WorkflowSerializationFormat

        self._opened().enqueue_in_transaction(
            connection,
            {
                "workflow_name": workflow,
                "queue_name": queue,
                "workflow_id": key,
                "app_version": APP_VERSION,
                "serialization_type": WorkflowSerializationFormat.PORTABLE,  # JSON, never pickle
            },
            *arguments,
        )

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.destroy()
                self._client = None

    def _opened(self) -> DBOSClient:
        with self._lock:
            if self._client is None:
                from dbos import DBOSClient

                from sluiceway.adapters.work.logs import quieten

                quieten()
                self._client = DBOSClient(
                    system_database_engine=self._backend.engine,
                    dbos_system_schema=DBOS_SCHEMA,
                    application_name=APP_NAME,
                    lazy=True,
                    retry_connection_errors=False,
                )
            return self._client


def record_failure(
    connection: Connection, rollout_id: RolloutId, effect: Effect, failure: EffectFailure
) -> None:
    """Note a failure unless a newer one of the same kind of effect is noted already."""
    slot = codec.effect_slot(effect)
    mine = (effect_failures.c.rollout_id == rollout_id, effect_failures.c.slot == slot)
    values = {
        "gen": failure.gen,
        "effect_key": failure.key,
        "text": codec.storable(failure.text),
        "at": failure.at,
    }
    known = connection.execute(
        select(effect_failures.c.gen).where(*mine).with_for_update()
    ).scalar_one_or_none()
    if known is None:
        connection.execute(insert(effect_failures).values(rollout_id=rollout_id, slot=slot, **values))
    elif known <= failure.gen:
        connection.execute(update(effect_failures).where(*mine).values(**values))


def record_success(connection: Connection, rollout_id: RolloutId, gen: int, effect: Effect) -> None:
    connection.execute(
        delete(effect_failures).where(
            effect_failures.c.rollout_id == rollout_id,
            effect_failures.c.slot == codec.effect_slot(effect),
            effect_failures.c.gen <= gen,
        )
    )


def failures(connection: Connection, rollout_id: RolloutId) -> Sequence[EffectFailure]:
    found = connection.execute(
        select(effect_failures)
        .where(effect_failures.c.rollout_id == rollout_id)
        .order_by(effect_failures.c.at, effect_failures.c.slot)
    )
    return [EffectFailure(row.gen, row.effect_key, row.text, row.at) for row in found]


def clear_failures(connection: Connection, rollout_id: RolloutId) -> int:
    done = connection.execute(delete(effect_failures).where(effect_failures.c.rollout_id == rollout_id))
    return done.rowcount
