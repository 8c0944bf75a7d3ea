"""Carries effects out at the providers. Every effect may arrive twice, late, or when it is wanted no more.

An effect is delivered only while the stored state still wants it, checked under a lock per rollout, so a
delayed "25 percent" can never undo a rollback that was decided after it.
"""

from __future__ import annotations

import threading
from contextlib import nullcontext
from typing import assert_never

import httpx
import structlog

from sluiceway.domain.process.plan import SmokeCheck, Version
from sluiceway.domain.rollouts.effects import wanted_split
from sluiceway.domain.rollouts.model import (
    Effect,
    EnsureVersion,
    Phase,
    RolloutId,
    RolloutState,
    RunSmoke,
    SetTraffic,
    SmokeResult,
    StopVersion,
)
from sluiceway.engine.flag_ways import NoFlags, way_of
from sluiceway.errors import TemporaryProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import DeployProvider
from sluiceway.ports.flag_reach import FlagReach
from sluiceway.ports.store import RolloutRow, Store
from sluiceway.ports.tracing import NoTracer, Tracer
from sluiceway.ports.traffic import Backends, Endpoint, TrafficProvider

DRAIN_EXTRA_S = 2.0  # beyond the longest a request may take
SMOKE_TRIES = 3

log = structlog.get_logger("sluiceway.delivery")


class Delivery:
    """The effect handler of the work engine, also used directly on the emergency path."""

    def __init__(
        self,
        store: Store,
        traffic: TrafficProvider,
        deploy: DeployProvider,
        clock: Clock,
        tracer: Tracer | None = None,
        *,
        flags: FlagReach | None = None,
    ) -> None:
        self._store = store
        self._flags = flags or NoFlags()
        self._traffic = traffic
        self._deploy = deploy
        self._clock = clock
        self._tracer = tracer or NoTracer()
        self._guard = threading.Lock()
        self._locks: dict[RolloutId, threading.Lock] = {}
        self._known: dict[str, Backends] = {}  # by ingress, what the proxy was last told
        self._smoke: dict[RolloutId, tuple[SmokeResult, ...]] = {}

    def deliver(self, rollout_id: RolloutId, gen: int, effect: Effect) -> None:
        """Carry one effect out if it is still wanted. Raises ProviderError."""
        # What counts is whether the state still wants the effect, not how old the wish is.
        with self._tracer.span("effect", rollout=rollout_id, gen=gen, effect=type(effect).__name__):
            self._deliver(rollout_id, effect)

    def _deliver(self, rollout_id: RolloutId, effect: Effect) -> None:
        if isinstance(effect, StopVersion) and not effect.force:
            self._drain(self._row(rollout_id), effect)
        # Stopping and smoke checks take seconds; only what moves users has to be one at a time.
        with self._lock(rollout_id) if isinstance(effect, SetTraffic) else nullcontext():
            row = self._row(rollout_id)
            if not is_still_wanted(effect, row.state):
                log.info(
                    "effect dropped", rollout=rollout_id, effect=str(effect), phase=row.state.phase.value
                )
                return
            self._carry_out(row, effect)
        log.info("effect delivered", rollout=rollout_id, effect=str(effect))

    def refresh_backends(self, row: RolloutRow) -> None:
        """Tell the proxy when instances serve at other addresses than it knows. Raises ProviderError."""
        ingress = row.setup.ingress
        with self._lock(row.id):
            seen = self._traffic.observe(ingress)
            if seen is None:
                return
            split = SetTraffic(seen.stable, seen.new, seen.new_weight_bp, seen.audience, seen.mirror_bp)
            backends = self._backends(row, split)
            known = self._known.setdefault(ingress.name, backends)
            if backends != known and backends.keys() == known.keys() and all(backends.values()):
                self._traffic.apply(ingress, split, backends)
                self._known[ingress.name] = backends

    def smoke_results(self, rollout_id: RolloutId) -> tuple[SmokeResult, ...]:
        """Return what the smoke checks found, empty before they ran in this process."""
        return self._smoke.get(rollout_id, ())

    def _row(self, rollout_id: RolloutId) -> RolloutRow:
        with self._store.read() as tx:
            return tx.get_rollout(rollout_id)

    def _lock(self, rollout_id: RolloutId) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(rollout_id, threading.Lock())

    def _carry_out(self, row: RolloutRow, effect: Effect) -> None:
        service, ingress = row.setup.service, row.setup.ingress
        match effect:
            case SetTraffic() if (way := way_of(row)) is not None:
                self._flags.apply(way, effect)
            case SetTraffic():
                backends = self._backends(row, effect)
                self._traffic.apply(ingress, effect, backends)
                self._known[ingress.name] = backends
            case EnsureVersion():
                self._deploy.ensure(service, effect.version, effect.instances)
            case StopVersion():
                self._deploy.stop(service, effect.version, force=effect.force)
            case RunSmoke():
                endpoints = self._endpoints(row, effect)
                self._smoke[row.id] = tuple(run_smoke(check, endpoints) for check in row.state.plan.smoke)
            case _:
                assert_never(effect)

    def _backends(self, row: RolloutRow, effect: SetTraffic) -> Backends:
        """Endpoints of the versions in the split; the proxy's own health checks tell which of them serve."""
        backends: dict[Version, list[Endpoint]] = {}
        for version in (effect.stable, effect.new):
            if version is not None:
                instances = self._deploy.observe(row.setup.service, version).instances
                backends[version] = [instance.endpoint for instance in instances]
        return backends

    def _endpoints(self, row: RolloutRow, effect: RunSmoke) -> list[Endpoint]:
        instances = self._deploy.observe(row.setup.service, effect.version).instances
        return [instance.endpoint for instance in instances if instance.ready]

    def _drain(self, row: RolloutRow, effect: StopVersion) -> None:
        """Wait, in real seconds, until no request is in flight to the version or none can still be."""
        ingress = row.setup.ingress
        until_s = self._clock.monotonic_s() + ingress.request_timeout_s + DRAIN_EXTRA_S
        while self._clock.monotonic_s() < until_s:
            if not self._traffic.active_requests(ingress, effect.version):
                return
            self._clock.sleep(0.1)


