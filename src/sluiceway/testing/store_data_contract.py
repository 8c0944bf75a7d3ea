"""The part of the store contract about plots, effects that failed, and small facts."""

from __future__ import annotations

import itertools
import math

import pytest

from sluiceway.domain.process.plan import Version
from sluiceway.domain.rollouts.model import EnsureVersion, RolloutId, SetTraffic, StopVersion
from sluiceway.errors import NotFoundError
from sluiceway.ports.store import EffectFailure, SamplePoint, Store
from sluiceway.testing.builders import a_rollout_id, a_row, at
from sluiceway.testing.store_claims_contract import claim_one, claimed_ids
from sluiceway.testing.store_rollouts_contract import given

MAX_POINTS = 2_000
ENSURE = EnsureVersion(Version("v2"), 1)
TRAFFIC = SetTraffic(Version("v1"), Version("v2"), 1_000)


def a_point(seconds: float) -> SamplePoint:
    return SamplePoint(at(seconds), {"new.error_rate": seconds, "stable.error_rate": None})


def add_seconds(store: Store, rollout_id: RolloutId, first: int, end: int, batch: int = 500) -> None:
    for start in range(first, end, batch):
        with store.begin() as tx:
            tx.add_samples(rollout_id, [a_point(s) for s in range(start, min(start + batch, end))])


def read_points(store: Store, rollout_id: RolloutId, limit: int = 10_000) -> list[SamplePoint]:
    with store.read() as tx:
        return list(tx.samples(rollout_id, after=None, limit=limit))


def a_failure(gen: int, text: str = "no such command", key: str = "") -> EffectFailure:
    return EffectFailure(gen=gen, key=key or f"key-{gen}", text=text, at=at(gen))


class StoreDataContract:
    def test_points_come_back_oldest_first(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        add_seconds(store, row.id, 0, 3, batch=1)

        assert read_points(store, row.id) == [a_point(0), a_point(1), a_point(2)]

    def test_only_points_after_an_instant_are_read(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        add_seconds(store, row.id, 0, 5)

        with store.read() as tx:
            assert list(tx.samples(row.id, after=at(2), limit=10)) == [a_point(3), a_point(4)]

    def test_a_limit_thins_points_evenly_and_keeps_both_ends(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        add_seconds(store, row.id, 0, 101)

        assert [p.at for p in read_points(store, row.id, limit=5)] == [at(s) for s in (0, 25, 50, 75, 100)]
        assert [p.at for p in read_points(store, row.id, limit=1)] == [at(100)]

    def test_what_is_not_a_number_is_kept_as_no_data(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        with store.begin() as tx:
            tx.add_samples(row.id, [SamplePoint(at(0), {"a": math.nan, "b": math.inf, "c": 0.0})])

        assert read_points(store, row.id) == [SamplePoint(at(0), {"a": None, "b": None, "c": 0.0})]

    def test_a_long_rollout_keeps_few_points_spread_over_its_whole_life(self, store: Store) -> None:
        row, seconds = a_row(), 20_000
        given(store, row)
        add_seconds(store, row.id, 0, seconds)

        points = read_points(store, row.id)
        gaps = {(b.at - a.at).total_seconds() for a, b in itertools.pairwise(points)}
        assert 1_000 <= len(points) <= MAX_POINTS
        assert points[0].at == at(0)
        assert max(gaps) <= 2 * seconds / 1_400 + 1

    def test_the_newest_points_are_never_thinned(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        add_seconds(store, row.id, 0, 5_003)

        assert read_points(store, row.id)[-600:] == [a_point(s) for s in range(4_403, 5_003)]

    @pytest.mark.parametrize("batch", [1, 7, 5_000])
    def test_points_are_thinned_alike_however_they_arrive(self, store: Store, batch: int) -> None:
        row = a_row()
        given(store, row)
        add_seconds(store, row.id, 0, 1_900, batch=1_900)
        add_seconds(store, row.id, 1_900, 2_310, batch=batch)

        kept = [int((p.at - at(0)).total_seconds()) for p in read_points(store, row.id)]
        assert kept == [*range(0, 1_710, 2), *range(1_710, 2_310)]

    def test_points_of_an_unknown_rollout_are_refused(self, store: Store) -> None:
        with pytest.raises(NotFoundError), store.begin() as tx:
            tx.add_samples(a_rollout_id(), [a_point(0)])

    def test_a_failed_effect_is_noted_and_wakes_its_rollout(self, store: Store) -> None:
        row = a_row(due_at=at(1_000))
        given(store, row)
        with store.begin() as tx:
            tx.record_effect_failure(row.id, ENSURE, a_failure(1))

        with store.read() as tx:
            assert list(tx.effect_failures(row.id)) == [a_failure(1)]
        assert claimed_ids(store, 1) == [row.id]

    def test_a_newer_failure_of_the_same_kind_replaces_an_older_one(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        with store.begin() as tx:
            tx.record_effect_failure(row.id, ENSURE, a_failure(2, "newer"))
            tx.record_effect_failure(row.id, ENSURE, a_failure(1, "older, and late"))
            tx.record_effect_failure(row.id, TRAFFIC, a_failure(3, "another kind"))

        with store.read() as tx:
            assert [one.text for one in tx.effect_failures(row.id)] == ["newer", "another kind"]

    def test_a_success_clears_the_failures_of_its_kind_up_to_its_generation(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        with store.begin() as tx:
            tx.record_effect_failure(row.id, ENSURE, a_failure(1))
            tx.record_effect_failure(row.id, TRAFFIC, a_failure(2))
            tx.record_effect_failure(row.id, StopVersion(Version("v2")), a_failure(5))
            tx.record_effect_success(row.id, 3, EnsureVersion(Version("v2"), 4))
            tx.record_effect_success(row.id, 3, StopVersion(Version("v2")))

        with store.read() as tx:
            assert list(tx.effect_failures(row.id)) == [a_failure(2), a_failure(5)]

    def test_a_retry_clears_every_failure_of_its_rollout(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        with store.begin() as tx:
            tx.record_effect_failure(row.id, ENSURE, a_failure(1))
            tx.record_effect_failure(row.id, TRAFFIC, a_failure(2))
            assert tx.clear_effect_failures(row.id) == 2

        with store.read() as tx:
            assert list(tx.effect_failures(row.id)) == []

    def test_the_same_key_twice_is_one_effect(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        claimed = claim_one(store)
        with store.begin() as tx:
            tx.enqueue_effect(claimed, f"{row.id}:1:a", ENSURE)
            tx.enqueue_effect(claimed, f"{row.id}:1:a", ENSURE)
        with store.begin() as tx:
            tx.enqueue_effect(claimed, f"{row.id}:1:a", ENSURE)
            assert tx.save_claimed(claimed, claimed.state, at(1))

    def test_small_facts_are_kept_and_replaced(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.get_meta("clock") is None
            tx.set_meta("clock", "1")
            tx.set_meta("clock", "2")

        with store.read() as tx:
            assert tx.get_meta("clock") == "2"
