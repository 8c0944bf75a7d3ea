"""Pushed figures over HTTP: who may, what becomes of each point, and that each counts once."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.api.conftest import Desk
from tests.unit.api.served import served
from tests.unit.services.desk import ADA

POINT = {
    "id": "1",
    "metric": "order_completion",
    "service": "checkout",
    "version": "2.0",
    "count": 10,
    "bad": 1,
}


def a_token(api: Desk, name: str = "till", service: str = "") -> str:
    answer = api.client.post("/api/tokens", json={"name": name, "service": service})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def push(api: Desk, *points: Any, token: str) -> Any:
    answer = api.client.post("/api/points", json=list(points), headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def raw_push(api: Desk, content: bytes, token: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return api.client.post("/api/points", content=content, headers=headers)


def counted(api: Desk) -> float:
    with api.office.store.read() as tx:
        return sum(row.outcomes for row in tx.point_totals("checkout", "order_completion").values())


@pytest.fixture
def versions(api: Desk) -> tuple[str, str]:
    """A rollout of checkout is under way; return its versions."""
    view = api.office.service.get(api.office.put_rollout(), ADA)
    return view.summary.stable, view.summary.new


def a_point(versions: tuple[str, str], **parts: Any) -> dict[str, Any]:
    return {**POINT, "version": versions[1], **parts}


def test_the_answer_says_of_each_point_what_became_of_it(api: Desk, versions: tuple[str, str]) -> None:
    token = a_token(api)
    point = a_point(versions)
    push(api, point, token=token)

    found = push(
        api,
        point,
        a_point(versions, count=99),
        a_point(versions, id="2"),
        a_point(versions, id="3", at="2001-01-01T00:00:00Z"),
        a_point(versions, id="4", service="search"),
        token=token,
    )

    assert [(one["index"], one["id"], one["fate"]) for one in found] == [
        (0, "1", "duplicate"),
        (1, "1", "conflict"),
        (2, "2", "stored"),
        (3, "3", "late"),
        (4, "4", "refused"),
    ]
    assert found[1]["reason"].startswith("another point with this id is there already")
    assert found[2]["reason"] == ""
    assert found[4]["reason"].startswith("there is no service 'search'")
    assert counted(api) == 20


FIELDS = "id, metric, service, version, rollout, at, value, count, bad, good, total, squares"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (
            {"id": "9", "metrc": "x"},
            f"metrc is no field of a point, which has {FIELDS}; did you mean metric?",
        ),
        ({"id": "9", "zoo": "x"}, f"zoo is no field of a point, which has {FIELDS}"),
        ({"id": "9", "metric": "x", "count": "many"}, "count is no number; write it without quotes"),
        ({"id": "9", "metric": "x", "count": True}, "count is no number; write it without quotes"),
        ({"id": 9, "metric": "x"}, "id is no text; write it in quotes"),
        ({"id": "9", "metric": "x" * 1_001}, "metric is longer than 1000 characters"),
        ("a text", 'the point is no object; write {"id": ..., "metric": ..., "count": ...}'),
        (None, 'the point is no object; write {"id": ..., "metric": ..., "count": ...}'),
        ({}, "id is missing: name each point"),
    ],
)
def test_a_malformed_point_is_refused_alone(
    api: Desk, versions: tuple[str, str], item: object, reason: str
) -> None:
    bad, good = push(api, item, a_point(versions), token=a_token(api))

    assert (bad["fate"], good["fate"]) == ("refused", "stored")
    assert bad["reason"].startswith(reason)


def test_not_a_number_refuses_its_point_only(api: Desk, versions: tuple[str, str]) -> None:
    body = json.dumps([a_point(versions, count=float("nan")), a_point(versions, id="2")])

    found = raw_push(api, body.encode(), a_token(api)).json()

    assert [one["fate"] for one in found] == ["refused", "stored"]
    assert found[0]["reason"] == "count is nan, which is no figure"


def test_half_a_surrogate_pair_is_refused_and_not_echoed(api: Desk, versions: tuple[str, str]) -> None:
    body = json.dumps([a_point(versions, id="\ud800"), a_point(versions, version="\ud800")])

    found = raw_push(api, body.encode(), a_token(api)).json()

    assert [(one["id"], one["fate"]) for one in found] == [("", "refused"), ("1", "refused")]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"[{", "the body is not JSON"),
        (b"", "the body is not JSON"),
        (b"\xff\xfe[", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"[" + b"1" * 10_000 + b"]", "the body is not JSON"),
        (b'{"id": "1"}', "the body is not a list"),
        (b"[" + b"{}," * 1_000 + b"{}]", "the batch has 1001 points; send at most 1000 at once"),
    ],
)
def test_a_body_that_is_no_batch_changes_nothing(api: Desk, content: bytes, detail: str) -> None:
    answer = raw_push(api, content, a_token(api))

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
    assert answer.json()["detail"].startswith(detail)


def test_a_body_over_the_limit_is_refused(api: Desk) -> None:
    assert raw_push(api, b" " * 1_100_000, a_token(api)).status_code == 413


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Bearer sluice_till_" + "0" * 64])
def test_without_a_valid_token_nothing_is_read(api: Desk, authorization: str | None) -> None:
    a_token(api)
    headers = {
        "content-type": "application/json",
        **({"authorization": authorization} if authorization else {}),
    }

    answer = api.client.post("/api/points", content=b"not even json", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="sluiceway"'
    assert "`sluice token create NAME`" in answer.json()["detail"]


def test_a_revoked_token_is_refused(api: Desk, versions: tuple[str, str]) -> None:
    token = a_token(api)
    push(api, a_point(versions), token=token)

    revoked = api.client.post("/api/tokens/till/revoke", json={}).json()

    assert revoked["revoked_by"] == "ada"
    assert raw_push(api, b"[]", token).status_code == 401


def test_a_token_for_one_service_pushes_no_other(api: Desk, versions: tuple[str, str]) -> None:
    api.office.put_rollout(service="search", port=9001)
    token = a_token(api, service="search")

    mine, others = push(api, a_point(versions, service="search"), a_point(versions, id="2"), token=token)

    assert mine["fate"] == "stored"
    assert (others["fate"], others["reason"]) == (
        "refused",
        "this token is for search only, not for checkout",
    )


def test_a_figure_of_a_release_names_its_rollout(api: Desk, versions: tuple[str, str]) -> None:
    rollout = api.office.service.list(ADA)[0].id
    whole = {"metric": "support_tickets", "count": 3}

    found = push(
        api,
        {"id": "1", "rollout": rollout, **whole},
        {"id": "2", "rollout": rollout[-8:], "service": "checkout", **whole},
        {"id": "3", "rollout": rollout, "service": "search", **whole},
        {"id": "4", "rollout": "0198c0de-0000-7000-8000-000000000000", **whole},
        {"id": "5", "rollout": rollout, "version": "2.0", **whole},
        token=a_token(api),
    )

    assert [one["fate"] for one in found] == ["stored", "stored", "refused", "refused", "refused"]
    assert found[2]["reason"] == f"rollout {rollout} is of checkout, not of search"
    assert "0198c0de" in found[3]["reason"]


def test_no_client_header_is_needed_beside_a_token(api: Desk, versions: tuple[str, str]) -> None:
    token = a_token(api)
    del api.client.headers["X-Sluice-Client"]

    assert push(api, a_point(versions), token=token)[0]["fate"] == "stored"
    assert api.client.post("/api/tokens", json={"name": "other"}).status_code == 403


def test_another_site_can_not_push_even_with_a_token(api: Desk) -> None:
    headers = {"authorization": f"Bearer {a_token(api)}", "origin": "http://evil.example"}

    assert api.client.post("/api/points", json=[], headers=headers).status_code == 403


def test_a_new_token_is_shown_once_and_not_cached(api: Desk) -> None:
    answer = api.client.post("/api/tokens", json={"name": "till", "service": "checkout"})
    listed = api.client.get("/api/tokens").json()

    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["token"].startswith("sluice_till_")
    assert [(one["name"], one["service"], one["created_by"]) for one in listed] == [
        ("till", "checkout", "ada")
    ]
    assert "token" not in listed[0]
    assert "sha256" not in listed[0]


def test_the_use_of_a_token_shows_in_the_list(api: Desk, versions: tuple[str, str]) -> None:
    token = a_token(api)
    push(api, a_point(versions), token=token)

    (listed,) = api.client.get("/api/tokens").json()

    assert listed["used_at"] is not None


def test_a_token_for_no_sensible_name_is_refused(api: Desk) -> None:
    answer = api.client.post("/api/tokens", json={"name": "No Such"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")


def test_the_openapi_document_says_what_a_point_holds(api: Desk) -> None:
    posted = api.client.get("/schema/openapi.json").json()["paths"]["/api/points"]["post"]
    schema = posted["requestBody"]["content"]["application/json"]["schema"]

    assert schema["maxItems"] == 1_000
    assert schema["items"]["required"] == ["id", "metric"]
    assert schema["items"]["properties"]["squares"]["type"] == "number"


def test_a_batch_that_many_send_at_once_counts_once(tmp_path: Path) -> None:
    senders = 6
    with served(tmp_path) as server:
        server.office.put_rollout()
        version = server.office.service.list(ADA)[0].new
        token = server.office.services.tokens.create("till", "", ADA).token
        batch = [{**POINT, "id": f"id-{number}", "version": version} for number in range(100)]
        together = threading.Barrier(senders, timeout=20)
        fates: list[str] = []

        def send() -> None:
            together.wait()
            headers = {"authorization": f"Bearer {token}"}
            answer = httpx.post(f"{server.url}/api/points", json=batch, headers=headers, timeout=30)
            fates.extend(one["fate"] for one in answer.json())

        threads = [threading.Thread(target=send) for _ in range(senders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with server.office.store.read() as tx:
            totals = tx.point_totals("checkout", "order_completion")

    assert (fates.count("stored"), fates.count("duplicate")) == (100, 500)
    assert totals[version].outcomes == 1_000
