"""What every use case of experiments stands on: an experiment's flag, its results, notes of what was done."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sluiceway.domain.flags.experiment_model import ExperimentPlan, ExperimentRecord
from sluiceway.domain.flags.experiment_results import Results, results_of
from sluiceway.domain.flags.model import Flag
from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.errors import NotFoundError
from sluiceway.ports.clock import Clock
from sluiceway.ports.experiments import Assigned, ExperimentRow
from sluiceway.ports.store import Store, Transaction
from sluiceway.services.experiment_counting import Evidence
from sluiceway.services.flag_base import MAX_ID_CHARS
from sluiceway.services.flag_environments import environments_of
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flags import FlagService
from sluiceway.services.release_saving import note

MOST: Final = 200  # experiments that are listed, or looked after at once


class ExperimentBase:
    """Every method opens its own transactions, or works in the one it is given."""

    def __init__(self, store: Store, clock: Clock, flags: FlagService, sets: FlagSets) -> None:
        self._store = store
        self._clock = clock
        self._flags = flags
        self._sets = sets
        self._evidence = Evidence()

    def _results(self, tx: Transaction, row: ExperimentRow) -> tuple[Results, Assigned]:
        record = row.record
        plan = record.plan
        assigned = Assigned(record.assigned, record.mixed)
        if not record.state.is_over:
            assigned = tx.assigned(plan.service, plan.environment, plan.id)
        known = self._evidence.of(tx, row)
        return results_of(plan, known.progress, assigned.by_variant), assigned

    def _with_end(self, tx: Transaction, record: ExperimentRecord) -> ExperimentRecord:
        """Return the record with its last counts, and forget who took part."""
        plan = record.plan
        assigned = tx.assigned(plan.service, plan.environment, plan.id)
        tx.forget_experiment_details(plan.service, plan.environment, plan.id)
        return replace(record, assigned=dict(assigned.by_variant), mixed=assigned.mixed)

    def _flag(self, tx: Transaction, service: str, environment: str, flag: str) -> Flag:
        """Return a flag as it stands. Raises NotFoundError, also for an unknown environment."""
        if environment not in environments_of(tx, service):
            known = ", ".join(environments_of(tx, service))
            raise NotFoundError(f"{service} has no environment {environment[:100]!r}; it has {known}")
        held = self._sets.items(tx, service, environment).get((ItemKind.FLAG, flag))
        if held is None or not isinstance(held.item, Flag):
            raise NotFoundError(
                f"{service} has no flag {flag[:MAX_ID_CHARS]!r} in {environment};"
                f" `sluice flags list --service {service}` shows those it has"
            )
        return held.item

    def _note(self, tx: Transaction, plan: ExperimentPlan, actor: str, kind: str, why: str) -> None:
        subject = f"experiment:{plan.service}/{plan.id}"
        note(tx, self._clock, actor=actor, kind=kind, subject=subject, why=why)
