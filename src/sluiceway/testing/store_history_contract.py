"""The part of the store contract about what is kept minute by minute."""

from __future__ import annotations

from collections.abc import Callable

from sluiceway.domain.analysis.history import MinuteCount
from sluiceway.ports.history import CountSeries
from sluiceway.ports.store import Store
from sluiceway.testing.builders import a_rollout_id

ERRORS = CountSeries("checkout", "errors")
NOON = 29_000_000  # a minute
AROUND_NOON = range(NOON - 60, NOON + 60)


def a_count(minute: int, part: str = "a", *, count: float = 600.0, bad: float = 3.0) -> MinuteCount:
    return MinuteCount(NOON + minute, part, count, bad)


def keep(store: Store, series: CountSeries, *counts: MinuteCount) -> None:
    with store.begin() as tx:
        tx.add_counts(series, counts)


def kept(store: Store, series: CountSeries, minutes: range = AROUND_NOON) -> list[MinuteCount]:
    with store.read() as tx:
        return list(tx.counts(series, minutes))


class StoreHistoryContract:
    def test_counts_of_parts_come_back_oldest_first(self, store: Store) -> None:
        keep(store, ERRORS, a_count(1, "b"), a_count(1, "a"))
        keep(store, ERRORS, a_count(0, "a", count=0.25, bad=0.125))

        found = kept(store, ERRORS)
        assert found[0] == a_count(0, "a", count=0.25, bad=0.125)
        assert sorted(found[1:], key=lambda each: each.part) == [a_count(1, "a"), a_count(1, "b")]

    def test_only_counts_of_the_minutes_asked_for_are_read(self, store: Store) -> None:
        keep(store, ERRORS, *(a_count(minute) for minute in range(5)))

        assert kept(store, ERRORS, range(NOON + 2, NOON + 4)) == [a_count(2), a_count(3)]
        assert kept(store, ERRORS, range(NOON + 2, NOON + 2)) == []

    def test_a_part_counted_again_in_the_same_minute_replaces_what_was_there(self, store: Store) -> None:
        keep(store, ERRORS, a_count(0, bad=1), a_count(0, "b"))
        keep(store, ERRORS, a_count(0, bad=2), a_count(0, bad=4))

        assert sorted(kept(store, ERRORS), key=lambda each: each.part) == [a_count(0, bad=4), a_count(0, "b")]

    def test_services_metrics_and_rollouts_are_kept_apart(self, store: Store) -> None:
        rollout = a_rollout_id()
        others = (
            CountSeries("search", "errors"),
            CountSeries("checkout", "slow_requests"),
            CountSeries("checkout", "errors", rollout),
        )
        keep(store, ERRORS, a_count(0))
        for number, series in enumerate(others, 1):
            keep(store, series, a_count(0, bad=number))

        assert [kept(store, series)[0].bad for series in (ERRORS, *others)] == [3, 1, 2, 3]
        assert all(len(kept(store, series)) == 1 for series in (ERRORS, *others))

    def test_the_rollouts_that_were_counted_are_known_in_order(self, store: Store) -> None:
        first, second = a_rollout_id(), a_rollout_id()
        keep(store, ERRORS, a_count(0))
        keep(store, CountSeries("checkout", "errors", second), a_count(0), a_count(1))
        keep(store, CountSeries("checkout", "errors", first), a_count(0))
        keep(store, CountSeries("checkout", "slow_requests", a_rollout_id()), a_count(0))

        with store.read() as tx:
            assert list(tx.counted_rollouts("checkout", "errors")) == sorted([first, second])

    def test_figures_come_back_by_metric_oldest_first(self, store: Store) -> None:
        with store.begin() as tx:
            tx.add_figures("checkout", NOON + 1, {"p95_ms": 220.0, "error_rate": 0.001})
            tx.add_figures("checkout", NOON, {"p95_ms": 180.5})
            tx.add_figures("checkout", NOON - 1, {"p95_ms": 1.0})
            tx.add_figures("checkout", NOON + 2, {"p95_ms": 2.0})
            tx.add_figures("search", NOON, {"p95_ms": 7.0})
            tx.add_figures("checkout", NOON, {})

        with store.read() as tx:
            found = tx.figures("checkout", range(NOON, NOON + 2))
        assert {name: list(values) for name, values in found.items()} == {
            "error_rate": [0.001],
            "p95_ms": [180.5, 220.0],
        }

    def test_a_figure_of_the_same_minute_is_replaced(self, store: Store) -> None:
        for p95_ms in (180.0, 190.0):
            with store.begin() as tx:
                tx.add_figures("checkout", NOON, {"p95_ms": p95_ms})

        with store.read() as tx:
            assert list(tx.figures("checkout", AROUND_NOON)["p95_ms"]) == [190.0]

    def test_what_is_older_than_a_minute_is_forgotten(self, store: Store) -> None:
        keep(store, ERRORS, *(a_count(minute) for minute in range(4)))
        with store.begin() as tx:
            tx.add_figures("search", NOON + 1, {"p95_ms": 1.0})
            tx.add_figures("search", NOON + 2, {"p95_ms": 2.0})
            assert tx.prune_history(before_minute=NOON + 2) == 3

        assert kept(store, ERRORS) == [a_count(2), a_count(3)]
        with store.read() as tx:
            assert list(tx.figures("search", AROUND_NOON)["p95_ms"]) == [2.0]

    def test_history_is_there_when_the_store_is_opened_again(
        self, store: Store, reopen: Callable[[str], Store]
    ) -> None:
        keep(store, ERRORS, a_count(0))

        assert kept(reopen("local"), ERRORS) == [a_count(0)]

    def test_nothing_recorded_is_nothing_found(self, store: Store) -> None:
        assert kept(store, ERRORS) == []
        with store.begin() as tx:
            assert list(tx.counted_rollouts("checkout", "errors")) == []
            assert dict(tx.figures("checkout", AROUND_NOON)) == {}
            assert tx.prune_history(before_minute=NOON) == 0
