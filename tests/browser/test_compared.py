"""New against stable on the live page: said in words, drawn as a band, right for everybody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from sluiceway.domain.process.plan import UsualNoise
from sluiceway.domain.rollouts.model import Command, CommandKind, RolloutId
from sluiceway.services.views import ComparedView
from sluiceway.web import wording
from tests.browser.conftest import OpenPage
from tests.browser.host import Host
from tests.browser.measure import has_colour, overflow_px, texts
from tests.browser.plans import a_compared_plan, put_at_quarter, put_comparing
from tests.unit.services.desk import ADA
from tests.unit.services.test_analysis_view import SATISFACTION

SIZES = ({"width": 1_280, "height": 900}, {"width": 390, "height": 844})


@pytest.fixture
def rollout(host: Host) -> str:
    return put_comparing(host)


@pytest.fixture
def rolled_back(host: Host) -> str:
    rollout_id = put_comparing(host)
    host.figures[rollout_id].new_error_rate = 0.05
    host.step_until(rollout_id, "rolled-back")
    return rollout_id


def metric_of(host: Host, rollout_id: str, name: str = "errors") -> ComparedView:
    analysis = host.office.service.get(rollout_id, ADA).analysis
    assert analysis is not None
    return next(metric for metric in analysis.metrics if metric.name == name)


def panel(page: Any, name: str = "errors") -> Any:
    return page.locator(f"#compared-{name}")


def test_the_sentence_and_the_verdict_stand_in_words(
    host: Host, rolled_back: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rolled_back}")
    metric = metric_of(host, rolled_back)

    expect(panel(page).locator(".verdict")).to_have_text("worse")
    expect(panel(page).locator(".compared-sentence")).to_have_text(wording.sentence(metric.sentence))
    assert re.match(r"errors on 2\.0 are .* as frequent as on 1\.0", metric.sentence)


def test_each_verdict_has_a_shape_as_well_as_a_colour(
    host: Host, rolled_back: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rolled_back}")

    worse, fine = (
        panel(page, name).locator(".verdict svg").inner_html() for name in ("errors", "slow_requests")
    )

    assert worse != fine


def test_counts_of_both_versions_stand_in_a_table(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    metric = metric_of(host, rollout)
    table = page.get_by_role("table", name="Errors of each version")

    assert table.get_by_role("row", name="2.0").get_by_role("cell").all_inner_texts() == [
        wording.count(metric.new_bad),
        wording.count(metric.new_all),
        wording.rate(metric.new_bad, metric.new_all),
    ]
    expect(table.get_by_role("row", name="1.0")).to_contain_text(wording.count(metric.stable_all))


def test_the_evidence_is_a_meter_that_fills(rolled_back: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rolled_back}")

    full = page.get_by_label("Evidence against 2.0").first
    together = page.get_by_label("Evidence of all metrics together")

    assert [float(meter.get_attribute("aria-valuenow")) for meter in (full, together)] == [100, 100]
    expect(panel(page)).to_contain_text("that is fine ever looks this bad")


def test_the_band_is_drawn_with_both_bounds(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator('[data-plot="analysis-errors"] canvas')).to_be_visible()

    assert [has_colour(page, "analysis-errors", name) for name in ("--new", "--limit", "--good")] == [
        True
    ] * 3


def test_the_axis_says_small_ratios_as_fractions_that_fit(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator('[data-plot="analysis-errors"] canvas')).to_be_visible()

    said, widest = page.evaluate(
        """async () => {
          const source = [...document.scripts].find((script) => script.src.includes("/js/rollout.js")).src;
          const { powerOfTwo, RATIO_AXIS_PX } = await import(source.replace("rollout.js", "bands.js"));
          const brush = document.createElement("canvas").getContext("2d");
          brush.font = "12px system-ui, sans-serif";
          const said = [1 / 64, 1 / 16, 0.5, 1, 2, 256].map(powerOfTwo);
          return [said, Math.max(...said.map((words) => brush.measureText(words).width)) / RATIO_AXIS_PX];
        }"""
    )

    assert said == ["1/64\u00d7", "1/16\u00d7", "1/2\u00d7", "same", "2\u00d7", "256\u00d7"]
    assert widest < 0.9


def test_the_band_s_figures_stand_in_a_table_too(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    metric = metric_of(host, rollout)
    table = page.get_by_role("table", name="Errors, 2.0 against 1.0: latest figures")

    expect(table.get_by_role("row", name="holds it")).to_contain_text(metric.range_words)
    expect(table.get_by_role("row", name="tolerated up to")).to_contain_text("1.25 times")
    expect(table.get_by_role("row", name="no worse below")).to_contain_text("1.5 times")


def test_a_moment_under_the_pointer_is_read_out_beside_the_latest(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    band = page.locator('[data-band="errors"]')
    lows = host.office.service.series(rollout, ADA).figures["analysis.errors.low"]
    assert lows[-1] is not None

    box = band.locator(".u-over").bounding_box()
    band.locator(".u-over").hover(position={"x": box["width"] - 2, "y": 40})

    expect(band.locator("[data-when]")).to_contain_text("at ")
    expect(band.locator('[data-then="range"]')).to_contain_text(
        f"{wording.times(round(lows[-1], 6))} to".replace(" times", "")
    )


def test_new_counts_reach_the_words_and_the_band_without_a_reload(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    drawn = page.locator('[data-plot="analysis-errors"] canvas')
    expect(drawn).to_be_visible()
    page.evaluate("window.firstCanvas = document.querySelector('[data-plot=\"analysis-errors\"] canvas')")

    host.figures[rollout].requests_per_s = 2_000
    for _ in range(3):
        host.catch_up()
        host.step(rollout, seconds=1)
    metric = metric_of(host, rollout)

    table = page.get_by_role("table", name="Errors of each version")
    expect(table.get_by_role("row", name="2.0")).to_contain_text(wording.count(metric.new_all))
    assert page.evaluate("window.firstCanvas.isConnected")


def test_what_was_known_over_time_is_there_after_a_reload(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator('[data-plot="analysis-errors"] canvas')).to_be_visible()

    page.reload()

    expect(page.locator('[data-plot="analysis-errors"] canvas')).to_be_visible()
    assert has_colour(page, "analysis-errors", "--new")


def test_a_comparison_that_an_edit_adds_appears_and_is_drawn(host: Host, open_page: OpenPage) -> None:
    rollout_id = put_at_quarter(host)
    page = open_page(f"/rollouts/{rollout_id}")
    expect(page.locator("#link-state")).to_have_text("Live")
    expect(page.get_by_role("region", name="New against stable")).to_have_count(0)

    with host.store.begin() as tx:
        edit = Command(CommandKind.EDIT, "ada", host.clock.now(), plan=a_compared_plan())
        tx.add_command(RolloutId(rollout_id), edit)
    for _ in range(4):
        host.catch_up()
        host.step(rollout_id, seconds=1)

    expect(page.get_by_role("region", name="New against stable")).to_be_visible()
    expect(page.locator('[data-plot="analysis-slow_requests"] canvas')).to_be_visible()


def test_ratings_are_drawn_as_a_difference_with_worse_below(host: Host, open_page: OpenPage) -> None:
    rollout_id = put_comparing(host, a_compared_plan(metrics=(SATISFACTION,)))
    page = open_page(f"/rollouts/{rollout_id}")
    metric = metric_of(host, rollout_id, "satisfaction")
    table = page.get_by_role("table", name="Satisfaction of each version")

    expect(page.locator('[data-plot="analysis-satisfaction"] canvas')).to_be_visible()
    assert [has_colour(page, "analysis-satisfaction", name) for name in ("--new", "--limit")] == [True] * 2
    expect(page.locator('[data-band="satisfaction"]')).to_contain_text(metric.range_words)
    expect(table.get_by_role("row", name="2.0")).to_contain_text(
        wording.mean(metric.new_bad, metric.new_all, "points")
    )


def test_a_question_says_that_a_person_decides(host: Host, open_page: OpenPage) -> None:
    rollout_id = put_comparing(host, a_compared_plan(noise=UsualNoise.LEARNED), steps=6)
    host.figures[rollout_id].new_error_rate = 0.2
    host.step_until(rollout_id, "paused")

    page = open_page(f"/rollouts/{rollout_id}")

    expect(page.locator(".headline")).to_contain_text("which asks a person: go on or roll back?")
    expect(panel(page).locator(".compared-next")).to_contain_text("A person decides: go on or roll back.")


def test_a_shared_incident_is_said_and_heard(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")

    figures = host.figures[rollout]
    figures.error_rate = figures.new_error_rate = 0.06
    host.step(rollout)
    host.step(rollout)

    expect(panel(page).locator(".verdict")).to_have_text("incident on both")
    expect(page.locator("#spoken")).to_contain_text("A shared incident; the next stage waits.")


def test_without_scripts_everything_but_the_drawing_is_there(
    host: Host, rolled_back: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rolled_back}", java_script_enabled=False)

    region = page.get_by_role("region", name="New against stable")
    expect(region).to_contain_text(wording.sentence(metric_of(host, rolled_back).sentence))
    expect(region).to_contain_text(
        "At most 1 release in 100 that is no worse than 1.25 times stable is taken back."
    )
    expect(region.get_by_role("table")).to_have_count(4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read_on_every_window(
    scheme: str, rolled_back: str, host: Host, open_page: OpenPage
) -> None:
    for size in SIZES:
        page = open_page(
            f"/rollouts/{rolled_back}", viewport=size, color_scheme=scheme, reduced_motion="reduce"
        )
        expect(page.locator('[data-plot="analysis-errors"] canvas')).to_be_visible()

        assert overflow_px(page) == 0
        assert [text for text in texts(page) if text.ratio < text.needed] == []


def test_a_screen_reader_finds_each_metric_and_each_meter_by_name(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")

    for role, name, times in (
        ("region", "New against stable", 1),
        ("article", "Errors", 1),
        ("article", "Slow requests", 1),
        ("meter", "Evidence against 2.0", 2),
        ("meter", "Evidence of all metrics together", 1),
    ):
        expect(page.get_by_role(role, name=name, exact=True)).to_have_count(times)
    expect(page.get_by_role("img", name=re.compile("^Errors on 2.0 against 1.0 over time"))).to_have_count(1)


def test_scripts_and_server_say_ratios_alike(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    ratios = [0.00123, 0.0456, 0.1234, 0.98765, 1.2345, 3.21098, 12.345, 250.5001]
    script = next(
        source
        for source in page.evaluate("[...document.scripts].map((one) => one.src)")
        if source.endswith("rollout.js")
    ).replace("rollout.js", "bands.js")

    said = page.evaluate(
        "async ([script, ratios]) => { const { times } = await import(script); return ratios.map(times); }",
        [script, ratios],
    )

    assert said == [wording.times(ratio) for ratio in ratios]
