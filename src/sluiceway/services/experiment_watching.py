"""Looking after experiments that run: counting finished users, acting where a guard asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sluiceway.domain.flags.experiment_model import ExperimentRecord, ExperimentState, GuardAction
from sluiceway.domain.flags.experiment_results import Advice, Results
from sluiceway.domain.flags.model import HeldOffBy, Hold
from sluiceway.errors import ConflictError
from sluiceway.ports.experiments import ExperimentRow
from sluiceway.services.experiment_base import MOST, ExperimentBase
from sluiceway.services.experiment_counting import count_finished

BY: Final = "sluiceway"  # who acts where a guard does
_SAYS_SOMETHING: Final = frozenset(
    {Advice.GUARD_IS_BROKEN, Advice.A_VARIANT_IS_BETTER, Advice.CONTROL_IS_BEST}
)


class ExperimentWatching(ExperimentBase):
    """What goes on without anybody asking."""

    def count(self) -> None:
        """Count finished users of everything that runs, and act where a guard or the split asks for it.

        For a chore, every few seconds. Safe to repeat, also by several processes.
        """
        with self._store.read() as tx:
            rows = tx.list_experiments(None, state=ExperimentState.RUNNING, limit=MOST)
        for row in rows:
            self._count(row)

    def _count(self, row: ExperimentRow) -> None:
        counted: ExperimentRow | None = row
        while counted is not None:
            row = counted
            with self._store.begin() as tx:
                counted = count_finished(tx, row, self._clock.wall())
        with self._store.read() as tx:
            row = tx.get_experiment(row.record.plan.service, row.record.plan.id)
            results, _ = self._results(tx, row)
        if row.record.state is ExperimentState.RUNNING:
            self._act(row, results)

    def _act(self, row: ExperimentRow, results: Results) -> None:
        record = row.record
        if results.ratio.is_off and not record.ratio_alarm:
            alarmed = replace(record, ratio_alarm=results.ratio.sentence, asks=results.ratio.sentence)
            self._save(row, alarmed, "experiment-split-off", results.ratio.sentence)
        elif results.advice is Advice.GUARD_IS_BROKEN and record.plan.on_guard is GuardAction.HOLD:
            self._hold(row, results)
        elif results.advice in _SAYS_SOMETHING and not record.asks:
            kind = "experiment-guard-broken" if results.broken_guards else "experiment-ready"
            self._save(row, replace(record, asks=results.sentence), kind, results.sentence)

    def _hold(self, row: ExperimentRow, results: Results) -> None:
        """Turn the flag off, then note it: after a crash in between both are done again."""
        plan, broken = row.record.plan, results.broken_guards[0]
        hold = Hold(HeldOffBy.THRESHOLD, f"experiment {plan.id}: {broken.sentence}", broken.metric)
        self._flags.hold(plan.service, plan.environment, plan.flag, hold, BY, why=results.sentence)
        self._save(
            row,
            replace(
                row.record,
                state=ExperimentState.STOPPED,
                ended_at=self._clock.wall(),
                ended_by=BY,
                verdict=results.sentence,
                asks=results.sentence,
            ),
            "experiment-stopped",
            results.sentence,
        )

    def _save(self, row: ExperimentRow, record: ExperimentRecord, kind: str, why: str) -> None:
        """Save what the count found, unless somebody was faster: it is found again then."""
        try:
            with self._store.begin() as tx:
                ended = self._with_end(tx, record) if record.state.is_over else record
                tx.save_experiment(row, ended)
                self._note(tx, record.plan, BY, kind, why)
        except ConflictError:
            return
