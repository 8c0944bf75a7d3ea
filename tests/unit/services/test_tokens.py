"""Tokens: made once, checked without telling anything, revoked for good; each act is in the trail."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluiceway.domain.people.model import open_principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ConflictError, InvalidInputError, NotFoundError, UnauthorisedError
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
