"""What OFREP's two routes answer, case by case; tests/contract holds them to the protocol's own document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from sluiceway.api.flag_gate import TokenGate
from sluiceway.api.flag_served import ServedSets
from sluiceway.api.ofrep import MAX_BODY_BYTES, ofrep_route
from sluiceway.api.ofrep_answers import Answers
from sluiceway.domain.flags.compiling import compile_set
from sluiceway.domain.flags.model import Dependency, Flag, FlagSet, Variant, Window
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import StoreError
from tests.unit.api.conftest import Desk
from tests.unit.api.flag_rig import (
    ALL,
    HERE,
    ON_FOR_ALL,
    ONE,
    SHOP,
    a_token,
    about,
    bearer,
    by_key,
    put_flags,
)
from tests.unit.services.desk import ADA


@pytest.fixture
def shop(api: Desk) -> Desk:
    """The API of a server that knows the shop's flags, asked by an application of it."""
    put_flags(api.office)
    api.client.headers.clear()
    api.client.headers.update(bearer(a_token(api.office)))
    return api


def ask(shop: Desk, flag: str, **attributes: object) -> httpx.Response:
    return shop.client.post(ONE.format(flag), json=about(**attributes))


def ask_all(shop: Desk, headers: dict[str, str] | None = None, **attributes: object) -> httpx.Response:
    return shop.client.post(ALL, json=about(**attributes), headers=headers)


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("banner", {"value": True, "reason": "STATIC", "variant": "on"}),
        ("checkout", {"value": False, "reason": "DISABLED", "variant": "off"}),
        ("limit", {"value": 5, "reason": "STATIC", "variant": "on"}),
        ("ratio", {"value": 2.5, "reason": "STATIC", "variant": "on"}),
        ("quiet", {"reason": "DISABLED"}),
        ("theme", {"value": {"colour": "blüe", "sizes": [1, 2.5]}, "reason": "STATIC", "variant": "on"}),
        ("greeting", {"value": 'say "hi"\n', "reason": "STATIC", "variant": "on"}),
    ],
)
def test_a_flag_is_answered_with_its_value_and_reason(
    shop: Desk, flag: str, expected: dict[str, Any]
) -> None:
    answer = ask(shop, flag)

    assert (answer.status_code, answer.json()) == (200, {"key": flag, **expected})


def test_a_whole_number_is_written_without_a_point_and_another_with_it(shop: Desk) -> None:
    assert '"value":5,' in ask(shop, "limit").text
    assert '"value":2.5,' in ask(shop, "ratio").text


def test_a_rule_decides_by_the_context_and_says_which_it_was(shop: Desk) -> None:
    reached, others = ask(shop, "twint", country="CH").json(), ask(shop, "twint", country="DE").json()

    assert (reached["value"], reached["reason"]) == (True, "TARGETING_MATCH")
    assert reached["metadata"] == {"team": "payments", "rule": "swiss"}
    assert (others["value"], others["reason"]) == (False, "UNKNOWN")
    assert others["metadata"] == {"team": "payments", "reason": "DEFAULT"}


def test_a_killed_flag_is_disabled_and_says_that_it_was_killed(shop: Desk) -> None:
    ask_all(shop)
    shop.office.services.flags.kill(SHOP, HERE, "banner", ADA)

    for answer in (ask(shop, "banner").json(), by_key(ask_all(shop))["banner"]):
        assert (answer["value"], answer["reason"]) == (False, "DISABLED")
        assert answer["metadata"] == {"reason": "KILLED"}


def test_a_flag_held_off_by_another_names_it(shop: Desk) -> None:
    needy = Flag("upsell", is_enabled=True, dependencies=(Dependency("checkout"),))
    put_flags(shop.office, needy)

    assert ask(shop, "upsell").json()["metadata"] == {"reason": "DEPENDENCY", "culprit": "checkout"}


def test_a_bulk_answer_holds_every_flag_as_it_is_answered_alone(shop: Desk) -> None:
    answer = ask_all(shop, country="CH")

    found = by_key(answer)
    assert len(found) == len(answer.json()["flags"]) == 8
    assert found == {key: ask(shop, key, country="CH").json() for key in found}
    assert answer.json()["metadata"] == {"service": SHOP, "environment": HERE, "version": 8}


def test_a_set_without_flags_is_answered_with_none(api: Desk) -> None:
    answer = api.client.post(ALL, json=about(), headers=bearer(a_token(api.office)))

    assert answer.json()["flags"] == []


