"""Change requests on the real server, by people with accounts: a published one from file to release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.scenario.harness import Rig, rig
from tests.scenario.test_people import PASSWORD, make_first

SEED = Path(__file__).resolve().parents[3] / "shared" / "seeds" / "akashic-release-management.md"
SERVICE, BOARD = "analytics", "change-control-board"
PROCESS = f"extends: akashic\nname: {SERVICE}\n"
SEATS = {
    "cleo": "cto",
    "pia": "product-manager",
    "egon": "engineering-lead",
    "quin": "qa-manager",
    "sam": "security-lead",
}


@dataclass
class Board:
    """The server, and a logged-in client of everybody on the board."""

    app: Rig
    clients: dict[str, httpx.Client] = field(default_factory=dict[str, httpx.Client])

    def set_up(self) -> None:
        """Put the process in force and everybody on their seat."""
        made = make_first(self.app, "rosa")
        assert made.returncode == 0, made.stderr
        self.log_in("rosa")
        self.done("rosa", "processes", process=PROCESS, service=SERVICE)
        for name, role in SEATS.items():
            self.done("rosa", "accounts", name=name, password=PASSWORD)
            self.done("rosa", f"accounts/{name}/grant", role=role, service=SERVICE)
            self.log_in(name)
        self.done("rosa", "accounts/pia/grant", role="release-manager", service=SERVICE)

    def log_in(self, name: str) -> None:
        client = httpx.Client(
            base_url=f"{self.app.url}/api/",
            headers={"X-Sluice-Client": "scenario"},
            timeout=30,
            trust_env=False,
        )
        answer = client.post("session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        self.clients[name] = client

    def find_again(self) -> None:
        """Go on with the server where it is now; everybody is still logged in."""
        for client in self.clients.values():
            client.base_url = f"{self.app.url}/api/"

    def agenda(self) -> list[tuple[str, str]]:
        """Return the requests on the board's agenda and what for."""
        items = self.see("quin", f"boards/{SERVICE}/{BOARD}/agenda")["items"]
        return [(one["change"]["id"], one["purpose"]) for one in items]

    def say(self, name: str, path: str, /, **body: object) -> httpx.Response:
        return self.clients[name].post(path, json=body)

    def done(self, name: str, path: str, /, **body: object) -> Any:
        answer = self.say(name, path, **body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def see(self, name: str, path: str) -> Any:
        answer = self.clients[name].get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def at_once(self, change: str, **votes: str) -> list[httpx.Response]:
        """Let people vote at the same time, each what is given after their name."""
        with ThreadPoolExecutor(len(votes)) as pool:
            cast = [
                pool.submit(self.say, name, f"changes/{change}/vote", kind=kind, comment="As discussed")
                for name, kind in votes.items()
            ]
            return [one.result() for one in cast]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    with rig(tmp_path_factory.mktemp("changes") / "home", speed=1.0) as app:
        app.serve()
        made = Board(app)
        made.set_up()
        yield made
        for client in made.clients.values():
            client.close()


def published_request() -> str:
    """Return the request of the published document, as it stands there."""
    if not SEED.is_file():
        pytest.skip(f"needs {SEED}: the source documents are not part of this repository")
    blocks: list[str] = re.findall(r"^```yaml\n(.*?)^```$", SEED.read_text(), re.MULTILINE | re.DOTALL)
    return next(text for text in blocks if text.startswith("change_request:"))


def test_a_published_request_is_decided_and_its_condition_met_in_a_release(board: Board) -> None:
    made = board.done("pia", "changes/import", text=published_request(), service=SERVICE)
    change = made["summary"]["id"]
    assert (change, made["summary"]["requestor"], made["facts"]["date_submitted"]) == (
        "CR-2024-001",
        "Product Team",
        "2024-01-15",
    )
    assert (made["risk"]["level"], made["risk"]["sentence"]) == (
        "medium",
        "Medium: Its scope is major (scope == 'major')",
    )
    board.done("pia", f"changes/{change}/submit")

    own = board.say("pia", f"changes/{change}/vote", kind="approve")
    assert (own.status_code, own.json()["code"]) == (409, "rule")
    assert "pia wrote it, and the two are kept separate; somebody else must vote" in own.json()["detail"]

    scores = {"business-value": 9, "technical-complexity": 4, "resource-availability": 5}
    for name, more in (("cleo", 8), ("egon", 6)):
        points = {**scores, "strategic-alignment": more, "customer-impact": 7}
        scored = board.done(name, f"changes/{change}/score", points=points)
    assert [one[0] for one in scored["matrix"]["totals"]] == ["cleo (CTO)", "egon (Engineering Lead)"]
    assert scored["matrix"]["spread"] == pytest.approx(0.4)  # 20 percent of two points
    assert "who are 0.40 apart, furthest on Strategic alignment (2 points)" in scored["matrix"]["sentence"]

    answers = board.at_once(change, cleo="approve", egon="approve", quin="approve", sam="reject")
    assert [one.status_code for one in answers] == [200, 200, 200, 200]
    decided = board.done("cleo", f"changes/{change}/decide", conditions=["Queries stay under 200 ms"])
    assert decided["summary"]["state"] == "approved"
    assert decided["decisions"][0]["sentence"] == (
        "Change control board agrees: 3 for, 1 against, 0 abstained"
    )

    release = board.done(
        "pia", "releases", service=SERVICE, facts={"version": "2.0.0", "type": "major", "changes": [change]}
    )
    assert [(one["id"], one["by"]) for one in release["conditions"]] == [
        (f"{change}-1", "Change control board")
    ]
    assert release["changes"][0]["state"] == "scheduled"

    board.app.kill()
    board.app.serve()
    board.find_again()

    kept = board.see("quin", f"changes/{change}")
    assert (kept["summary"]["state"], kept["releases"]) == ("scheduled", [release["summary"]["id"]])
    assert sorted(vote["by"] for vote in kept["approvals"][0]["votes"]) == ["cleo", "egon", "quin", "sam"]
    path = f"releases/{release['summary']['id']}/meet"
    met = board.done("quin", path, condition=f"{change}-1", note="Measured")
    assert met["conditions"][0]["is_done"] is True
    assert board.see("quin", f"changes/{change}")["conditions"][0]["met_in"] == kept["releases"]


def test_an_emergency_is_decided_in_a_meeting_called_now_and_reviewed_in_the_next(board: Board) -> None:
    facts = {"title": "Stop losing events", "kind": "emergency", "description": "The queue overflows"}
    change = board.done("egon", "changes", service=SERVICE, facts=facts)["summary"]["id"]
    board.done("egon", f"changes/{change}/submit")
    path = f"boards/{SERVICE}/{BOARD}"

    refused = board.say("egon", f"{path}/meetings", kind="emergency")
    meeting = board.done("cleo", f"{path}/meetings", kind="emergency", reason="Events are being lost")
    board.done("cleo", f"changes/{change}/vote", kind="approve")
    decided = board.done("cleo", f"changes/{change}/decide")
    closed = board.done("cleo", f"meetings/{meeting['id']}/close", minutes="By the CTO alone")

    assert refused.status_code == 403
    assert [one["change"]["id"] for one in meeting["agenda"]] == [change]
    assert (decided["summary"]["state"], decided["decisions"][0]["kind"]) == ("approved", "emergency")
    assert decided["review_due_at"] is not None
    assert (closed["is_closed"], closed["agenda"][0]["sentence"]) == (
        True,
        "Change control board agrees: 1 for, 0 against, 0 abstained",
    )
    assert (change, "review") in board.agenda()
    board.done("cleo", f"changes/{change}/review", agrees=True, remarks="It could not wait")
    assert change not in dict(board.agenda())


def test_everything_that_was_said_is_in_the_audit_trail_and_it_is_whole(board: Board) -> None:
    facts = {
        "title": "A new colour",
        "description": "Blue",
        "business_justification": "Green is over",
        "impact": {"scope": "minor"},
        "acceptance_criteria": ["It is blue"],
    }
    change = board.done("egon", "changes", service=SERVICE, facts=facts)["summary"]["id"]
    board.done("egon", f"changes/{change}/submit")
    answers = board.at_once(change, cleo="reject", quin="reject", sam="reject")
    board.done("cleo", f"changes/{change}/decide")

    history = board.see("egon", f"changes/{change}/history")

    assert [one.status_code for one in answers] == [200, 200, 200]
    assert [one["kind"] for one in history] == [
        "change-decided",
        "vote-reject",
        "vote-reject",
        "vote-reject",
        "change-submitted",
        "change-made",
    ]
    assert history[0]["why"].endswith("refuses: 0 for, 3 against, 0 abstained; it is rejected now")
    assert sorted(one["actor"] for one in history[1:4]) == ["cleo", "quin", "sam"]
    assert board.see("rosa", "audit/verify")["entries"] > 20
