"""The routes of rollouts."""

from __future__ import annotations

from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.ports.store import SamplePoint
from tests.unit.api.conftest import Desk
from tests.unit.services.test_starting import NAMED


def progressing(api: Desk) -> str:
    rollout_id = api.office.put_rollout()
    api.office.desk.run(rollout_id, until="progressing")
    return rollout_id


def test_a_list_continues_after_an_id(api: Desk) -> None:
    ids = [api.office.put_rollout(service=f"s{n}", port=9000 + n) for n in range(3)]

    page = api.client.get("/api/rollouts", params={"limit": 1, "before": ids[2]}).json()

    assert [item["id"] for item in page] == [ids[1]]


def test_a_list_can_be_of_one_service_and_of_unfinished_ones(api: Desk) -> None:
    done = api.office.put_rollout(service="cart", port=9001)
    api.office.desk.run(done, until="promoted")
    running = api.office.put_rollout(service="cart", port=9001)
    api.office.put_rollout(service="search", port=9002)

    page = api.client.get("/api/rollouts", params={"service": "cart", "active": "true"}).json()

    assert [item["id"] for item in page] == [running]


def test_a_rollout_is_found_by_a_part_of_its_id(api: Desk) -> None:
    rollout_id = progressing(api)

    answer = api.client.get(f"/api/rollouts/{rollout_id[-8:]}")

    assert answer.json()["summary"]["id"] == rollout_id


def test_an_unknown_rollout_is_a_problem_with_a_code(api: Desk) -> None:
    answer = api.client.get("/api/rollouts/0198c0de-0000-7000-8000-000000000000")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not-found"


def test_a_rollout_is_started_by_its_name_in_the_process(api: Desk) -> None:
    body = {"process": NAMED, "path": "/srv/sluiceway.yaml", "new": "2.0", "stable": "1.0"}

    unknown = api.client.post("/api/rollouts", json={**body, "rollout": "canry"})
    started = api.client.post("/api/rollouts", json={**body, "rollout": "canary"})

    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")
    assert started.status_code == 201
    assert [stage["id"] for stage in started.json()["stages"]] == ["tenth", "all"]


def test_an_act_is_the_actors(api: Desk) -> None:
    rollout_id = progressing(api)

    answer = api.client.post(f"/api/rollouts/{rollout_id}/actions/pause", json={"reason": "wait"})

    assert answer.status_code == 200
    assert answer.json()["summary"]["phase"] == "paused"
    assert answer.json()["decisions"][0]["by"] == "ada"


def test_without_an_actor_the_client_is_the_actor(api: Desk) -> None:
    rollout_id = progressing(api)
    del api.client.headers["X-Sluice-Actor"]

    answer = api.client.post(f"/api/rollouts/{rollout_id}/actions/pause", json={})

    assert answer.json()["decisions"][0]["by"] == "test"


def test_an_act_that_is_refused_is_a_409_with_the_reconcilers_sentence(api: Desk) -> None:
    rollout_id = progressing(api)

    answer = api.client.post(f"/api/rollouts/{rollout_id}/actions/resume", json={})

    assert (answer.status_code, answer.json()["code"]) == (409, "illegal-move")
    assert "resume: not possible while progressing" in answer.json()["detail"]


def test_an_act_on_an_older_version_is_a_conflict(api: Desk) -> None:
    rollout_id = progressing(api)

    answer = api.client.post(f"/api/rollouts/{rollout_id}/actions/pause", json={"expected_version": 99})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_an_unknown_act_names_those_there_are(api: Desk) -> None:
    answer = api.client.post(f"/api/rollouts/{progressing(api)}/actions/explode", json={})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
    assert "approve, pause, resume" in answer.json()["detail"]


def test_a_misspelt_field_is_refused_and_named(api: Desk) -> None:
    answer = api.client.post(f"/api/rollouts/{progressing(api)}/actions/pause", json={"raeson": "x"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
    assert "raeson" in answer.json()["detail"]


def test_a_body_that_is_no_json_is_a_problem(api: Desk) -> None:
    answer = api.client.post(
        f"/api/rollouts/{progressing(api)}/actions/pause",
        content=b"{not json",
        headers={"content-type": "application/json"},
    )

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_over_the_limit_is_refused(api: Desk) -> None:
    answer = api.client.post("/api/rollouts", json={"process": "x" * 1_100_000, "path": "/p", "new": "2"})

    assert answer.status_code == 413


def test_the_explanation_stands_alone(api: Desk) -> None:
    answer = api.client.get(f"/api/rollouts/{progressing(api)}/explanation")

    assert answer.json()["next"] == "stage s1: 25 % of users"


def test_the_history_is_oldest_first(api: Desk) -> None:
    rollout_id = progressing(api)
    api.client.post(f"/api/rollouts/{rollout_id}/actions/pause", json={})

    kinds = [entry["kind"] for entry in api.client.get(f"/api/rollouts/{rollout_id}/history").json()]

    assert kinds[-2:] == ["asked-pause", "paused"]


def test_plots_continue_after_an_instant(api: Desk) -> None:
    rollout_id = progressing(api)
    at = api.office.clock.wall()
    with api.office.store.begin() as tx:
        tx.add_samples(RolloutId(rollout_id), [SamplePoint(at, {"weight_asked": 5.0})])

    whole = api.client.get(f"/api/rollouts/{rollout_id}/series").json()
    rest = api.client.get(f"/api/rollouts/{rollout_id}/series", params={"after": at.timestamp()}).json()

    assert whole["figures"] == {"weight_asked": [5.0]}
    assert rest["at"] == []
