"""The pages of flags and segments as they leave the server, without a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Flag,
    FlagType,
    Operator,
    Rule,
    Segment,
)
from sluiceway.domain.flags.wire import flag_to_json
from sluiceway.web.answers import SECURITY_HEADERS
from tests.unit.services.desk import ADA, BOB
from tests.unit.web.conftest import Console

GERMANS = Rule("de", "Germany", (Constraint("country", Operator.IN, ("DE", "AT")),), reach=25_000)
FLAG = Flag("new-search", is_enabled=True, rules=(GERMANS,), name="New search", owner="dora")
HOSTILE = "\"'><script>alert(1)</script>{{ 7 * 7 }}"


def put_flag(console: Console, flag: Flag = FLAG) -> None:
    console.office.services.flags.create("shop", flag, ADA)


def page(console: Console, path: str, status: int = 200) -> str:
    answer = console.client.get(path, follow_redirects=False)
    assert answer.status_code == status, answer.text
    return answer.text


def review(console: Console, document: dict[str, Any], **more: Any) -> str:
    answer = console.client.post(
        "/fragments/flags/shop/production/review", json={"document": document, **more}
    )
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("path", ["/flags", "/flags/new", "/segments"])
def test_every_page_is_there_before_anything_was_made(console: Console, path: str) -> None:
    answer = console.client.get(path)

    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert answer.headers["cache-control"] == "no-store"


def test_empty_lists_tell_how_to_begin(console: Console) -> None:
    assert "No flag yet" in page(console, "/flags")
    assert "sluice process apply" in page(console, "/flags/new")


def test_the_list_shows_the_state_in_each_environment(console: Console) -> None:
    put_flag(console)
    console.office.services.flags.kill("shop", "production", "new-search", ADA)

    text = page(console, "/flags")

    row = re.sub(r"<[^>]+>|\s+", " ", text[text.index('id="row-shop-new-search"') :])
    assert re.search(r"development\s+On\s+on for 25% of some\s+staging\s+Off\s+production\s+Killed", row)


def test_the_list_is_narrowed(console: Console) -> None:
    put_flag(console)
    put_flag(console, Flag("brakes", type=FlagType.OPERATIONAL))

    found = {
        query: re.findall(r'id="row-shop-([^"]+)"', page(console, f"/flags?{query}"))
        for query in (
            "q=SEARCH+new",
            "type=operational",
            "owner=dora",
            "state=on",
            "state=on&environment=production",
            "service=shop",
            "stale=yes",
        )
    }

    assert found == {
        "q=SEARCH+new": ["new-search"],
        "type=operational": ["brakes"],
        "owner=dora": ["new-search"],
        "state=on": ["new-search"],
        "state=on&environment=production": [],
        "service=shop": ["brakes", "new-search"],
        "stale=yes": [],
    }


def test_the_list_goes_on_over_pages_that_keep_the_filter(console: Console) -> None:
    for number in range(51):
        put_flag(console, Flag(f"flag-{number:03}"))
    put_flag(console, Flag("other"))

    first = page(console, "/flags?q=flag-")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = page(console, following[1].replace("&amp;", "&"))

    assert first.count('id="row-') == 50
    assert re.findall(r'id="row-shop-([^"]+)"', second) == ["flag-050"]
    assert 'href="/flags?q=flag-">First' in second
    assert "51\u00a0flags like this" in first


def test_a_flag_is_complete_without_scripts(console: Console) -> None:
    put_flag(console)
    put_flag(console, Flag("suggestions", dependencies=(Dependency("new-search"),)))

    text = page(console, "/flags/shop/new-search")

    for words in ("New search", "Germany", "country is one of DE, AT", "25%", "dora", "Everyone else gets"):
        assert words in text
    assert 'href="/flags/shop/suggestions"' in text
    assert 'data-act="kill"' in text
    assert 'data-act="off-development"' in text
    assert 'data-act="on-production"' in text
    assert 'href="/flags/shop/new-search/production/edit"' in text


def test_a_killed_flag_offers_to_be_restored_and_says_why_it_was(console: Console) -> None:
    put_flag(console)
    console.office.services.flags.kill("shop", "", "new-search", ADA, "baskets are lost")

    text = page(console, "/flags/shop/new-search")

    assert "baskets are lost" in text
    assert 'data-act="restore-production"' in text
    assert 'data-act="restore"' in text
    assert 'data-act="kill"' not in text


def test_history_shows_diffs_and_offers_to_undo_the_last_one_only(console: Console) -> None:
    put_flag(console)
    flags = console.office.services.flags
    for reach in (30_000, 40_000):
        flags.edit(
            "shop", "production", replace(FLAG, rules=(replace(GERMANS, reach=reach),)), BOB, why="more"
        )

    text = page(console, "/flags/shop/new-search")

    assert "reach of rule &#34;de&#34; 30% -&gt; 40%" in text
    newest = flags.history("shop", "new-search", ADA, environment="production")
    offered = set(re.findall(r'id="do-undo-(\d+)"', text))
    assert str(newest[0].id) in offered
    assert str(newest[1].id) not in offered


def test_history_goes_on_over_pages(console: Console) -> None:
    put_flag(console)
    flags = console.office.services.flags
    for number in range(20):
        flags.toggle("shop", "staging", "new-search", number % 2 == 0, ADA)

    first = page(console, "/flags/shop/new-search")
    older = re.search(r'href="(/flags/shop/new-search\?before=\d+)#history"', first)
    assert older is not None

    assert first.count('id="version-') == 20
    assert page(console, older[1]).count('id="version-') == 3


def test_the_editor_holds_the_flag_as_it_is(console: Console) -> None:
    put_flag(console)
    console.office.services.flags.save_segment("shop", Segment("staff", "Staff"), ADA)

    text = page(console, "/flags/shop/new-search/development/edit")

    assert 'data-id="de"' in text
    assert ">\nDE\nAT</textarea>" in text
    assert 'step="0.001" value="25"' in text
    assert 'data-segment="staff"' in text
    assert 'data-save="/flags/shop/new-search/environments/development"' in text


def test_an_environment_that_is_not_there_can_t_be_edited(console: Console) -> None:
    put_flag(console)

    assert "it has development, staging, production" in page(
        console, "/flags/shop/new-search/prod/edit", status=404
    )


def test_a_draft_is_answered_with_its_diff_and_who_is_reached(console: Console) -> None:
    put_flag(console)
    document = flag_to_json(replace(FLAG, is_enabled=False, rules=(replace(GERMANS, reach=50_000),)))

    text = review(console, dict(document), samples=["country = DE", "country = FR\ntargetingKey = ada"])

    assert "reach of rule &#34;de&#34; 25% -&gt; 50%" in text
    shares = [int(one) for one in re.findall(r"<p>on for (\d+) of", text)]
    assert 440 <= shares[0] <= 560
    assert shares[1] == 0
    assert text.count("This one user gets off") == 1
    assert "data-conflict" not in text


def test_what_is_wrong_with_a_draft_is_told_with_its_place(console: Console) -> None:
    put_flag(console)
    document = dict(flag_to_json(FLAG))

    shape = review(console, {**document, "rules": [{"reach": 250}]})
    sense = review(console, {**document, "rules": [{"segments": ["staff"]}]})

    assert re.findall(r'data-place="([^"]+)"', shape) == ["rules[0].reach"]
    assert re.findall(r'data-place="([^"]+)"', sense) == ["rules[0].segments[0]"]


def test_somebody_else_s_edit_is_shown_beside_the_draft(console: Console) -> None:
    put_flag(console)
    console.office.services.flags.edit("shop", "production", replace(FLAG, owner="bob"), BOB)
    begun = flag_to_json(replace(FLAG, is_enabled=False))

    text = review(console, {**begun, "name": "Search"}, base=begun)

    assert "bob has changed it meanwhile" in text
    assert "owner dora -&gt; bob" in text
    assert "owner bob -&gt; dora" in text
    assert "name New search -&gt; Search" in text


def test_why_somebody_gets_what_they_get_is_told_step_by_step(console: Console) -> None:
    put_flag(console)

    text = page(
        console,
        "/flags/shop/new-search/explain?environment=development&key=ada&attributes=country+%3D+FR%0Aage+%3D+7",
    )

    assert "The answer in development" in text
    assert "country is one of DE, AT" in text
    assert "found: FR" in text
    assert "country = FR\nage = 7</textarea>" in text


def test_a_segment_is_listed_with_who_uses_it_and_edited(console: Console) -> None:
    flags = console.office.services.flags
    flags.save_segment("shop", Segment("staff", "Staff", included=("ada",)), ADA, environment="staging")
    put_flag(console, Flag("plain"))
    flags.edit("shop", "staging", Flag("plain", rules=(Rule("staff", segments=("staff",)),)), ADA)

    assert re.findall(r'id="segment-(\w+-staff)"', page(console, "/segments?service=shop")) == [
        "staging-staff"
    ]
    text = page(console, "/segments/shop/staging/edit/staff")
    assert "Used by plain" in text
    assert ">\nada</textarea>" in text
    assert "no segment" in page(console, "/segments/shop/production/edit/staff", status=404)


def test_a_draft_of_a_segment_is_answered_with_its_diff(console: Console) -> None:
    answer = console.client.post(
        "/fragments/segments/shop/staging/review", json={"document": {"id": "staff", "included": ["ada"]}}
    )

    assert "added: always ada" in answer.text


def test_what_people_wrote_is_escaped_also_in_what_scripts_read(console: Console) -> None:
    rule = Rule("r", HOSTILE, (Constraint(HOSTILE, Operator.IN, (HOSTILE,)),))
    flag = Flag(
        "new-search", rules=(rule,), name=HOSTILE, owner=HOSTILE, description=HOSTILE, tags=(HOSTILE,)
    )
    put_flag(console, flag)
    flags = console.office.services.flags
    flags.kill("shop", "production", "new-search", ADA, HOSTILE)
    flags.save_segment("shop", Segment("staff", HOSTILE, included=(HOSTILE,)), ADA)

    for path in (
        "/flags",
        "/flags/shop/new-search",
        "/flags/shop/new-search/staging/edit",
        "/flags/shop/new-search/explain?key=a&attributes=x%3D%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/segments?service=shop",
        "/segments/shop/staging/edit/staff",
    ):
        text = page(console, path)
        assert "<script>alert" not in text
        assert ">49<" not in text
    assert "<script>alert" not in review(console, dict(flag_to_json(flag)), samples=[HOSTILE])


def test_what_does_not_exist_is_a_page_that_says_so(console: Console) -> None:
    assert "There is nothing here" in page(console, "/flags/shop/none", status=404)
