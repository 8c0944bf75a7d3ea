"""What metrics providers must do, as tests: subclass one of the contracts with a fixture `rig`.

`MetricsProviderContract` is for every provider. `RequestMetricsContract` adds what holds for providers that
count each version's requests themselves and know the metrics `requests`, `errors`, `error_rate`,
`success_rate`, `mean_ms` and `p50_ms` to `p99_ms`.

`CountsProviderContract` is for every provider by whose figures two versions can be compared, and
`RequestCountsContract` adds what holds where requests are counted.
"""

from __future__ import annotations

from typing import Protocol

import pytest

from sluiceway.domain.process.plan import AnalysedMetric, Ingress, MetricSource, MetricSpec, Service, Version
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError, ProviderError, TemporaryProviderError
from sluiceway.ports.metrics import CountsProvider, MetricsProvider, Target, Totals

STABLE, NEW, UNSEEN = Version("1.0"), Version("2.0"), Version("9.9")
ERRORS = AnalysedMetric("errors", MetricSource.ENVOY)
SLOW = AnalysedMetric("slow_requests", MetricSource.ENVOY, slower_than_ms=100)


class HasIngress(Protocol):
    @property
    def ingress(self) -> Ingress: ...


class MetricsRig(HasIngress, Protocol):
    """A provider under test and its source."""

    @property
    def metrics(self) -> MetricsProvider: ...

    @property
    def known(self) -> MetricSpec:
        """Return a metric that the source knows and has no data for yet."""
        ...

    @property
    def unknown(self) -> MetricSpec:
        """Return a metric that the source can't have: an unknown name, a malformed query."""
        ...

    def lose_source(self) -> None:
        """Let the source end or become unreachable now."""
        ...


class RequestMetricsRig(MetricsRig, Protocol):
    """A provider that counts requests, and users who make some."""

    @property
    def source(self) -> MetricSource: ...

    def serve(self, version: Version, requests: int, *, errors: int = 0, latency_ms: float = 1.0) -> None:
        """Let the version answer requests, the first `errors` of them with a failure; return when it has."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let the window move on; `collect` is called about once a second."""
        ...

    def restart_source(self) -> None:
        """Let the source start anew, with counters at zero."""
        ...


class CountingProvider(MetricsProvider, CountsProvider, Protocol):
    """What a provider must fit for its figures to be compared."""


class HasCounts(HasIngress, Protocol):
    @property
    def metrics(self) -> CountingProvider: ...


class CountsRig(HasCounts, Protocol):
    """A provider under test, and a source in which things can be made to happen."""

    @property
    def counted(self) -> AnalysedMetric:
        """Return a metric that the source counts."""
        ...

    @property
    def not_counted(self) -> AnalysedMetric:
        """Return a metric that the source can't count."""
        ...

    def happen(self, version: Version, count: int, bad: int) -> None:
        """Let so many things happen to the version, an even number, so many of them bad (at most half).

        Return when they can be seen, after some time.
        """
        ...

    def lose_source(self) -> None:
        """Let the source end or become unreachable now."""
        ...


class RequestCountsRig(HasCounts, Protocol):
    """A provider that counts `errors` and `slow_requests`, and its users; see `RequestMetricsRig`."""

    def serve(self, version: Version, requests: int, *, errors: int = 0, latency_ms: float = 1.0) -> None: ...

    def pass_time(self, seconds: float) -> None: ...

    def restart_source(self) -> None: ...


def target(rig: HasIngress, version: Version = NEW) -> Target:
    return Target(Service("shop", ("serve", "{port}"), "/srv"), rig.ingress, version)


class MetricsProviderContract:
    """What every provider of `sluiceway.ports.metrics.MetricsProvider` must do."""

    def test_without_data_there_is_no_value(self, rig: MetricsRig) -> None:
        rig.metrics.collect(rig.ingress)

        assert rig.metrics.read(rig.known, target(rig), 10).value is None

    def test_a_metric_that_the_source_can_not_have_needs_a_person(self, rig: MetricsRig) -> None:
        rig.metrics.collect(rig.ingress)

        with pytest.raises(PermanentProviderError, match=rig.unknown.name):
            rig.metrics.read(rig.unknown, target(rig), 10)

    def test_a_source_that_is_gone_is_trouble_that_may_pass(self, rig: MetricsRig) -> None:
        rig.metrics.collect(rig.ingress)
        rig.lose_source()

        with pytest.raises(TemporaryProviderError):
            _collect_and_read(rig)