def test_a_token_is_for_the_flags_of_its_environment(shop: Desk) -> None:
    token = a_token(shop.office, "live", "production")

    assert by_key(ask_all(shop))["banner"]["value"] is True
    assert by_key(ask_all(shop, bearer(token)))["banner"]["value"] is False


def test_the_same_question_is_answered_with_304_until_something_changes(shop: Desk) -> None:
    etag = ask_all(shop, country="CH").headers["etag"]
    known = {"If-None-Match": etag}

    same = ask_all(shop, known, country="CH")
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert ask_all(shop, {"If-None-Match": f'"other", W/{etag}'}, country="CH").status_code == 304
    assert ask_all(shop, {"If-None-Match": "*"}, country="CH").status_code == 304
    assert ask_all(shop, known, country="DE").status_code == 200

    shop.office.services.flags.toggle(SHOP, HERE, "banner", False, ADA)
    changed = ask_all(shop, known, country="CH")
    assert (changed.status_code, by_key(changed)["banner"]["value"]) == (200, False)


def test_the_etag_changes_when_time_alone_changes_a_flag(shop: Desk) -> None:
    off_at = shop.office.clock.wall() + timedelta(hours=1)
    put_flags(shop.office, Flag("sale", is_enabled=True, window=Window(off_at=off_at)))
    before = ask_all(shop)
    shop.office.clock.advance(3_601)

    after = ask_all(shop, {"If-None-Match": before.headers["etag"]})

    assert by_key(before)["sale"]["value"] is True
    assert by_key(after)["sale"] == {
        "key": "sale",
        "value": False,
        "reason": "DISABLED",
        "variant": "off",
        "metadata": {"reason": "SCHEDULED"},
    }


def test_what_an_event_brought_along_is_taken(shop: Desk) -> None:
    query = {"flagConfigEtag": "abc", "flagConfigLastModified": "1771622898"}

    assert shop.client.post(ALL, json=about(), params=query).status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        (b"", "PARSE_ERROR", "not JSON"),
        (b"{", "PARSE_ERROR", "not JSON"),
        (b'{"context": {"targetingKey": "a", "b": NaN}}', "PARSE_ERROR", "not JSON"),
        (b'{"context": {"targetingKey": "\xff"}}', "PARSE_ERROR", "not JSON"),
        (b"[" * 100_000, "PARSE_ERROR", "not JSON"),
        (b"[]", "INVALID_CONTEXT", 'no object "context"'),
        (b"{}", "INVALID_CONTEXT", 'no object "context"'),
        (b'{"context": [1]}', "INVALID_CONTEXT", 'no object "context"'),
        (b'{"context": {}}', "TARGETING_KEY_MISSING", "no targetingKey"),
        (b'{"context": {"targetingKey": null}}', "TARGETING_KEY_MISSING", "no targetingKey"),
        (b'{"context": {"targetingKey": 7}}', "INVALID_CONTEXT", "no text"),
    ],
)
def test_a_body_that_is_no_context_is_a_400_that_says_why(
    shop: Desk, body: bytes, code: str, part: str
) -> None:
    headers = {"Content-Type": "application/json"}
    alone = shop.client.post(ONE.format("banner"), content=body, headers=headers)
    bulk = shop.client.post(ALL, content=body, headers=headers)

    assert (alone.status_code, bulk.status_code) == (400, 400)
    assert (alone.json()["key"], alone.json()["errorCode"], bulk.json()["errorCode"]) == (
        "banner",
        code,
        code,
    )
    assert part in alone.json()["errorDetails"]
    assert "key" not in bulk.json()


def test_an_unknown_flag_is_a_404_with_its_key(shop: Desk) -> None:
    answer = ask(shop, "nonsense")

    assert answer.status_code == 404
    assert (answer.json()["key"], answer.json()["errorCode"]) == ("nonsense", "FLAG_NOT_FOUND")


@pytest.mark.parametrize("path", [f"{ALL}hip", f"{ALL}hip/banner"])
def test_a_path_that_only_begins_the_same_is_a_404(shop: Desk, path: str) -> None:
    assert shop.client.post(path, json=about()).json()["code"] == "not-found"


