"""The one place that picks concrete classes and puts the app together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from litestar import Litestar

from sluiceway.adapters.clock import SystemClock
from sluiceway.adapters.data_dir import DEFAULT_NAME, DataDir
from sluiceway.adapters.deploy.local import LocalProcesses
from sluiceway.adapters.execution.local import LocalExecution
from sluiceway.adapters.holidays import public_holidays
from sluiceway.adapters.metrics.deploy_metrics import DeployMetrics
from sluiceway.adapters.metrics.envoy import EnvoyMetrics
from sluiceway.adapters.metrics.prometheus import PrometheusMetrics
from sluiceway.adapters.metrics.pushed import PushedMetrics
from sluiceway.adapters.passwords import Argon2Passwords
from sluiceway.adapters.signing import open_signer
from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.adapters.tracing import OtelTracer, tracer_from
from sluiceway.adapters.traffic.envoy import EnvoyTraffic
from sluiceway.adapters.work.dbos_work import DbosWork
from sluiceway.api.app import Services, create_api
from sluiceway.api.events import Shutdown
from sluiceway.domain.process.plan import MetricSource
from sluiceway.domain.process.team import TeamProcess
from sluiceway.domain.releases.model import Release
from sluiceway.domain.releases.world import World
from sluiceway.engine.engine import Engine, last_process_time
from sluiceway.errors import NotFoundError
from sluiceway.ports.clock import Clock
from sluiceway.ports.metrics import MetricsProvider
from sluiceway.ports.releases import ReleaseRow
from sluiceway.ports.store import Transaction
from sluiceway.ports.tracing import Tracer
from sluiceway.services.accounts import AccountService
from sluiceway.services.boards import BoardService
from sluiceway.services.changes import ChangeService
from sluiceway.services.experiments import ExperimentService
from sluiceway.services.flag_driving import FlagDriving
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flag_staleness import stale_lines
from sluiceway.services.flags import FlagService
from sluiceway.services.health import HealthService
from sluiceway.services.points import PointsService
from sluiceway.services.processes import ProcessService, process_of, team_of
from sluiceway.services.putting_away import put_away
from sluiceway.services.release_scene import Scenes
from sluiceway.services.releases import ReleaseService
from sluiceway.services.rollouts import RolloutService
from sluiceway.services.sessions import SessionService
from sluiceway.services.tokens import TokenService
from sluiceway.web.routes import web_handlers

_EFFECTS_KEPT_S = 7 * 86_400.0  # real seconds
_PRUNE_EVERY_S = 3_600.0
_RESERVE_EVERY_S = 60.0
_EXPERIMENTS_COUNTED_EVERY_S = 10.0
_FLAGS_LOOKED_AT_EVERY_S = 1.0
_CHORES_END_WITHIN_S = 10.0
_log = structlog.get_logger("sluiceway.housekeeping")


@dataclass(frozen=True, slots=True)
class Settings:
    """What `sluice serve` can be told. `speed` is process seconds per real second."""

    data_dir: Path = Path(DEFAULT_NAME)
    host: str = "127.0.0.1"
    port: int = 7700
    speed: float = 1.0
    own_name: str = ""
    log_level: str = "info"


@dataclass(frozen=True, slots=True)
class App:
    """Everything that runs. Nothing does until `start` and an ASGI server runs `asgi`."""

    store: SqlStore
    clock: SystemClock
    engine: Engine
    service: RolloutService
    releases: ReleaseService
    processes: ProcessService
    changes: ChangeService
    boards: BoardService
    flags: FlagService
    experiments: ExperimentService
    flag_sets: FlagSets
    sessions: SessionService
    asgi: Litestar
    shutdown: Shutdown
    housekeeping: Housekeeping
    prometheus: PrometheusMetrics
    tracer: Tracer

    def start(self) -> None:
        """Take up every unfinished rollout and begin. Raises StoreError when the store can't be used."""
        self.engine.start()
        self.housekeeping.start()

    def stop(self) -> None:
        """End the threads. What runs outside keeps running."""
        self.housekeeping.stop()
        self.engine.stop()

    def close(self) -> None:
        """Let go of what is open, after `stop`."""
        self.prometheus.close()
        if isinstance(self.tracer, OtelTracer):
            self.tracer.close()
        self.store.close()


class Housekeeping:
    """Does small chores now and then, on one thread. One that fails is logged and done again next time."""

    def __init__(self, chores: Sequence[tuple[float, Callable[[], object]]]) -> None:
        self._chores = chores  # every so many seconds, what
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_CHORES_END_WITHIN_S)

    def _run(self) -> None:
        due_s = [0.0 for _ in self._chores]
        began_s = time.monotonic()
        while not self._stop.wait(1.0):
            for number, (every_s, chore) in enumerate(self._chores):
                if time.monotonic() - began_s < due_s[number]:
                    continue
                due_s[number] = time.monotonic() - began_s + every_s
                try:
                    chore()
                except Exception:
                    _log.exception("a chore failed; it is done again later", chore=str(chore))


def _give_up_reserve(data_dir: DataDir) -> None:
    if data_dir.release_reserve():
        _log.warning("the disk is full: the reserve was given up; make room", data=str(data_dir.path))


