"""The use cases of experiments: plan, start, look, decide, stop; and the count that goes on while they run.

Who saw what arrives by `experiment_intake`. An experiment never changes its flag by itself, but for a guard
that says so, and for a winner that a person rolls out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sluiceway.domain.flags.experiment_curves import curve
from sluiceway.domain.flags.experiment_model import (
    ExperimentPlan,
    ExperimentRecord,
    ExperimentState,
    problems_of_plan,
    problems_with_flag,
)
from sluiceway.domain.flags.experiment_results import Advice, Results
from sluiceway.domain.flags.model import Serve
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import (
    FlagFileError,
    IllegalMoveError,
    InvalidInputError,
    NotFoundError,
    SluicewayError,
)
from sluiceway.ports.experiments import Assigned, ExperimentRow
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services import experiment_views as views
from sluiceway.services.experiment_base import MOST
from sluiceway.services.experiment_planning import (
    ExperimentDraft,
    id_problems,
    plan_of,
    warnings_of,
    with_split,
)
from sluiceway.services.experiment_watching import ExperimentWatching
from sluiceway.services.flag_base import MAX_ID_CHARS
from sluiceway.services.flag_views import FlagChange, Outcome
from sluiceway.services.texts import prose


class ExperimentService(ExperimentWatching):
    """Every method opens its own transactions and may be called from any thread.

    `by` is who asks. Each method raises ForbiddenError when they may not do this for the service.
    """

    def list(self, service: str, by: Principal) -> Sequence[views.ExperimentSummary]:
        """Return the newest experiments of a service first; "" is every service that `by` may see."""
        with self._store.read() as tx:
            services: frozenset[str] | None = frozenset({service})
            if service:
                access.require(tx, by, Permission.READ, service)
            else:
                services = access.services_for(tx, by, Permission.READ)
            return [views.summary_of(row.record) for row in tx.list_experiments(services, limit=MOST)]

    def draft(self, service: str, draft: ExperimentDraft, by: Principal) -> views.ExperimentView:
        """Keep a plan, not yet started.

        Raises ConflictError for an id that is taken, NotFoundError for a flag that is not there,
        FlagFileError with everything that doesn't fit.
        """
        actor = access.actor(by)
        with self._store.begin() as tx:
            access.require(tx, by, Permission.FLAG, service)
            flag = self._flag(tx, service, draft.environment, draft.flag)
            plan = plan_of(service, draft, flag)
            problems = (*id_problems(plan.id), *problems_of_plan(plan), *problems_with_flag(plan, flag))
            if problems:
                raise FlagFileError(tuple(f"experiment {plan.id[:MAX_ID_CHARS]}: {one}" for one in problems))
            tx.add_experiment(ExperimentRecord(plan, created_at=self._clock.wall(), created_by=actor))
            self._note(tx, plan, actor, "experiment-planned", f"on {plan.flag} in {plan.environment}")
        return self.look(service, plan.id, by)

    def start(self, service: str, experiment: str, by: Principal, why: str = "") -> views.ExperimentView:
        """Begin to count, from this moment on, with the flag's split as it is now.

        Raises FlagFileError with everything that doesn't fit, also when another experiment runs on the flag;
        IllegalMoveError for one that was started before.
        """
        actor, reason = access.actor(by), prose(why, "the reason")
        with self._store.begin() as tx:
            access.require(tx, by, Permission.FLAG, service)
            row = tx.get_experiment(service, experiment)
            if row.record.state is not ExperimentState.DRAFT:
                raise IllegalMoveError(
                    f"the experiment {experiment} is {row.record.state.value}; plan a new one to start again"
                )
            plan = row.record.plan
            flag = self._flag(tx, service, plan.environment, plan.flag)
            plan = with_split(plan, flag)
            problems = (*problems_with_flag(plan, flag), *self._also_running(tx, plan))
            if not flag.is_enabled or flag.hold is not None:
                problems = (*problems, f"the flag {flag.id} is off in {plan.environment}; turn it on first")
            if problems:
                raise FlagFileError(tuple(f"experiment {plan.id}: {one}" for one in problems))
            started = replace(
                row.record, plan=plan, state=ExperimentState.RUNNING, started_at=self._clock.wall()
            )
            tx.save_experiment(row, started)
            self._note(tx, plan, actor, "experiment-started", _because(_split_words(plan), reason))
        return self.look(service, experiment, by)

    def look(self, service: str, experiment: str, by: Principal) -> views.ExperimentView:
        """Return everything that is known now. Looking often takes nothing from its truth."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            row = tx.get_experiment(service, experiment)
            rights = tuple(one.value for one in access.rights(tx, by, service))
            return self._view(tx, row, rights)

    def decide(
        self,
        service: str,
        experiment: str,
        winner: str,
        by: Principal,
        why: str = "",
        *,
        roll_out: bool = False,
    ) -> views.ExperimentView:
        """End the experiment with a winner, kept with the figures of this moment.

        With `roll_out` everybody gets the winner, or it waits for the approval that the process asks for;
        what came of it stands in the view. Raises InvalidInputError for a variant that was not compared,
        IllegalMoveError unless it runs.
        """

        def decided(record: ExperimentRecord, results: Results) -> ExperimentRecord:
            variants = [share.variant for share in record.plan.split]
            if winner not in variants:
                raise InvalidInputError(
                    f"{winner[:100]!r} was not compared; the variants are {', '.join(variants)}"
                )
            return replace(record, state=ExperimentState.DECIDED, winner=winner, verdict=results.sentence)

        row = self._end(
            service, experiment, by, decided, kind="experiment-decided", why=prose(why, "the reason")
        )
        told = self._roll_out(row.record.plan, winner, by, why) if roll_out else ""
        return replace(self.look(service, experiment, by), roll_out=told)

    def stop(self, service: str, experiment: str, by: Principal, why: str = "") -> views.ExperimentView:
        """End the experiment without a winner; the flag stays as it is. Raises IllegalMoveError."""

        def stopped(record: ExperimentRecord, results: Results) -> ExperimentRecord:
            return replace(record, state=ExperimentState.STOPPED, verdict=results.sentence)

        self._end(service, experiment, by, stopped, kind="experiment-stopped", why=prose(why, "the reason"))
        return self.look(service, experiment, by)

    def _end(
        self,
        service: str,
        experiment: str,
        by: Principal,
        ended: Callable[[ExperimentRecord, Results], ExperimentRecord],
        *,
        kind: str,
        why: str,
    ) -> ExperimentRow:
        actor = access.actor(by)
        with self._store.begin() as tx:
            access.require(tx, by, Permission.FLAG, service)
            row = tx.get_experiment(service, experiment)
            if row.record.state is not ExperimentState.RUNNING:
                raise IllegalMoveError(
                    f"the experiment {experiment} is {row.record.state.value}, it does not run"
                )
            results, _ = self._results(tx, row)
            record = replace(
                ended(row.record, results), ended_at=self._clock.wall(), ended_by=actor, why=why, asks=""
            )
            tx.save_experiment(row, self._with_end(tx, record))
            winner = f"winner {record.winner}; " if record.winner else ""
            self._note(tx, record.plan, actor, kind, _because(f"{winner}{results.sentence}", why))
            return row

    def _roll_out(self, plan: ExperimentPlan, winner: str, by: Principal, why: str) -> str:
        """Give everybody the winner; return in words what came of it. The decision stands whatever it is."""
        reason = f"winner of the experiment {plan.id}{f': {why}' if why else ''}"
        try:
            with self._store.read() as tx:
                flag = self._flag(tx, plan.service, plan.environment, plan.flag)
            rolled = replace(flag, rules=(), serve=Serve(winner))
            change = self._flags.edit(plan.service, plan.environment, rolled, by, why=reason)
        except SluicewayError as error:
            return f"{winner} was not rolled out: {error}"
        return _rolled_out_words(plan, winner, change)

    def _view(self, tx: Transaction, row: ExperimentRow, rights: tuple[str, ...]) -> views.ExperimentView:
        record = row.record
        plan = record.plan
        known = self._evidence.of(tx, row)
        results, assigned = self._results(tx, row)
        return views.ExperimentView(
            summary=views.summary_of(record),
            control=plan.control,
            variants=tuple(share.variant for share in plan.split),
            metrics=views.metrics_of(plan),
            alpha=plan.alpha,
            window_s=plan.window_s,
            on_guard=plan.on_guard.value,
            advice=(Advice.SPLIT_IS_OFF if record.ratio_alarm else results.advice).value,
            likely_winner="" if record.ratio_alarm else results.winner,
            sentence=record.ratio_alarm or results.sentence,
            findings=views.findings_of(results),
            ratio=views.ratio_of(results.ratio, record.ratio_alarm),
            curves=views.curves_of(plan, curve(known, plan)),
            users=sum(assigned.by_variant.values()),
            counted=_counted(results, plan),
            mixed=assigned.mixed,
            dropped=row.dropped,
            dropped_events=row.dropped_events,
            counted_until=row.counted_until,
            warnings=self._warnings(tx, record, assigned),
            verdict=record.verdict,
            why=record.why,
            rights=rights,
        )

    def _warnings(self, tx: Transaction, record: ExperimentRecord, assigned: Assigned) -> tuple[str, ...]:
        if record.state is not ExperimentState.RUNNING:
            return ()
        plan = record.plan
        try:
            return warnings_of(plan, self._flag(tx, plan.service, plan.environment, plan.flag), assigned)
        except NotFoundError as error:
            return (str(error),)

    def _also_running(self, tx: Transaction, plan: ExperimentPlan) -> tuple[str, ...]:
        running = tx.list_experiments(
            {plan.service}, state=ExperimentState.RUNNING, environment=plan.environment, limit=MOST
        )
        return tuple(
            f"the experiment {row.record.plan.id} runs on {plan.flag} already; decide or stop it first"
            for row in running
            if row.record.plan.flag == plan.flag
        )


def _counted(results: Results, plan: ExperimentPlan) -> int:
    """Return how many users have their window behind them, of all variants."""
    deciding = [each for each in results.findings if each.metric == plan.metrics[0].name]
    return sum(each.users for each in deciding) + (deciding[0].control_users if deciding else 0)


def _split_words(plan: ExperimentPlan) -> str:
    shares = ", ".join(f"{share.variant} {share.weight}" for share in plan.split)
    return f"on {plan.flag} in {plan.environment}, split {shares}, control {plan.control}"


def _because(words: str, why: str) -> str:
    return f"{words} ({why})" if why else words


def _rolled_out_words(plan: ExperimentPlan, winner: str, change: FlagChange) -> str:
    match change.outcome:
        case Outcome.APPLIED:
            return f"everybody gets {winner} in {plan.environment} now"
        case Outcome.WAITING:
            where = f"{winner} for everybody in {plan.environment}"
            return f"{where} waits for {change.waits_for}: {change.proposal}"
        case Outcome.UNCHANGED:
            return f"everybody got {winner} in {plan.environment} already"
