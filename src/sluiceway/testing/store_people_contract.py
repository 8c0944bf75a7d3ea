"""The part of the store contract about accounts, grants, absences, sessions and the owners of tokens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from sluiceway.domain.people.model import Absence, Grant
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.people import AccountRow, SessionRow
from sluiceway.ports.points import TokenRow
from sluiceway.ports.store import Store
from sluiceway.testing.builders import an_audit_entry, at

HOSTILE = "'; DROP TABLE accounts; -- <script>alert(1)</script> \x00 日本"


def an_account(name: str = "ada") -> AccountRow:
    return AccountRow(name, "Ada", "ada@example.org", "hash", at(0), "root")


def a_session(key: str = "aa", *, account: str = "ada", expires: float = 100.0) -> SessionRow:
    return SessionRow(key * 32, account, at(0), at(expires), at(0), "curl")


def put_accounts(store: Store, *names: str) -> None:
    with store.begin() as tx:
        for name in names:
            tx.add_account(an_account(name))


class StorePeopleContract:
    def test_a_fresh_store_has_no_accounts(self, store: Store) -> None:
        with store.read() as tx:
            assert not tx.has_accounts()
            assert tx.get_account("ada") is None
            assert list(tx.list_accounts()) == []

    def test_an_account_is_read_as_it_was_added(self, store: Store) -> None:
        row = replace(an_account(), zone="Europe/Berlin", disabled_at=at(7))
        with store.begin() as tx:
            tx.add_account(row)
            tx.add_account(an_account("aaron"))

        with store.read() as tx:
            assert tx.has_accounts()
            assert tx.get_account("ada") == row
            assert [account.name for account in tx.list_accounts()] == ["aaron", "ada"]
            assert tx.disabled_accounts() == {"ada"}

    def test_a_name_is_taken_once(self, store: Store) -> None:
        put_accounts(store, "ada")

        with pytest.raises(ConflictError, match="there is an account ada already"), store.begin() as tx:
            tx.add_account(an_account())

    def test_of_two_first_accounts_at_once_the_trail_s_lock_lets_one_know_of_the_other(
        self, store: Store, reopen: Callable[[str], Store]
    ) -> None:
        """What `services.accounts` relies on: whoever appended to the trail sees every account."""
        others = reopen("other")
        have_begun = threading.Barrier(2)
        seen: list[bool] = []

        def first(own: Store, name: str) -> None:
            have_begun.wait(20)
            with own.begin() as tx:
                tx.append_audit(an_audit_entry())
                seen.append(tx.has_accounts())
                tx.add_account(an_account(name))

        people = [
            threading.Thread(target=first, args=(own, name))
            for own, name in [(store, "ada"), (others, "bob")]
        ]
        for person in people:
            person.start()
        for person in people:
            person.join(30)

        assert sorted(seen) == [False, True]

    def test_saving_replaces_all_but_the_name(self, store: Store) -> None:
        put_accounts(store, "ada")
        changed = replace(an_account(), title=HOSTILE.replace("\x00", ""), password="new", disabled_at=at(3))
        with store.begin() as tx:
            tx.save_account(replace(changed, title=HOSTILE))

        with store.read() as tx:
            assert tx.get_account("ada") == changed

    def test_an_account_that_never_was_can_not_be_saved(self, store: Store) -> None:
        with pytest.raises(NotFoundError, match="there is no account 'ada'"), store.begin() as tx:
            tx.save_account(an_account())

    def test_grants_are_found_by_account_and_by_what_they_hold_for(self, store: Store) -> None:
        put_accounts(store, "ada", "bob")
        everywhere, here, there = (
            Grant("ada", "admin"),
            Grant("bob", "qa", "shop"),
            Grant("bob", "qa", "till"),
        )
        with store.begin() as tx:
            assert all(tx.add_grant(grant, at(0), "root") for grant in (everywhere, here, there))
            assert not tx.add_grant(here, at(9), "eve")

        with store.read() as tx:
            assert list(tx.grants()) == [everywhere, here, there]
            assert list(tx.grants(account="bob")) == [here, there]
            assert list(tx.grants(service="shop")) == [everywhere, here]
            assert set(tx.service_grants(("shop", "nowhere"))) == {everywhere, here}
            assert list(tx.grants(account="bob", service="shop")) == [here]

    def test_a_grant_is_taken_back_once(self, store: Store) -> None:
        put_accounts(store, "ada")
        with store.begin() as tx:
            tx.add_grant(Grant("ada", "qa", "shop"), at(0), "root")
            assert not tx.remove_grant(Grant("ada", "qa"))
            assert tx.remove_grant(Grant("ada", "qa", "shop"))
            assert not tx.remove_grant(Grant("ada", "qa", "shop"))
            assert list(tx.grants()) == []

    def test_an_absence_replaces_the_one_before_it(self, store: Store) -> None:
        put_accounts(store, "ada", "bob")
        with store.begin() as tx:
            tx.set_absence(Absence("bob", at(0), at(9)))
            tx.set_absence(Absence("ada", at(0), at(5), "bob"))
            tx.set_absence(Absence("ada", at(1), at(6), "bob"))

        with store.begin() as tx:
            assert list(tx.absences()) == [Absence("ada", at(1), at(6), "bob"), Absence("bob", at(0), at(9))]
            assert tx.clear_absence("ada")
            assert not tx.clear_absence("ada")

    def test_a_session_is_read_as_it_was_added_and_its_use_noted_to_the_minute(self, store: Store) -> None:
        put_accounts(store, "ada")
        row = a_session()
        with store.begin() as tx:
            tx.add_session(row)
            tx.note_session_use(row.sha256, at(59))
        with store.read() as tx:
            assert tx.get_session(row.sha256) == row
            assert tx.get_session("bb" * 32) is None

        with store.begin() as tx:
            tx.note_session_use(row.sha256, at(60))
        with store.read() as tx:
            assert tx.get_session(row.sha256) == replace(row, used_at=at(60))

    def test_sessions_end_one_by_one_by_account_and_by_time(self, store: Store) -> None:
        put_accounts(store, "ada", "bob")
        with store.begin() as tx:
            for key, account, expires in (("aa", "ada", 50), ("bb", "ada", 100), ("cc", "bob", 200)):
                tx.add_session(a_session(key, account=account, expires=expires))
            assert tx.prune_sessions(at(51)) == 1
            assert tx.end_session("cc" * 32)
            assert not tx.end_session("cc" * 32)
            tx.add_session(a_session("dd"))
            assert tx.end_sessions("ada") == 2
            assert tx.end_sessions("ada") == 0

    def test_a_token_keeps_whose_it_is_what_it_may_and_until_when(self, store: Store) -> None:
        row = replace(
            TokenRow("ci", "cd" * 32, "shop", at(0), "ada"),
            account="ada",
            scopes="read rollout",
            expires_at=at(90),
        )
        with store.begin() as tx:
            tx.add_token(row)

        with store.read() as tx:
            assert tx.get_token("ci") == row