class RequestMetricsContract(MetricsProviderContract):
    """What providers that count requests must do as well."""

    def test_requests_and_errors_are_counted(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 20, errors=5)
        rig.pass_time(1)

        assert _read(rig, "requests") == Reading(20, 20)
        assert _read(rig, "errors") == Reading(5, 20)
        assert _read(rig, "error_rate") == Reading(0.25, 20)
        assert _read(rig, "success_rate") == Reading(0.75, 20)

    def test_requests_without_an_error_have_an_error_rate_of_zero(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 3)
        rig.pass_time(1)

        assert _read(rig, "error_rate") == Reading(0, 3)

    def test_a_version_without_requests_has_no_error_rate(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(STABLE, 10)
        rig.pass_time(1)

        assert _read(rig, "error_rate").value is None
        assert _read(rig, "p95_ms").value is None

    def test_each_version_has_figures_of_its_own(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 10, errors=10)
        rig.serve(STABLE, 30, errors=3)
        rig.pass_time(1)

        assert _read(rig, "error_rate") == Reading(1, 10)
        assert _read(rig, "error_rate", version=STABLE) == Reading(0.1, 30)

    def test_latency_is_told_by_its_quantiles(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 18)
        rig.serve(NEW, 2, latency_ms=300)
        rig.pass_time(1)

        half, most = _read(rig, "p50_ms").value, _read(rig, "p95_ms").value
        assert half is not None
        assert most is not None
        assert half < 150
        assert 250 < most < 1_000

    def test_the_mean_latency_is_that_of_all_requests(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 5, latency_ms=100)
        rig.pass_time(1)

        mean = _read(rig, "mean_ms").value
        assert mean is not None
        assert 99 < mean < 250

    def test_what_is_older_than_the_window_does_not_count(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 10, errors=10)
        rig.pass_time(30)
        rig.serve(NEW, 20)
        rig.pass_time(1)

        assert _read(rig, "error_rate", window_s=10) == Reading(0, 20)
        assert _read(rig, "requests", window_s=60) == Reading(30, 30)

    def test_when_all_requests_are_older_than_the_window_there_is_no_value(
        self, rig: RequestMetricsRig
    ) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 10)
        rig.pass_time(30)

        assert _read(rig, "error_rate", window_s=10).value is None

    @pytest.mark.parametrize("afterwards", [3, 9])
    def test_counters_that_begin_anew_count_from_zero(self, rig: RequestMetricsRig, afterwards: int) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 5, errors=5)
        rig.pass_time(1)
        rig.restart_source()
        rig.serve(NEW, afterwards)
        rig.pass_time(1)

        assert _read(rig, "requests").value == 5 + afterwards
        assert _read(rig, "errors").value == 5


class CountsProviderContract:
    """What every provider of `sluiceway.ports.metrics.CountsProvider` must do."""

    def test_it_fits_the_port(self, rig: CountsRig) -> None:
        assert isinstance(rig.metrics, CountsProvider)

    def test_of_a_version_it_has_never_seen_nothing_is_known(self, rig: CountsRig) -> None:
        rig.happen(NEW, 2, 0)

        assert rig.metrics.totals(rig.counted, target(rig, UNSEEN)) is None
        assert rig.metrics.usual_bound_ms(target(rig, UNSEEN)) is None
        assert rig.metrics.instance_totals(rig.counted, target(rig, UNSEEN)) == {}

    def test_what_happened_is_the_difference_of_two_totals(self, rig: CountsRig) -> None:
        rig.happen(NEW, 4, 1)
        before = totals_of(rig, rig.counted)
        rig.happen(NEW, 20, 3)
        after = totals_of(rig, rig.counted)

        assert (after.count - before.count, after.bad - before.bad) == (20, 3)
        assert after.at_s > before.at_s

    def test_versions_are_counted_apart(self, rig: CountsRig) -> None:
        rig.happen(NEW, 2, 0)
        rig.happen(STABLE, 2, 0)
        before, before_stable = totals_of(rig, rig.counted), totals_of(rig, rig.counted, STABLE)
        rig.happen(NEW, 10, 5)
        after, after_stable = totals_of(rig, rig.counted), totals_of(rig, rig.counted, STABLE)

        assert after.bad - before.bad == 5
        assert after_stable.bad - before_stable.bad == 0

    def test_nothing_bad_is_a_difference_of_zero_and_not_of_none(self, rig: CountsRig) -> None:
        rig.happen(NEW, 2, 0)
        before = totals_of(rig, rig.counted)
        rig.happen(NEW, 6, 0)
        after = totals_of(rig, rig.counted)

        assert (after.count - before.count, after.bad - before.bad) == (6, 0)

    def test_what_happened_once_is_counted_once_however_often_one_looks(self, rig: CountsRig) -> None:
        rig.happen(NEW, 6, 2)

        assert totals_of(rig, rig.counted).bad == totals_of(rig, rig.counted).bad == 2

    def test_a_metric_that_can_not_be_counted_needs_a_person(self, rig: CountsRig) -> None:
        rig.happen(NEW, 2, 0)

        with pytest.raises(PermanentProviderError, match=rig.not_counted.name):
            rig.metrics.totals(rig.not_counted, target(rig))

    def test_a_source_that_is_gone_has_no_newer_totals(self, rig: CountsRig) -> None:
        rig.happen(NEW, 6, 2)
        before = totals_of(rig, rig.counted)
        rig.lose_source()

        after = _looked_again(rig)
        assert after is None or after.at_s == before.at_s


