"""Logging in over HTTP, what the cookie is like, and what a stranger, a session and a token are let do."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from sluiceway.domain.process.team import Permission
from sluiceway.services.attempts import MOST_PER_ACCOUNT
from tests.unit.api.conftest import Desk
from tests.unit.services.desk import PASSWORD


def log_in(api: Desk, name: str, password: str = PASSWORD) -> int:
    return api.client.post("/api/session", json={"name": name, "password": password}).status_code


def test_without_accounts_everybody_is_who_they_say(api: Desk) -> None:
    assert api.client.get("/api/session").json() == {
        "name": "ada",
        "is_open": True,
        "is_admin": True,
        "grants": [],
        "through": "",
        "scopes": None,
    }


def test_a_stranger_gets_a_401_that_says_how_to_get_in(api: Desk) -> None:
    api.office.set_up_accounts()

    answer = api.client.get("/api/rollouts")

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert "sluice login" in answer.json()["detail"]
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_login_lets_in_by_a_cookie_that_scripts_can_not_read(api: Desk) -> None:
    api.office.set_up_accounts()

    answer = api.client.post("/api/session", json={"name": "rosa", "password": PASSWORD})

    assert answer.status_code == 201
    assert set(answer.json()) == {"name", "expires_at"}
    cookie = answer.headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    assert name == "sluice_session"
    assert {part.strip().lower() for part in rest.split(";")[1:]} == {
        "httponly",
        "max-age=604800",
        "path=/",
        "samesite=lax",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert api.client.get("/api/session").json()["name"] == "rosa"


def test_over_https_the_cookie_travels_by_https_only(api: Desk) -> None:
    api.office.set_up_accounts()
    with TestClient(api.client.app, base_url="https://sluice.example") as browser:
        answer = browser.post(
            "/api/session",
            json={"name": "rosa", "password": PASSWORD},
            headers={"X-Sluice-Client": "test", "Origin": "https://sluice.example"},
        )

    assert answer.status_code == 201
    assert "; secure" in answer.headers["set-cookie"].lower()


def test_a_wrong_login_is_a_401_and_too_many_a_429_that_says_when(api: Desk) -> None:
    api.office.set_up_accounts()
    answers = [log_in(api, "rosa", "wrong password entirely") for _ in range(MOST_PER_ACCOUNT)]
    answer = api.client.post("/api/session", json={"name": "rosa", "password": PASSWORD})

    assert answers == [401] * MOST_PER_ACCOUNT
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-attempts")
    assert answer.headers["retry-after"] == "900"


def test_a_login_from_another_site_s_page_is_refused(api: Desk) -> None:
    api.office.set_up_accounts()
    body = {"name": "rosa", "password": PASSWORD}

    foreign = api.client.post("/api/session", json=body, headers={"Origin": "http://evil.example"})
    form = api.client.post("/api/session", data=body)

    assert [foreign.status_code, form.status_code] == [403, 415]
    assert "set-cookie" not in {**foreign.headers, **form.headers}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"X-Sluice-Client": ""},
        {"Content-Type": "text/plain"},
    ],
)
def test_a_cookie_is_no_help_to_another_site_s_page(api: Desk, headers: dict[str, str]) -> None:
    api.office.set_up_accounts()
    log_in(api, "rosa")
    own = {"Content-Type": "application/json"}

    refused = api.client.post("/api/accounts/rosa/disable", content=b"{}", headers={**own, **headers})

    assert refused.status_code in {403, 415}
    assert refused.json()["code"] == "request"


def test_a_login_that_is_no_login_is_refused_as_such(api: Desk) -> None:
    api.office.set_up_accounts()

    assert api.client.post("/api/session", json={"name": "rosa"}).status_code == 400
    assert api.client.post("/api/session", json={"name": "a", "password": "x" * 10_001}).status_code == 400
    assert "x" * 100 not in api.client.post("/api/session", json={"name": "x" * 1_001}).text


def test_logging_out_ends_the_session_and_takes_the_cookie_back(api: Desk) -> None:
    api.office.set_up_accounts()
    log_in(api, "rosa")
    key = api.client.cookies["sluice_session"]

    answer = api.client.post("/api/session/end", json={})

    assert answer.status_code == 200
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    api.client.cookies.set("sluice_session", key)
    assert api.client.get("/api/session").status_code == 401


def test_the_actor_is_who_logged_in_whatever_the_header_says(api: Desk) -> None:
    api.office.person("mia", "operator")
    rollout_id = api.office.put_rollout()
    api.office.desk.run(rollout_id, until="progressing")
    log_in(api, "mia")

    view = api.client.post(
        f"/api/rollouts/{rollout_id}/actions/pause", json={}, headers={"X-Sluice-Actor": "rosa"}
    ).json()

    assert view["decisions"][0]["by"] == "mia"


def test_a_role_for_one_service_shows_and_moves_that_one_only(api: Desk) -> None:
    mine = api.office.put_rollout(service="checkout", port=1)
    theirs = api.office.put_rollout(service="search", port=2)
    for rollout_id in (mine, theirs):
        api.office.desk.run(rollout_id, until="progressing")
    api.office.person("mia", "operator@checkout")
    log_in(api, "mia")

    listed = [one["id"] for one in api.client.get("/api/rollouts").json()]
    answers = [
        api.client.post(f"/api/rollouts/{one}/actions/pause", json={}).status_code for one in (mine, theirs)
    ]
    narrowed = api.client.get("/api/rollouts", params={"service": "search"})

    assert listed == [mine]
    assert answers == [200, 403]
    assert (narrowed.status_code, narrowed.json()["code"]) == (403, "forbidden")
    assert narrowed.json()["detail"].startswith("mia may not read for search")


def test_a_token_acts_for_its_owner_and_the_trail_says_so(api: Desk) -> None:
    mia = api.office.person("mia", "operator")
    rollout_id = api.office.put_rollout()
    api.office.desk.run(rollout_id, until="progressing")
    made = api.office.services.tokens.create("ci", "", mia, scopes=[Permission.ROLL_BACK])
    bearer = {"Authorization": f"Bearer {made.token}"}

    paused = api.client.post(f"/api/rollouts/{rollout_id}/actions/pause", json={}, headers=bearer)
    resumed = api.client.post(f"/api/rollouts/{rollout_id}/actions/resume", json={}, headers=bearer)
    read = api.client.get(f"/api/rollouts/{rollout_id}", headers=bearer)

    assert [answer.status_code for answer in (paused, resumed, read)] == [200, 403, 403]
    assert paused.json()["decisions"][0]["by"] == "mia by token ci"
    assert "the token ci of mia may not rollout" in resumed.json()["detail"]


def test_a_token_that_is_no_more_is_refused_by_name_of_the_reason(api: Desk) -> None:
    mia = api.office.person("mia", "viewer")
    tokens = api.office.services.tokens
    short = tokens.create("short", "", mia, scopes=[Permission.READ], expires_s=60).token
    revoked = tokens.create("gone", "", mia, scopes=[Permission.READ]).token
    tokens.revoke("gone", mia)
    api.office.clock.advance(60)

    details = [
        api.client.get("/api/rollouts", headers={"Authorization": f"Bearer {token}"}).json()["detail"]
        for token in (short, revoked, revoked[:-1] + "0", "nonsense")
    ]

    assert details[0].startswith("the token short expired at ")
    assert details[1].startswith("the token gone was revoked")
    assert details[2].startswith("the token is wrong") or revoked.endswith("0")
    assert details[3].startswith("the Authorization header is not Bearer")


def test_a_sender_s_token_pushes_and_does_nothing_else(api: Desk) -> None:
    token = api.client.post("/api/tokens", json={"name": "till"}).json()["token"]
    api.office.set_up_accounts()
    api.office.put_rollout()
    bearer = {"Authorization": f"Bearer {token}"}

    pushed = api.client.post("/api/points", json=[], headers=bearer)
    read = api.client.get("/api/rollouts", params={"service": "checkout"}, headers=bearer)
    listed = api.client.get("/api/rollouts", headers=bearer)

    assert pushed.status_code == 200
    assert read.status_code == 403
    assert (listed.status_code, listed.json()) == (200, [])


def test_health_answers_a_stranger_and_own_metrics_do_not(api: Desk) -> None:
    api.office.set_up_accounts()

    assert api.client.get("/healthz").status_code == 200
    assert api.client.get("/metrics").status_code == 401
    assert api.client.get("/schema/openapi.json").status_code == 200
