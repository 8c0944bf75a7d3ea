"""The plan as a Mermaid diagram; the expected text was drawn by Mermaid 11 without an error."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluiceway.domain.calendars.mermaid import mermaid_gantt
from sluiceway.domain.process.schedule import Milestone
from tests.unit.domain.calendars.plans import EARLY, laid_out, weeks

MIDDLE = datetime(2026, 4, 14, 12, 0, tzinfo=UTC)


def test_a_plan_becomes_a_gantt_diagram() -> None:
    plan = laid_out(now=MIDDLE, done={"planning": EARLY})

    assert mermaid_gantt(plan) == (
        "gantt\n"
        "    title Twelve weeks\n"
        "    dateFormat YYYY-MM-DD\n"
        "    inclusiveEndDates\n"
        "    axisFormat %d %b\n"
        "    section Planning\n"
        "    Planning :crit, done, m1, 2026-03-23, 2026-04-02\n"
        "    Development :crit, active, m2, 2026-04-07, 2026-05-15\n"
        "    Quality :crit, m3, 2026-05-18, 2026-05-29\n"
        "    Handbook :crit, m4, 2026-04-07, 2026-04-10\n"
        "    Preparation :crit, m5, 2026-06-01, 2026-06-12\n"
        "    Release :crit, milestone, m6, 2026-06-15, 0d\n"
    )


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Deploy: stage; #1", "Deploy - stage, no. 1"),
        ("5% canary", "5 percent canary"),
        ("%%{init: {}}%%", "percent(init - ()) percent"),
        ("section break", "\u2060section break"),
        ("Click here", "\u2060Click here"),
        ("2024-01-01 kick-off", "\u20602024-01-01 kick-off"),
        ("sections", "sections"),
        ("two\nlines\u202e", "two lines\ufffd"),
        ("<b>bold</b>", "‹b›bold‹/b›"),
        ("  ", "untitled"),
    ],
)
def test_what_mermaid_would_read_as_its_own_is_written_otherwise(title: str, shown: str) -> None:
    diagram = mermaid_gantt(laid_out(Milestone("a", title, before=weeks(2), section=title)))

    assert f"    section {shown}\n    {shown} :crit, milestone, m1, " in diagram


@settings(max_examples=50)
@given(title=st.text(max_size=300))
def test_whatever_a_title_holds_it_stays_on_its_line(title: str) -> None:
    lines = mermaid_gantt(laid_out(Milestone("a", title, before=weeks(2)))).splitlines()

    assert len(lines) == 6
    text, colon, data = lines[5].partition(":")
    assert colon
    assert data == "crit, milestone, m1, 2026-06-01, 0d"
    assert not set(text) & set("%;#<>{}`")