def test_another_method_is_a_405_that_says_which_to_use(shop: Desk) -> None:
    answer = shop.client.get(ALL)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_context_of_a_megabyte_is_answered_and_a_larger_one_refused(shop: Desk) -> None:
    assert ask(shop, "twint", country="CH", padding="x" * 1_000_000).json()["value"] is True

    answer = ask(shop, "twint", padding="x" * MAX_BODY_BYTES)
    assert (answer.status_code, answer.json()["code"]) == (413, "request")


def test_a_hostile_context_is_answered(shop: Desk) -> None:
    hostile: dict[str, Any] = {
        "__class__": "x",
        "": [],
        "a" * 10_000: {"b": [None]},
        "country": {"CH": "CH"},
        "☃": 1e308,
    }

    assert ask(shop, "twint", **hostile).json()["value"] is False


# Who asks


def test_a_token_may_come_as_an_api_key(shop: Desk) -> None:
    token = shop.client.headers.pop("Authorization").removeprefix("Bearer ")

    answer = shop.client.post(ALL, json=about(), headers={"X-API-Key": token})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", [ALL, ONE.format("banner")])
@pytest.mark.parametrize(
    "authorization", [None, "Bearer nonsense", f"Bearer sluice_web_{'0' * 64}", "Basic YTpi"]
)
def test_a_stranger_is_refused_also_while_everything_is_open(
    shop: Desk, path: str, authorization: str | None
) -> None:
    del shop.client.headers["Authorization"]
    headers = {"Authorization": authorization} if authorization else {}

    answer = shop.client.post(path, json=about(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_login_opens_no_flags(shop: Desk) -> None:
    del shop.client.headers["Authorization"]
    shop.office.set_up_accounts()
    shop.client.cookies.set("sluice_session", shop.office.session_key("rosa"))

    assert ask_all(shop).status_code == 401


@pytest.mark.parametrize(("scope", "environments"), [(Permission.PUSH, (HERE,)), (Permission.EVALUATE, ())])
def test_a_token_for_something_else_is_forbidden(
    shop: Desk, scope: Permission, environments: tuple[str, ...]
) -> None:
    made = shop.office.services.tokens.create("other", SHOP, ADA, scopes=(scope,), environments=environments)

    answer = ask_all(shop, bearer(made.token))

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_request_of_a_foreign_page_is_refused_whatever_its_token(shop: Desk) -> None:
    assert ask_all(shop, {"Origin": "http://evil.example"}).status_code == 403
    assert ask_all(shop, {"Host": "evil.example"}).status_code == 421
    form = shop.client.post(ALL, content=b"{}", headers={"Content-Type": "text/plain"})
    assert form.status_code == 415


def test_a_change_is_seen_by_the_very_next_request(shop: Desk) -> None:
    for is_on in (False, True, False):
        shop.office.services.flags.toggle(SHOP, HERE, ON_FOR_ALL.id, is_on, ADA)

        assert ask(shop, ON_FOR_ALL.id).json()["value"] is is_on


# Bad days


def broken(identify: Callable[[str], Principal]) -> httpx.Response:
    """Return what is answered when tokens are looked up like this."""
    sets: Any = None
    app = Litestar([ofrep_route(TokenGate(identify, lambda _: (SHOP, HERE)), ServedSets(sets))])
    with TestClient(app, raise_server_exceptions=False) as client:
        return client.post(ALL, json=about(), headers=bearer("a"))


def test_a_store_that_cannot_be_read_is_told_as_such() -> None:
    def identify(_: str) -> Principal:
        raise StoreError("the disk is gone")

    answer = broken(identify)

    assert (answer.status_code, answer.json()) == (503, {"errorDetails": "the disk is gone"})


def test_what_nobody_foresaw_is_a_500_that_tells_nothing_of_the_inside() -> None:
    answer = broken(Principal)  # and then there are no sets

    assert answer.status_code == 500
    assert answer.json() == {"errorDetails": "something unforeseen went wrong; the server's log holds what"}


def test_a_value_that_cannot_be_written_is_that_flags_error_alone() -> None:
    broken_flag = Flag("half", is_enabled=True, variants=(Variant("on", "\ud800"), Variant("off", "")))
    flags = FlagSet(SHOP, HERE, 1, (broken_flag, ON_FOR_ALL))
    evaluator = compile_set(flags, now=lambda: 0.0, chance=lambda: 0.0)

    half, whole = Answers(flags).of_each(evaluator.evaluate, evaluator.keys, {"targetingKey": "a"})

    assert b'"errorCode":"GENERAL"' in half
    assert b'"value":true' in whole
