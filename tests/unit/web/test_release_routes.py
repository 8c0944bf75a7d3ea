"""The pages of releases, change requests and boards as they leave the server, without a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.changes.model import ChangeFacts
from sluiceway.domain.releases.model import Facts
from sluiceway.web.answers import SECURITY_HEADERS
from tests.unit.services.desk import ADA, BOB
from tests.unit.web.conftest import Console

PROCESS = """\
name: {service}
extends: octoacme
changes:
  kinds: [{{id: normal, title: Normal change, board: board}}]
  boards:
    - {{id: board, title: Change board, chair: release-manager, voting: [release-manager, qa-lead]}}
"""


def put_process(console: Console, service: str = "checkout") -> None:
    text = PROCESS.format(service=service)
    console.office.services.processes.apply(text, "/srv/sluiceway.yaml", service, ADA)


def put_release(console: Console, version: str = "2.4.0", **facts: Any) -> str:
    target_at = console.office.clock.now() + timedelta(weeks=9)
    given = replace(Facts(version, "minor", target_at=target_at), **facts)
    return console.office.services.releases.new("checkout", given, ADA).summary.id


def page(console: Console, path: str, status: int = 200) -> str:
    answer = console.client.get(path, follow_redirects=False)
    assert answer.status_code == status
    return answer.text


@pytest.mark.parametrize(
    "path", ["/releases", "/changes", "/boards", "/work", "/releases/new", "/changes/new"]
)
def test_every_page_is_there_before_anything_was_made(console: Console, path: str) -> None:
    answer = console.client.get(path)

    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert answer.headers["cache-control"] == "no-store"


def test_empty_lists_tell_how_to_begin(console: Console) -> None:
    assert "No release yet" in page(console, "/releases")
    assert "sluice process apply" in page(console, "/releases/new")
    assert "No change request yet" in page(console, "/changes")
    assert "No board" in page(console, "/boards")


def test_releases_are_shown_by_pages_that_keep_the_filter(console: Console) -> None:
    put_process(console)
    for minor in range(51):
        put_release(console, f"2.{minor}.0")

    first = page(console, "/releases?type=minor")
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = page(console, older[1].replace("&amp;", "&"))

    assert first.count('id="row-') == 50
    assert "type=minor" in older[1]
    assert second.count('id="row-') == 1
    assert "2.0.0" in second
    assert 'href="/releases?type=minor">Newest' in second


def test_a_service_is_asked_for_when_there_are_several(console: Console) -> None:
    put_process(console)
    assert "New release of checkout" in page(console, "/releases/new")

    put_process(console, "search")

    assert "/releases/new?service=search" in page(console, "/releases/new")
    assert "New release of search" in page(console, "/releases/new?service=search")
    assert "/changes/new?service=search" in page(console, "/changes/new")


def test_a_form_for_a_release_offers_the_types_of_its_process(console: Console) -> None:
    put_process(console)

    form = page(console, "/releases/new")

    assert re.findall(r'<option value="([a-z]+)"(?: selected)?>\w+ release', form) == [
        "major",
        "minor",
        "patch",
    ]


def test_a_release_is_complete_without_scripts(console: Console) -> None:
    put_process(console)
    release = put_release(console, title="Saved cards", code_name="Aurora")

    text = page(console, f"/releases/{release}")

    for words in ("Saved cards", "Aurora", "Release readiness review", "Code quality", "Eight weeks before"):
        assert words in text
    assert "things are missing for Planned" in text
    assert f"/releases/{release}/timeline.svg" in text
    assert f'data-version="{console.office.services.releases.get(release, ADA).version}"' in text


def test_a_release_is_found_by_service_and_version(console: Console) -> None:
    put_process(console)
    release = put_release(console)

    assert f"/api/releases/{release}" not in page(console, "/releases/checkout@2.4.0")
    assert release in page(console, "/releases/checkout@2.4.0")


def test_a_release_without_a_date_says_why_it_has_no_timeline(console: Console) -> None:
    put_process(console)
    release = put_release(console, target_at=None)

    text = page(console, f"/releases/{release}")

    assert "has no target date" in text
    assert "timeline.svg" not in text


@pytest.mark.parametrize(("query", "width"), [("", "1100"), ("?narrow=true", "440")])
def test_a_chart_is_drawn_wide_or_narrow_and_can_run_nothing(
    console: Console, query: str, width: str
) -> None:
    put_process(console)
    release = put_release(console)

    answer = console.client.get(f"/releases/{release}/timeline.svg{query}")

    assert f'viewBox="0 0 {width} ' in answer.text
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/releases/REL-1999-0001", "/runs/none", "/changes/CR-1999-001", "/boards/checkout/none"]
)
def test_what_does_not_exist_is_a_page_that_says_so(console: Console, path: str) -> None:
    put_process(console)

    assert "There is nothing here" in page(console, path, status=404)


def test_what_people_wrote_is_escaped_also_in_what_scripts_read(console: Console) -> None:
    put_process(console)
    hostile = "\"'><script>alert(1)</script>{{ 7 * 7 }}"
    release = put_release(console, title=hostile, code_name=hostile, manager=hostile)
    changes = console.office.services.changes
    facts = ChangeFacts(title=hostile, requestor="ada", service="checkout", description=hostile)
    change = changes.new(facts, ADA, service="checkout").summary.id

    for path in (
        "/releases",
        f"/releases/{release}",
        f"/releases/{release}/edit",
        "/changes",
        f"/changes/{change}",
        f"/changes/{change}/edit",
        "/work",
    ):
        text = page(console, path)
        assert "<script>alert" not in text
        assert "49" not in re.findall(r"\{\{.*?\}\}|>49<", text)


def test_activity_goes_on_over_pages(console: Console) -> None:
    put_process(console)
    release = put_release(console)
    for number in range(31):
        console.office.services.releases.vote(
            release, "readiness-review", VoteKind.COMMENT, BOB, comment=f"thought {number}"
        )

    first = page(console, f"/releases/{release}")
    older = re.search(r'href="(/releases/[^"]+before=\d+)#activity"', first)
    assert older is not None
    second = page(console, older[1])

    assert first.count('id="entry-') == 30
    assert "Release made" not in first
    assert "Release made" in second


def test_requests_are_narrowed_by_state(console: Console) -> None:
    put_process(console)
    facts = ChangeFacts(title="Another gateway", requestor="ada", service="checkout")
    console.office.services.changes.new(facts, ADA, service="checkout")

    assert "Another gateway" in page(console, "/changes?state=draft")
    assert "Another gateway" not in page(console, "/changes?state=submitted")


def test_a_board_without_a_fixed_day_says_so(console: Console) -> None:
    put_process(console)

    text = page(console, "/boards/checkout/board")

    assert "no fixed day" in text
    assert "Nothing waits for this board" in text
    assert "/boards/checkout/board" in page(console, "/boards")
