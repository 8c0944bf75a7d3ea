"""The part of the store contract about pushed figures and the tokens of their senders."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from sluiceway.domain.points.figures import Summary, Sums
from sluiceway.domain.points.model import Events, Measure, Outcomes, Point, Values, digest_of
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.points import PointTotals, TokenRow
from sluiceway.ports.store import Store
from sluiceway.testing.builders import at

SERVICE, METRIC = "checkout", "payment_failure_rate"


def a_point(
    point_id: str,
    measure: Measure | None = None,
    *,
    service: str = SERVICE,
    metric: str = METRIC,
    version: str = "v2",
    rollout: str = "",
    seconds: float = 0.0,
    is_late: bool = False,
    is_compared: bool = True,
) -> Point:
    """Return a point at so many seconds; without a measure, 10 outcomes of which 1 is bad."""
    figures = measure or Outcomes(10, 1)
    digest = digest_of(metric, version, rollout, at(seconds), figures)
    return Point(
        point_id, metric, service, version, rollout, at(seconds), figures, digest, is_late, is_compared
    )


def add(store: Store, *points: Point, arrived: float = 0.0) -> Sequence[str | None]:
    with store.begin() as tx:
        return tx.add_points(points, sender="till", arrived_at=at(arrived))


def summary(
    store: Store, version: str = "v2", *, after: float = -1.0, whole_release: bool = False
) -> Summary:
    with store.read() as tx:
        return tx.point_summary(SERVICE, METRIC, version, after=at(after), whole_release=whole_release)


def totals(store: Store, version: str = "v2") -> PointTotals | None:
    with store.read() as tx:
        return tx.point_totals(SERVICE, METRIC).get(version)


def a_token(name: str = "till", *, service: str = "", revoked: bool = False) -> TokenRow:
    row = TokenRow(name, "ab" * 32, service, at(0), "ada")
    return row if not revoked else TokenRow(name, "ab" * 32, service, at(0), "ada", at(9), "bob")


class StorePointsContract:
    def test_points_of_each_shape_are_added_up_apart(self, store: Store) -> None:
        add(store, a_point("1"), a_point("2", Outcomes(5, 5)))
        add(store, a_point("3", Values(1, 4, 16)), a_point("4", Values(3, 9, 29)), a_point("5", Events(7)))

        assert summary(store) == Summary(
            outcomes=Sums(2, 15, 6, 0, 10), values=Sums(2, 4, 0, 13, 3), events=Sums(1, 7, 0, 0, 7)
        )

    def test_only_what_is_asked_for_is_added_up(self, store: Store) -> None:
        add(
            store,
            a_point("mine"),
            a_point("other-version", version="v1"),
            a_point("other-metric", metric="refund_rate"),
            a_point("other-service", service="search"),
            a_point("whole", Outcomes(3, 2), rollout="r1"),
            a_point("late", is_late=True),
        )

        assert summary(store).outcomes == Sums(1, 10, 1, 0, 10)
        assert summary(store, whole_release=True).outcomes == Sums(1, 3, 2, 0, 3)
        assert summary(store, "v3").is_empty

    def test_a_window_begins_after_its_instant(self, store: Store) -> None:
        add(store, a_point("1", seconds=0), a_point("2", seconds=1), a_point("3", seconds=2))

        assert summary(store, after=0).outcomes.points == 2

    def test_the_same_id_is_kept_once_and_its_digest_told(self, store: Store) -> None:
        first, other = a_point("1"), a_point("1", Outcomes(99, 99))
        assert add(store, first) == [None]

        assert add(store, a_point("2"), other, first) == [None, first.digest, first.digest]
        assert summary(store).outcomes == Sums(2, 20, 2, 0, 10)
        assert totals(store) == PointTotals(at(0), outcomes=20, bad=2)

    def test_the_first_of_two_with_the_same_id_in_one_batch_counts(self, store: Store) -> None:
        first, other = a_point("1"), a_point("1", Outcomes(99, 99))

        assert add(store, first, other) == [None, first.digest]
        assert summary(store).outcomes.count == 10

    def test_ids_are_those_of_a_service(self, store: Store) -> None:
        assert add(store, a_point("1"), a_point("1", service="search")) == [None, None]

    def test_a_batch_may_be_larger_than_one_statement(self, store: Store) -> None:
        batch = [a_point(f"id-{number}") for number in range(1_000)]

        assert add(store, *batch) == [None] * 1_000
        assert add(store, *reversed(batch)) == [point.digest for point in reversed(batch)]
        assert totals(store) == PointTotals(at(0), outcomes=10_000, bad=1_000)

    def test_points_that_were_sent_at_the_same_moment_count_once(
        self, store: Store, reopen: Callable[[str], Store]
    ) -> None:
        batch = [a_point(f"id-{number}") for number in range(50)]
        stores = [store, *(reopen("local") for _ in range(3))]
        together = threading.Barrier(len(stores), timeout=20)
        answers: list[Sequence[str | None]] = []

        def send(through: Store, mine: list[Point]) -> None:
            together.wait()
            answers.append(add(through, *mine))

        threads = [
            threading.Thread(target=send, args=(one, batch if number % 2 else batch[::-1]))
            for number, one in enumerate(stores)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(answers) == len(stores)
        assert sum(answer.count(None) for answer in answers) == 50
        assert totals(store) == PointTotals(at(0), outcomes=500, bad=50)

    def test_totals_hold_only_what_is_compared(self, store: Store) -> None:
        add(store, a_point("1"), a_point("2", is_compared=False))
        add(store, a_point("3", Values(2, 5, 13)), a_point("4", Events(6)), arrived=5)
        add(store, a_point("5", rollout="r1"), a_point("6", is_late=True), arrived=9)

        assert totals(store) == PointTotals(at(5), outcomes=10, bad=1, values=2, total=5, squares=13)

    def test_a_version_is_heard_of_when_its_newest_point_arrives(self, store: Store) -> None:
        add(store, a_point("1"), arrived=9)
        add(store, a_point("2", is_compared=False), arrived=7)

        assert totals(store) == PointTotals(at(9), outcomes=10, bad=1)
        assert totals(store, "v1") is None

    def test_points_of_a_transaction_that_failed_are_not_there(self, store: Store) -> None:
        def add_and_fail() -> None:
            with store.begin() as tx:
                tx.add_points([a_point("1")], sender="till", arrived_at=at(0))
                raise RuntimeError("on purpose")

        with pytest.raises(RuntimeError, match="on purpose"):
            add_and_fail()

        assert summary(store).is_empty
        assert totals(store) is None

    def test_pruning_forgets_the_oldest_and_keeps_totals_that_still_grow(self, store: Store) -> None:
        add(store, a_point("1"), a_point("2"), a_point("gone", version="v0"), arrived=0)
        add(store, a_point("3"), arrived=100)

        with store.begin() as tx:
            assert tx.prune_points(at(50), 2) == 2
            assert tx.prune_points(at(50), 2) == 1
            assert tx.prune_points(at(50), 2) == 0

        assert summary(store).outcomes.points == 1
        assert totals(store) == PointTotals(at(100), outcomes=30, bad=3)
        assert totals(store, "v0") is None

    def test_points_are_there_after_a_restart(self, store: Store, reopen: Callable[[str], Store]) -> None:
        add(store, a_point("1"))

        again = reopen("local")

        assert summary(again).outcomes.count == 10
        assert add(again, a_point("1")) == [a_point("1").digest]

    def test_a_token_comes_back_as_it_was_kept(self, store: Store) -> None:
        with store.begin() as tx:
            tx.add_token(a_token("till", service="checkout"))
            tx.add_token(a_token("desk", revoked=True))

        with store.read() as tx:
            assert tx.get_token("till") == a_token("till", service="checkout")
            assert list(tx.list_tokens()) == [
                a_token("desk", revoked=True),
                a_token("till", service="checkout"),
            ]
            assert tx.get_token("nobody") is None

    @pytest.mark.parametrize(("revoked", "state"), [(False, "it is valid"), (True, "it was revoked")])
    def test_the_name_of_a_token_is_used_once(self, store: Store, revoked: bool, state: str) -> None:
        with store.begin() as tx:
            tx.add_token(a_token(revoked=revoked))

        with pytest.raises(ConflictError, match=state), store.begin() as tx:
            tx.add_token(a_token())

    def test_a_token_is_revoked_once(self, store: Store) -> None:
        with store.begin() as tx:
            tx.add_token(a_token())
            assert tx.revoke_token("till", at(9), "bob")
            assert not tx.revoke_token("till", at(10), "eve")

        with store.read() as tx:
            assert tx.get_token("till") == a_token(revoked=True)
        with pytest.raises(NotFoundError, match="nobody"), store.begin() as tx:
            tx.revoke_token("nobody", at(9), "bob")

    def test_the_use_of_a_token_is_noted_to_the_minute(self, store: Store) -> None:
        noted: list[object] = []
        with store.begin() as tx:
            tx.add_token(a_token())
            for seconds in (0, 59, 60):
                tx.note_token_use("till", at(seconds))
                token = tx.get_token("till")
                noted.append(token.used_at if token else None)

        assert noted == [at(0), at(0), at(0) + timedelta(minutes=1)]