class RequestCountsContract:
    """What providers that count requests must do for comparing them."""

    def test_errors_and_slow_answers_are_counted(self, rig: RequestCountsRig) -> None:
        rig.serve(NEW, 10, errors=3)
        rig.serve(NEW, 4, latency_ms=300)
        rig.pass_time(1)

        errors, slow = totals_of(rig, ERRORS), totals_of(rig, SLOW)

        assert (errors.count, errors.bad) == (14, 3)
        assert (slow.count, slow.bad) == (14, 4)
        assert slow.at_s == errors.at_s

    def test_both_versions_are_counted_up_to_the_same_moment(self, rig: RequestCountsRig) -> None:
        rig.serve(NEW, 2)
        rig.serve(STABLE, 2)
        rig.pass_time(1)

        assert totals_of(rig, ERRORS).at_s == totals_of(rig, ERRORS, STABLE).at_s

    def test_a_source_that_began_anew_goes_on_where_it_was(self, rig: RequestCountsRig) -> None:
        rig.serve(NEW, 6, errors=4, latency_ms=300)
        rig.pass_time(1)
        rig.restart_source()
        rig.serve(NEW, 3, errors=1)
        rig.pass_time(1)

        errors, slow = totals_of(rig, ERRORS), totals_of(rig, SLOW)

        assert (errors.count, errors.bad) == (9, 5)
        assert (slow.count, slow.bad) == (9, 6)

    def test_what_is_usual_is_known_after_two_hundred_answers(self, rig: RequestCountsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 150)
        rig.pass_time(1)
        assert rig.metrics.usual_bound_ms(target(rig)) is None

        rig.serve(NEW, 96)
        rig.serve(NEW, 4, latency_ms=300)
        rig.pass_time(1)
        bound_ms = rig.metrics.usual_bound_ms(target(rig))

        assert bound_ms is not None
        assert bound_ms < 300
        slow = totals_of(rig, AnalysedMetric("slow_requests", MetricSource.ENVOY, slower_than_ms=bound_ms))
        assert 4 <= slow.bad <= 0.05 * slow.count


def totals_of(rig: HasCounts, metric: AnalysedMetric, version: Version = NEW) -> Totals:
    """Return the totals of the version, of which something must be known."""
    found = rig.metrics.totals(metric, target(rig, version))
    assert found is not None, f"nothing is known of {version}"
    return found


def _looked_again(rig: CountsRig) -> Totals | None:
    try:
        rig.metrics.collect(rig.ingress)
        return rig.metrics.totals(rig.counted, target(rig))
    except ProviderError:
        return None


def _read(rig: RequestMetricsRig, name: str, *, version: Version = NEW, window_s: float = 20.0) -> Reading:
    return rig.metrics.read(MetricSpec(name, rig.source), target(rig, version), window_s)


def _collect_and_read(rig: MetricsRig) -> Reading:
    rig.metrics.collect(rig.ingress)
    return rig.metrics.read(rig.known, target(rig), 10)
