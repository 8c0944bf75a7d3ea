"""The routes of releases, their runs, processes and of what waits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.conftest import Desk
from tests.unit.services.road import ROAD


@pytest.fixture
def made(api: Desk) -> str:
    """Put the process in force and return the id of a release under it."""
    applied = api.client.post("/api/processes", json={"process": ROAD, "path": "/srv/checkout/process.yaml"})
    assert applied.status_code == 200, applied.text
    facts = {"version": "1.1.0", "type": "minor", "title": "Autumn", "target_at": "2026-01-05T21:00:00Z"}
    answer = api.client.post("/api/releases", json={"service": "checkout", "facts": facts})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["summary"]["id"])


def act(api: Desk, release_id: str, name: str, **body: Any) -> dict[str, Any]:
    answer = api.client.post(f"/api/releases/{release_id}/{name}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_release_is_found_by_id_and_by_version_and_listed(api: Desk, made: str) -> None:
    by_id = api.client.get(f"/api/releases/{made}").json()
    by_version = api.client.get("/api/releases/checkout@1.1.0").json()
    query = {"service": "checkout", "open": "true", "type": "minor", "phase": "draft", "text": "aut"}
    listed = api.client.get("/api/releases", params=query).json()

    assert by_id == by_version
    assert by_id["facts"]["target_at"] == "2026-01-05T21:00:00Z"
    assert [one["id"] for one in listed] == [made]
    assert api.client.get("/api/releases", params={"before": made}).json() == []


def test_a_whole_road_over_http(api: Desk, made: str) -> None:
    seen = api.client.get(f"/api/releases/{made}").json()["approvals"][0]["subject_hash"]
    api.client.headers["X-Sluice-Actor"] = "bob"
    act(api, made, "vote", policy="leads", kind="approve", role="tech-lead", seen=seen)
    api.client.headers["X-Sluice-Actor"] = "cleo"
    act(api, made, "vote", policy="leads", kind="approve-if", role="qa-lead", conditions=["tell support"])
    view = act(api, made, "attest", gate="quality", holds=True, statement="all green")
    assert view["gates"][0]["is_signed"]
    view = act(api, made, "move", to="ready", expected_version=view["version"])
    act(api, made, "decide", decision="go-no-go", kind="go")
    act(api, made, "meet", condition=view["conditions"][0]["id"], note="told")
    act(api, made, "check", checklist="before", item="backup", state="done")
    act(api, made, "move", to="rolling-out")
    view = act(api, made, "rollout", stable="1.0.0")

    assert [one["new"] for one in view["rollouts"]] == ["1.1.0"]
    assert view["summary"]["phase"] == "rolling-out"
    assert "rolling-out" in api.client.get(f"/api/releases/{made}/history").json()[1]["why"]


def test_what_is_missing_comes_in_words_and_as_a_list(api: Desk, made: str) -> None:
    answer = api.client.post(f"/api/releases/{made}/move", json={"to": "ready"})

    assert (answer.status_code, answer.json()["code"]) == (409, "not-ready")
    assert len(answer.json()["missing"]) == 2
    explained = api.client.get(f"/api/releases/{made}/explanation").json()
    assert [one["kind"] for one in explained["missing"]] == ["approval", "gate"]
    ahead = api.client.get(f"/api/releases/{made}/explanation", params={"to": "monitoring"}).json()
    assert [one["kind"] for one in ahead["missing"]] == ["road"]


def test_an_edit_takes_only_what_it_knows(api: Desk, made: str) -> None:
    view = act(api, made, "edit", facts={"title": "Winter", "goals": [{"text": "more orders"}]})
    unknown = api.client.post(f"/api/releases/{made}/edit", json={"facts": {"tittle": "x"}})
    naive = api.client.post(
        f"/api/releases/{made}/edit", json={"facts": {"target_at": "2026-01-05T21:00:00"}}
    )

    assert (view["facts"]["title"], view["facts"]["goals"][0]["text"]) == ("Winter", "more orders")
    assert (unknown.status_code, "facts.tittle" in unknown.json()["detail"]) == (400, True)
    assert (naive.status_code, naive.json()["code"]) == (400, "invalid-input")


def test_an_act_on_a_version_that_is_gone_is_a_conflict(api: Desk, made: str) -> None:
    act(api, made, "edit", facts={"title": "Winter"})

    answer = api.client.post(
        f"/api/releases/{made}/edit", json={"facts": {"title": "Spring"}, "expected_version": 1}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_hostile_words_come_back_as_they_are_and_are_json(api: Desk, made: str) -> None:
    words = '<img src=x onerror=alert(1)> "; DROP TABLE releases; -- {{7*7}}'

    answer = api.client.post(f"/api/releases/{made}/edit", json={"facts": {"title": words}})

    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["facts"]["title"] == words


@pytest.mark.parametrize(
    ("name", "body", "found"),
    [
        ("cancel", {"reason": ""}, (400, "invalid-input")),
        ("cancel", {}, (400, "invalid-input")),
        ("vote", {"policy": "board", "kind": "approve"}, (404, "not-found")),
        ("vote", {"policy": "leads", "kind": "maybe"}, (400, "invalid-input")),
        ("check", {"checklist": "before", "item": "backup", "state": "failed"}, (400, "invalid-input")),
        ("link", {"change": "CR-2026-001"}, (404, "not-found")),
        ("unlink", {"change": "CR-2026-001"}, (409, "rule")),
        ("rollout", {}, (409, "not-ready")),
        ("run", {"runbook": "cleanup"}, (404, "not-found")),
        ("run-item", {"checklist": "before", "item": "backup"}, (409, "rule")),
        ("plan", {"target_at": "2026-02-01T10:00:00Z", "only_show": True}, (400, "invalid-input")),
        ("waive", {"gate": "security", "reason": "none"}, (404, "not-found")),
    ],
)
def test_a_refused_act_is_a_problem_with_a_code(
    api: Desk, made: str, name: str, body: dict[str, object], found: tuple[int, str]
) -> None:
    answer = api.client.post(f"/api/releases/{made}/{name}", json=body)

    assert (answer.status_code, answer.json()["code"]) == found, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_overrides_waivers_and_giving_up_are_acts_too(api: Desk, made: str) -> None:
    act(api, made, "override", reason="security fix", until="2026-01-06T00:00:00Z")
    waived = act(api, made, "waive", gate="quality", reason="known flake")
    ended = act(api, made, "cancel", reason="other plans")

    assert waived["gates"][0]["standing"] == "waived"
    assert (ended["summary"]["phase"], ended["summary"]["is_open"]) == ("cancelled", False)


def test_a_release_that_was_taken_back_says_so(api: Desk, made: str) -> None:
    assert act(api, made, "rollback", reason="customers call")["summary"]["phase"] == "rolled-back"


def test_a_run_is_started_looked_at_and_stopped(api: Desk, made: str) -> None:
    run = act(api, made, "run", runbook="deployment", set_aside=["migrate"])
    run_id = run["summary"]["id"]

    assert api.client.get(f"/api/runs/{run_id}").json() == run
    assert [one["id"] for one in api.client.get(f"/api/releases/{made}/runs").json()] == [run_id]
    stale = api.client.post(f"/api/runs/{run_id}/done", json={"step": "announce"})
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    unknown = api.client.post(f"/api/runs/{run_id}/pause", json={})
    assert unknown.json()["detail"] == (
        "act is 'pause'; use one of: done, failed, go-on, set-aside, stop, take-back"
    )
    stopped = api.client.post(f"/api/runs/{run_id}/stop", json={"note": "wrong day"}).json()
    assert (stopped["summary"]["phase"], stopped["acts"]) == ("stopped", [])


def test_an_item_is_run_on_demand(api: Desk, made: str) -> None:
    view = act(api, made, "run-item", checklist="before", item="smoke")

    item = next(one for one in view["checklists"][0]["items"] if one["id"] == "smoke")
    assert item["is_running"]


def test_processes_are_listed_and_their_texts_told(api: Desk, made: str) -> None:
    newer = ROAD.replace("title: Ready\n", "title: Settled\n")
    api.client.post("/api/processes", json={"process": newer})

    versions = api.client.get("/api/processes/checkout").json()
    first = api.client.get(
        "/api/processes/checkout/text", params={"hash": versions[1]["content_hash"]}
    ).json()
    moved = act(api, made, "upgrade")

    assert [one["is_in_force"] for one in versions] == [True, False]
    assert first["text"] == ROAD
    assert api.client.get("/api/processes/checkout/text").json()["text"] == newer
    assert moved["process_hash"] == versions[0]["content_hash"]


def test_a_process_with_problems_is_not_put_in_force(api: Desk) -> None:
    answer = api.client.post("/api/processes", json={"process": "rolls: []\n", "service": "checkout"})

    assert (answer.status_code, answer.json()["code"]) == (422, "process-file")
    assert api.client.get("/api/processes/checkout").json() == []


def test_what_waits_is_told_for_one_and_for_all(api: Desk, made: str) -> None:
    mine = api.client.get("/api/work").json()
    everybodys = api.client.get("/api/waiting", params={"service": "checkout", "limit": 1}).json()

    assert [(one["kind"], one["subject"]) for one in mine] == [
        *(("checklist", made), ("approval", made), ("gate", made)),
    ]
    assert [one["kind"] for one in everybodys] == ["checklist"]
