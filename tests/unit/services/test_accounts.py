"""Accounts: the first one, roles, absences, passwords; and who may change them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from sluiceway.domain.people.model import Principal
from sluiceway.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RuleError,
    SluicewayError,
    TooManyAttemptsError,
    UnauthorisedError,
)
from sluiceway.services.accounts import AccountService
from sluiceway.services.attempts import MOST_PER_ACCOUNT
from tests.unit.services.desk import ADA, PASSWORD, Office

NEW_PASSWORD = "entirely different words"


@pytest.fixture
def accounts(office: Office) -> AccountService:
    return office.services.accounts


def test_the_first_account_is_an_administrator_and_ends_the_open_days(
    accounts: AccountService, office: Office
) -> None:
    made = accounts.create_first_here("rosa", PASSWORD, "somebody", contact="rosa@example.org")

    assert [(grant.role, grant.service) for grant in made.grants] == [("admin", "*")]
    assert (made.created_by, made.contact, made.has_password) == ("somebody", "rosa@example.org", True)
    assert office.services.sessions.has_accounts()
    assert office.trail() == [
        ("accounts-begin", "account:rosa", "somebody"),
        ("account-created", "account:rosa", "somebody"),
        ("role-granted", "account:rosa", "somebody"),
    ]


def test_there_is_one_first_account(accounts: AccountService, office: Office) -> None:
    accounts.create_first_here("rosa", PASSWORD, "somebody")

    with pytest.raises(ConflictError, match="there are accounts already"):
        accounts.create_first_here("eve", PASSWORD, "eve")
    assert [kind for kind, _, _ in office.trail()].count("accounts-begin") == 1


def test_of_two_first_accounts_at_the_same_moment_one_comes_to_be(
    accounts: AccountService, office: Office
) -> None:
    together = threading.Barrier(2, timeout=20)
    refused: list[str] = []

    def hurry(name: str) -> None:
        together.wait()
        try:
            accounts.create_first_here(name, PASSWORD, name)
        except ConflictError:
            refused.append(name)

    people = [threading.Thread(target=hurry, args=(name,)) for name in ("ada", "bob")]
    for person in people:
        person.start()
    for person in people:
        person.join(20)

    assert len(refused) == 1
    (left,) = {"ada", "bob"} - {*refused}
    assert [one.name for one in accounts.list(office.log_in(left))] == [left]


def test_the_first_account_is_not_made_through_the_open_server(accounts: AccountService) -> None:
    with pytest.raises(ForbiddenError, match="the first account is made on the server's machine"):
        accounts.create("eve", PASSWORD, ADA, admin=True)
    assert not accounts.exist()


def test_an_administrator_makes_accounts_with_and_without_a_password(
    accounts: AccountService, office: Office
) -> None:
    rosa = office.set_up_accounts()

    ada = accounts.create("ada", PASSWORD, rosa, title="Ada Lovelace", contact="ada@example.org")
    bot = accounts.create("bot", "", rosa)
    deputy = accounts.create("deputy", PASSWORD, rosa, admin=True)

    assert (ada.title, ada.contact, ada.has_password, ada.grants) == (
        "Ada Lovelace",
        "ada@example.org",
        True,
        (),
    )
    assert (bot.title, bot.has_password) == ("bot", False)
    assert [(grant.role, grant.service) for grant in deputy.grants] == [("admin", "*")]
    assert [one.name for one in accounts.list(rosa)] == ["ada", "bot", "deputy", "rosa"]
    with pytest.raises(ConflictError, match="there is an account ada already"):
        accounts.create("ada", PASSWORD, rosa)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("Ada", PASSWORD, ""), "the account's name is 'Ada'"),
        (("ada", "short", ""), "the password has 5 characters"),
        (("ada", PASSWORD, "a\nb"), "title is"),
        (("ada", PASSWORD, "x" * 201), "title is"),
    ],
)
def test_an_account_that_won_t_do_is_told_why(
    accounts: AccountService, office: Office, given: tuple[str, str, str], words: str
) -> None:
    rosa = office.set_up_accounts()
    name, password, title = given

    with pytest.raises(InvalidInputError, match=words):
        accounts.create(name, password, rosa, title=title)


ACTS: list[Callable[[AccountService, Principal], object]] = [
    lambda accounts, by: accounts.create("new", PASSWORD, by),
    lambda accounts, by: accounts.list(by),
    lambda accounts, by: accounts.disable("bob", by),
    lambda accounts, by: accounts.enable("bob", by),
    lambda accounts, by: accounts.set_password("bob", NEW_PASSWORD, by),
    lambda accounts, by: accounts.grant("bob", "viewer", "*", by),
    lambda accounts, by: accounts.grant("bob", "viewer", "till", by),
    lambda accounts, by: accounts.revoke("bob", "viewer", "*", by),
    lambda accounts, by: accounts.back("bob", by),
]


@pytest.mark.parametrize("act", ACTS)
def test_accounts_of_others_are_an_administrator_s_business(
    accounts: AccountService, office: Office, act: Callable[[AccountService, Principal], object]
) -> None:
    office.person("bob", "viewer")
    before = office.trail()

    with pytest.raises(ForbiddenError, match="ada may not admin"):
        act(accounts, office.person("ada", "operator", "viewer", "admin@checkout"))
    assert [one for one in office.trail()[len(before) :] if one[1] == "account:bob"] == []


def test_a_service_s_administrator_grants_roles_for_that_service(
    accounts: AccountService, office: Office
) -> None:
    lead = office.person("lead", "admin@checkout")
    office.person("bob")

    granted = accounts.grant("bob", "operator", "checkout", lead)

    assert [(grant.role, grant.service) for grant in granted.grants] == [("operator", "checkout")]


def test_a_role_that_no_process_knows_is_refused_with_the_nearest_one(
    accounts: AccountService, office: Office
) -> None:
    rosa = office.set_up_accounts()
    office.put_process("checkout")
    office.person("bob")

    with pytest.raises(InvalidInputError, match=r"no role of the process of checkout.*mean qa-lead\?"):
        accounts.grant("bob", "qa-laed", "checkout", rosa)
    with pytest.raises(InvalidInputError, match="no role of any process"):
        accounts.grant("bob", "janitor", "*", rosa)
    with pytest.raises(InvalidInputError, match="service is ''"):
        accounts.grant("bob", "viewer", "", rosa)
    assert accounts.grant("bob", "qa-lead", "*", rosa).grants[0].role == "qa-lead"
    assert accounts.grant("bob", "cto", "not-there-yet", rosa).grants[1].role == "cto"


def test_a_role_granted_twice_is_granted_and_noted_once(accounts: AccountService, office: Office) -> None:
    rosa = office.set_up_accounts()
    office.person("bob")
    for _ in range(2):
        granted = accounts.grant("bob", "viewer", "*", rosa)

    assert len(granted.grants) == 1
    assert office.trail().count(("role-granted", "account:bob", "rosa")) == 1


def test_a_role_is_taken_back_as_it_was_granted(accounts: AccountService, office: Office) -> None:
    rosa = office.set_up_accounts()
    office.person("bob", "viewer", "operator@checkout")

    with pytest.raises(NotFoundError, match="not granted viewer for checkout; granted: viewer for every"):
        accounts.revoke("bob", "viewer", "checkout", rosa)
    left = accounts.revoke("bob", "viewer", "*", rosa)

    assert [(grant.role, grant.service) for grant in left.grants] == [("operator", "checkout")]
    assert ("role-revoked", "account:bob", "rosa") in office.trail()


@pytest.mark.parametrize(
    "act",
    [
        lambda accounts, by: accounts.disable("rosa", by),
        lambda accounts, by: accounts.revoke("rosa", "admin", "*", by),
    ],
)
def test_the_last_administrator_stays(
    accounts: AccountService, office: Office, act: Callable[[AccountService, Principal], object]
) -> None:
    rosa = office.set_up_accounts()
    deputy = accounts.create("deputy", PASSWORD, rosa, admin=True)
    accounts.disable("deputy", rosa)

    with pytest.raises(RuleError, match="rosa is the last administrator"):
        act(accounts, rosa)
    assert office.log_in("rosa").is_admin

    accounts.enable("deputy", rosa)
    act(accounts, rosa)
    assert deputy.name == "deputy"


def test_an_unknown_account_is_told_of(accounts: AccountService, office: Office) -> None:
    rosa = office.set_up_accounts()

    acts: list[Callable[[], object]] = [
        lambda: accounts.disable("nobody", rosa),
        lambda: accounts.enable("nobody", rosa),
        lambda: accounts.grant("nobody", "viewer", "*", rosa),
        lambda: accounts.revoke("nobody", "viewer", "*", rosa),
        lambda: accounts.set_password("nobody", NEW_PASSWORD, rosa),
        lambda: accounts.back("nobody", rosa),
        lambda: accounts.replace_password_here("nobody", NEW_PASSWORD, "somebody"),
    ]
    for act in acts:
        with pytest.raises(NotFoundError, match="there is no account 'nobody'"):
            act()


def test_one_s_own_password_takes_the_current_one(accounts: AccountService, office: Office) -> None:
    ada = office.person("ada")

    with pytest.raises(ForbiddenError, match="the current password is wrong; nothing has changed"):
        accounts.set_password("ada", NEW_PASSWORD, ada, current="wrong password entirely")
    accounts.set_password("ada", NEW_PASSWORD, ada, current=PASSWORD)

    with pytest.raises(UnauthorisedError):
        office.session_key("ada", PASSWORD)
    assert office.session_key("ada", NEW_PASSWORD)


def test_a_stolen_session_can_not_guess_the_password_for_ever(
    accounts: AccountService, office: Office
) -> None:
    ada = office.person("ada")
    for _ in range(MOST_PER_ACCOUNT):
        with pytest.raises(ForbiddenError):
            accounts.set_password("ada", NEW_PASSWORD, ada, current="wrong password entirely")

    with pytest.raises(TooManyAttemptsError):
        accounts.set_password("ada", NEW_PASSWORD, ada, current=PASSWORD)


def test_an_administrator_replaces_another_s_password_without_the_current_one(
    accounts: AccountService, office: Office
) -> None:
    rosa = office.set_up_accounts()
    office.person("ada")
    accounts.set_password("ada", NEW_PASSWORD, rosa)

    assert office.session_key("ada", NEW_PASSWORD)
    with pytest.raises(InvalidInputError, match="the password has 5 characters"):
        accounts.set_password("ada", "short", rosa)


def test_a_lost_password_is_replaced_by_whoever_holds_the_data_in_hand(
    accounts: AccountService, office: Office
) -> None:
    office.set_up_accounts()
    accounts.replace_password_here("rosa", NEW_PASSWORD, "somebody")

    assert office.session_key("rosa", NEW_PASSWORD)
    assert ("password-changed", "account:rosa", "somebody") in office.trail()


def test_a_token_changes_neither_password_nor_absence_of_its_owner(
    accounts: AccountService, office: Office
) -> None:
    office.set_up_accounts()
    token = Principal("ada", office.person("ada", "viewer").grants, through="ci")
    until = office.clock.wall() + timedelta(days=1)

    with pytest.raises(ForbiddenError, match="the token ci can't change a password"):
        accounts.set_password("ada", NEW_PASSWORD, token, current=PASSWORD)
    with pytest.raises(ForbiddenError, match="the token ci of ada may not admin"):
        accounts.away("ada", until, token)


def test_an_absence_is_noted_by_oneself_and_ended(accounts: AccountService, office: Office) -> None:
    ada, now = office.person("ada"), office.clock.wall()
    office.person("bob")
    until = now + timedelta(days=14)

    away = accounts.away("ada", until, ada, alternate="bob").away

    assert away is not None
    assert (away.first, away.until, away.alternate) == (now, until, "bob")
    assert accounts.back("ada", ada).away is None
    assert [kind for kind, subject, _ in office.trail() if subject == "account:ada"][-2:] == ["away", "back"]


def test_an_absence_that_won_t_do_is_told_why(accounts: AccountService, office: Office) -> None:
    rosa = office.set_up_accounts()
    ada, now = office.person("ada"), office.clock.wall()
    office.person("gone")
    accounts.disable("gone", rosa)
    day = timedelta(days=1)

    problems: list[tuple[Callable[[], object], type[SluicewayError], str]] = [
        (lambda: accounts.away("ada", now, ada), InvalidInputError, "that is past"),
        (lambda: accounts.away("ada", now + day, ada, first=now + day), InvalidInputError, "not after"),
        (lambda: accounts.away("ada", now + day, ada, alternate="ada"), InvalidInputError, "can't stand in"),
        (lambda: accounts.away("ada", now + day, ada, alternate="gone"), InvalidInputError, "can't stand in"),
        (lambda: accounts.away("ada", now + day, ada, alternate="nobody"), NotFoundError, "no account"),
        (lambda: accounts.away("rosa", now + day, ada), ForbiddenError, "ada may not admin"),
    ]
    for act, error, words in problems:
        with pytest.raises(error, match=words):
            act()
    assert accounts.list(rosa)[0].away is None


def test_an_account_that_was_disabled_gets_its_roles_back(accounts: AccountService, office: Office) -> None:
    rosa = office.set_up_accounts()
    office.person("ada", "viewer")
    accounts.disable("ada", rosa)
    with pytest.raises(UnauthorisedError):
        office.session_key("ada")

    accounts.enable("ada", rosa)
    accounts.enable("ada", rosa)

    assert office.log_in("ada").roles_for("checkout") == {"viewer"}
    kinds = [kind for kind, subject, _ in office.trail() if subject == "account:ada"]
    assert kinds.count("account-disabled") == kinds.count("account-enabled") == 1
