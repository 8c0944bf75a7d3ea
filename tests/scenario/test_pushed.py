"""Pushed figures in the whole app: they judge a version, and a kill loses none."""

from __future__ import annotations

from typing import Any

import httpx

from tests.scenario.harness import Rig, wait_for

TRIGGERS = '    - {name: unhappy, when: "user_satisfaction < 3", action: immediate}'


def push(app: Rig, token: str, points: list[dict[str, Any]]) -> list[str]:
    """Push the points and return what became of each."""
    answer = httpx.post(
        f"{app.url}/api/points", json=points, headers={"Authorization": f"Bearer {token}"}, timeout=15
    )
    assert answer.status_code == 200, answer.text
    return [one["fate"] for one in answer.json()]


def a_rating(number: int, value: float, version: str = "2.0") -> dict[str, Any]:
    about = {"metric": "user_satisfaction", "service": "shop", "version": version}
    return {"id": f"r{number}", "value": value, **about}


def satisfaction(app: Rig, rollout: str) -> dict[str, float | None]:
    metrics = {metric["name"]: metric for metric in app.view(rollout)["metrics"]}
    found = metrics.get("user_satisfaction", {})
    return {side: found.get(side) for side in ("new", "stable")}


def test_pushed_ratings_roll_a_version_back_and_a_kill_loses_none(app: Rig) -> None:
    app.speed = 1.0
    app.write_process(triggers=TRIGGERS)
    app.serve()
    token = app.api("POST", "/tokens", json={"name": "survey"}).json()["token"]
    rollout = app.start()
    app.users()
    app.wait_stage(rollout, "few")

    good = [a_rating(1, 8), a_rating(2, 6), a_rating(3, 9, version="1.0")]
    assert push(app, token, good) == ["stored"] * 3
    wait_for("the ratings to show", lambda: satisfaction(app, rollout) == {"new": 7, "stable": 9})
    app.kill()
    app.serve()

    assert push(app, token, good) == ["duplicate"] * 3
    wait_for("the ratings to show again", lambda: satisfaction(app, rollout) == {"new": 7, "stable": 9})
    assert push(app, token, [a_rating(number, 1) for number in range(10, 20)]) == ["stored"] * 10
    view = app.wait_phase(rollout, "rolled-back", within_s=40)

    history = app.api("GET", f"/rollouts/{rollout}/history").json()
    decided = next(entry for entry in history if entry["kind"] == "rollback-decided")
    assert decided["actor"] == "trigger:unhappy"
    assert view["summary"]["phase"] == "rolled-back"
    assert app.audit_is_whole()
    log = (app.data / "logs" / "sluice.log").read_text(encoding="utf-8") + app.serve_log()
    assert token.rpartition("_")[2] not in log
