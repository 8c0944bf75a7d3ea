"""What one tick sees: proxy, deployments, figures, failures and people's acts, gathered into an Observation.

A provider that fails leaves its part empty and its words in `problems`; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sluiceway.domain.analysis.noise import Noise
from sluiceway.domain.process.plan import Version
from sluiceway.domain.rollouts.model import (
    Command,
    Counted,
    Observation,
    Reading,
    SmokeResult,
    SplitSeen,
    VersionHealth,
)
from sluiceway.engine.flag_ways import way_of
from sluiceway.engine.sampling import Sample
from sluiceway.errors import ProviderError
from sluiceway.ports.deploy import DeployProvider
from sluiceway.ports.flag_reach import FlagReach
from sluiceway.ports.store import RolloutRow
from sluiceway.ports.traffic import TrafficProvider


def observe(
    row: RolloutRow,
    *,
    traffic: TrafficProvider,
    deploy: DeployProvider,
    sample: Sample,
    counted: tuple[Counted, ...],
    noise: Mapping[str, Noise],
    noise_unknown: Mapping[str, str],
    history: Mapping[str, Reading],
    speed: float,
    smoke: tuple[SmokeResult, ...],
    failures: Sequence[str],
    commands: tuple[Command, ...],
    flags: FlagReach,
) -> Observation:
    """Return everything that is known about a rollout now. Never raises for a provider that fails."""
    problems = [*failures, *sample.problems]
    way = way_of(row)
    if way is not None:
        split = _tried(lambda: flags.observe(way), problems)
    else:
        split = _tried(lambda: traffic.observe(row.setup.ingress), problems)

    def health(version: Version) -> VersionHealth:
        return _health(row, version, deploy, problems) if way is None else VersionHealth()

    return Observation(
        new_health=health(row.state.new),
        stable_health=health(row.state.stable),
        traffic=split,
        sample=sample.number,
        new=sample.new,
        stable=sample.stable,
        stage_new=sample.stage_new,
        stage_stable=sample.stage_stable,
        counted=counted,
        noise=noise,
        noise_unknown=noise_unknown,
        history=history,
        speed=speed,
        smoke=smoke,
        problems=tuple(dict.fromkeys(problems)),
        commands=commands,
    )


def _tried(ask: Callable[[], SplitSeen | None], problems: list[str]) -> SplitSeen | None:
    try:
        return ask()
    except ProviderError as failure:
        problems.append(str(failure))
        return None


def _health(row: RolloutRow, version: Version, deploy: DeployProvider, problems: list[str]) -> VersionHealth:
    try:
        seen = deploy.observe(row.setup.service, version)
    except ProviderError as failure:
        problems.append(str(failure))
        return VersionHealth()
    failed = [instance.failed for instance in seen.instances if instance.failed]
    return VersionHealth(
        wanted=seen.wanted,
        running=sum(instance.pid is not None for instance in seen.instances),
        ready=seen.ready,
        crashes=sum(instance.restarts for instance in seen.instances),
        failed=failed[0] if failed else "",
    )
