"""Drives the live engine through a plan, look by look: sample, claim, tick, deliver, and time moves on.

Decides nothing: what happens to the rollout is `Reconciler.tick`'s alone. This module only chooses when the
next look is (often where something happens, seldom where nothing does) and when to stop looking.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluiceway.adapters.metrics.deploy_metrics import DeployMetrics
from sluiceway.adapters.simulated.clock import VirtualClock
from sluiceway.adapters.simulated.metrics import SimulatedMetrics
from sluiceway.adapters.simulated.providers import SimulatedDeploy, SimulatedTraffic
from sluiceway.adapters.simulated.store import WaitingEffects
from sluiceway.adapters.simulated.world import Simulation, World
from sluiceway.domain.process.plan import MetricSource, RolloutPlan, Version
from sluiceway.domain.rollouts.decision import wake_at
from sluiceway.domain.rollouts.model import Phase, RolloutState
from sluiceway.domain.rollouts.moves import begin, current_stage, duration_words, percent
from sluiceway.domain.rollouts.progress import stage_time_left_s
from sluiceway.engine.delivery import Delivery
from sluiceway.engine.reconciler import Reconciler
from sluiceway.engine.sampling import Sampler, metrics_read
from sluiceway.ports.metrics import MetricsProvider
from sluiceway.ports.store import RolloutRow, RolloutSetup, Store
from sluiceway.rehearsal.history import Before
from sluiceway.rehearsal.options import Options
from sluiceway.rehearsal.people import People
from sluiceway.rehearsal.result import Ending, Rehearsed, Told
from sluiceway.rehearsal.tracing import Trace
from sluiceway.services.ids import new_rollout_id

CLOSE_S = 1.0  # between two looks while something happens
CLOSE_AT_TURNS, CLOSE_IN_STAGES = 300, 60  # how many of them follow a turn of the world, a stage's beginning
MIN_HELD_S, MAX_HELD_S = 3_600.0, 86_400.0  # a stage that waits for longer than this goes nowhere
_BREACH_LOOKS = 60  # in a trigger's window
_POINTS = 600
_LEASE_S = 60.0
_PAGE = 500
_MOVING = frozenset({Phase.PREPARING, Phase.ROLLING_BACK, Phase.FINISHING})
_MOVES_WITHIN_S = 600.0  # simulated providers do all they are asked in seconds


@dataclass(frozen=True, slots=True)
class _Stop:
    """Why there is no use in going on."""

    ending: Ending
    outcome: str
    by: str


class Driver:
    """One rehearsal; `run` may be called once. The store is the rehearsal's own."""

    def __init__(
        self,
        *,
        plan: RolloutPlan,
        setup: RolloutSetup,
        world: World,
        options: Options,
        before: Before,
        step_s: float,
        store: Store,
        effects: WaitingEffects,
        start: datetime,
    ) -> None:
        self._options = options
        self._world = world
        self._step_s = step_s
        self._store = store
        self._effects = effects
        self._clock = VirtualClock(start)
        self._start = start
        new, stable = Version(options.new), Version(options.stable)
        windows_s = [spec.window_s for spec in metrics_read(plan, setup.metrics)]
        simulation = Simulation(world, stable, new, windows_s)
        traffic = SimulatedTraffic(simulation, self._clock)
        deploy = SimulatedDeploy(simulation, self._clock)
        metrics = SimulatedMetrics(simulation, self._clock)
        state = begin(plan, stable=stable, new=new, instances=setup.service.instances, now=start)
        row = RolloutRow(new_rollout_id(), setup, state, 0, 1, start, None, start, "rehearsal")
        with store.begin() as tx:
            tx.insert_rollout(row)
        self._id = row.id
        providers: dict[MetricSource, MetricsProvider] = {
            MetricSource.ENVOY: metrics,
            MetricSource.PROMETHEUS: metrics,
            MetricSource.PUSH: metrics,
            MetricSource.DEPLOY: DeployMetrics(deploy, self._clock),
        }
        self._sampler = Sampler(row, providers, self._clock, lambda: None)
        self._delivery = Delivery(store, traffic, deploy, self._clock)
        self._reconciler = Reconciler(
            store=store,
            clock=self._clock,
            traffic=traffic,
            deploy=deploy,
            delivery=self._delivery,
            sampler_of=lambda _row: self._sampler,
            noise_of=lambda _row: before.noise,
            usual_of=lambda _row: before.usual,
        )
        self._people = People(approves=options.approves, after_s=options.approve_after_s)
        total_s = plan.bake_s + plan.keep_old_s
        self._trace = Trace(simulation, state, max(total_s / _POINTS, step_s))
        self._due_at = start
        self._close_until_s = 0.0
        self._stage_index = -1
        self._held_in: tuple[Phase, int] | None = None
        self._held_since_s = 0.0

    def run(self, process: str, source: str, notes: list[str]) -> Rehearsed:
        """Run the plan to its end, or to where it would stand still."""
        looks = 0
        while True:
            looks += 1
            row = self._look()
            stop = self._why_stop(row.state)
            if stop is not None:
                break
            self._clock.sleep(self._pause_s(row))
        state = row.state
        stage = current_stage(state)
        if self._people.given:
            after = duration_words(self._options.approve_after_s)
            yes = f"{self._people.given} approval{'s' if self._people.given > 1 else ''}"
            notes = [*notes, f"{yes} given, {after} after being asked"]
        return Rehearsed(
            process=process,
            source=source,
            seed=self._options.seed,
            new=state.new,
            stable=state.stable,
            ending=stop.ending,
            outcome=stop.outcome,
            decided_by=stop.by,
            took_s=self._clock.monotonic_s(),
            stage=stage.id if stage else "",
            weight=max(point.weight for point in self._trace.points),
            decisions=self._decisions(),
            harm=self._trace.harm(self._options.requests_per_user),
            notes=tuple(notes),
            looks=looks,
            step_s=self._step_s,
            points=tuple(self._trace.points),
            rollout=self._options.rollout,
        )

    def _look(self) -> RolloutRow:
        """Do what the engine does when a sample has come: claim, tick, deliver. Return the row afterwards."""
        self._sampler.step()
        wall = self._clock.wall()
        with self._store.begin() as tx:
            if self._due_at > wall:
                tx.wake(self._id, wall)  # a new sample ticks at once
            (before,) = tx.claim_due(wall, _LEASE_S, 1)
        self._reconciler.tick(before)
        self._effects.deliver(self._store, self._delivery, self._clock)
        with self._store.read() as tx:
            row = tx.get_rollout(self._id)
        self._due_at = row.due_at or wall
        self._trace.look(
            row.state, self._clock.monotonic_s(), is_decided=row.state.phase is not before.state.phase
        )
        self._people.act(self._store, row, self._clock)
        return row

    def _pause_s(self, row: RolloutRow) -> float:
        """Return the time to the next look: the engine's own pace while something moves, else as much as is
        of no interest."""
        now_s = self._clock.monotonic_s()
        state = row.state
        due_s = max(0.01, (self._due_at - self._clock.wall()).total_seconds())
        enters = state.phase is Phase.PROGRESSING and state.stage_entered_at is None
        if state.phase in _MOVING or enters:
            return due_s
        wake = wake_at(state)
        events = [
            self._world.next_moment_s(now_s),
            self._people.next_s(),
            (wake - self._start).total_seconds() if wake else None,
        ]
        coming = [event_s - now_s for event_s in events if event_s is not None and event_s > now_s + 1e-6]
        return max(0.01, min([self._stride_s(state, now_s), *coming]))

    def _stride_s(self, state: RolloutState, now_s: float) -> float:
        """Return the step from here: short after a turn of the world or in a breach, else the usual one."""
        if self._world.resolution_s is not None:
            return self._world.resolution_s
        turn = self._world.next_moment_s(now_s - self._step_s)
        if turn is not None and turn <= now_s:
            self._close_until_s = now_s + CLOSE_AT_TURNS * CLOSE_S
        if state.stage_index != self._stage_index:
            self._stage_index = state.stage_index
            self._close_until_s = max(self._close_until_s, now_s + CLOSE_IN_STAGES * CLOSE_S)
        if now_s < self._close_until_s:
            return min(CLOSE_S, self._step_s)
        windows = {trigger.id: trigger.window_s for trigger in state.plan.triggers}
        breached = [windows.get(breach.trigger_id, 0.0) / _BREACH_LOOKS for breach in state.breaches]
        return min([self._step_s, *(max(CLOSE_S, window) for window in breached)])

    def _why_stop(self, state: RolloutState) -> _Stop | None:
        now_s = self._clock.monotonic_s()
        if state.phase.is_terminal:
            if state.phase is Phase.PROMOTED:
                return _Stop(Ending.PROMOTED, state.outcome, "plan")
            return _Stop(Ending.ROLLED_BACK, state.outcome, state.rollback.by if state.rollback else "")
        if state.phase is Phase.PAUSED and state.pause is not None:
            ending = Ending.ASKS if state.pause.asks else Ending.PAUSED
            return _Stop(ending, state.pause.reason, state.pause.by)
        if self._people.are_waited_for(now_s):
            return _Stop(Ending.NEEDS_APPROVAL, "; ".join(state.waits_for), "plan")
        if self._world.ends_s is not None and now_s >= self._world.ends_s and state.phase not in _MOVING:
            return _Stop(Ending.RECORDING_ENDED, self._how_far(state), "recording")
        return self._held_too_long(state, now_s)

    def _held_too_long(self, state: RolloutState, now_s: float) -> _Stop | None:
        """Return a stop when a stage's time is long over, or providers that are asked to move don't."""
        stage = current_stage(state)
        is_held = (
            state.phase is Phase.PROGRESSING and stage_time_left_s(state, self._clock.now()) == 0
        ) or state.phase in _MOVING
        if not is_held or stage is None:
            self._held_in = None
            return None
        where = (state.phase, state.stage_index)
        if self._held_in != where:  # a way back takes its own time, however long the stage was held before
            self._held_in, self._held_since_s = where, now_s
        patience_s = min(max(stage.duration_s, MIN_HELD_S), MAX_HELD_S)
        if state.phase in _MOVING:
            patience_s = _MOVES_WITHIN_S + state.plan.gradual_step_s * len(state.plan.stages)
        if now_s - self._held_since_s <= patience_s:
            return None
        waits = "; ".join(state.waits_for)
        long = duration_words(now_s - self._held_since_s)
        return _Stop(Ending.HELD, f"stage {stage.id} still waits after {long} more: {waits}", "plan")

    def _how_far(self, state: RolloutState) -> str:
        after = duration_words(self._clock.monotonic_s())
        stage = current_stage(state)
        if stage is None:
            return f"the recording ended after {after}, before the first stage"
        place = f"stage {stage.id} ({state.stage_index + 1} of {len(state.plan.stages)})"
        left_s = stage_time_left_s(state, self._clock.now())
        left = f", {duration_words(left_s)} before its end" if left_s else ""
        waits = "" if left_s else f"; it waited for {'; '.join(state.waits_for)}"
        return f"the recording ended after {after}, in {place} at {percent(state.weight_bp)}{left}{waits}"

    def _decisions(self) -> tuple[Told, ...]:
        told: list[Told] = []
        after = 0
        while True:
            with self._store.read() as tx:
                page = tx.audit_entries(rollout_id=self._id, after=after, limit=_PAGE)
            for entry in page:
                said = entry.content
                at_s = (said.process_at - self._start).total_seconds()
                told.append(Told(at_s, said.kind, said.actor, said.why, dict(said.figures)))
                after = entry.seq
            if len(page) < _PAGE:
                return tuple(told)
