"""The part of the store contract about turns: claims, leases, wakes, and people's commands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from sluiceway.domain.rollouts.model import CommandKind, Phase
from sluiceway.errors import IllegalMoveError, NotFoundError
from sluiceway.ports.store import RolloutRow, Store
from sluiceway.testing.builders import a_command, a_plan, a_rollout_id, a_row, a_setup, at
from sluiceway.testing.store_rollouts_contract import finish, given

LEASE_S = 30.0
Reopen = Callable[[str], Store]


def claim_one(store: Store, *, now_s: float = 0) -> RolloutRow:
    with store.begin() as tx:
        (row,) = tx.claim_due(at(now_s), LEASE_S, 10)
    return row


def claimed_ids(store: Store, now_s: float) -> list[str]:
    with store.begin() as tx:
        return [row.id for row in tx.claim_due(at(now_s), LEASE_S, 10)]


class StoreClaimsContract:
    def test_a_claim_raises_the_generation_and_takes_a_lease(self, store: Store) -> None:
        row = a_row(due_at=at(0))
        given(store, row)

        claimed = claim_one(store)
        assert claimed == replace(row, gen=1, lease_until=at(LEASE_S))
        with store.read() as tx:
            assert tx.get_rollout(row.id) == claimed

    def test_a_row_is_not_claimed_before_it_is_due(self, store: Store) -> None:
        given(store, a_row(due_at=at(10)))

        assert claimed_ids(store, 9.999) == []
        assert len(claimed_ids(store, 10)) == 1

    def test_a_claimed_row_is_not_claimed_again_while_its_lease_lasts(self, store: Store) -> None:
        given(store, a_row())
        claim_one(store)

        assert claimed_ids(store, LEASE_S - 1) == []

    def test_a_dead_workers_row_is_claimed_again_when_its_lease_has_ended(self, store: Store) -> None:
        given(store, a_row())
        claim_one(store)

        assert claim_one(store, now_s=LEASE_S).gen == 2

    def test_what_is_due_longest_is_claimed_first_up_to_the_limit(self, store: Store) -> None:
        late, early, middle = (
            a_row(setup=a_setup(service=f"s{i}", port=8080 + i), due_at=at(i)) for i in (3, 1, 2)
        )
        given(store, late, early, middle)

        with store.begin() as tx:
            assert [row.id for row in tx.claim_due(at(5), LEASE_S, 2)] == [early.id, middle.id]

    def test_a_save_keeps_the_state_and_gives_the_lease_back(self, store: Store) -> None:
        given(store, a_row())
        claimed = claim_one(store)
        state = replace(claimed.state, phase=Phase.PROGRESSING, weight_bp=1_000)
        with store.begin() as tx:
            assert tx.save_claimed(claimed, state, at(5)) is True

        with store.read() as tx:
            kept = tx.get_rollout(claimed.id)
        assert kept == replace(claimed, state=state, version=2, due_at=at(5), lease_until=None)

    def test_the_version_grows_only_when_more_than_measurements_changed(self, store: Store) -> None:
        given(store, a_row())
        first = claim_one(store)
        with store.begin() as tx:
            assert tx.save_claimed(first, replace(first.state, waits_for=("two instances",)), at(0))
        second = claim_one(store)
        with store.begin() as tx:
            assert tx.save_claimed(second, replace(second.state, phase=Phase.PROGRESSING), at(0))

        with store.read() as tx:
            assert (first.version, second.version, tx.get_rollout(first.id).version) == (1, 1, 2)

    def test_an_overtaken_worker_can_not_save(self, store: Store) -> None:
        given(store, a_row())
        overtaken = claim_one(store)
        successor = claim_one(store, now_s=LEASE_S)
        with store.begin() as tx:
            assert tx.save_claimed(overtaken, replace(overtaken.state, weight_bp=9_000), at(1)) is False

        with store.read() as tx:
            assert tx.get_rollout(successor.id) == successor

    def test_a_claim_is_saved_once(self, store: Store) -> None:
        given(store, a_row())
        first = claim_one(store)
        with store.begin() as tx:
            assert tx.save_claimed(first, first.state, at(0)) is True
        second = claim_one(store, now_s=1)

        with store.begin() as tx:
            assert tx.save_claimed(first, first.state, at(2)) is False
            assert tx.save_claimed(second, second.state, at(2)) is True

    def test_a_finished_row_is_parked_for_good(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        finish(store, row)
        with store.begin() as tx:
            tx.wake(row.id, at(0))

        assert claimed_ids(store, 10**6) == []
        with store.read() as tx:
            assert tx.get_rollout(row.id).due_at is None

    def test_a_wake_makes_a_row_due_earlier(self, store: Store) -> None:
        row = a_row(due_at=at(1_000))
        given(store, row)
        with store.begin() as tx:
            tx.wake(row.id, at(5))

        assert claimed_ids(store, 4) == []
        assert claimed_ids(store, 5) == [row.id]

    def test_a_wake_never_makes_a_row_due_later(self, store: Store) -> None:
        row = a_row(due_at=at(5))
        given(store, row)
        with store.begin() as tx:
            tx.wake(row.id, at(1_000))

        assert claimed_ids(store, 5) == [row.id]

    def test_a_wake_during_a_claim_is_not_slept_through(self, store: Store) -> None:
        given(store, a_row())
        claimed = claim_one(store)
        with store.begin() as tx:
            tx.wake(claimed.id, at(1))
        with store.begin() as tx:
            assert tx.save_claimed(claimed, claimed.state, at(1_000))

        assert claimed_ids(store, 2) == [claimed.id]

    def test_a_wake_before_a_claim_is_over_with_the_claim(self, store: Store) -> None:
        given(store, a_row())
        with store.begin() as tx:
            tx.wake(a := tx.list_rollouts(service=None, active_only=True, limit=1, before=None)[0].id, at(0))
        claimed = claim_one(store)
        with store.begin() as tx:
            assert tx.save_claimed(claimed, claimed.state, at(1_000))

        assert claimed.id == a
        assert claimed_ids(store, 2) == []

    def test_a_wake_for_later_outlives_a_claim_before_it(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        with store.begin() as tx:
            tx.wake(row.id, at(60))
        claimed = claim_one(store)
        with store.begin() as tx:
            assert tx.save_claimed(claimed, claimed.state, at(1_000))

        assert claimed_ids(store, 60) == [row.id]

    def test_waking_an_unknown_rollout_is_refused(self, store: Store) -> None:
        with pytest.raises(NotFoundError), store.begin() as tx:
            tx.wake(a_rollout_id(), at(0))

    def test_after_the_clock_was_set_back_an_hour_waking_all_makes_late_rows_due(self, store: Store) -> None:
        row, other = a_row(due_at=at(3_600)), a_row(setup=a_setup(service="b", port=1), due_at=at(3_601))
        given(store, row, other)
        with store.begin() as tx:
            assert tx.wake_all(at(0)) == 2

        assert sorted(claimed_ids(store, 0)) == sorted([row.id, other.id])

    def test_a_lease_from_before_the_clock_was_set_back_an_hour_does_not_hold(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        before = claim_one(store, now_s=3_600)
        with store.begin() as tx:
            tx.wake_all(at(0))

        after = claim_one(store, now_s=0)
        assert after.gen == before.gen + 1
        with store.begin() as tx:
            assert tx.save_claimed(before, before.state, at(1)) is False

    def test_a_restarted_owner_takes_its_own_leases_back_at_once(self, store: Store, reopen: Reopen) -> None:
        given(store, a_row())
        claimed = claim_one(reopen("worker-a"))
        with reopen("worker-a").begin() as tx:
            assert tx.release_leases() == 1

        assert claimed_ids(store, 1) == [claimed.id]

    def test_an_owner_leaves_the_leases_of_others_alone(self, store: Store, reopen: Reopen) -> None:
        given(store, a_row())
        claim_one(reopen("worker-a"))
        with reopen("worker-b").begin() as tx:
            assert tx.release_leases() == 0

        assert claimed_ids(store, 1) == []

    def test_workers_side_by_side_never_claim_the_same_row(self, store: Store, reopen: Reopen) -> None:
        rows = [a_row(setup=a_setup(service=f"s{i}", port=8000 + i)) for i in range(20)]
        given(store, *rows)
        seen: list[str] = []
        stores = [reopen(f"worker-{i}") for i in range(4)]

        def work(mine: Store) -> None:
            for _ in range(10):
                with mine.begin() as tx:
                    seen.extend(row.id for row in tx.claim_due(at(0), LEASE_S, 3))

        threads = [threading.Thread(target=work, args=(one,)) for one in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == sorted(row.id for row in rows)

    def test_commands_wait_in_the_order_they_were_asked(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        edit = replace(a_command(CommandKind.EDIT, by="bob", reason="too fast"), plan=a_plan(100, 10_000))
        with store.begin() as tx:
            first = tx.add_command(row.id, a_command(CommandKind.PAUSE))
            second = tx.add_command(row.id, edit)

        with store.read() as tx:
            pending = tx.pending_commands(row.id)
        assert [(one.id, one.rollout_id) for one in pending] == [(first, row.id), (second, row.id)]
        assert [one.command for one in pending] == [a_command(CommandKind.PAUSE), edit]

    def test_a_command_is_answered_once(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        with store.begin() as tx:
            taken, refused = (tx.add_command(row.id, a_command()) for _ in range(2))
            assert tx.command_refusal(taken) == (False, None)
            tx.finish_command(taken, None)
            tx.finish_command(refused, "it is paused already")
            tx.finish_command(refused, None)

        with store.read() as tx:
            assert tx.command_refusal(taken) == (True, None)
            assert tx.command_refusal(refused) == (True, "it is paused already")
            assert list(tx.pending_commands(row.id)) == []

    def test_a_command_still_waiting_when_a_rollout_finishes_is_refused(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        with store.begin() as tx:
            command = tx.add_command(row.id, a_command(CommandKind.SKIP))
        finish(store, row, Phase.ROLLED_BACK)

        with store.read() as tx:
            assert tx.command_refusal(command) == (True, "the rollout has finished (rolled-back)")

    def test_a_finished_rollout_takes_no_command(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        finish(store, row)

        with pytest.raises(IllegalMoveError, match="has finished"), store.begin() as tx:
            tx.add_command(row.id, a_command(CommandKind.ABORT))

    def test_a_command_to_an_unknown_rollout_is_refused(self, store: Store) -> None:
        with pytest.raises(NotFoundError), store.begin() as tx:
            tx.add_command(a_rollout_id(), a_command())

    def test_an_unknown_command_has_no_answer(self, store: Store) -> None:
        with store.begin() as tx:
            with pytest.raises(NotFoundError):
                tx.command_refusal(12_345)
            with pytest.raises(NotFoundError):
                tx.finish_command(12_345, None)
