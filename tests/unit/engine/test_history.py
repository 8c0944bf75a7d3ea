"""What is recorded minute by minute of services that run, and what ticks learn from it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sluiceway.domain.analysis.evidence import Settings, start
from sluiceway.domain.analysis.history import KEPT_MINUTES, STALE_MINUTES
from sluiceway.domain.analysis.noise import CAUTIOUS
from sluiceway.domain.process.plan import (
    Action,
    AnalysedMetric,
    Analysis,
    Comparison,
    MetricSource,
    MetricSpec,
    Trigger,
    UsualNoise,
    Version,
)
from sluiceway.domain.rollouts.model import AnalysisState, MetricAnalysis, Phase, Reading
from sluiceway.engine.history import HISTORY_S, History
from sluiceway.engine.history_findings import in_background
from sluiceway.engine.history_record import recorded_metrics, serving_version
from sluiceway.errors import PermanentProviderError, StoreError, TemporaryProviderError
from sluiceway.ports.history import CountSeries
from sluiceway.testing.builders import T0, a_plan, a_row, a_state
from tests.unit.engine.history_shop import ERRORS, REQUESTS_A_MINUTE, SLOW, Counter, Shop, a_compared_plan

EVER = range(10**9)
V1, V2 = Version("v1"), Version("v2")
ONE_INSTANCE = {"errors": "stable has one instance, so nothing tells how much instances differ"}
TWICE_USUAL = Trigger("slow", "twice", "p95_ms > 2 * history.p95_ms", Action.IMMEDIATE)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "sluiceway.sqlite")
    made.provider.serve("v1", "a", "b")
    made.history.record()
    yield made
    made.store.close()


def minutes_kept(shop: Shop, series: CountSeries | None = None) -> int:
    with shop.store.read() as tx:
        return len({count.minute for count in tx.counts(series or CountSeries("checkout", "errors"), EVER)})


def test_after_seventy_minutes_of_two_instances_noise_is_known(shop: Shop) -> None:
    shop.live(70)

    noise = shop.history.noise_of(shop.row)["errors"]

    assert noise.is_learned
    # Half of 60 tries at even odds fail: less scattered than coins that rarely fall, so no bursts.
    assert 1.0 <= noise.burst < 1.3
    assert noise.slow_sd < 0.25
    assert shop.history.why_unknown(shop.row) == {}


def test_noise_grows_with_what_is_live(shop: Shop) -> None:
    shop.live(240)
    quiet = shop.history.noise_of(shop.row)["errors"]
    shop.live(90, size=10)
    noisy = shop.history.noise_of(shop.row)["errors"]

    assert noisy.burst > 3 * quiet.burst
    assert noisy.slow_sd >= quiet.slow_sd


def test_one_instance_teaches_nothing_and_that_is_said(shop: Shop) -> None:
    shop.provider.serve("v1", "a")
    shop.live(70)

    assert shop.history.noise_of(shop.row) == {}
    assert shop.history.why_unknown(shop.row) == ONE_INSTANCE


def test_an_hour_is_needed_and_how_much_there_is_is_said(shop: Shop) -> None:
    shop.live(20)

    assert shop.history.noise_of(shop.row) == {}
    assert shop.history.why_unknown(shop.row) == {"errors": "history holds 20 of the 60 minutes it takes"}


def test_history_that_ended_half_an_hour_ago_is_no_history(shop: Shop) -> None:
    shop.live(70)
    shop.pause(STALE_MINUTES + 1)

    assert shop.history.noise_of(shop.row) == {}
    assert shop.history.why_unknown(shop.row) == {"errors": "its history ends 31 minutes ago"}


def test_history_outlives_a_restart(shop: Shop) -> None:
    shop.live(70)
    before = shop.history.noise_of(shop.row)
    shop.restart()

    assert shop.history.noise_of(shop.row) == before
    shop.history.record()  # nothing to subtract from yet: a gap of a minute
    shop.live(1)
    assert minutes_kept(shop) == 71


def test_a_tick_pays_for_history_once_a_minute_and_only_when_it_is_asked_for(shop: Shop) -> None:
    shop.live(61)
    first = shop.history.noise_of(shop.row)
    shop.live(1, bad=300.0)
    assert shop.history.noise_of(shop.row) != first

    second = shop.history.noise_of(shop.row)
    shop.clock.advance(HISTORY_S - 1)
    assert shop.history.noise_of(shop.row) is second
    shop.store.close()
    plain = replace(shop.row, state=replace(shop.row.state, plan=a_plan()))
    assert shop.history.noise_of(plain) == {}
    assert shop.history.usual_of(plain) == {}


def test_a_plan_that_was_edited_is_answered_anew_at_once(shop: Shop) -> None:
    shop.live(61)
    assert set(shop.history.noise_of(shop.row)) == {"errors"}
    edited = replace(shop.row, state=replace(shop.row.state, plan=a_compared_plan(SLOW)))

    assert shop.history.noise_of(edited) == {}
    assert set(shop.history.why_unknown(edited)) == {"slow_requests"}


def test_a_store_that_can_not_be_read_leaves_what_was_known_until_it_is_stale(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise StoreError("the disk is gone")

    shop.live(70)
    known = shop.history.noise_of(shop.row)
    monkeypatch.setattr(shop.store, "read", refuse)
    shop.pause(10)
    assert shop.history.noise_of(shop.row) == known

    shop.pause(STALE_MINUTES)
    assert shop.history.noise_of(shop.row) == {}
    assert shop.history.why_unknown(shop.row) == {"errors": "history is being read"}


def test_what_is_declared_or_compared_by_means_is_not_learned(shop: Shop) -> None:
    shop.live(70)
    means = AnalysedMetric("basket", MetricSource.PROMETHEUS, Comparison.MEANS)
    for analysis in (Analysis((ERRORS,), noise=UsualNoise.INDEPENDENT), Analysis((means,))):
        row = replace(shop.row, state=replace(shop.row.state, plan=replace(a_plan(), analysis=analysis)))
        assert shop.history.noise_of(row) == {}
        assert shop.history.why_unknown(row) == {}


def test_a_counter_that_goes_back_an_instance_that_comes_and_goes_and_a_late_look_are_gaps(
    shop: Shop,
) -> None:
    shop.live(30)
    shop.provider.by_version[V1]["a"].count = 0.0
    shop.provider.by_version[V1]["a"].bad = 0.0
    shop.live(1)  # only b can be subtracted
    shop.provider.serve("v1", "a", "b", "c")
    shop.live(10)  # c from its second look on
    shop.pause(5)
    shop.live(30)  # the first of them spans six minutes
    shop.provider.serve("v1", "a", "c")
    shop.live(10)

    with shop.store.read() as tx:
        counts = tx.counts(CountSeries("checkout", "errors"), EVER)
    by_part = {part: sum(count.part == part for count in counts) for part in "abc"}
    assert by_part == {"a": 30 + 10 + 29 + 10, "b": 31 + 10 + 29, "c": 9 + 29 + 10}
    assert {count.count for count in counts} == {REQUESTS_A_MINUTE}
    assert shop.history.noise_of(shop.row)["errors"].is_learned


def test_two_looks_in_a_row_make_no_minute_and_lose_none(shop: Shop) -> None:
    shop.live(2)
    shop.clock.advance(5)
    shop.history.record()
    shop.provider.pass_minute()
    shop.clock.advance(55)
    shop.history.record()

    with shop.store.read() as tx:
        counts = tx.counts(CountSeries("checkout", "errors"), EVER)
    assert [count.count for count in counts if count.part == "a"] == [REQUESTS_A_MINUTE] * 3


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_totals_that_are_no_numbers_are_a_gap(shop: Shop, broken: float) -> None:
    shop.live(1)
    shop.provider.by_version[V1]["a"].count = broken
    shop.live(1)

    assert minutes_kept(shop) == 2
    with shop.store.read() as tx:
        counts = tx.counts(CountSeries("checkout", "errors"), EVER)
    assert sum(count.part == "a" for count in counts) == 1


def test_what_is_older_than_a_week_is_forgotten(shop: Shop) -> None:
    shop.live(3)
    shop.pause(KEPT_MINUTES - 1)
    shop.history.record()

    assert minutes_kept(shop) == 2


def test_a_source_that_fails_is_a_gap_and_stops_nobody_else(shop: Shop) -> None:
    shop.live(2)
    shop.provider.trouble = TemporaryProviderError("the proxy does not answer")
    shop.live(3)
    assert minutes_kept(shop) == 2
    shop.provider.trouble = None
    shop.live(3)

    assert minutes_kept(shop) == 2 + 2


def test_a_metric_that_is_refused_for_good_takes_no_other_with_it(shop: Shop) -> None:
    shop.provider.readings[V1, "p95_ms"] = 200.0
    shop.provider.trouble_of["error_rate"] = PermanentProviderError("no such metric")
    shop.live(2)

    with shop.store.read() as tx:
        assert dict(tx.figures("checkout", EVER)) == {"p95_ms": [200.0, 200.0]}


def test_a_service_is_recorded_after_its_rollout_too_and_its_new_version_is_stable_then(shop: Shop) -> None:
    shop.live(5)
    shop.provider.serve("v2", "c", "d")
    shop.become(replace(shop.row.state, phase=Phase.PROMOTED, finished_at=T0))
    shop.live(5)

    with shop.store.read() as tx:
        counts = tx.counts(CountSeries("checkout", "errors"), EVER)
    assert {count.part for count in counts[:10]} == {"a", "b"}
    assert {count.part for count in counts[10:]} == {"c", "d"}
    assert len(counts) == 10 + 8


@pytest.mark.parametrize(
    ("phase", "version"),
    [
        (Phase.PREPARING, V1),
        (Phase.PROGRESSING, V1),
        (Phase.ROLLING_BACK, V1),
        (Phase.ROLLED_BACK, V1),
        (Phase.ABORTED, V1),
        (Phase.KEEPING, V2),
        (Phase.FINISHING, V2),
        (Phase.PROMOTED, V2),
    ],
)
def test_the_version_that_serves(phase: Phase, version: Version) -> None:
    assert serving_version(a_state(phase=phase)) == version


def test_where_nothing_is_compared_errors_are_counted() -> None:
    assert recorded_metrics(a_state(plan=a_plan())) == (ERRORS,)


def test_slow_requests_are_counted_once_it_is_known_what_is_slow() -> None:
    metric = replace(SLOW, slower_than_ms=0.0)
    state = a_state(plan=a_compared_plan(ERRORS, metric))
    known = MetricAnalysis("slow_requests", start(Settings()), CAUTIOUS, slower_than_ms=400.0)

    assert recorded_metrics(state) == (ERRORS,)
    after = replace(state, analysis=AnalysisState(3_600.0, T0, (known,)))
    assert recorded_metrics(after) == (ERRORS, replace(metric, slower_than_ms=400.0))


def a_finished_rollout(path: Path, minutes: int, ends_as: Phase) -> Shop:
    """A rollout that compared slow requests for a while and ended; the next one has just begun."""
    shop = Shop(path, a_compared_plan(SLOW))
    shop.provider.whole = {V1: Counter(), V2: Counter()}
    shop.history.record()
    shop.live(minutes)
    shop.become(replace(shop.row.state, phase=ends_as, finished_at=T0))
    shop.row = shop.begin(a_compared_plan(SLOW))
    return shop


def test_a_promoted_rollout_confirms_the_cautious_noise_of_what_instances_do_not_tell(tmp_path: Path) -> None:
    shop = a_finished_rollout(tmp_path / "sluiceway.sqlite", 90, Phase.PROMOTED)

    assert shop.history.noise_of(shop.row) == {"slow_requests": replace(CAUTIOUS, is_learned=True)}
    assert shop.history.why_unknown(shop.row) == {}
    shop.store.close()


@pytest.mark.parametrize(
    ("minutes", "ends_as", "held"),
    [(90, Phase.ROLLED_BACK, 0), (90, Phase.ABORTED, 0), (40, Phase.PROMOTED, 40)],
)
def test_rollouts_that_were_taken_back_or_were_short_confirm_nothing(
    tmp_path: Path, minutes: int, ends_as: Phase, held: int
) -> None:
    shop = a_finished_rollout(tmp_path / "sluiceway.sqlite", minutes, ends_as)

    assert shop.history.noise_of(shop.row) == {}
    assert shop.history.why_unknown(shop.row) == {
        "slow_requests": (
            "its source does not tell instances apart, and the history of promoted rollouts "
            f"holds {held} of the 60 minutes it takes"
        )
    }
    shop.store.close()


def test_two_versions_are_counted_only_while_both_have_users(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "sluiceway.sqlite", a_compared_plan(SLOW))
    shop.provider.whole = {V1: Counter(), V2: Counter()}
    series = CountSeries("checkout", "slow_requests", shop.row.id)
    shop.history.record()
    shop.live(5)
    shop.become(replace(shop.row.state, weight_bp=10_000))
    shop.live(5)

    assert minutes_kept(shop, series) == 5
    with shop.store.read() as tx:
        assert {count.part for count in tx.counts(series, EVER)} == {"new", "stable"}
    shop.store.close()


def a_shop_that_asks_what_is_usual(path: Path) -> Shop:
    shop = Shop(path, a_plan(triggers=(TWICE_USUAL,)))
    shop.provider.readings[V1, "p95_ms"] = 200.0
    shop.provider.readings[V1, "error_rate"] = 0.001
    return shop


def test_what_is_usual_is_the_median_of_the_last_day(tmp_path: Path) -> None:
    shop = a_shop_that_asks_what_is_usual(tmp_path / "sluiceway.sqlite")
    shop.live(59)
    assert shop.history.usual_of(shop.row) == {"p95_ms": Reading(None)}

    shop.live(2)
    assert shop.history.usual_of(shop.row) == {"p95_ms": Reading(200.0)}
    shop.provider.readings[V1, "p95_ms"] = 900.0
    shop.live(30)
    assert shop.history.usual_of(shop.row) == {"p95_ms": Reading(200.0)}
    assert shop.provider.windows == {HISTORY_S}

    shop.pause(24 * 60 - 20)
    assert shop.history.usual_of(shop.row) == {"p95_ms": Reading(None)}
    shop.store.close()


def test_a_metric_that_looks_further_back_than_a_minute_is_read_as_it_is_used(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "sluiceway.sqlite")
    with shop.store.begin() as tx:
        setup = replace(
            shop.row.setup,
            service=replace(shop.row.setup.service, name="search"),
            ingress=replace(shop.row.setup.ingress, port=8181),
            metrics=(MetricSpec("tickets", MetricSource.ENVOY, window_s=600.0),),
        )
        tx.insert_rollout(a_row(setup=setup, state=a_state(plan=a_plan())))
    shop.history.record()

    assert shop.provider.windows == {60.0, 600.0}
    shop.store.close()


def test_minutes_without_a_reading_are_no_minutes(tmp_path: Path) -> None:
    shop = a_shop_that_asks_what_is_usual(tmp_path / "sluiceway.sqlite")
    for value in (None, math.nan):
        shop.provider.readings[V1, "p95_ms"] = value
        shop.live(40)

    assert shop.history.usual_of(shop.row) == {"p95_ms": Reading(None)}
    with shop.store.read() as tx:
        assert set(tx.figures("checkout", EVER)) == {"error_rate"}
    shop.store.close()


def test_the_usual_figure_of_a_service_spans_its_versions(tmp_path: Path) -> None:
    shop = a_shop_that_asks_what_is_usual(tmp_path / "sluiceway.sqlite")
    shop.live(40)
    shop.provider.readings[V2, "p95_ms"] = 210.0
    shop.become(replace(shop.row.state, phase=Phase.PROMOTED, finished_at=T0))
    shop.live(30)

    assert shop.history.usual_of(shop.row) == {"p95_ms": Reading(200.0)}
    shop.store.close()


def test_a_tick_never_waits_for_history_to_be_worked_out(shop: Shop) -> None:
    shop.live(70)
    jobs: list[Callable[[], None]] = []
    history = History(shop.store, {}, shop.clock, start=jobs.append)

    assert history.noise_of(shop.row) == {}
    assert history.why_unknown(shop.row) == {"errors": "history is being read"}
    assert len(jobs) == 1  # one at a time, however often a tick asks

    jobs.pop()()
    assert history.noise_of(shop.row)["errors"].is_learned
    assert jobs == []


def test_findings_are_worked_out_on_a_thread_of_their_own(shop: Shop) -> None:
    shop.live(70)
    found, threads = threading.Event(), set[str]()

    def start(job: Callable[[], None]) -> None:
        def run() -> None:
            job()
            threads.add(threading.current_thread().name)
            found.set()

        in_background(run)

    history = History(shop.store, {}, shop.clock, start=start)
    history.noise_of(shop.row)

    assert found.wait(timeout=10)
    assert history.noise_of(shop.row)["errors"].is_learned
    assert threading.current_thread().name not in threads