def is_still_wanted(effect: Effect, state: RolloutState) -> bool:
    """Return whether a state still wants an effect that was decided earlier."""
    if state.phase.is_terminal:
        return False
    going_back = state.phase is Phase.ROLLING_BACK
    match effect:
        case SetTraffic():
            want = wanted_split(state)
            same = (effect.stable, effect.new, effect.new_weight_bp) == (
                want.stable,
                want.new,
                want.new_weight_bp,
            )
            return same and effect.audience == want.audience and effect.mirror_bp == want.mirror_bp
        case EnsureVersion(version):
            leaving = state.new if going_back else state.stable if state.phase is Phase.FINISHING else None
            return version != leaving
        case StopVersion(version):
            return (going_back and version == state.new) or (
                state.phase is Phase.FINISHING and version == state.stable
            )
        case RunSmoke():
            return state.phase is Phase.PREPARING
        case _:
            assert_never(effect)


def run_smoke(check: SmokeCheck, endpoints: list[Endpoint]) -> SmokeResult:
    """Ask every endpoint; the check passes when each answers as expected within three tries.

    Raises TemporaryProviderError when there is no endpoint to ask.
    """
    if not endpoints:
        raise TemporaryProviderError(f"smoke check {check.path}: no healthy instance to ask yet")
    found = ""
    for endpoint in endpoints:
        for _ in range(SMOKE_TRIES):
            passed, found = _ask(check, endpoint)
            if passed:
                break
        else:
            return SmokeResult(check.path, passed=False, found=found)
    return SmokeResult(check.path, passed=True, found=found)


def _ask(check: SmokeCheck, endpoint: Endpoint) -> tuple[bool, str]:
    url = f"http://{endpoint.host}:{endpoint.port}{check.path}"
    try:
        answer = httpx.get(url, timeout=check.timeout_s, trust_env=False)
    except httpx.HTTPError as failure:
        return False, f"no answer ({type(failure).__name__})"
    if answer.status_code != check.status:
        return False, f"status {answer.status_code}, expected {check.status}"
    if check.contains and check.contains not in answer.text:
        return False, f"status {answer.status_code} without {check.contains!r} in the body"
    return True, f"status {answer.status_code}"
