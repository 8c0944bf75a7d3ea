"""The routes of change requests, boards and meetings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.conftest import Desk
from tests.unit.services.board_room import PROCESS, SHOP

FACTS = {
    "title": "Pay by invoice",
    "description": "Customers may pay later",
    "business_justification": "They ask for it",
    "impact": {"scope": "minor", "risks": [{"risk": "Nobody pays", "probability": "low"}]},
    "acceptance_criteria": ["An invoice arrives"],
    "answers": [["users", "none"]],
}


@pytest.fixture
def shop(api: Desk) -> Desk:
    """The API of a server without accounts, where everybody plays every role; the process is in force."""
    api.office.put_process(SHOP, PROCESS)
    return api


def speak(api: Desk, name: str) -> None:
    api.client.headers["X-Sluice-Actor"] = name


def post(api: Desk, path: str, **body: object) -> Any:
    answer = api.client.post(f"/api/{path}", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def refused(api: Desk, path: str, **body: object) -> tuple[int, str, str]:
    answer = api.client.post(f"/api/{path}", json=body)
    found = answer.json()
    return answer.status_code, found["code"], found["detail"]


def submitted(api: Desk) -> str:
    speak(api, "olga")
    change: str = post(api, "changes", service=SHOP, facts=FACTS)["summary"]["id"]
    post(api, f"changes/{change}/submit")
    return change


def vote(api: Desk, change: str, name: str, role: str, kind: str = "approve", **more: object) -> Any:
    speak(api, name)
    return post(api, f"changes/{change}/vote", kind=kind, role=role, **more)


def test_a_request_goes_from_draft_to_done(shop: Desk) -> None:
    change = submitted(shop)
    vote(shop, change, "carl", "cto")
    vote(shop, change, "quin", "qa", "approve-if", conditions=["A load test"])
    scored = post(shop, f"changes/{change}/score", points={"value": 8, "complexity": 2}, role="qa")
    decided = post(shop, f"changes/{change}/decide", conditions=["Tell support"])
    speak(shop, "olga")
    release = post(shop, "releases", service=SHOP, facts={"version": "1.1.0", "type": "minor"})
    linked = post(shop, f"changes/{change}/link", release="shop@1.1.0")
    unlinked = post(shop, f"changes/{change}/unlink", release=release["summary"]["id"])
    timed = post(
        shop,
        f"changes/{change}/schedule",
        starts_at="2026-01-20T10:00:00+01:00",
        ends_at="2026-01-20T12:00:00+01:00",
    )
    post(shop, f"changes/{change}/start")
    done = post(shop, f"changes/{change}/finish", ended_well=True)

    assert change == "CR-2026-001"
    assert scored["matrix"]["sentence"].startswith("8.40 of 10, by one member")
    assert [one["text"] for one in decided["conditions"]] == ["A load test", "Tell support"]
    assert linked["conditions"][0]["open_in"] == [release["summary"]["id"]]
    assert (unlinked["releases"], unlinked["summary"]["state"]) == ([], "approved")
    assert timed["facts"]["starts_at"] == "2026-01-20T09:00:00Z"
    assert done["summary"]["state"] == "done"
    assert shop.client.get(f"/api/success/{SHOP}").json()["done"] == 1
    history = shop.client.get(f"/api/changes/{change}/history", params={"limit": 1}).json()
    assert [(one["kind"], one["actor"]) for one in history] == [("change-finished", "olga")]


def test_a_request_is_read_listed_edited_and_given_up(shop: Desk) -> None:
    change = submitted(shop)
    post(shop, "changes", service=SHOP, facts={"title": "Another"})

    listed = shop.client.get("/api/changes", params={"state": ["submitted", "draft"], "limit": 1}).json()
    rest = shop.client.get("/api/changes", params={"service": SHOP, "before": listed[0]["id"]}).json()
    drafts = shop.client.get("/api/changes", params={"state": "draft"}).json()
    edited = post(shop, f"changes/{change}/edit", facts={"title": "Pay later"}, expected_version=2)
    answered = post(shop, f"changes/{change}/answer", answers={"users": "all"})
    back = post(shop, f"changes/{change}/take-back", reason="to mend it")
    gone = post(shop, f"changes/{change}/withdraw", reason="nobody wants it")

    assert [one["title"] for one in (*listed, *rest)] == ["Another", "Pay by invoice"]
    assert [one["title"] for one in drafts] == ["Another"]
    assert (edited["facts"]["title"], edited["version"]) == ("Pay later", 3)
    assert answered["risk"]["level"] == "high"
    assert [view["summary"]["state"] for view in (back, gone)] == ["draft", "withdrawn"]
    assert shop.client.get(f"/api/changes/{change}").json()["may"] == ["comment"]


def test_a_request_written_as_yaml_is_imported_once(shop: Desk) -> None:
    text = "change_request: {id: CR-2025-007, title: Invoices, requestor: Sales}"

    made = post(shop, "changes/import", text=text, service=SHOP)

    assert (made["summary"]["id"], made["summary"]["requestor"]) == ("CR-2025-007", "Sales")
    assert refused(shop, "changes/import", text=text, service=SHOP)[:2] == (409, "conflict")
    assert refused(shop, "changes/import", text="change_request: {}", service=SHOP)[:2] == (
        422,
        "process-file",
    )


def test_a_form_has_the_kinds_and_questions_of_the_service(shop: Desk) -> None:
    form = shop.client.get("/api/changes/form", params={"service": SHOP}).json()

    assert [one[0] for one in form["kinds"]] == ["normal", "careful", "standard", "emergency"]
    assert form["questions"][0]["answers"] == [["none", "None"], ["all", "All"]]


def test_a_board_shows_what_waits_meets_and_closes(shop: Desk) -> None:
    change = submitted(shop)

    boards = shop.client.get("/api/boards", params={"service": SHOP}).json()
    board = shop.client.get(f"/api/boards/{SHOP}/ccb").json()
    agenda = shop.client.get(f"/api/boards/{SHOP}/ccb/agenda").json()
    meeting = post(shop, f"boards/{SHOP}/ccb/meetings")
    closed = post(shop, f"meetings/{meeting['id']}/close", minutes="Nobody came")
    listed = shop.client.get("/api/meetings", params={"service": SHOP, "open": True}).json()

    assert boards == [board]
    assert [one["id"] for one in board["waiting"]] == [change]
    assert [one["change"]["id"] for one in agenda["items"]] == [change]
    assert (meeting["kind"], meeting["agenda"][0]["change"]["id"]) == ("regular", change)
    assert (closed["is_closed"], closed["minutes"], listed) == (True, "Nobody came", [])
    assert shop.client.get(f"/api/meetings/{meeting['id']}").json() == closed


def test_an_emergency_is_decided_by_few_and_reviewed(shop: Desk) -> None:
    speak(shop, "olga")
    facts = {"title": "Mend it", "description": "Orders are lost", "kind": "emergency"}
    change = post(shop, "changes", service=SHOP, facts=facts)["summary"]["id"]
    post(shop, f"changes/{change}/submit")
    meeting = post(shop, f"boards/{SHOP}/ccb/meetings", kind="emergency", reason="Orders are lost")
    vote(shop, change, "carl", "cto")
    post(shop, f"changes/{change}/decide")
    reviewed = post(shop, f"changes/{change}/review", agrees=True, remarks="It had to be")

    assert [one["meeting"] for one in reviewed["decisions"]] == [meeting["id"], meeting["id"]]
    assert [one["kind"] for one in reviewed["decisions"]] == ["emergency", "regular"]


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("changes", {"service": "till", "facts": {"title": "x"}}, (404, "not-found")),
        ("changes", {"service": SHOP, "facts": {"titel": "x"}}, (400, "invalid-input")),
        ("changes", {"service": SHOP, "facts": {"title": ""}}, (400, "invalid-input")),
        ("changes/CR-2026-009/submit", {}, (404, "not-found")),
        ("changes/x/submit", {}, (400, "invalid-input")),
        ("changes/CR-2026-001/submit", {"x": 1}, (400, "invalid-input")),
        ("changes/CR-2026-001/vote", {"kind": "perhaps"}, (400, "invalid-input")),
        ("changes/CR-2026-001/decide", {}, (409, "rule")),
        ("changes/CR-2026-001/finish", {"ended_well": True}, (409, "illegal-move")),
        ("changes/CR-2026-001/edit", {"facts": {}, "expected_version": 9}, (409, "conflict")),
        ("changes/CR-2026-001/link", {"release": "REL-2026-0009"}, (404, "not-found")),
        (
            "changes/CR-2026-001/schedule",
            {"starts_at": "2026-02-01T10:00:00", "ends_at": "2026-02-01T11:00:00"},
            (400, "invalid-input"),
        ),
        (f"boards/{SHOP}/cab/meetings", {}, (404, "not-found")),
        (f"boards/{SHOP}/ccb/meetings", {"kind": "emergency"}, (409, "rule")),
        ("meetings/MTG-2026-009/close", {"minutes": ""}, (404, "not-found")),
    ],
)
def test_what_can_not_be_is_refused_with_its_code(
    shop: Desk, path: str, body: dict[str, object], answer: tuple[int, str]
) -> None:
    submitted(shop)

    assert refused(shop, path, **body)[:2] == answer


def test_what_is_missing_is_listed(shop: Desk) -> None:
    change = post(shop, "changes", service=SHOP, facts={"title": "x"})["summary"]["id"]

    answer = shop.client.post(f"/api/changes/{change}/submit", json={}).json()

    assert answer["code"] == "not-ready"
    assert answer["missing"][0] == "description"


def test_the_author_can_not_vote_where_everybody_plays_every_role(shop: Desk) -> None:
    change = submitted(shop)

    code = refused(shop, f"changes/{change}/vote", kind="approve", role="cto")

    assert code[:2] == (409, "rule")
    assert "olga wrote it, and the two are kept separate" in code[2]
