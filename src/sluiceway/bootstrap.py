"""The one place that picks concrete classes and puts the app together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from litestar import Litestar

from sluiceway.adapters.clock import SystemClock
from sluiceway.adapters.data_dir import DEFAULT_NAME, DataDir
from sluiceway.adapters.deploy.local import LocalProcesses
from sluiceway.adapters.metrics.deploy_metrics import DeployMetrics
from sluiceway.adapters.metrics.envoy import EnvoyMetrics
from sluiceway.adapters.metrics.envoy import EnvoyMetrics
from sluiceway.adapters.metrics.prometheus import PrometheusMetrics
from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.adapters.traffic.envoy import EnvoyTraffic
from sluiceway.adapters.work.dbos_work import DbosWork
from sluiceway.api.app import create_api
from sluiceway.api.events import Shutdown
from sluiceway.domain.process.plan import MetricSource
from sluiceway.engine.engine import Engine, last_process_time
from sluiceway.ports.metrics import MetricsProvider
from sluiceway.services.health import HealthService
from sluiceway.services.rollouts import RolloutService
from sluiceway.web.routes import web_handlers


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
    """Everything that runs. Nothing does until `engine.start()` and an ASGI server runs `asgi`."""

    store: SqlStore
    clock: SystemClock
    engine: Engine
    service: RolloutService
    asgi: Litestar
    shutdown: Shutdown

    def close(self) -> None:
        """Let go of the store, after the engine was stopped."""
        self.store.close()


def build_app(settings: Settings) -> App:
    """Put the app together for one data directory, which the caller has locked.

    Raises StoreError when the database can't be used, InvalidInputError for settings that make no sense.
    """
    data_dir = DataDir(settings.data_dir)
    store = open_store(data_dir.database)
    clock = SystemClock(settings.speed, last_process_time(store))
    traffic = EnvoyTraffic(data_dir.path)
    deploy = LocalProcesses(data_dir.path, clock)
    metrics: dict[MetricSource, MetricsProvider] = {
        MetricSource.ENVOY: EnvoyMetrics(data_dir.path),
        MetricSource.ENVOY: EnvoyMetrics(data_dir.path),
        MetricSource.DEPLOY: DeployMetrics(deploy, clock),
        MetricSource.PROMETHEUS: PrometheusMetrics(),
    }
    engine = Engine(
        store=store,
        clock=clock,
        traffic=traffic,
        deploy=deploy,
        metrics=metrics,
        work=DbosWork(store, clock),
    )
    service = RolloutService(store, clock, engine)
    shutdown = Shutdown()
    asgi = create_api(
        service,
        HealthService(store, clock, engine),
        shutdown=shutdown,
        own_name=settings.own_name,
        more_handlers=web_handlers(service),
    )
    return App(store=store, clock=clock, engine=engine, service=service, asgi=asgi, shutdown=shutdown)
