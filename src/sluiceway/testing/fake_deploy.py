"""A deploy provider without processes: instances are states that the test's clock moves.

Passes `deploy_contract.DeployProviderContract`. A service's habits are as there, in its environment.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field

from sluiceway.domain.process.plan import Service, Version, VersionOverride
from sluiceway.errors import PermanentProviderError, ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import DeploymentSeen, Instance
from sluiceway.ports.traffic import Endpoint
from sluiceway.testing.deploy_contract import HABIT_VARIABLE, Habit

FADES_AFTER_S = 0.5
CRASHES_AFTER_S = 0.05
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0


@dataclass(slots=True)
class _Process:
    pid: int
    since_s: float
    habit: Habit


@dataclass(slots=True)
class _Instance:
    number: int
    port: int
    wanted_since_s: float
    process: _Process | None = None
    restarts: int = 0
    next_start_s: float | None = None
    was_healthy: bool = False
    failed: str = ""


@dataclass(slots=True)
class FakeMachine:
    """What outlives a restart of Sluiceway: the instances."""

    versions: dict[tuple[str, Version], dict[int, _Instance]] = field(
        default_factory=dict[tuple[str, Version], dict[int, _Instance]]
    )
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(20_000))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def pids(self) -> set[int]:
        """Return the processes that run now."""
        with self.lock:
            instances = [instance for version in self.versions.values() for instance in version.values()]
            return {instance.process.pid for instance in instances if instance.process is not None}

    def kill(self, pid: int) -> None:
        """Let a process crash now. Raises ProcessLookupError when there is none."""
        with self.lock:
            for version in self.versions.values():
                for instance in version.values():
                    if instance.process is not None and instance.process.pid == pid:
                        instance.process = None
                        return
        raise ProcessLookupError(f"no process {pid}; {sorted(self.pids())} run")


class FakeDeploy:
    """Fits `ports.deploy.DeployProvider`. A second one on the same `machine` is Sluiceway started again.

    `trouble`, while set, is raised by every call. `starts_in_s` is how long a start takes until healthy.
    """

    name = "fake"

    def __init__(self, clock: Clock, machine: FakeMachine | None = None, *, starts_in_s: float = 0.2) -> None:
        self.machine = machine if machine is not None else FakeMachine()
        self.starts_in_s = starts_in_s
        self.trouble: ProviderError | None = None
        self._clock = clock

    def ensure(self, service: Service, version: Version, instances: int) -> None:
        with self._entered():
            running = self._instances(service, version)
            if instances and _command_of(service, version)[:1] == ("no-such-program",):
                raise PermanentProviderError(f"can't start {service.name}: no program 'no-such-program'")
            for number in range(instances):
                instance = running.get(number)
                if instance is None:
                    port = next(self.machine.numbers)
                    instance = running[number] = _Instance(number, port, self._clock.monotonic_s())
                    self._start(instance, service, version)
                elif instance.failed:
                    instance.failed, instance.was_healthy = "", False
                    instance.wanted_since_s = self._clock.monotonic_s()
                    self._start(instance, service, version)
            for surplus in [number for number in running if number >= instances]:
                del running[surplus]

    def observe(self, service: Service, version: Version) -> DeploymentSeen:
        with self._entered():
            instances = sorted(self._instances(service, version).values(), key=lambda one: one.number)
            return DeploymentSeen(version, len(instances), tuple(self._seen(one) for one in instances))

    def supervise(self, service: Service) -> None:
        with self._entered():
            for (name, version), instances in self.machine.versions.items():
                if name == service.name:
                    for instance in instances.values():
                        self._look_after(instance, service, version)

    def stop(self, service: Service, version: Version, *, force: bool = False) -> None:
        with self._entered():
            instances = self.machine.versions.pop((service.name, version), {})
            processes = [one.process for one in instances.values() if one.process is not None]
        if not force and any(process.habit is Habit.DEAF for process in processes):
            self._clock.sleep(service.stop_grace_s)

    def _entered(self) -> threading.RLock:
        if self.trouble is not None:
            raise self.trouble
        return self.machine.lock

    def _instances(self, service: Service, version: Version) -> dict[int, _Instance]:
        return self.machine.versions.setdefault((service.name, version), {})

    def _start(self, instance: _Instance, service: Service, version: Version) -> None:
        instance.process = _Process(
            next(self.machine.numbers), self._clock.monotonic_s(), _habit_of(service, version)
        )
        instance.next_start_s = None

    def _seen(self, instance: _Instance) -> Instance:
        self._live(instance)
        return Instance(
            number=instance.number,
            endpoint=Endpoint("127.0.0.1", instance.port),
            pid=instance.process.pid if instance.process is not None else None,
            ready=self._is_ready(instance),
            restarts=instance.restarts,
            failed=instance.failed,
        )

    def _live(self, instance: _Instance) -> None:
        """Let the process do what its habit and the time that passed make it do."""
        process = instance.process
        if process is None:
            return
        instance.was_healthy = instance.was_healthy or self._is_ready(instance)
        age_s = self._clock.monotonic_s() - process.since_s
        crashed = process.habit is Habit.CRASHING and age_s >= CRASHES_AFTER_S
        faded = process.habit is Habit.FADING and age_s >= FADES_AFTER_S
        if crashed or faded:
            instance.was_healthy = instance.was_healthy or faded
            instance.process = None

    def _is_ready(self, instance: _Instance) -> bool:
        process = instance.process
        if process is None or process.habit in {Habit.SICK, Habit.CRASHING}:
            return False
        return self._clock.monotonic_s() - process.since_s >= self.starts_in_s

    def _look_after(self, instance: _Instance, service: Service, version: Version) -> None:
        now_s = self._clock.monotonic_s()
        self._live(instance)
        if instance.failed:
            return
        if not instance.was_healthy and now_s - instance.wanted_since_s > service.health.within_s:
            found = "status 503" if instance.process is not None else "it ended with status 3"
            instance.failed = f"not healthy within {service.health.within_s:g} s: {found}"
            instance.process = None
        elif instance.process is None and instance.next_start_s is None:
            instance.next_start_s = now_s + min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**instance.restarts)
            instance.restarts += 1
        elif instance.next_start_s is not None and now_s >= instance.next_start_s:
            self._start(instance, service, version)


def _habit_of(service: Service, version: Version) -> Habit:
    override = dict(service.versions).get(version, VersionOverride())
    return Habit(dict((*service.env, *override.env)).get(HABIT_VARIABLE, Habit.WELL))


def _command_of(service: Service, version: Version) -> tuple[str, ...]:
    return dict(service.versions).get(version, VersionOverride()).command or service.command
