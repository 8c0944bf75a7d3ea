"""The part of the store contract about rollouts: keeping, finding, listing, and who may hold what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.rollouts.model import Phase, RolloutId
from sluiceway.errors import ConflictError, InvalidInputError, NotFoundError, StoreError
from sluiceway.ports.store import RolloutRow, RolloutSetup, Store
from sluiceway.testing.builders import a_plan, a_rollout_id, a_row, a_setup, a_state, at


def given(store: Store, *rows: RolloutRow) -> None:
    """Insert the rows."""
    with store.begin() as tx:
        for row in rows:
            tx.insert_rollout(row)


def finish(store: Store, row: RolloutRow, phase: Phase = Phase.PROMOTED) -> None:
    """Claim the row (nothing else may be due) and finish it."""
    with store.begin() as tx:
        claimed = next(one for one in tx.claim_due(at(0), 30, 100) if one.id == row.id)
        assert tx.save_claimed(claimed, replace(claimed.state, phase=phase), None)


class StoreRolloutsContract:
    def test_a_rollout_comes_back_as_it_was_kept(self, store: Store) -> None:
        row = a_row(state=a_state(plan=a_plan(500, 10_000), weight_bp=500, phase=Phase.PROGRESSING))
        given(store, row)

        with store.read() as tx:
            assert tx.get_rollout(row.id) == row

    def test_an_exception_undoes_everything_in_its_transaction(self, store: Store) -> None:
        row = a_row()

        def insert_and_fail() -> None:
            with store.begin() as tx:
                tx.insert_rollout(row)
                raise RuntimeError("on purpose")

        with pytest.raises(RuntimeError, match="on purpose"):
            insert_and_fail()

        with store.read() as tx, pytest.raises(NotFoundError):
            tx.get_rollout(row.id)

    def test_a_read_transaction_refuses_to_write(self, store: Store) -> None:
        with pytest.raises(StoreError, match="read"), store.read() as tx:
            tx.set_meta("key", "value")

        with store.begin() as tx:
            tx.set_meta("key", "writing goes on after a refused write")

    def test_a_reader_sees_one_moment_while_others_write(self, store: Store) -> None:
        given(store, a_row())
        with store.read() as reading:
            before = reading.list_rollouts(service=None, active_only=False, limit=10, before=None)
            given(store, a_row(setup=a_setup(service="search", port=9090)))
            after = reading.list_rollouts(service=None, active_only=False, limit=10, before=None)

        assert [row.id for row in after] == [row.id for row in before]

    def test_an_unknown_rollout_is_not_found(self, store: Store) -> None:
        with store.read() as tx, pytest.raises(NotFoundError, match="no rollout"):
            tx.get_rollout(a_rollout_id())

    @pytest.mark.parametrize("part", ["018f", "018f0000-aaaa", "2222", "000000002222"])
    def test_a_part_that_fits_one_rollout_finds_it(self, store: Store, part: str) -> None:
        row = a_row(rollout_id="018f0000-aaaa-7000-8000-000000002222")
        given(store, row, a_row(rollout_id="019a0000-bbbb-7000-8000-000000001111", setup=a_setup_b()))

        with store.read() as tx:
            assert tx.get_rollout(RolloutId(part)).id == row.id

    def test_a_part_that_fits_two_rollouts_is_refused_and_names_both(self, store: Store) -> None:
        first, second = "018f0000-aaaa-7000-8000-000000002222", "018f0000-bbbb-7000-8000-000000001111"
        given(store, a_row(rollout_id=first), a_row(rollout_id=second, setup=a_setup_b()))

        with store.read() as tx, pytest.raises(InvalidInputError, match="several") as caught:
            tx.get_rollout(RolloutId("018f"))
        assert first in str(caught.value)
        assert second in str(caught.value)

    @pytest.mark.parametrize("part", ["018", "%", "____", "", "%%%%%"])
    def test_a_part_that_is_too_short_or_a_pattern_finds_nothing(self, store: Store, part: str) -> None:
        given(store, a_row(rollout_id="018f0000-aaaa-7000-8000-000000002222"))

        with store.read() as tx, pytest.raises(NotFoundError):
            tx.get_rollout(RolloutId(part))

    def test_one_service_has_one_unfinished_rollout(self, store: Store) -> None:
        holder = a_row()
        given(store, holder)

        with pytest.raises(ConflictError, match=holder.id):
            given(store, a_row(setup=a_setup(port=9090)))

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
    def test_one_ingress_address_has_one_unfinished_rollout(self, store: Store, host: str) -> None:
        holder = a_row(setup=a_setup(host="127.0.0.1", port=8080))
        given(store, holder)

        with pytest.raises(ConflictError, match=rf"{host}:8080 is held by rollout {holder.id}"):
            given(store, a_row(setup=a_setup(service="search", host=host, port=8080)))

    def test_two_services_on_two_ports_run_side_by_side(self, store: Store) -> None:
        first, second = a_row(), a_row(setup=a_setup(service="search", port=9090))
        given(store, first, second)

        with store.read() as tx:
            found = tx.list_rollouts(service=None, active_only=True, limit=10, before=None)
        assert [row.id for row in found] == [second.id, first.id]

    def test_a_finished_rollout_holds_nothing_any_more(self, store: Store) -> None:
        first, second = a_row(), a_row()
        given(store, first)
        finish(store, first)
        given(store, second)

        with store.read() as tx:
            assert tx.get_rollout(second.id) == second

    def test_an_id_is_given_once(self, store: Store) -> None:
        first = a_row()
        given(store, first)
        finish(store, first)

        with pytest.raises(ConflictError, match="exists already"):
            given(store, a_row(rollout_id=first.id))

    def test_a_refused_insert_leaves_the_rest_of_its_transaction_usable(self, store: Store) -> None:
        given(store, a_row())
        other = a_row(setup=a_setup(service="search", port=9090))
        with store.begin() as tx:
            with pytest.raises(ConflictError):
                tx.insert_rollout(a_row(setup=a_setup(port=7070)))
            tx.insert_rollout(other)

        with store.read() as tx:
            assert tx.get_rollout(other.id) == other

    def test_rollouts_are_listed_newest_first_in_pages(self, store: Store) -> None:
        rows = [a_row(setup=a_setup(service=f"s{i}", port=8080 + i)) for i in range(5)]
        given(store, *rows)

        with store.read() as tx:
            first = tx.list_rollouts(service=None, active_only=False, limit=2, before=None)
            second = tx.list_rollouts(service=None, active_only=False, limit=2, before=first[-1].id)
            third = tx.list_rollouts(service=None, active_only=False, limit=2, before=second[-1].id)
        assert [row.id for page in (first, second, third) for row in page] == [row.id for row in rows[::-1]]

    def test_the_list_is_in_order_of_creation_also_when_the_clock_went_back(self, store: Store) -> None:
        first = a_row(created_at=at(3600), rollout_id="019a0000-0000-7000-8000-000000000001")
        second = a_row(created_at=at(0), rollout_id="018f0000-0000-7000-8000-000000000002", setup=a_setup_b())
        given(store, first, second)

        with store.read() as tx:
            found = tx.list_rollouts(service=None, active_only=False, limit=10, before=None)
        assert [row.id for row in found] == [second.id, first.id]

    def test_the_list_can_be_limited_to_a_service_and_to_unfinished_ones(self, store: Store) -> None:
        done, running, other = a_row(), a_row(), a_row(setup=a_setup_b())
        given(store, done)
        finish(store, done)
        given(store, running, other)

        with store.read() as tx:
            mine = tx.list_rollouts(service="checkout", active_only=False, limit=10, before=None)
            active = tx.list_rollouts(service="checkout", active_only=True, limit=10, before=None)
        assert [row.id for row in mine] == [running.id, done.id]
        assert [row.id for row in active] == [running.id]

    def test_the_newest_of_each_service_and_several_at_once_are_found(self, store: Store) -> None:
        done, running, other = a_row(), a_row(), a_row(setup=a_setup_b())
        given(store, done)
        finish(store, done)
        given(store, other, running)

        with store.read() as tx:
            assert {row.id for row in tx.newest_rollouts()} == {running.id, other.id}
            some = tx.get_rollouts((running.id, done.id, a_rollout_id()))
            assert {row.id for row in some} == {running.id, done.id}
            assert list(tx.get_rollouts(())) == []

    def test_a_page_after_an_unknown_rollout_is_refused(self, store: Store) -> None:
        with store.read() as tx, pytest.raises(NotFoundError, match="first page"):
            tx.list_rollouts(service=None, active_only=False, limit=10, before=a_rollout_id())


def a_setup_b() -> RolloutSetup:
    return a_setup(service="search", port=9090)
