"""The part of the store contract about feature flags, their history, proposals and reports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from sluiceway.domain.approvals.model import Ballot, Vote, VoteKind
from sluiceway.domain.flags.proposals import ItemEdit, ItemKind, Proposal, ProposalState
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.flags import AssignmentRow, FlagRow, FlagVersionRow, LastUse, ProposalRow, UsageRow
from sluiceway.ports.store import Store, Transaction
from sluiceway.testing.builders import at

SET = ("checkout", "production")
FLAG, SEGMENT = ItemKind.FLAG, ItemKind.SEGMENT


def a_flag_row(item: str, *, version: int = 1, document: str = "{}", kind: ItemKind = FLAG) -> FlagRow:
    return FlagRow(*SET, kind, item, version, document, at(version), "ann")


def put(store: Store, *rows: FlagRow) -> None:
    """Save rows as the version of the set that the first of them says."""
    with store.begin() as tx:
        put_in(tx, *rows)


def put_in(tx: Transaction, *rows: FlagRow) -> None:
    tx.lock_flag_set(*SET)
    tx.save_flag_rows(*SET, rows[0].version, rows)


def a_version(item: str, *, environment: str = SET[1], kind: ItemKind = FLAG) -> FlagVersionRow:
    return FlagVersionRow(
        seq=0,
        service=SET[0],
        environment=environment,
        kind=kind,
        id=item,
        version=1,
        act="flag-edited",
        at=at(1),
        by="ann",
        why="because",
        before="{}",
        after='{"id":"x"}',
        lines=("turned on", "owner ann -> bob"),
    )


def a_proposal(proposal_id: str = "p1", *, service: str = SET[0]) -> Proposal:
    edit = ItemEdit(FLAG, "new", 3, "{}", '{"id":"new"}')
    return Proposal(
        id=proposal_id,
        service=service,
        environment=SET[1],
        act="flag-edited",
        edits=(edit,),
        lines=("new: turned on",),
        by="ann",
        at=at(0),
        why="",
        policy="leads",
        ballot=Ballot("leads", (Vote("bob", VoteKind.APPROVE, at(1), "ab" * 32),)),
    )


class StoreFlagsContract:
    def test_a_set_comes_back_as_it_was_saved_and_only_what_changed_since(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.lock_flag_set(*SET) == 0
        first, beta = a_flag_row("new"), a_flag_row("beta", kind=SEGMENT)
        put(store, first, beta)
        gone = a_flag_row("new", version=2, document="")
        put(store, gone)

        with store.read() as tx:
            assert tx.flag_set_versions("checkout") == {SET: 2}
            assert tx.flag_set_versions("search") == {}
            assert tx.flag_rows(*SET, after=0) == [gone, beta]
            assert tx.flag_rows(*SET, after=1) == [gone]
            assert tx.flag_rows("checkout", "staging", after=0) == []
            assert tx.get_flag_row(*SET, SEGMENT, "beta") == beta
            assert tx.get_flag_row(*SET, FLAG, "beta") is None

    def test_writers_of_one_set_come_one_after_the_other(
        self, store: Store, reopen: Callable[[str], Store]
    ) -> None:
        stores = [store, reopen("another")]

        def count_up(own: Store) -> None:
            for _ in range(5):
                with own.begin() as tx:
                    version = tx.lock_flag_set(*SET) + 1
                    tx.save_flag_rows(*SET, version, [a_flag_row("new", version=version)])

        threads = [threading.Thread(target=count_up, args=(own,)) for own in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        with store.read() as tx:
            assert tx.flag_set_versions() == {SET: 10}

    def test_a_change_that_is_rolled_back_leaves_the_set_as_it_was(self, store: Store) -> None:
        put(store, a_flag_row("new"))

        def change_and_fail() -> None:
            with store.begin() as tx:
                put_in(tx, a_flag_row("new", version=2, document="other"))
                tx.get_proposal("none")  # whatever raises

        with pytest.raises(NotFoundError):
            change_and_fail()

        with store.read() as tx:
            assert tx.flag_set_versions() == {SET: 1}
            assert tx.flag_rows(*SET, after=0) == [a_flag_row("new")]

    def test_history_is_kept_newest_first_and_narrowed_as_asked(self, store: Store) -> None:
        with store.begin() as tx:
            tx.add_flag_versions(
                [a_version("new"), a_version("old"), a_version("new", environment="staging")]
            )
            tx.add_flag_versions([replace(a_version("beta", kind=SEGMENT), undoes=1)])

        with store.read() as tx:
            every = tx.flag_versions("checkout", limit=9)
            assert [row.id for row in every] == ["beta", "new", "old", "new"]
            assert every[0].undoes == 1
            assert every[2] == replace(a_version("old"), seq=every[2].seq)
            assert tx.get_flag_version("checkout", every[2].seq) == every[2]
            assert [row.seq for row in tx.flag_versions("checkout", item="new", limit=9)] == [
                every[1].seq,
                every[3].seq,
            ]
            narrowed = tx.flag_versions("checkout", environment="production", kind=FLAG, limit=1)
            assert [row.id for row in narrowed] == ["old"]
            assert tx.flag_versions("checkout", before=every[3].seq, limit=9) == []
            with pytest.raises(NotFoundError, match="search has no change of a flag"):
                tx.get_flag_version("search", every[0].seq)

    def test_a_proposal_is_saved_by_whoever_saw_its_last_version(self, store: Store) -> None:
        with store.begin() as tx:
            tx.add_proposal(a_proposal())
            tx.add_proposal(a_proposal("p2", service="search"))
        settled = replace(a_proposal(), state=ProposalState.APPLIED, settled_at=at(5), settled_by="approval")
        with store.begin() as tx:
            row = tx.get_proposal("p1")
            assert row == ProposalRow(a_proposal(), 1)
            assert tx.save_proposal(row, settled) == 2
        with pytest.raises(ConflictError, match="changed by somebody else"), store.begin() as tx:
            tx.save_proposal(row, settled)

        with store.read() as tx:
            waiting = tx.list_proposals(None, state=ProposalState.WAITING, limit=9)
            assert [one.proposal.id for one in waiting] == ["p2"]
            assert tx.list_proposals({"checkout"}, state=None, limit=9) == [ProposalRow(settled, 2)]
            with pytest.raises(NotFoundError, match="no proposed change of flags 'p3'"):
                tx.get_proposal("p3")

    def test_what_a_file_said_is_kept_until_it_says_no_more(self, store: Store) -> None:
        with store.begin() as tx:
            tx.save_applied_flags(*SET, [(FLAG, "new", "1"), (FLAG, "old", "1"), (SEGMENT, "new", "2")])
            tx.save_applied_flags(*SET, [(FLAG, "new", "3"), (FLAG, "old", "")])

        with store.read() as tx:
            assert tx.applied_flags(*SET) == {(FLAG, "new"): "3", (SEGMENT, "new"): "2"}
            assert tx.applied_flags("checkout", "staging") == {}

    def test_a_batch_is_taken_once(self, store: Store) -> None:
        with store.begin() as tx:
            assert tx.take_batch(*SET, "b1", at(0))
        with store.begin() as tx:
            assert not tx.take_batch(*SET, "b1", at(9))
            assert tx.take_batch("checkout", "staging", "b1", at(9))

    def test_usage_adds_up_by_the_hour(self, store: Store) -> None:
        first = UsageRow("new", "on", 7, 2, at(10), at(20))
        with store.begin() as tx:
            assert tx.flag_usage_began(*SET) is None
            tx.add_usage(*SET, [first, UsageRow("new", "off", 8, 1, at(30), at(30))])
            tx.add_usage(*SET, [replace(first, count=3, first_at=at(5), last_at=at(15))])

        with store.read() as tx:
            assert tx.flag_usage(*SET, flag="new") == [
                UsageRow("new", "on", 7, 5, at(5), at(20)),
                UsageRow("new", "off", 8, 1, at(30), at(30)),
            ]
            assert [row.hour for row in tx.flag_usage(*SET, since_hour=8)] == [8]
            assert tx.last_uses(*SET) == [LastUse("new", "off", 1, at(30)), LastUse("new", "on", 5, at(20))]
            assert tx.flag_usage_began(*SET) == at(5)

    def test_who_is_seen_with_two_variants_is_mixed_and_the_first_counts(self, store: Store) -> None:
        ann, bob = (AssignmentRow("exp", name, "a", at(1)) for name in ("ann", "bob"))
        with store.begin() as tx:
            assert tx.add_assignments(*SET, [ann, bob], limit=9) == 0
            later = replace(ann, variant="b", first_at=at(5))
            again = replace(bob, first_at=at(9))
            assert tx.add_assignments(*SET, [later, again], limit=9) == 0

        with store.read() as tx:
            assert tx.assignments(*SET, "exp", limit=9) == [replace(ann, is_mixed=True), bob]
            assert tx.assignments(*SET, "exp", after="ann", limit=9) == [bob]

    def test_no_more_take_part_than_fit(self, store: Store) -> None:
        rows = [AssignmentRow("exp", f"{number}", "a", at(number)) for number in range(5)]
        with store.begin() as tx:
            assert tx.add_assignments(*SET, rows[:2], limit=3) == 0
            assert tx.add_assignments(*SET, rows, limit=3) == 2

        with store.read() as tx:
            assert len(tx.assignments(*SET, "exp", limit=9)) == 3

    def test_old_reports_are_forgotten_a_few_at_a_time(self, store: Store) -> None:
        with store.begin() as tx:
            for number in range(3):
                tx.take_batch(*SET, f"b{number}", at(number))
            hours = [UsageRow("new", "on", hour, 1, at(0), at(0)) for hour in (1, 2, 3)]
            tx.add_usage(*SET, hours)
        with store.begin() as tx:
            pruned = tx.prune_flag_reports(batches_before=at(2), hours_before=3, limit=1)
            assert pruned == 2
            pruned = tx.prune_flag_reports(batches_before=at(2), hours_before=3, limit=9)
            assert pruned == 2

        with store.read() as tx:
            assert [row.hour for row in tx.flag_usage(*SET)] == [3]
