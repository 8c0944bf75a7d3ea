"""The routes of feature flags for people: each leads to the use case it names."""

from __future__ import annotations

from typing import Any

import pytest

from sluiceway.domain.flags.wire import flag_to_json
from tests.unit.api.conftest import Desk
from tests.unit.api.flag_rig import FOR_THE_SWISS, HERE, ON_FOR_ALL, SHOP, put_flags

FLAGS = f"/api/flags/{SHOP}"
BANNER = f"{FLAGS}/banner"
SWISS = {"id": "swiss", "constraints": [{"attribute": "country", "operator": "in", "values": ["CH"]}]}
ASKING = """\
name: shop
roles:
  - {id: owner, title: Owner, may: [read, approve, flag]}
approvals:
  - {id: two, title: Two owners, rule: {role: owner, count: 1}, separate: [author]}
flags:
  environments:
    production: {approval: two}
"""


@pytest.fixture
def shop(api: Desk) -> Desk:
    put_flags(api.office, ON_FOR_ALL, FOR_THE_SWISS)
    return api


def get(shop: Desk, path: str, **query: Any) -> Any:
    answer = shop.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def act(shop: Desk, path: str, /, status: int = 200, method: str = "POST", **body: Any) -> Any:
    answer = shop.client.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def value(shop: Desk, flag: str = "banner", environment: str = HERE) -> Any:
    evaluator = shop.office.services.flag_sets.current(SHOP, environment).evaluator
    return evaluator.evaluate(flag, {"targetingKey": "ann"}).value


def test_flags_are_listed_with_their_state_in_each_environment(shop: Desk) -> None:
    banner, twint = get(shop, FLAGS)

    assert (banner["id"], twint["id"]) == ("banner", "twint")
    assert {one["environment"]: one["is_enabled"] for one in banner["states"]} == {
        "development": True,
        "staging": False,
        "production": False,
    }


def test_a_flag_is_made_and_read_back_as_its_document(shop: Desk) -> None:
    made = act(shop, FLAGS, 201, flag={"id": "new", "enabled": True, "description": "what for"}, reason="why")

    assert [one["environment"] for one in made] == ["development", "staging", "production"]
    found = get(shop, f"{FLAGS}/new")
    assert found["description"] == "what for"
    assert found["definitions"][0]["document"]["enabled"] is True
    assert found["definitions"][2]["document"]["enabled"] is False


def test_every_problem_of_a_flag_is_named_with_its_place(shop: Desk) -> None:
    answer = act(shop, FLAGS, 422, flag={"id": "new", "enabled": "yes", "vaiants": []})

    assert answer["code"] == "flag-file"
    assert answer["problems"] == [
        "flag.enabled: is 'yes', expected true or false",
        'flag.vaiants: is not known; did you mean "variants"?',
    ]


def test_a_flag_is_edited_as_a_whole_where_it_is_as_expected(shop: Desk) -> None:
    version = get(shop, BANNER)["definitions"][0]["version"]
    document = flag_to_json(FOR_THE_SWISS) | {"id": "banner"}
    path = f"{BANNER}/environments/{HERE}"

    changed = act(shop, path, method="PUT", flag=document, expected_version=version, reason="only there")
    refused = act(shop, path, 409, method="PUT", flag=document, expected_version=version)

    assert (changed["outcome"], value(shop)) == ("applied", False)
    assert (refused["code"], "ada changed it" in refused["detail"]) == ("conflict", True)


def test_the_path_says_which_flag_is_edited(shop: Desk) -> None:
    path = f"{BANNER}/environments/{HERE}"

    assert act(shop, path, method="PUT", flag={"enabled": False})["outcome"] == "applied"
    answer = act(shop, path, 400, method="PUT", flag={"id": "other"})
    assert 'flag.id is "other", but the path names banner' in answer["detail"]


def test_a_flag_is_turned_off_and_on(shop: Desk) -> None:
    act(shop, f"{BANNER}/toggle", environment=HERE, on=False)
    assert value(shop) is False

    act(shop, f"{BANNER}/toggle", environment=HERE, on=True, reason="again")
    assert value(shop) is True


def test_a_kill_is_in_force_at_once_and_taken_back_by_a_restore(shop: Desk) -> None:
    killed = act(shop, f"{BANNER}/kill", reason="too slow")
    assert ([one["outcome"] for one in killed], value(shop)) == (["applied"] * 3, False)
    refused = act(shop, f"{BANNER}/toggle", 409, environment=HERE, on=True)
    assert refused["code"] == "illegal-move"

    act(shop, f"{BANNER}/restore", environment=HERE)
    assert value(shop) is True


def test_an_archived_flag_is_gone_and_an_undo_brings_it_back(shop: Desk) -> None:
    act(shop, f"{BANNER}/archive", reason="done")
    assert [one["id"] for one in get(shop, FLAGS)] == ["twint"]

    newest = get(shop, f"{BANNER}/history", environment=HERE, limit=1)
    assert (newest[0]["act"], newest[0]["why"], newest[0]["is_undoable"]) == ("flag-archived", "done", True)
    act(shop, f"/api/flag-changes/{SHOP}/{newest[0]['id']}/undo", reason="too early")
    assert value(shop) is True


