"""The routes of accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.api.conftest import Desk
from tests.unit.services.desk import PASSWORD


@pytest.fixture
def rosa(api: Desk) -> Desk:
    """The API, with rosa logged in."""
    api.office.set_up_accounts()
    api.client.cookies.set("sluice_session", api.office.session_key("rosa"))
    return api


def post(api: Desk, path: str, **body: object) -> Any:
    answer = api.client.post(f"/api/accounts{path}", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def test_the_first_account_is_not_made_through_the_open_server(api: Desk) -> None:
    answer = api.client.post("/api/accounts", json={"name": "eve", "password": PASSWORD, "admin": True})

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "on the server's machine" in answer.json()["detail"]
    assert api.client.get("/api/session").json()["is_open"] is True


def test_an_account_is_made_granted_disabled_and_enabled(rosa: Desk) -> None:
    made = post(rosa, "", name="ada", password=PASSWORD, title="Ada", contact="ada@example.org")
    granted = post(rosa, "/ada/grant", role="operator", service="checkout")
    revoked = post(rosa, "/ada/revoke", role="operator", service="checkout")
    disabled = post(rosa, "/ada/disable")
    enabled = post(rosa, "/ada/enable")

    assert (made["name"], made["title"], made["has_password"], made["grants"]) == ("ada", "Ada", True, [])
    assert "password" not in made
    assert granted["grants"] == [{"role": "operator", "service": "checkout"}]
    assert revoked["grants"] == []
    assert disabled["disabled_at"] is not None
    assert enabled["disabled_at"] is None
    assert [one["name"] for one in rosa.client.get("/api/accounts").json()] == ["ada", "rosa"]


def test_an_absence_needs_a_zone_and_an_end(rosa: Desk) -> None:
    post(rosa, "", name="ada")
    until = rosa.office.clock.wall() + timedelta(days=3)

    away = post(rosa, "/rosa/away", until=until.isoformat(), alternate="ada")
    naive = rosa.client.post("/api/accounts/rosa/away", json={"until": "2027-01-01T00:00:00"})

    assert away["away"]["alternate"] == "ada"
    assert naive.status_code == 400
    assert post(rosa, "/rosa/back")["away"] is None


def test_a_password_is_replaced_and_the_session_ends_with_it(rosa: Desk) -> None:
    post(rosa, "/rosa/password", password="entirely different words", current=PASSWORD)

    assert rosa.client.get("/api/accounts").status_code == 401


def test_a_body_that_holds_what_is_not_known_is_refused(rosa: Desk) -> None:
    for path, body in (("", {"name": "ada", "rights": "all"}), ("/rosa/enable", {"really": True})):
        answer = rosa.client.post(f"/api/accounts{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")


def test_a_refused_password_is_in_no_answer(rosa: Desk) -> None:
    for body in ({"name": "ada", "password": "geheim"}, {"name": 7, "password": "geheim"}):
        answer = rosa.client.post("/api/accounts", json=body)
        assert answer.status_code == 400
        assert "geheim" not in answer.text
