"""The Gantt chart: what it shows, for whom, and that hostile text stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.domain.calendars.gantt_svg import NARROW, WIDE, gantt_svg
from sluiceway.domain.calendars.plans import Plan
from sluiceway.domain.process.schedule import Milestone
from tests.unit.domain.calendars.plans import EARLY, TARGET, days, hours, laid_out, weeks

SVG = "{http://www.w3.org/2000/svg}"
MIDDLE = datetime(2026, 4, 14, 12, 0, tzinfo=UTC)
PLAN = laid_out(now=MIDDLE, done={"planning": EARLY})
HOSTILE = "</title><script>alert(1)</script>\"'&\x00\x1b[31m\u202edrowssap %% #"


def drawn(plan: Plan, width: int = NARROW) -> ElementTree.Element:
    return ElementTree.fromstring(gantt_svg(plan, width=width))


def texts(chart: ElementTree.Element) -> list[str]:
    return ["".join(node.itertext()) for node in chart.iter(f"{SVG}text")]


def rows(chart: ElementTree.Element) -> dict[str, ElementTree.Element]:
    """Return what is drawn of each milestone, by its title."""
    found = {}
    for group in chart.iter(f"{SVG}g"):
        title = group.find(f"{SVG}title")
        assert title is not None
        found[str(title.text).split(":")[0]] = group
    return found


def test_the_chart_has_a_title_and_says_everything_to_a_screen_reader() -> None:
    chart = drawn(PLAN)
    title, description = chart.find(f"{SVG}title"), chart.find(f"{SVG}desc")

    assert chart.get("role") == "img"
    assert chart.get("aria-labelledby") == "gantt-title gantt-desc"
    assert title is not None
    assert title.text == "Twelve weeks: target 15 Jun 2026"
    assert description is not None
    assert description.text is not None
    assert description.text.startswith("Target Monday 15 June 2026 at 10:00 (Europe/Berlin): 1 of 6")
    assert "Planning: 23 Mar to 2 Apr, done, critical path" in description.text
    assert "Handbook: 7 Apr to 10 Apr, late, 35 working days of slack" in description.text


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_late_done_and_critical_are_told_by_shape_and_words_not_by_colour_alone(width: int) -> None:
    shown = rows(drawn(PLAN, width))

    def bar(title: str) -> ElementTree.Element:
        found = shown[title].find(f"{SVG}rect")
        assert found is not None
        return found

    assert bar("Handbook").get("fill") == "url(#gantt-late)"
    assert bar("Planning").get("fill") == "none"
    assert (bar("Development").get("stroke-width"), bar("Handbook").get("stroke-width")) == ("3", "1")
    words = ["".join(shown[title].itertext()) for title in ("Handbook", "Planning", "Development")]
    assert "late" in words[0]
    assert "✓ done" in words[1]
    assert "under way · critical path" in words[2]


def test_a_point_is_a_diamond_and_a_stretch_a_bar_of_its_length() -> None:
    shown = rows(drawn(PLAN, WIDE))
    planning, building = (shown[title].find(f"{SVG}rect") for title in ("Planning", "Development"))

    assert shown["Release"].find(f"{SVG}path") is not None
    assert planning is not None
    assert building is not None
    # 23 March to 2 April are 11 days, 7 April to 15 May 39
    ratio = float(str(building.get("width"))) / float(str(planning.get("width")))
    assert ratio == pytest.approx(39 / 11, rel=0.02)


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_everything_lies_inside_the_view_box(width: int) -> None:
    chart = drawn(PLAN, width)
    _, _, wide, high = (float(part) for part in str(chart.get("viewBox")).split())

    assert wide == width
    for node in chart.iter():
        for name, most in (("x", wide), ("x1", wide), ("x2", wide), ("y", high), ("y1", high), ("y2", high)):
            assert 0 <= float(node.get(name, "0")) <= most


def test_the_narrow_chart_keeps_ten_pixel_letters_at_380_pixels() -> None:
    sizes = [float(size) for size in re.findall(r'font-size="(\d+)"', gantt_svg(PLAN, width=NARROW))]

    assert min(sizes) * 380 / NARROW > 9
    assert max(sizes) * 380 / NARROW > 11


def test_today_is_a_line_only_while_the_plan_runs() -> None:
    assert "today" in texts(drawn(PLAN))
    assert "today" not in texts(drawn(laid_out(now=TARGET - timedelta(days=400))))


def test_the_axis_names_mondays() -> None:
    assert [text for text in texts(drawn(PLAN, WIDE)) if re.fullmatch(r"\d+ [A-Z]..", text)] == [
        *("23 Mar", "6 Apr", "20 Apr", "4 May", "18 May", "1 Jun"),
    ]


def test_dependencies_are_lines_from_end_to_start() -> None:
    lines = [node for node in drawn(PLAN).iter(f"{SVG}path") if node.get("stroke-opacity") == "0.35"]

    assert len(lines) == 6


def test_sections_stand_above_their_milestones_once() -> None:
    plan = laid_out(
        Milestone("a", "Alpha", before=weeks(3), section="Build"),
        Milestone("b", "Beta", before=weeks(2)),
        Milestone("c", "Gamma", before=weeks(1), section="Ship"),
    )

    shown = texts(drawn(plan))
    assert (shown.count("Build"), shown.count("Ship")) == (1, 1)


def test_hostile_text_stays_text() -> None:
    plan = laid_out(Milestone("a", HOSTILE, before=weeks(2), section=HOSTILE), now=TARGET)
    svg = gantt_svg(plan)

    assert "<script" not in svg
    assert "\u202e" not in svg
    assert "</title><script>alert(1)</script>\"'&\ufffd\ufffd[31m\ufffd" in "".join(
        ElementTree.fromstring(svg).itertext()
    )


@settings(max_examples=50)
@given(title=st.text(max_size=200), width=st.sampled_from([NARROW, WIDE]))
def test_whatever_a_title_holds_the_chart_is_well_formed(title: str, width: int) -> None:
    plan = laid_out(Milestone("a", title, before=weeks(2), lasts=days(3)), now=TARGET)

    chart = drawn(plan, width)

    assert len(rows(chart)) == 1
    assert {node.tag.removeprefix(SVG) for node in chart.iter()} <= {
        *("svg", "title", "desc", "style", "defs", "pattern", "rect", "text", "line", "path", "g"),
    }


def test_a_long_title_is_cut_in_the_row_and_whole_in_its_title() -> None:
    long = "The milestone whose name nobody ever manages to read to its end " * 3
    chart = drawn(laid_out(Milestone("a", long.strip(), before=weeks(2))))

    assert any(text.endswith("…") for text in texts(chart))
    assert list(rows(chart)) == [long.strip()]


def test_inside_a_page_it_brings_no_style_and_ids_of_its_own() -> None:
    svg = gantt_svg(PLAN, standalone=False, prefix='x"y')

    assert "<style" not in svg
    assert ElementTree.fromstring(svg).get("aria-labelledby") == 'x"y-title x"y-desc'


def test_a_file_of_its_own_follows_light_and_dark() -> None:
    assert "prefers-color-scheme:dark" in gantt_svg(PLAN)


def test_a_plan_of_hours_and_one_without_milestones_can_be_drawn() -> None:
    short = laid_out(Milestone("a", "Staging", before=hours(4), lasts=hours(2)), Milestone("r", "Release"))
    empty = replace(short, milestones=(), critical=(), problems=())

    assert set(rows(drawn(short))) == {"Staging", "Release"}
    assert rows(drawn(empty)) == {}