def _world_of(clock: Clock, tx: Transaction, row: ReleaseRow) -> tuple[TeamProcess, World]:
    scene = Scenes(tx, clock.now(), public_holidays).in_a_list(row)
    return scene.team, scene.world


def _process_kept(tx: Transaction, release: Release) -> TeamProcess:
    return team_of(process_of(tx, release.service, release.process_hash))


def take_down(settings: Settings, by: str) -> tuple[str, ...]:
    """End the proxies and services of one data directory that nobody serves; return what was ended.

    Raises AlreadyServedError while a server works on it, IllegalMoveError while a rollout is unfinished,
    NotFoundError when there is no such directory.
    """
    data_dir = DataDir(settings.data_dir)
    if not data_dir.database.exists():
        raise NotFoundError(f"{data_dir.path} holds no data of Sluiceway; name another with --data")
    data_dir.lock()
    try:
        store = open_store(data_dir.database)
        try:
            clock = SystemClock(settings.speed, last_process_time(store))
            traffic, deploy = EnvoyTraffic(data_dir.path), LocalProcesses(data_dir.path, clock)
            return put_away(store, traffic, deploy, clock, by)
        finally:
            store.close()
    finally:
        data_dir.unlock()


@contextmanager
def accounts_here(folder: Path) -> Generator[AccountService]:
    """Yield the accounts of a data directory, for whoever holds it in hand; a server may work on it, too.

    Raises StoreError when it can't be used.
    """
    store = open_store(DataDir(folder).database)
    try:
        yield AccountService(store, SystemClock(1.0, last_process_time(store)), Argon2Passwords())
    finally:
        store.close()


def build_app(settings: Settings) -> App:
    """Put the app together for one data directory, which the caller has locked.

    Raises StoreError when the database or the signing key can't be used, InvalidInputError for settings that
    make no sense.
    """
    data_dir = DataDir(settings.data_dir)
    store = open_store(data_dir.database)
    clock = SystemClock(settings.speed, last_process_time(store))
    traffic = EnvoyTraffic(data_dir.path)
    deploy = LocalProcesses(data_dir.path, clock)
    prometheus = PrometheusMetrics()
    work = DbosWork(store, clock)
    tracer = tracer_from()
    metrics: dict[MetricSource, MetricsProvider] = {
        MetricSource.ENVOY: EnvoyMetrics(data_dir.path),
        MetricSource.DEPLOY: DeployMetrics(deploy, clock),
        MetricSource.PROMETHEUS: prometheus,
        MetricSource.PUSH: PushedMetrics(store, clock),
    }
    flag_sets = FlagSets(store, clock)
    flags = FlagService(store, clock, flag_sets)
    engine = Engine(
        store=store,
        clock=clock,
        traffic=traffic,
        deploy=deploy,
        metrics=metrics,
        work=work,
        execution=LocalExecution(),
        process_of=_process_kept,
        world_of=partial(_world_of, clock),
        stale_flags=stale_lines,
        tracer=tracer,
        make_room=partial(_give_up_reserve, data_dir),
        flags=FlagDriving(store, clock, flag_sets, flags),
    )
    service = RolloutService(store, clock, engine)
    releases = ReleaseService(
        store, clock, engine, signer=open_signer(data_dir.signing_key), holidays=public_holidays
    )
    processes = ProcessService(store, clock)
    changes = ChangeService(store, clock, holidays=public_holidays)
    boards = BoardService(store, clock, holidays=public_holidays)
    experiments = ExperimentService(store, clock, flags, flag_sets)
    points = PointsService(store, clock)
    shutdown = Shutdown()
    passwords = Argon2Passwords()
    tokens = TokenService(store, clock)
    sessions = SessionService(store, clock, passwords, tokens)
    services = Services(
        rollouts=service,
        health=HealthService(store, clock, engine),
        points=points,
        tokens=tokens,
        sessions=sessions,
        accounts=AccountService(store, clock, passwords),
        releases=releases,
        processes=processes,
        changes=changes,
        boards=boards,
        flags=flags,
        experiments=experiments,
        flag_sets=flag_sets,
    )
    asgi = create_api(
        services,
        shutdown=shutdown,
        own_name=settings.own_name,
        more_handlers=web_handlers(services),
    )
    return App(
        store=store,
        clock=clock,
        engine=engine,
        service=service,
        releases=releases,
        processes=processes,
        changes=changes,
        boards=boards,
        flags=flags,
        experiments=experiments,
        flag_sets=flag_sets,
        sessions=sessions,
        asgi=asgi,
        shutdown=shutdown,
        housekeeping=Housekeeping(
            (
                (_RESERVE_EVERY_S, data_dir.keep_reserve),
                (_PRUNE_EVERY_S, partial(work.prune, _EFFECTS_KEPT_S)),
                (_PRUNE_EVERY_S, points.prune),
                (_FLAGS_LOOKED_AT_EVERY_S, flag_sets.poll),
                (_PRUNE_EVERY_S, flags.prune_reports),
                (_EXPERIMENTS_COUNTED_EVERY_S, experiments.count),
            )
        ),
        prometheus=prometheus,
        tracer=tracer,
    )
