"""The live page follows the rollout, and says so when it can't."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from sluiceway.domain.rollouts.model import CommandKind, RolloutId
from sluiceway.web import wording
from tests.browser.conftest import OpenPage
from tests.browser.host import Host
from tests.browser.measure import has_colour
from tests.browser.plans import MANUAL, a_full_plan, put_at_quarter
from tests.unit.services.desk import ADA


@pytest.fixture
def rollout(host: Host) -> str:
    return put_at_quarter(host)


def attest(host: Host, rollout_id: str) -> None:
    host.office.service.act(rollout_id, CommandKind.APPROVE, ADA, subject=MANUAL)


def mark(page: Any) -> None:
    """Leave something in the page that a reload would wipe out."""
    page.evaluate("window.isSamePage = true")


def assert_not_reloaded(page: Any) -> None:
    assert page.evaluate("window.isSamePage === true")


def test_a_new_stage_shows_without_a_reload(host: Host, open_page: OpenPage) -> None:
    rollout_id = host.put_rollout(a_full_plan())
    host.catch_up()
    page = open_page(f"/rollouts/{rollout_id}")
    expect(page.locator("#link-state")).to_have_text("Live")
    mark(page)

    host.step_until(rollout_id, "progressing", seconds=1)
    host.step(rollout_id, seconds=1)

    expect(page.locator("#phase")).to_have_text("Progressing")
    expect(page.locator("#share-new")).to_have_text("5\u00a0%")
    expect(page.locator(".gate.is-current .gate-name")).to_have_text("canary")
    assert_not_reloaded(page)


def test_decisions_and_the_trail_grow_by_themselves(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    before = page.locator("#trail > li").count()

    attest(host, rollout)

    expect(page.locator(".decision").first).to_contain_text(f"ada approved {MANUAL}")
    expect(page.locator("#trail > li")).to_have_count(
        before + 2
    )  # that it was asked for and what became of it
    assert page.locator("#trail .entry-seq").all_inner_texts() == [
        f"#{number}" for number in range(before + 2, 0, -1)
    ]


def test_plots_draw_both_versions_and_the_limit(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator('[data-plot="metric-error_rate"] canvas')).to_be_visible()

    drawn = {
        (plot, colour)
        for plot in ("traffic", "metric-error_rate", "metric-p95_ms", "metric-request_rate")
        for colour in ("--stable", "--new", "--limit")
        if has_colour(page, plot, colour)
    }

    assert drawn == {
        ("traffic", "--new"),
        *(
            (f"metric-{name}", colour)
            for name in ("error_rate", "p95_ms")
            for colour in ("--stable", "--new")
        ),
        ("metric-error_rate", "--limit"),
        ("metric-p95_ms", "--limit"),
        ("metric-request_rate", "--stable"),
        ("metric-request_rate", "--new"),
    }


def test_a_plot_s_figures_stand_in_a_table_too(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    table = page.get_by_role("table", name="Error rate: latest figures")

    expect(table.get_by_role("row", name="limit")).to_contain_text("5\u00a0%")
    expect(table.get_by_role("row", name="2.0").locator("[data-now]")).to_contain_text("%")


def test_a_limit_that_moves_with_the_stable_version_is_said_as_one(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    row = page.locator('[data-plot="metric-p95_ms"] [data-moving-limit]')
    stable = host.office.service.series(rollout, ADA).figures["stable.p95_ms"][-1]
    assert stable is not None

    expect(row).to_contain_text("limit, 2 × 1.0")
    expect(row.locator("[data-now]")).to_have_text(
        wording.figure(2 * stable, wording.FigureKind.MILLISECONDS)
    )


def test_new_points_reach_the_plots_without_a_reload(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    mark(page)

    host.figures[rollout].new_p95_ms = 1_000.0
    host.catch_up()
    host.step(rollout)

    highest = page.locator('[data-plot="metric-p95_ms"] [data-line="new.p95_ms"] [data-most]')
    shown = wording.figure(host.world(rollout).new["p95_ms"].value, wording.FigureKind.MILLISECONDS)
    expect(highest).to_have_text(shown)
    assert_not_reloaded(page)


def test_an_open_section_stays_open_while_the_page_changes(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    page.get_by_text("What the other stages ask for").click()

    attest(host, rollout)

    expect(page.locator(".decision").first).to_contain_text(MANUAL)
    expect(page.locator("#other-criteria")).to_have_attribute("open", "")


def test_a_dead_server_is_said_at_once_and_nothing_looks_live(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")

    host.stop()

    expect(page.get_by_role("alert").filter(has_text="Not live")).to_be_visible()
    expect(page.locator("#lost-words")).to_contain_text("What you see is from")
    expect(page.locator("#link-state")).to_have_text("Not live")
    expect(page.locator("#do-rollback")).to_be_disabled()


def test_the_page_connects_again_and_shows_what_it_missed(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    mark(page)
    host.stop()
    expect(page.locator("#lost")).to_be_visible()

    attest(host, rollout)
    host.start()

    expect(page.locator("#lost")).to_be_hidden(timeout=15_000)
    expect(page.locator("#link-state")).to_have_text("Live")
    expect(page.locator(".decision").first).to_contain_text(MANUAL)
    expect(page.locator("#do-rollback")).to_be_enabled()
    assert_not_reloaded(page)


def test_the_end_is_shown_and_the_page_asks_no_more(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    host.figures[rollout].new_error_rate = 0.3
    host.step_until(rollout, "rolled-back")
    expect(page.locator("#link-state")).to_have_text("Finished")
    expect(page.locator("#phase")).to_have_text("Rolled back")
    expect(page.locator(".gate.is-stopped .gate-status")).to_have_text("turned back here")

    host.stop()
    page.wait_for_timeout(1_500)

    expect(page.locator("#lost")).to_be_hidden()


def test_a_screen_reader_hears_of_phases_and_not_of_figures(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    page.evaluate(
        """() => {
          window.heard = [];
          const place = document.getElementById('spoken');
          const changes = { childList: true, characterData: true, subtree: true };
          new MutationObserver(() => window.heard.push(place.textContent)).observe(place, changes);
        }"""
    )
    for _ in range(3):
        host.catch_up()
        host.step(rollout, seconds=1)
        page.wait_for_timeout(400)
    assert page.evaluate("window.heard") == []

    host.figures[rollout].new_error_rate = 0.3
    host.step_until(rollout, "rolling-back")

    expect(page.locator("#spoken")).to_contain_text("checkout to 2.0: Rolling back.")


def test_problems_stand_above_everything_else(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")

    key = RolloutId(rollout)
    problem = "prometheus does not answer at 127.0.0.1:9090"
    host.desk.seen[key] = replace(host.desk.seen[key], problems=(problem,))

    problems = page.get_by_role("region", name="Problem")
    expect(problems).to_contain_text("prometheus does not answer")


def test_the_list_shows_a_rollout_that_begins_and_one_that_ends(host: Host, open_page: OpenPage) -> None:
    page = open_page("/")
    expect(page.get_by_role("heading", name="No rollout yet")).to_be_visible()
    mark(page)

    rollout_id = host.put_rollout(a_full_plan())
    expect(page.get_by_role("link", name="checkout")).to_be_visible()
    expect(page.get_by_role("heading", name="No rollout yet")).to_be_hidden()

    host.figures[rollout_id].new_error_rate = 0.3
    host.step_until(rollout_id, "rolled-back")
    expect(page.locator("#finished")).to_contain_text("Rolled back")
    expect(page.locator("#active")).to_have_count(0)
    assert_not_reloaded(page)


def test_the_list_says_when_it_is_not_live(host: Host, open_page: OpenPage) -> None:
    page = open_page("/")
    expect(page.locator("#link-state")).to_have_text("Live")

    host.stop()

    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#link-state")).to_have_text("Not live")


def test_figures_under_the_pointer_stay_while_new_ones_come(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    plot = page.locator('[data-plot="metric-p95_ms"]')
    plot.locator(".u-over").hover(position={"x": 60, "y": 40})
    when = plot.locator("[data-when]")
    expect(when).to_contain_text("at ")
    shown = when.inner_text(), plot.locator('[data-line="stable.p95_ms"] [data-now]').inner_text()

    host.figures[rollout].new_p95_ms = 1_000.0
    host.catch_up()
    host.step(rollout)
    expect(plot.locator('[data-line="new.p95_ms"] [data-most]')).to_contain_text("\u202f")

    assert shown == (when.inner_text(), plot.locator('[data-line="stable.p95_ms"] [data-now]').inner_text())
    other = page.locator('[data-plot="metric-error_rate"] [data-when]')
    assert other.inner_text() == when.inner_text()


def test_old_figures_are_not_called_the_latest(rollout: str, open_page: OpenPage) -> None:
    page = open_page("/")
    page.clock.install()
    page.goto(page.url + f"rollouts/{rollout}")
    when = page.locator('[data-plot="metric-p95_ms"] [data-when]')
    expect(when).to_have_text("latest")
    expect(page.locator("#link-state")).to_have_text("Live")

    page.clock.fast_forward(12_000)

    expect(when).to_contain_text("at ")
