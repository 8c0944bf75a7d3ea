"""Health, own metrics, process files, the audit trail, the OpenAPI document."""

from __future__ import annotations

from tests.unit.api.conftest import Desk


def test_health_is_good_while_the_reconciler_runs(api: Desk) -> None:
    answer = api.client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json()["reconciler_running"] is True


def test_health_is_bad_without_a_reconciler(api: Desk) -> None:
    api.office.desk.is_running = False

    answer = api.client.get("/healthz")

    assert (answer.status_code, answer.json()["ok"]) == (503, False)


def test_own_metrics_count_unfinished_rollouts_by_phase(api: Desk) -> None:
    api.office.desk.run(api.office.put_rollout(), until="progressing")

    text = api.client.get("/metrics").text

    assert 'sluiceway_rollouts_active{phase="progressing"} 1' in text.splitlines()
    assert 'sluiceway_rollouts_active{phase="paused"} 0' in text.splitlines()


def test_a_whole_trail_answers_with_its_head(api: Desk) -> None:
    rollout_id = api.office.put_rollout()
    api.office.desk.run(rollout_id, until="promoted")
    entries = api.client.get(f"/api/rollouts/{rollout_id}/history").json()

    answer = api.client.get("/api/audit/verify", params={"head": entries[0]["hash"]})

    assert answer.json() == {"entries": len(entries), "head": entries[-1]["hash"]}


def test_a_cut_off_trail_is_a_problem(api: Desk) -> None:
    answer = api.client.get("/api/audit/verify", params={"head": "a" * 64})

    assert (answer.status_code, answer.json()["code"]) == (500, "audit-broken")


def test_a_head_that_is_no_hash_is_refused(api: Desk) -> None:
    assert api.client.get("/api/audit/verify", params={"head": "zz"}).status_code == 400


def test_the_openapi_document_lists_every_act_route(api: Desk) -> None:
    paths = api.client.get("/schema/openapi.json").json()["paths"]

    assert "/api/rollouts/{rollout_id}/actions/{kind}" in paths
    assert "/api/rollouts/{rollout_id}/events" in paths


def test_a_path_that_is_not_served_is_a_problem(api: Desk) -> None:
    answer = api.client.get("/api/nothing")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
