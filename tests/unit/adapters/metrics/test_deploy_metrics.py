from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.adapters.metrics.deploy_metrics import DeployMetrics
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Comparison,
    HealthCheck,
    Ingress,
    MetricSource,
    MetricSpec,
    Service,
    Version,
)
from sluiceway.errors import PermanentProviderError, TemporaryProviderError
from sluiceway.ports.metrics import MetricsProvider, Target, Totals
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_deploy import FakeDeploy

INGRESS = Ingress("shop")
SERVICE = Service("shop", ("serve", "{port}"), "/srv", health=HealthCheck(within_s=1_000))
V2 = Version("2.0")
TARGET = Target(SERVICE, INGRESS, V2)
CRASHES = AnalysedMetric("crashes", MetricSource.DEPLOY)


class World:
    """Two instances on the fake provider, and their metrics; `tick` is one second of Sluiceway's life."""

    def __init__(self, instances: int = 2) -> None:
        self.clock = ManualClock()
        self.deploy = FakeDeploy(self.clock)
        self.metrics = DeployMetrics(self.deploy, self.clock)
        self.read("crashes")
        self.deploy.ensure(SERVICE, V2, instances)
        self.tick()

    def tick(self, seconds: int = 1) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            self.deploy.supervise(SERVICE)
            self.metrics.collect(INGRESS)

    def read(self, name: str, window_s: float = 10.0, target: Target = TARGET) -> float | None:
        spec = MetricSpec(name, MetricSource.DEPLOY)
        return self.metrics.read(spec, target, window_s).value

    def totals(self) -> Totals | None:
        return self.metrics.totals(CRASHES, TARGET)

    def crash(self, number: int = 0) -> None:
        pid = self.deploy.observe(SERVICE, V2).instances[number].pid
        assert pid is not None
        self.deploy.machine.kill(pid)


@pytest.fixture
def world() -> World:
    return World()


def test_it_fits_the_port(world: World) -> None:
    provider: MetricsProvider = world.metrics

    assert provider.name == "deploy"


def test_without_a_crash_there_are_none(world: World) -> None:
    assert world.read("crashes") == 0
    assert world.read("crash_rate") == 0


def test_a_crash_counts_in_the_windows_that_hold_it(world: World) -> None:
    world.crash()
    world.tick(4)

    assert world.read("crashes", window_s=5) == 1
    assert world.read("crashes", window_s=2) == 0


def test_crash_rate_is_per_wanted_instance(world: World) -> None:
    world.crash()
    world.tick(3)
    world.crash()
    world.crash(1)
    world.tick()

    assert world.read("crashes") == 3
    assert world.read("crash_rate") == 1.5


def test_crashes_before_the_first_look_belong_to_no_window() -> None:
    world = World()
    world.crash()
    world.tick(3)

    after_a_restart = DeployMetrics(world.deploy, world.clock)
    spec = MetricSpec("crashes", MetricSource.DEPLOY)

    assert after_a_restart.read(spec, TARGET, 600).value == 0


def test_an_instance_that_is_added_later_counts_from_zero(world: World) -> None:
    world.deploy.ensure(SERVICE, V2, 3)
    world.crash(2)
    world.tick()

    assert world.read("crashes") == 1


def test_a_version_that_is_started_anew_counts_from_zero(world: World) -> None:
    world.crash()
    world.tick(2)
    world.deploy.stop(SERVICE, V2)
    world.deploy.ensure(SERVICE, V2, 2)
    world.tick()
    world.crash()
    world.tick()

    assert world.read("crashes") == 2


def test_health_failure_rate_is_the_share_that_is_not_ready_now(world: World) -> None:
    assert world.read("health_failure_rate") == 0

    world.crash()
    world.clock.advance(1)

    assert world.read("health_failure_rate") == 0.5


@pytest.mark.parametrize("name", ["crashes", "crash_rate", "health_failure_rate"])
def test_a_version_nobody_asked_for_has_no_data(world: World, name: str) -> None:
    assert world.read(name, target=replace(TARGET, version=Version("9.9"))) is None


def test_versions_are_told_apart(world: World) -> None:
    stable = replace(TARGET, version=Version("1.0"))
    world.deploy.ensure(SERVICE, stable.version, 1)
    world.read("crashes", target=stable)
    world.crash()
    world.tick()

    assert world.read("crashes", target=stable) == 0
    assert world.read("crashes") == 1


def test_a_long_window_holds_crashes_of_long_ago(world: World) -> None:
    world.crash()
    world.tick(590)

    assert world.read("crashes", window_s=600) == 1
    assert world.read("crashes", window_s=500) == 0


def test_an_unknown_metric_is_refused_with_those_that_are_known(world: World) -> None:
    with pytest.raises(PermanentProviderError, match="crashes, crash_rate and health_failure_rate"):
        world.read("cpu")


def test_trouble_of_the_deploy_provider_is_passed_on(world: World) -> None:
    world.clock.advance(1)
    world.deploy.trouble = TemporaryProviderError("the disk is full")

    with pytest.raises(TemporaryProviderError, match="disk"):
        world.metrics.collect(INGRESS)


def test_crashes_are_counted_of_the_seconds_that_instances_were_wanted(world: World) -> None:
    before = world.totals()
    world.crash()
    world.tick(5)
    after = world.totals()

    assert before is not None
    assert after is not None
    assert (after.count - before.count, after.bad - before.bad) == (10, 1)
    assert after.at_s == world.clock.monotonic_s()


def test_more_instances_make_more_seconds(world: World) -> None:
    before = world.totals()
    world.deploy.ensure(SERVICE, V2, 3)
    world.tick(1)  # two were wanted until this look
    world.tick(4)
    after = world.totals()

    assert before is not None
    assert after is not None
    assert after.count - before.count == 2 + 4 * 3


def test_a_version_that_is_wanted_no_more_has_no_new_seconds(world: World) -> None:
    world.deploy.stop(SERVICE, V2)
    world.tick()
    before = world.totals()
    world.tick(5)

    assert before is not None
    assert before.count > 0
    assert world.totals() == Totals(before.at_s + 5, before.count, before.bad)


def test_totals_go_on_however_long_ago_they_began(world: World) -> None:
    world.totals()
    world.crash()
    for _ in range(4):
        world.tick(500)
        world.totals()

    assert world.totals() == Totals(world.clock.monotonic_s(), 2 * 2_000, 1)


@pytest.mark.parametrize(
    "metric",
    [
        replace(CRASHES, name="health_failure_rate"),
        replace(CRASHES, name="cpu"),
        replace(CRASHES, comparison=Comparison.MEANS),
    ],
)
def test_what_can_not_be_counted_is_refused(world: World, metric: AnalysedMetric) -> None:
    with pytest.raises(PermanentProviderError, match=f"{metric.name}: source deploy can count crashes only"):
        world.metrics.totals(metric, TARGET)


def test_deployments_have_no_usual_latency_and_tell_no_instances_apart(world: World) -> None:
    assert world.metrics.usual_bound_ms(TARGET) is None
    assert world.metrics.instance_totals(CRASHES, TARGET) == {}
