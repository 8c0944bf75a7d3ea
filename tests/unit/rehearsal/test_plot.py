"""The picture: well-formed, nothing remote, and everything in it that happened."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from sluiceway.rehearsal import Ending, Rehearsed, plot_html, plot_svg
from sluiceway.rehearsal.result import Harm, Point, RatioRange, Told

SVG = "{http://www.w3.org/2000/svg}"
RESULT = Rehearsed(
    process="check<out>",
    source="scenario slow-burn: Failures grow.",
    seed=1,
    new="2.0",
    stable="1.9",
    ending=Ending.ROLLED_BACK,
    outcome="2.0 was taken back: errors & more",
    decided_by="analysis:errors",
    took_s=600.0,
    stage="tenth",
    weight=10.0,
    decisions=(
        Told(5.0, "prepared", "plan", "2.0 is healthy", {}),
        Told(5.0, "stage-entered", "plan", "stage tenth at 10 %", {"weight_bp": 1_000}),
        Told(500.0, "rollback-decided", "analysis:errors", "errors on 2.0 are 3 to 9 times those on 1.9", {}),
    ),
    harm=Harm(1_000, 30, 29, 25, 20.0),
    notes=("nothing is started here",),
    looks=60,
    step_s=10.0,
    points=(
        Point(0.0, 0.0, None, 0.001),
        Point(300.0, 10.0, 0.03, 0.001, (RatioRange("errors", 0.5, 4.0, None, 1.25),)),
        Point(600.0, 10.0, 0.04, 0.002, (RatioRange("errors", 3.0, 5.0, 9.0, 1.25),)),
    ),
)


def test_it_is_well_formed_and_fetches_nothing() -> None:
    svg = plot_svg(RESULT)

    ElementTree.fromstring(svg)
    assert re.findall(r"(?:https?:)?//[^\s\"']+", svg) == ["http://www.w3.org/2000/svg"]
    assert "<script" not in svg + plot_html(RESULT)
    assert "url(" not in svg


def test_it_shows_the_weight_both_rates_the_range_with_its_margin_and_the_decisions() -> None:
    root = ElementTree.fromstring(plot_svg(RESULT))

    drawn = [each.get("class") for each in root.iter() if each.tag != f"{SVG}text" and each.get("class")]
    assert {name: drawn.count(name) for name in ("weight", "new", "stable", "range", "margin", "mark")} == {
        "weight": 1,
        "new": 1,
        "stable": 1,
        "range": 1,
        "margin": 1,
        "mark": 2,  # being prepared has no marker of its own
    }
    titles = [each.text for each in root.iter(f"{SVG}title")]
    assert titles == [
        "check<out>, scenario slow-burn: rolled-back",
        "1. 5 s: stage-entered by plan: stage tenth at 10 %",
        "2. 8 min 20 s: rollback-decided by analysis:errors: errors on 2.0 are 3 to 9 times those on 1.9",
    ]


def test_corners_lie_inside_the_picture() -> None:
    root = ElementTree.fromstring(plot_svg(RESULT))
    width, height = (float(root.attrib[name]) for name in ("width", "height"))

    for shape in root.iter():
        for corner in shape.get("points", "").split():
            x, y = map(float, corner.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_the_page_lists_the_decisions_and_notes_in_words() -> None:
    page = plot_html(RESULT)

    assert "<td>1</td><td>5 s</td><td>stage-entered</td><td>plan</td><td>stage tenth at 10 %</td>" in page
    assert "<li>nothing is started here</li>" in page
    assert "check&lt;out&gt;" in page


@pytest.mark.parametrize("points", [(), RESULT.points[:1]])
def test_little_to_show_is_no_trouble(points: tuple[Point, ...]) -> None:
    ElementTree.fromstring(plot_svg(replace(RESULT, points=points, decisions=(), took_s=0.0)))


def test_the_page_fits_a_narrow_window_and_says_the_whole_outcome() -> None:
    page = plot_html(RESULT)

    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert '<div class="plot" role="region" aria-label="Plot" tabindex="0"><svg' in page
    assert "<p>2.0 was taken back: errors &amp; more</p>" in page
