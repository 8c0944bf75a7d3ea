"""The Envoy provider passes the contract of metrics providers, on real Envoys with real requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.adapters.metrics.envoy import EnvoyMetrics
from sluiceway.domain.process.plan import MetricSource, MetricSpec, Version
from sluiceway.domain.rollouts.model import Reading, SetTraffic
from sluiceway.testing.metrics_contract import NEW, STABLE, RequestMetricsContract, target
from tests.contract.envoy_served import TEAM, EnvoyServed
from tests.support.envoy_rig import poll
from tests.support.users import ask, crowd

pytestmark = pytest.mark.envoy


class EnvoyMetricsRig(EnvoyServed):
    """With readings of its metrics."""

    source = MetricSource.ENVOY
    known = MetricSpec("error_rate", MetricSource.ENVOY)
    unknown = MetricSpec("moon_phase", MetricSource.ENVOY)

    def read(self, name: str, version: Version = NEW, window_s: float = 20.0) -> Reading:
        spec = MetricSpec(name, MetricSource.ENVOY)
        return self.metrics.read(spec, target(self, version), window_s)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[EnvoyMetricsRig]:
    rig = EnvoyMetricsRig(tmp_path)
    yield rig
    rig.envoy.close()


class TestEnvoyMetrics(RequestMetricsContract):
    pass


def test_mirrored_requests_are_not_among_the_new_versions_figures(rig: EnvoyMetricsRig) -> None:
    rig.envoy.backend(NEW).behaviour.status = 500
    rig.envoy.apply(SetTraffic(STABLE, NEW, 0, audience=(TEAM,), mirror_bp=10_000))
    rig.pass_time(1)

    rig.serve(STABLE, 10)
    poll(lambda: len(rig.envoy.backend(NEW).received) == 10)
    rig.pass_time(1)

    assert rig.read("requests").value is None
    assert rig.read("error_rate", STABLE) == Reading(0, 10)


def test_users_that_stable_saved_are_errors_of_the_new_version(rig: EnvoyMetricsRig) -> None:
    rig.serve(NEW, 5)
    rig.pass_time(1)
    rig.envoy.backend(NEW).kill()
    poll(lambda: ask(rig.ingress, {"x-team": "internal"}).version == STABLE)  # a dying one may answer still
    rig.pass_time(1)

    rig.serve(NEW, 10)
    rig.pass_time(1)

    assert rig.read("error_rate", window_s=1) == Reading(1, 10)
    assert rig.read("requests", STABLE, window_s=1).value is None


def test_a_version_that_drops_its_requests_has_errors_though_users_got_answers(rig: EnvoyMetricsRig) -> None:
    rig.pass_time(1)
    rig.envoy.backend(NEW).behaviour.drop = True

    rig.serve(NEW, 10)
    rig.pass_time(1)

    assert rig.read("error_rate") == Reading(1, 10)
    assert rig.read("requests", STABLE).value is None


def test_a_version_killed_under_load_shows_in_its_error_rate(rig: EnvoyMetricsRig) -> None:
    rig.envoy.apply(SetTraffic(STABLE, NEW, 5_000))
    rig.pass_time(1)
    with crowd(rig.ingress) as them:
        poll(lambda: them.by_version[NEW] > 20)
        rig.envoy.backend(NEW).kill()
        rig.pass_time(1)  # what it answered while it was dying is not of the window
        enough = them.asked() + 200
        poll(lambda: them.asked() > enough)
    rig.pass_time(1)

    errors, stables = rig.read("error_rate", window_s=1), rig.read("error_rate", STABLE, window_s=1)
    assert errors.value is not None
    assert errors.value > 0.8
    assert stables.value == 0


def test_a_promoted_versions_figures_go_on(rig: EnvoyMetricsRig) -> None:
    rig.pass_time(1)
    rig.serve(NEW, 10)
    rig.pass_time(1)
    rig.envoy.apply(SetTraffic(NEW, None, 0))
    rig.envoy.traffic.keep_alive(rig.ingress)  # drops the clusters of the split
    rig.pass_time(1)

    rig.serve(NEW, 5, errors=1)
    rig.pass_time(1)

    assert rig.read("requests") == Reading(15, 15)
    assert rig.read("errors") == Reading(1, 15)


def test_a_version_that_comes_back_in_a_later_split_is_counted_once(rig: EnvoyMetricsRig) -> None:
    rig.pass_time(1)
    rig.serve(NEW, 10)
    rig.pass_time(1)
    rig.envoy.apply(SetTraffic(STABLE, None, 0))
    rig.envoy.traffic.keep_alive(rig.ingress)
    rig.pass_time(1)
    rig.envoy.apply(SetTraffic(STABLE, NEW, 0, audience=(TEAM,)))

    rig.serve(NEW, 4)
    rig.pass_time(1)

    assert rig.read("requests") == Reading(14, 14)


def test_a_version_with_an_odd_name_has_its_figures(rig: EnvoyMetricsRig) -> None:
    odd = Version("2.0 rc/1+x")
    rig.envoy.apply(SetTraffic(odd, None, 0))
    rig.pass_time(1)

    ask(rig.ingress)
    rig.pass_time(1)

    assert rig.read("requests", odd) == Reading(1, 1)
    assert rig.read("requests", Version("2.0 rc/1")).value is None


def test_the_request_rate_is_per_second(rig: EnvoyMetricsRig) -> None:
    rig.pass_time(1)
    rig.serve(NEW, 20)
    rig.pass_time(10)

    assert rig.read("request_rate", window_s=10) == Reading(2.0, 20)


def test_figures_of_a_proxy_that_nobody_looked_at_lately_are_no_data(rig: EnvoyMetricsRig) -> None:
    rig.pass_time(1)
    rig.serve(NEW, 10)
    rig.pass_time(1)
    assert rig.read("requests").value == 10

    rig.clock.advance(6)

    assert rig.read("requests").value is None


def test_what_happened_while_nobody_looked_is_not_of_the_window(rig: EnvoyMetricsRig) -> None:
    rig.pass_time(1)
    rig.serve(NEW, 10, errors=10)
    rig.clock.advance(300)

    rig.pass_time(1)
    rig.serve(NEW, 2)
    rig.pass_time(1)

    assert rig.read("error_rate", window_s=10) == Reading(0, 2)


def test_a_provider_made_anew_begins_with_an_empty_window(rig: EnvoyMetricsRig) -> None:
    rig.serve(NEW, 10, errors=10)
    rig.metrics = EnvoyMetrics(rig.envoy.home, rig.clock.monotonic_s)
    rig.pass_time(1)
    assert rig.read("error_rate").value is None

    rig.serve(NEW, 3)
    rig.pass_time(1)

    assert rig.read("error_rate") == Reading(0, 3)


def test_response_time_is_the_95th_percentile(rig: EnvoyMetricsRig) -> None:
    rig.pass_time(1)
    rig.serve(NEW, 10)
    rig.pass_time(1)

    assert rig.read("response_time").value == rig.read("p95_ms").value is not None