def test_changes_of_all_flags_are_paged_newest_first(shop: Desk) -> None:
    changes = f"/api/flag-changes/{SHOP}"
    first = get(shop, changes, limit=2)

    rest = get(shop, changes, before=first[-1]["id"], limit=200)

    ids = [one["id"] for one in (*first, *rest)]
    assert (len(ids), ids) == (6, sorted(ids, reverse=True))


def test_a_user_is_told_why_they_get_what_they_get(shop: Desk) -> None:
    told = act(
        shop, f"{FLAGS}/twint/explain", environment=HERE, context={"targetingKey": "ann", "country": "CH"}
    )

    assert (told["evaluation"]["value"], told["evaluation"]["reason"]) == (True, "TARGETING_MATCH")
    assert [(one["id"], one["outcome"]) for one in told["rules"]] == [("swiss", "decided")]


def test_a_draft_is_counted_and_not_saved(shop: Desk) -> None:
    draft = {"enabled": True, "rules": [{"id": "some", "reach": 25}]}

    seen = act(
        shop,
        f"{BANNER}/preview",
        environment=HERE,
        flag=draft,
        samples=[{"country": "CH"}, {"country": "DE"}],
    )

    assert seen["problems"] == []
    assert [one["keys"] for one in seen["reach"]] == [1_000, 1_000]
    assert all(150 < one["on"] < 350 for one in seen["reach"])
    assert value(shop) is True


def test_segments_are_saved_listed_and_deleted_while_no_flag_uses_them(shop: Desk) -> None:
    path = f"/api/flag-segments/{SHOP}"
    act(shop, f"{path}/swiss", method="PUT", segment=SWISS, environment=HERE, expected_version=0)
    rule = {"id": "r", "segments": ["swiss"]}
    act(shop, f"{BANNER}/environments/{HERE}", method="PUT", flag={"enabled": True, "rules": [rule]})

    (found,) = get(shop, path, environment=HERE)
    assert (found["id"], found["used_by"], found["document"]) == ("swiss", ["banner"], SWISS)
    refused = act(shop, f"{path}/swiss/delete", 409, environment=HERE)
    assert "by banner" in refused["detail"]

    act(shop, f"{BANNER}/environments/{HERE}", method="PUT", flag={"enabled": True})
    act(shop, f"{path}/swiss/delete", environment=HERE)
    assert get(shop, path) == []
    other = act(shop, f"{path}/swiss", 400, method="PUT", segment={"id": "other"})
    assert 'segment.id is "other"' in other["detail"]


def test_a_change_that_waits_is_listed_and_applied_by_the_vote(shop: Desk) -> None:
    office = shop.office
    office.put_process(SHOP, ASKING)
    proposed = act(shop, f"{BANNER}/toggle", environment="production", on=True, reason="launch")
    assert (proposed["outcome"], value(shop, environment="production")) == ("waiting", False)

    (waiting,) = get(shop, "/api/flag-proposals", service=SHOP)
    path = f"/api/flag-proposals/{proposed['proposal']}"
    assert (waiting["id"], waiting["why"], get(shop, path)["state"]) == (
        proposed["proposal"],
        "launch",
        "waiting",
    )

    shop.client.headers["X-Sluice-Actor"] = "bob"
    voted = act(shop, f"{path}/approve", seen=waiting["subject"])
    assert (voted["state"], value(shop, environment="production")) == ("applied", True)
    assert act(shop, f"{path}/withdraw", 409)["code"] == "illegal-move"


def test_a_change_that_waits_can_be_rejected_or_given_up(shop: Desk) -> None:
    shop.office.put_process(SHOP, ASKING)
    first, second = (
        act(shop, f"{FLAGS}/{flag}/toggle", environment="production", on=True)["proposal"]
        for flag in ("banner", "twint")
    )

    assert act(shop, f"/api/flag-proposals/{second}/withdraw", reason="no")["state"] == "withdrawn"
    shop.client.headers["X-Sluice-Actor"] = "bob"
    assert act(shop, f"/api/flag-proposals/{first}/reject", reason="not yet")["state"] == "rejected"
    assert get(shop, "/api/flag-proposals") == []


def test_a_file_of_flags_is_exported_planned_and_applied(shop: Desk) -> None:
    path = f"/api/flag-files/{SHOP}"
    exported = shop.client.get(path)
    assert exported.headers["content-type"].startswith("text/yaml")
    nothing = act(shop, f"{path}/plan", text=exported.text)
    assert [one["lines"] for one in nothing] == [[], [], []]

    text = exported.text + "  another: {enabled: true}\n"
    planned = act(shop, f"{path}/plan", text=text, environment=HERE)
    assert planned[0]["changed"] == ["another"]
    with pytest.raises(AssertionError, match="no flag"):
        get(shop, f"{FLAGS}/another")

    act(shop, f"{path}/apply", text=text, environment=HERE)
    assert value(shop, "another") is True


def test_a_file_with_problems_names_them_all(shop: Desk) -> None:
    answer = act(shop, f"/api/flag-files/{SHOP}/plan", 422, text="flags: {x: {enabled: 7}}", path="f.yaml")

    assert answer["problems"][0].startswith("f.yaml:1:")


def test_flags_that_have_done_their_work_are_reported(shop: Desk) -> None:
    act(shop, FLAGS, 201, flag={"id": "old", "expires_at": "2000-01-01T00:00:00Z"})

    (found,) = get(shop, f"/api/stale-flags/{SHOP}")

    assert (found["flag"], [one["reason"] for one in found["reasons"]]) == ("old", ["expired"])
