"""Tokens: made once, checked without telling anything, revoked for good; each act is in the trail."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from sluiceway.domain.people.model import Grant, Principal, open_principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnauthorisedError,
)
from sluiceway.services.tokens import TokenService
from tests.unit.services.desk import ADA, BOB, Office

EVE = open_principal("eve")


@pytest.fixture
def tokens(office: Office) -> TokenService:
    return TokenService(office.store, office.clock)


def test_a_token_is_known_by_what_was_shown_once(tokens: TokenService) -> None:
    made = tokens.create("payments", "shop", ADA)

    sender = tokens.authenticate(f"Bearer {made.token}")

    assert made.token.startswith("sluice_payments_")
    assert (sender.name, sender.through, sender.services) == ("payments", "payments", frozenset({"shop"}))
    assert sender.scopes == frozenset({Permission.PUSH})


def test_two_tokens_differ_and_neither_is_in_the_database(
    tokens: TokenService, office: Office, tmp_path: Path
) -> None:
    first, second = tokens.create("a", "", ADA), tokens.create("b", "", ADA)
    secrets = [made.token.rpartition("_")[2] for made in (first, second)]
    office.store.close()

    assert len(set(secrets)) == 2
    written = b"".join(path.read_bytes() for path in tmp_path.glob("sluiceway.db*"))
    assert b"token-created" in written
    assert [secret for secret in secrets if secret.encode() in written] == []


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "a token is needed"),
        ("   ", "a token is needed"),
        ("Bearer", "is not Bearer and a token that begins with sluice_"),
        ("Basic {token}", "is not Bearer"),
        ("Bearer {token}0", "is not Bearer and a token"),
        ("Bearer sluice_payments_" + "0" * 64, "the token is wrong"),
        ("Bearer sluice_nobody_" + "0" * 64, "the token is wrong"),
        ("Bearer {other}", "the token is wrong"),
    ],
)
def test_what_is_no_valid_token_is_refused_and_told_how_to_get_one(
    tokens: TokenService, header: str, words: str
) -> None:
    made = tokens.create("payments", "", ADA).token
    other = made.replace("sluice_payments_", "sluice_orders_")
    tokens.create("orders", "", ADA)
    presented = header.format(token=made, other=other)

    with pytest.raises(UnauthorisedError, match=words) as caught:
        tokens.authenticate(presented)

    assert "`sluice token create NAME`" in str(caught.value)
    assert made.rpartition("_")[2] not in str(caught.value)


def test_the_scheme_may_be_written_in_any_case(tokens: TokenService) -> None:
    made = tokens.create("payments", "", ADA)

    assert tokens.authenticate(f"bearer  {made.token} ").name == "payments"


def test_a_revoked_token_is_refused_from_then_on(tokens: TokenService) -> None:
    made = tokens.create("payments", "", ADA)
    revoked = tokens.revoke("payments", BOB)

    with pytest.raises(UnauthorisedError, match="the token payments was revoked"):
        tokens.authenticate(f"Bearer {made.token}")
    assert revoked.revoked_by == "bob"
    assert tokens.revoke("payments", EVE) == revoked


def test_acts_on_tokens_are_in_the_audit_trail(tokens: TokenService, office: Office) -> None:
    tokens.create("payments", "shop", ADA)
    tokens.create("all", "", ADA)
    tokens.revoke("payments", BOB)
    tokens.revoke("payments", BOB)

    with office.store.read() as tx:
        entries = [entry.content for entry in tx.audit_entries(rollout_id=None, after=0, limit=10)]

    assert [(one.kind, one.subject, one.actor, one.why) for one in entries] == [
        ("token-created", "token:payments", "ada", "may push figures of shop"),
        ("token-created", "token:all", "ada", "may push figures of any service"),
        ("token-revoked", "token:payments", "bob", "may push no figures any more"),
    ]
    assert office.service.verify_audit(ADA).entries == 3


@pytest.mark.parametrize("name", ["", "Payments", "pay_ments", "-a", "a" * 64, "a b", "ä"])
def test_a_name_that_can_not_be_is_refused(tokens: TokenService, name: str) -> None:
    with pytest.raises(InvalidInputError, match="small letters, digits and -"):
        tokens.create(name, "", ADA)


def test_a_service_that_can_not_be_is_refused(tokens: TokenService) -> None:
    with pytest.raises(InvalidInputError, match="service is"):
        tokens.create("a", "x" * 101, ADA)


def test_a_name_is_used_once(tokens: TokenService) -> None:
    tokens.create("payments", "", ADA)
    tokens.revoke("payments", ADA)

    with pytest.raises(ConflictError, match="it was revoked; choose another name"):
        tokens.create("payments", "", ADA)


def test_a_token_that_never_was_can_not_be_revoked(tokens: TokenService) -> None:
    with pytest.raises(NotFoundError, match="`sluice token list`"):
        tokens.revoke("nobody", ADA)


def test_a_token_acts_as_its_maker_within_its_scopes_and_service(
    tokens: TokenService, office: Office
) -> None:
    ada = office.person("ada", "operator", "viewer")
    made = tokens.create("ci", "checkout", ada, scopes=[Permission.READ, Permission.ROLLOUT])

    found = tokens.authenticate(f"Bearer {made.token}")

    assert (made.owner, made.scopes) == ("ada", ("read", "rollout"))
    assert found == Principal(
        "ada",
        (Grant("ada", "operator"), Grant("ada", "viewer")),
        scopes=frozenset({Permission.READ, Permission.ROLLOUT}),
        services=frozenset({"checkout"}),
        through="ci",
    )


def test_a_token_loses_what_its_owner_loses(tokens: TokenService, office: Office) -> None:
    rosa = office.set_up_accounts()
    ada = office.person("ada", "operator")
    made = tokens.create("ci", "", ada, scopes=[Permission.ROLLOUT])
    office.services.accounts.revoke("ada", "operator", "*", rosa)

    assert tokens.authenticate(f"Bearer {made.token}").grants == ()

    office.services.accounts.disable("ada", rosa)
    with pytest.raises(UnauthorisedError, match="token ci is of ada, whose account is disabled"):
        tokens.authenticate(f"Bearer {made.token}")


def test_an_expired_token_is_told_so(tokens: TokenService, office: Office) -> None:
    made = tokens.create("till", "", ADA, expires_s=3_600)
    office.clock.advance(3_599)
    assert tokens.authenticate(f"Bearer {made.token}").name == "till"

    office.clock.advance(1)

    with pytest.raises(UnauthorisedError, match="the token till expired at 2026-01-05T10:00"):
        tokens.authenticate(f"Bearer {made.token}")


@pytest.mark.parametrize("expires_s", [0, -1, float("nan"), float("inf"), 1e12])
def test_a_life_that_can_not_be_is_refused(tokens: TokenService, expires_s: float) -> None:
    with pytest.raises(InvalidInputError, match="use more than 0 and at most 10 years"):
        tokens.create("till", "", ADA, expires_s=expires_s)


def test_while_all_is_open_only_senders_need_a_token(tokens: TokenService) -> None:
    with pytest.raises(InvalidInputError, match="nobody needs a token but senders"):
        tokens.create("ci", "", ADA, scopes=[Permission.READ])


def test_a_sender_s_token_needs_the_right_to_push_and_outlives_its_maker(
    tokens: TokenService, office: Office
) -> None:
    rosa = office.set_up_accounts()
    sender, viewer = office.person("sam", "sender@checkout"), office.person("vic", "viewer")
    made = tokens.create("till", "checkout", sender)
    office.services.accounts.disable("sam", rosa)

    assert tokens.authenticate(f"Bearer {made.token}").name == "till"
    with pytest.raises(ForbiddenError, match="sam may not push for every service"):
        tokens.create("all", "", sender)
    with pytest.raises(ForbiddenError, match="vic may not push for checkout"):
        tokens.create("other", "checkout", viewer)


def test_only_an_administrator_makes_a_token_for_somebody_else(tokens: TokenService, office: Office) -> None:
    rosa = office.set_up_accounts()
    ada = office.person("ada", "viewer")
    office.services.accounts.create("bot", "", rosa)

    assert tokens.create("ci", "", rosa, scopes=[Permission.READ], owner="bot").owner == "bot"
    with pytest.raises(ForbiddenError, match="ada may not admin for every service"):
        tokens.create("mine", "", ada, scopes=[Permission.READ], owner="bot")
    with pytest.raises(NotFoundError, match="no account 'nobody'"):
        tokens.create("for-nobody", "", rosa, owner="nobody")
    office.services.accounts.disable("bot", rosa)
    with pytest.raises(InvalidInputError, match="account bot is disabled"):
        tokens.create("late", "", rosa, owner="bot")
    with pytest.raises(InvalidInputError, match="has no scope"):
        tokens.create("nothing", "", rosa, scopes=[])


def test_a_token_makes_no_token(tokens: TokenService, office: Office) -> None:
    rosa = office.set_up_accounts()
    made = tokens.create("all", "", rosa, scopes=list(Permission))
    by = tokens.authenticate(f"Bearer {made.token}")

    with pytest.raises(ForbiddenError, match="the token all can't make tokens"):
        tokens.create("more", "", by)


def test_people_see_and_revoke_their_own_tokens_only(tokens: TokenService, office: Office) -> None:
    rosa = office.set_up_accounts()
    ada, bob = office.person("ada", "viewer"), office.person("bob", "viewer")
    for name, by in (("adas", ada), ("bobs", bob)):
        tokens.create(name, "", by, scopes=[Permission.READ])
    tokens.create("for-bob", "", rosa, scopes=[Permission.READ], owner="bob")

    assert [token.name for token in tokens.list(bob)] == ["bobs", "for-bob"]
    assert [token.name for token in tokens.list(rosa)] == ["adas", "bobs", "for-bob"]
    assert tokens.revoke("for-bob", bob).revoked_by == "bob"
    with pytest.raises(ForbiddenError, match="bob may not admin"):
        tokens.revoke("adas", bob)
    assert tokens.revoke("adas", rosa).revoked_by == "rosa"


def test_a_scope_that_this_version_does_not_know_allows_nothing(tokens: TokenService, office: Office) -> None:
    rosa = office.set_up_accounts()
    made = tokens.create("ci", "", rosa, scopes=[Permission.READ])
    with office.store.engine.begin() as connection:
        connection.execute(text("UPDATE tokens SET scopes = 'read levitate'"))

    assert tokens.authenticate(f"Bearer {made.token}").scopes == frozenset({Permission.READ})


def test_its_use_is_noted_to_the_minute(tokens: TokenService, office: Office) -> None:
    made = tokens.create("till", "", ADA)
    first = office.clock.wall()
    for seconds in (0.0, 59.0, 1.0):
        office.clock.advance(seconds)
        tokens.authenticate(f"Bearer {made.token}")

    (seen,) = tokens.list(ADA)
    assert seen.used_at == first + timedelta(seconds=60)
