"""The console's pages as they leave the server, without a browser."""

from __future__ import annotations

import re

import pytest

from sluiceway.domain.process.plan import Criterion, CriterionKind
from sluiceway.web.assets import load_assets
from tests.unit.domain.rollouts.world import a_plan
from tests.unit.web.conftest import Console

NO_SUCH = "01900000-0000-7000-8000-000000000000"


def test_an_empty_list_tells_how_to_start(console: Console) -> None:
    page = console.client.get("/").text

    assert "No rollout yet" in page
    assert "sluice init" in page
    assert "sluice rollout start" in page


def test_rollouts_under_way_come_before_finished_ones(console: Console) -> None:
    finished = console.office.put_rollout(service="search", port=1)
    console.office.desk.run(finished, until="promoted", seconds=60)
    console.office.put_rollout(service="checkout", port=2)

    page = console.client.get("/").text

    assert 0 < page.index("Under way") < page.index("checkout") < page.index("Finished")
    assert page.index("Finished") < page.index(f"/rollouts/{finished}")


def test_finished_rollouts_are_shown_by_pages(console: Console) -> None:
    for number in range(21):
        rollout_id = console.office.put_rollout(service=f"service-{number:02}", port=1)
        console.office.desk.run(rollout_id, until="promoted", seconds=1_000)

    first = console.client.get("/").text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = console.client.get(older[1].replace("&amp;", "&")).text

    assert first.count('id="row-') == 20
    assert "service-00" not in first
    assert second.count('id="row-') == 1
    assert "service-00" in second
    assert 'rel="next"' not in second


def test_the_list_can_be_narrowed_to_one_service(console: Console) -> None:
    console.office.put_rollout(service="search", port=1)
    console.office.put_rollout(service="checkout", port=2)

    page = console.client.get("/", params={"service": "search"}).text

    assert page.count('id="card-') == 1
    assert "Rollouts of search" in page


def test_a_rollout_s_page_is_complete_without_scripts(console: Console) -> None:
    rollout_id = console.office.put_rollout()
    console.office.desk.run(rollout_id, until="progressing")

    page = console.client.get(f"/rollouts/{rollout_id}").text

    assert "Progressing" in page
    assert "Where it stands" in page
    assert "Stage s0 (1 of 3)" in page
    assert 'data-act="rollback"' in page
    assert "first stage" in page  # the decision's reason


def test_a_short_id_finds_the_rollout(console: Console) -> None:
    rollout_id = console.office.put_rollout()

    page = console.client.get(f"/rollouts/{rollout_id[:13]}")

    assert page.status_code == 200
    assert f'data-id="{rollout_id}"' in page.text


def test_an_unknown_rollout_is_a_page_that_leads_back(console: Console) -> None:
    page = console.client.get(f"/rollouts/{NO_SUCH}")

    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "There is nothing here" in page.text


def test_what_people_wrote_is_shown_and_never_run(console: Console) -> None:
    text = '<script>alert("x")</script>'
    plan = a_plan(criteria=(Criterion(text, CriterionKind.MANUAL),))
    rollout_id = console.office.put_rollout(plan, service="<b>shop")
    console.office.desk.run(rollout_id, until="progressing")

    page = console.client.get(f"/rollouts/{rollout_id}").text

    assert "<script>alert" not in page
    assert "<b>shop" not in page
    assert "&lt;script&gt;alert" in page


def test_a_fragment_holds_every_part_that_refreshes(console: Console) -> None:
    rollout_id = console.office.put_rollout()

    fragment = console.client.get(f"/fragments/rollouts/{rollout_id}").text

    assert re.findall(r'data-region="(\w+)"', fragment) == [
        "head",
        "stand",
        "lane",
        "compare",
        "below",
        "dialogs",
    ]
    assert "<html" not in fragment


def test_the_trail_continues_after_what_is_shown(console: Console) -> None:
    rollout_id = console.office.put_rollout()
    console.office.desk.run(rollout_id, until="promoted", seconds=60)
    address = f"/fragments/rollouts/{rollout_id}/trail"
    seen = [int(seq) for seq in re.findall(r'data-seq="(\d+)"', console.client.get(address).text)]

    later = console.client.get(address, params={"after": seen[-1]}).text

    assert seen == sorted(seen, reverse=True)
    assert [int(seq) for seq in re.findall(r'data-seq="(\d+)"', later)] == seen[:-1]


@pytest.mark.parametrize("path", ["/", f"/rollouts/{NO_SUCH}"])
def test_pages_allow_no_inline_code_and_no_other_host(console: Console, path: str) -> None:
    answer = console.client.get(path)
    policy = answer.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_pages_hold_no_inline_style_or_script(console: Console) -> None:
    rollout_id = console.office.put_rollout()
    page = console.client.get(f"/rollouts/{rollout_id}").text

    assert " style=" not in page
    assert " onclick=" not in page
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))


def test_every_file_a_page_names_is_served_and_kept_for_ever(console: Console) -> None:
    rollout_id = console.office.put_rollout()
    addresses = re.findall(r'"(/static/[^"]+)"', console.client.get(f"/rollouts/{rollout_id}").text)

    answers = [console.client.get(address) for address in addresses]

    assert len(answers) >= 8
    assert {answer.status_code for answer in answers} == {200}
    assert all("immutable" in answer.headers["cache-control"] for answer in answers)


def test_a_file_of_an_older_edition_is_served_but_not_kept(console: Console) -> None:
    answer = console.client.get("/static/0000000000000000/css/tokens.css")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


def test_a_file_the_browser_has_is_not_sent_again(console: Console) -> None:
    address = load_assets().url("css/tokens.css")
    etag = console.client.get(address).headers["etag"]

    answer = console.client.get(address, headers={"If-None-Match": etag})

    assert answer.status_code == 304
    assert answer.content == b""


@pytest.mark.parametrize("path", ["nothing.css", "../routes.py", "%2e%2e/routes.py", "vendor/README.md"])
def test_only_files_meant_for_browsers_are_served(console: Console, path: str) -> None:
    assert console.client.get(f"/static/{load_assets().digest}/{path}").status_code == 404


def test_scripts_have_the_type_that_browsers_insist_on(console: Console) -> None:
    answer = console.client.get(load_assets().url("js/rollout.js"))

    assert answer.headers["content-type"].startswith("text/javascript")


def test_asking_for_a_file_that_is_not_there_is_a_mistake_of_the_template() -> None:
    with pytest.raises(KeyError, match=r"no static file 'css/tokens\.scss'"):
        load_assets().url("css/tokens.scss")


def test_the_vendored_plot_library_carries_its_licence() -> None:
    assert b"MIT" in load_assets().by_path["vendor/uPlot.LICENSE"].content
