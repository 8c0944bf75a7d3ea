"""Logging in, being known, and how a session ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sluiceway.domain.people.model import Grant, open_principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import InvalidInputError, StoreError, TooManyAttemptsError, UnauthorisedError
from sluiceway.services.accounts import AccountService
from sluiceway.services.attempts import MOST_PER_ACCOUNT
from sluiceway.services.sessions import IDLE_S, LASTS_S, Credentials, SessionService
from sluiceway.testing.fake_passwords import FakePasswords
from tests.unit.services.desk import PASSWORD, Office

NEW_PASSWORD = "entirely different words"


def is_known(office: Office, key: str) -> bool:
    try:
        office.services.sessions.identify(Credentials(key=key))
    except UnauthorisedError:
        return False
    return True


def log_in(office: Office, name: str, password: str) -> str:
    return office.services.sessions.log_in(name, password, address="192.0.2.1", agent="test").key


def test_without_accounts_everybody_is_who_they_say(office: Office) -> None:
    found = office.services.sessions.identify(
        Credentials(key="nonsense", authorization="Bearer nonsense", claimed="ada")
    )

    assert found == open_principal("ada")


def test_without_accounts_nobody_needs_to_log_in(office: Office) -> None:
    with pytest.raises(InvalidInputError, match="nobody needs to log in"):
        log_in(office, "ada", PASSWORD)


def test_with_accounts_a_stranger_is_refused_whoever_they_say_they_are(office: Office) -> None:
    office.set_up_accounts()

    with pytest.raises(UnauthorisedError, match="nobody is let in without a login"):
        office.services.sessions.identify(Credentials(claimed="rosa"))


def test_whoever_logged_in_is_known_by_their_key_with_the_roles_they_have_now(office: Office) -> None:
    rosa = office.set_up_accounts()
    office.person("ada", "viewer")
    key = office.session_key("ada")
    office.services.accounts.grant("ada", "operator", "checkout", rosa)

    found = office.services.sessions.identify(Credentials(key=key, claimed="somebody else"))

    assert found.name == "ada"
    assert found.grants == (Grant("ada", "viewer", "*"), Grant("ada", "operator", "checkout"))
    assert not found.is_open


def test_a_session_s_key_is_nowhere_in_the_database(office: Office, tmp_path: Path) -> None:
    office.set_up_accounts()
    key = office.session_key("rosa")
    office.store.close()

    written = b"".join(path.read_bytes() for path in tmp_path.glob("sluiceway.db*"))
    assert b"logged in from" in written
    assert key.encode() not in written
    assert PASSWORD.encode() not in written
    assert len(key) >= 43  # 256 bits


def test_a_session_ends_when_it_is_not_used_for_twelve_hours(office: Office) -> None:
    office.set_up_accounts()
    key = office.session_key("rosa")
    for _ in range(3):
        office.clock.advance(IDLE_S - 120)
        assert is_known(office, key)

    office.clock.advance(IDLE_S + 60)

    assert not is_known(office, key)


def test_a_session_ends_after_seven_days_however_much_it_is_used(office: Office) -> None:
    office.set_up_accounts()
    key = office.session_key("rosa")
    for _ in range(int(LASTS_S / 3_600) - 1):
        office.clock.advance(3_600)
        assert is_known(office, key)

    office.clock.advance(3_600)

    assert not is_known(office, key)


def test_logging_out_ends_this_session_and_no_other(office: Office) -> None:
    rosa = office.set_up_accounts()
    first, second = office.session_key("rosa"), office.session_key("rosa")

    office.services.sessions.log_out(first, rosa)

    assert [is_known(office, key) for key in (first, second)] == [False, True]


def test_every_session_ends_when_the_account_is_disabled_or_its_password_changes(office: Office) -> None:
    rosa = office.set_up_accounts()
    ada = office.person("ada")
    keys = [office.session_key("ada") for _ in range(2)]
    office.services.accounts.set_password("ada", NEW_PASSWORD, ada, current=PASSWORD)
    assert [is_known(office, key) for key in keys] == [False, False]

    later = log_in(office, "ada", NEW_PASSWORD)
    office.services.accounts.disable("ada", rosa)
    assert not is_known(office, later)
    office.services.accounts.enable("ada", rosa)
    assert not is_known(office, later)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ada", "wrong password entirely"),
        ("nobody", PASSWORD),
        ("", ""),
        ("bot", ""),
        ("gone", PASSWORD),
        ("ada", PASSWORD + "\x00"),
        ("\ud800", PASSWORD),
    ],
)
def test_a_wrong_login_is_told_the_same_words_whatever_is_wrong(
    office: Office, name: str, password: str
) -> None:
    rosa = office.set_up_accounts()
    office.person("ada")
    office.services.accounts.create("bot", "", rosa)
    office.person("gone")
    office.services.accounts.disable("gone", rosa)

    with pytest.raises(UnauthorisedError) as caught:
        log_in(office, name, password)

    assert str(caught.value) == "the name or the password is wrong"


def test_an_unknown_name_is_worked_on_as_hard_as_a_known_one(office: Office) -> None:
    asked: list[str] = []

    class Watched(FakePasswords):
        def is_right(self, kept: str, password: str) -> bool:
            asked.append(kept)
            return super().is_right(kept, password)

    office.set_up_accounts()
    sessions = SessionService(office.store, office.clock, Watched(), office.services.tokens)
    for name in ("rosa", "nobody"):
        with pytest.raises(UnauthorisedError):
            sessions.log_in(name, "wrong password entirely", address="192.0.2.1", agent="")

    assert [bool(kept) for kept in asked] == [True, False]


def test_too_many_wrong_passwords_close_the_account_for_a_while_also_for_the_right_one(
    office: Office,
) -> None:
    office.set_up_accounts()
    for _ in range(MOST_PER_ACCOUNT):
        with pytest.raises(UnauthorisedError):
            log_in(office, "rosa", "wrong password entirely")

    with pytest.raises(TooManyAttemptsError, match="wait 15 min"):
        log_in(office, "rosa", PASSWORD)
    office.clock.advance(900)

    assert is_known(office, log_in(office, "rosa", PASSWORD))


def test_logins_and_failures_are_in_the_trail_without_what_a_stranger_typed(office: Office) -> None:
    office.set_up_accounts()
    before = len(office.trail())
    for name in ("rosa", "my secret password"):
        with pytest.raises(UnauthorisedError):
            log_in(office, name, "wrong password entirely")
    rosa = office.log_in("rosa")
    key = office.session_key("rosa")
    office.services.sessions.log_out(key, rosa)

    assert office.trail()[before:] == [
        ("login-failed", "account:rosa", "somebody"),
        ("login-failed", "account:?", "somebody"),
        ("login", "account:rosa", "rosa"),
        ("login", "account:rosa", "rosa"),
        ("logout", "account:rosa", "rosa"),
    ]


def test_a_login_renews_a_hash_that_was_made_with_older_parameters(office: Office) -> None:
    rosa = office.set_up_accounts()
    newer = FakePasswords(edition=2)
    sessions = SessionService(office.store, office.clock, newer, office.services.tokens)

    sessions.log_in("rosa", PASSWORD, address="192.0.2.1", agent="")

    with office.store.read() as tx:
        row = tx.get_account("rosa")
    assert row is not None
    assert not newer.is_outdated(row.password)
    assert AccountService(office.store, office.clock, newer).list(rosa)[0].has_password


def test_a_login_that_meets_a_password_change_is_refused(office: Office) -> None:
    office.set_up_accounts()

    class Overtaken(FakePasswords):
        def is_right(self, kept: str, password: str) -> bool:
            office.services.accounts.replace_password_here("rosa", NEW_PASSWORD, "somebody")
            return super().is_right(kept, password)

    sessions = SessionService(office.store, office.clock, Overtaken(), office.services.tokens)

    with pytest.raises(UnauthorisedError, match="the account changed while you logged in"):
        sessions.log_in("rosa", PASSWORD, address="192.0.2.1", agent="")


def test_a_disk_that_is_full_keeps_nobody_out(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.set_up_accounts()
    key = office.session_key("rosa")
    office.clock.advance(3_600)

    def is_full() -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(office.store, "begin", is_full)

    assert is_known(office, key)


def test_old_sessions_are_forgotten_when_somebody_logs_in(office: Office) -> None:
    office.set_up_accounts()
    office.session_key("rosa")
    office.clock.advance(LASTS_S + 1)
    office.session_key("rosa")

    with office.store.begin() as tx:
        assert tx.end_sessions("rosa") == 1


def test_whoami_says_what_the_server_knows(office: Office) -> None:
    ada = office.person("ada", "viewer", "operator@checkout")
    made = office.services.tokens.create("ci", "", ada, scopes=[Permission.READ], expires_s=60)
    token = office.services.tokens.authenticate(f"Bearer {made.token}")

    own, other = (office.services.sessions.whoami(one) for one in (ada, token))

    assert [(grant.role, grant.service) for grant in own.grants] == [
        ("viewer", "*"),
        ("operator", "checkout"),
    ]
    assert (own.is_open, own.is_admin, own.through, own.scopes) == (False, False, "", None)
    assert (other.name, other.through, other.scopes) == ("ada", "ci", ("read",))
    assert made.expires_at == office.clock.wall() + timedelta(seconds=60)
