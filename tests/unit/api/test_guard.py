"""Requests that other web sites could make a browser send are refused."""

from __future__ import annotations

import pytest

from sluiceway.api.guard import is_loopback
from tests.unit.api.conftest import Desk
from tests.unit.services.desk import ADA


def act(api: Desk, **headers: str) -> int:
    rollout_id = api.office.put_rollout()
    api.office.desk.run(rollout_id, until="progressing")
    answer = api.client.post(f"/api/rollouts/{rollout_id}/actions/pause", content=b"{}", headers=headers)
    is_changed = api.office.service.get(rollout_id, ADA).summary.phase == "paused"
    assert is_changed == (answer.status_code == 200)
    return answer.status_code


def test_an_act_in_json_from_our_own_client_passes(api: Desk) -> None:
    assert act(api, **{"content-type": "application/json"}) == 200


def test_an_act_from_our_own_page_passes(api: Desk) -> None:
    assert act(api, **{"content-type": "application/json", "origin": "http://127.0.0.1:7700"}) == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://127.0.0.1:7700.evil.example"]
)
def test_an_act_from_another_origin_is_refused(api: Desk, origin: str) -> None:
    assert act(api, **{"content-type": "application/json", "origin": origin}) == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_what_a_plain_form_can_send_is_refused(api: Desk, kind: str) -> None:
    assert act(api, **{"content-type": kind}) == 415


def test_an_act_without_the_client_header_is_refused(api: Desk) -> None:
    assert act(api, **{"content-type": "application/json", "x-sluice-client": ""}) == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7700", "127.0.0.1.evil.example", "", "[bad"])
def test_a_foreign_host_name_reads_nothing(api: Desk, host: str) -> None:
    answer = api.client.get("/api/rollouts", headers={"host": host})

    assert (answer.status_code, answer.json()["code"]) == (421, "request")


@pytest.mark.parametrize(
    "host", ["localhost:7700", "127.0.0.1", "127.8.9.1:1", "[::1]:7700", "sluice.example", "SLUICE.example:1"]
)
def test_our_own_names_may_read(api: Desk, host: str) -> None:
    assert api.client.get("/api/rollouts", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", ""])
def test_what_others_can_reach_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)
