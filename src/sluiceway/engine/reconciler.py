"""One tick of one rollout: observe, decide, commit, and on the emergency path act at once.

State, audit entries, answers to commands and queued effects land in one transaction, guarded by the claim's
generation; only then is anything done outside. A crash between any two lines costs a repeated tick.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from sluiceway.domain.analysis.noise import Noise
from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.rollouts.decision import decide
from sluiceway.domain.rollouts.model import (
    CommandKind,
    Decision,
    Effect,
    Observation,
    Outcome,
    Phase,
    Reading,
    RolloutId,
    RolloutState,
    SetTraffic,
)
from sluiceway.engine.delivery import Delivery
from sluiceway.engine.flag_ways import NoFlags
from sluiceway.engine.observing import observe
from sluiceway.engine.sampling import Sample, Sampler
from sluiceway.errors import PermanentProviderError, ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import DeployProvider
from sluiceway.ports.flag_reach import FlagReach
from sluiceway.ports.store import EffectFailure, PendingCommand, RolloutRow, Store, Transaction
from sluiceway.ports.traffic import TrafficProvider

MOVING_TICK_S = 0.2  # real seconds between ticks while something is being brought about
WATCHING_TICK_S = 1.0  # while only time, data or people are waited for; a new sample ticks at once
IN_FLIGHT_S = 20.0  # a queued effect that was not seen to work after this long is queued again
FAILED_PAUSE_S = 15.0  # between tries of what a provider refused; `rollout retry` cuts it short

CLOCK_KEY = "process-clock"

_MOVING = frozenset({Phase.PREPARING, Phase.ROLLING_BACK, Phase.FINISHING})

log = structlog.get_logger("sluiceway.reconciler")


@dataclass
class _Memory:
    """What this process remembers of a rollout between ticks; all of it can be lost."""

    observation: Observation | None = None
    in_flight: dict[Effect, float] = field(default_factory=dict[Effect, float])


class Reconciler:
    """Ticks claimed rollouts. Safe to call from several threads, each with its own claim."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        traffic: TrafficProvider,
        deploy: DeployProvider,
        delivery: Delivery,
        sampler_of: Callable[[RolloutRow], Sampler],
        noise_of: Callable[[RolloutRow], Mapping[str, Noise]],
        usual_of: Callable[[RolloutRow], Mapping[str, Reading]],
        why_unknown: Callable[[RolloutRow], Mapping[str, str]] = lambda _row: {},
        flags: FlagReach | None = None,
    ) -> None:
        """`flags` is what rollouts by flag set."""
        self._flags = flags or NoFlags()
        self._store = store
        self._clock = clock
        self._traffic = traffic
        self._deploy = deploy
        self._delivery = delivery
        self._sampler_of = sampler_of
        self._noise_of = noise_of
        self._why_unknown = why_unknown
        self._usual_of = usual_of
        self._guard = threading.Lock()
        self._memories: dict[RolloutId, _Memory] = {}

    def latest(self, rollout_id: RolloutId) -> Observation | None:
        """Return what the last tick saw."""
        memory = self._memories.get(rollout_id)
        return memory.observation if memory else None

    def tick(self, row: RolloutRow) -> bool:
        """Bring one claimed rollout forward; return whether it has finished.

        Raises StoreError when the database can't be written: nothing has been done outside then, except
        on the emergency path.
        """
        memory = self._memory(row.id)
        with self._store.read() as tx:
            pending = tuple(tx.pending_commands(row.id))
            failures = tuple(tx.effect_failures(row.id))
        seen = self._observe(row, pending, failures)
        memory.observation = seen
        now = self._clock.now()
        outcome = decide(row.state, seen, now)
        urgent = [effect for effect in outcome.effects if isinstance(effect, SetTraffic) and effect.urgent]
        queued = self._to_queue(memory, outcome.effects, failures, pending)
        if self._commit(row, outcome, pending, queued, now):
            memory.in_flight.update(dict.fromkeys(queued, self._clock.monotonic_s()))
            self._act_at_once(row, urgent)
        return outcome.state.phase.is_terminal

    def forget(self, rollout_id: RolloutId) -> None:
        """Drop what is remembered of a finished rollout."""
        with self._guard:
            self._memories.pop(rollout_id, None)

    def _memory(self, rollout_id: RolloutId) -> _Memory:
        with self._guard:
            return self._memories.setdefault(rollout_id, _Memory())

    def _observe(
        self, row: RolloutRow, pending: tuple[PendingCommand, ...], failures: tuple[EffectFailure, ...]
    ) -> Observation:
        sampler = self._sampler_of(row)
        if row.state.stage_entered_at is not None:
            ago = self._clock.now() - row.state.stage_entered_at
            sampler.enter_stage(row.state.stage_index, ago.total_seconds() / self._clock.speed)
        # Before the new version is up there is nobody to measure, so silent sources are no problem yet.
        sample = sampler.latest() if row.state.phase is not Phase.PREPARING else Sample(-1, 0.0)
        return observe(
            row,
            traffic=self._traffic,
            deploy=self._deploy,
            sample=sample,
            counted=sampler.counted(),
            noise=self._noise_of(row),
            noise_unknown=self._why_unknown(row),
            history=self._usual_of(row),
            speed=self._clock.speed,
            smoke=self._delivery.smoke_results(row.id),
            failures=[failure.text for failure in failures],
            commands=tuple(item.command for item in pending),
            flags=self._flags,
        )

    def _to_queue(
        self,
        memory: _Memory,
        effects: Iterable[Effect],
        failures: tuple[EffectFailure, ...],
        pending: tuple[PendingCommand, ...],
    ) -> list[Effect]:
        """Leave out what is urgent, what is being delivered right now, and what failed a moment ago."""
        now_s = self._clock.monotonic_s()
        retried = any(item.command.kind is CommandKind.RETRY for item in pending)
        wall = self._clock.wall()
        blocked = {
            failure.key.rsplit(":", 1)[-1]
            for failure in failures
            if not retried and abs((wall - failure.at).total_seconds()) < FAILED_PAUSE_S
        }
        wanted = [e for e in effects if not (isinstance(e, SetTraffic) and e.urgent)]
        memory.in_flight = {
            effect: since_s
            for effect, since_s in memory.in_flight.items()
            if effect in wanted and now_s - since_s < IN_FLIGHT_S and effect_name(effect) not in blocked
        }
        if retried:
            memory.in_flight.clear()
        return [e for e in wanted if e not in memory.in_flight and effect_name(e) not in blocked]

    def _commit(
        self,
        row: RolloutRow,
        outcome: Outcome,
        pending: tuple[PendingCommand, ...],
        queued: list[Effect],
        now: datetime,
    ) -> bool:
        """Save everything that was decided, or nothing when another claim came first."""
        refusals = {id(command): words for command, words in outcome.refused}
        with self._store.begin() as tx:
            if not tx.save_claimed(row, outcome.state, self._due_at(outcome)):
                log.warning("claim lost", rollout=row.id, gen=row.gen)
                return False
            for item in pending:
                tx.finish_command(item.id, refusals.get(id(item.command)))
                if item.command.kind is CommandKind.RETRY:
                    tx.clear_effect_failures(row.id)
            for decision in outcome.decisions:
                tx.append_audit(self._entry(row, decision, now))
            for command, words in outcome.refused:
                refused = Decision("refused", words, command.by)
                tx.append_audit(self._entry(row, refused, now))
            self._enqueue(tx, row, outcome.state, queued)
            if outcome.decisions:
                # However fast the clock runs, a restart never finds it before something that was decided.
                tx.set_meta(CLOCK_KEY, now.isoformat())
        for decision in outcome.decisions:
            log.info(decision.kind, rollout=row.id, by=decision.by, why=decision.why)
        return True

    def _enqueue(self, tx: Transaction, row: RolloutRow, state: RolloutState, queued: list[Effect]) -> None:
        for effect in queued:
            tx.enqueue_effect(row, f"{row.id}:{row.gen}:{state.stage_index}:{effect_name(effect)}", effect)

    def _entry(self, row: RolloutRow, decision: Decision, now: datetime) -> NewAuditEntry:
        return NewAuditEntry(
            at=self._clock.wall(),
            process_at=now,
            actor=decision.by,
            kind=decision.kind,
            subject=row.id,
            why=decision.why,
            figures=decision.figures,
        )

    def _due_at(self, outcome: Outcome) -> datetime | None:
        state = outcome.state
        if state.phase.is_terminal:
            return None
        moving = state.phase in _MOVING or (state.phase is Phase.PROGRESSING and outcome.effects)
        wait_s = MOVING_TICK_S if moving else WATCHING_TICK_S
        if outcome.wake_at is not None:
            until_s = (outcome.wake_at - self._clock.now()).total_seconds() / self._clock.speed
            wait_s = min(wait_s, max(0.02, until_s))
        return self._clock.wall() + timedelta(seconds=wait_s)

    def _act_at_once(self, row: RolloutRow, urgent: list[SetTraffic]) -> None:
        """The emergency path: users go back to stable now, not when a queue gets to it."""
        for effect in urgent:
            try:
                self._delivery.deliver(row.id, row.gen, effect)
            except ProviderError as failure:
                kind = "refused" if isinstance(failure, PermanentProviderError) else "failed"
                log.warning("emergency path " + kind, rollout=row.id, error=str(failure))


def effect_name(effect: Effect) -> str:
    """Return a short name, unique among the effects that one tick can want."""
    version = effect.stable if isinstance(effect, SetTraffic) else effect.version
    return f"{type(effect).__name__}-{version}" if not isinstance(effect, SetTraffic) else "SetTraffic"
