"""What a person sees of a demo."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from sluiceway.demo.options import DemoOptions, DemoResult
from sluiceway.demo.progress import Progress, line_of
from sluiceway.services.views import MetricView
from tests.unit.demo.views import decided, view

RESULT = DemoResult("errors", "rolled_back", 6.6, 8.1, 8.4, 2184, 11, 4, 6, 28.7)


def shown(act: str, *arguments: object) -> str:
    out = io.StringIO()
    progress = Progress(Console(file=out, width=40), DemoOptions(users=1000))
    getattr(progress, act)(*arguments)
    return out.getvalue()


def test_a_line_stays_whole_in_a_narrow_terminal() -> None:
    text = "console: http://127.0.0.1:7700/rollouts/01a1fc82-076b-732b-b7ac-5b0caf95ac46"
    assert shown("say", text).splitlines()[0].endswith(f"0.0 s  {text}")


def test_a_decision_is_shown_with_its_reason_and_its_maker() -> None:
    assert shown("decision", decided(7)).endswith("rollback-decided: why 7 (trigger:errors)\n")


def test_brackets_in_what_is_said_are_no_markup() -> None:
    assert shown("say", "stages[0]").endswith("stages[0]\n")


def test_the_result_is_said_in_words() -> None:
    assert shown("result", RESULT).splitlines() == [
        "fault errors: rolled back, as it should be",
        "2184 requests, 11 failed (0.50%); 6 of 1000 users were let down by the new version",
        "everyone was safe 1.8 s after the first bad answer",
    ]


def test_a_wrong_outcome_is_called_wrong() -> None:
    text = shown("result", replace(RESULT, outcome="promoted"))
    assert "promoted, NOT as it should be" in text


def test_the_moving_line_compares_both_versions() -> None:
    figures = (
        MetricView("error_rate", "share", 0.021, 0.002, None),
        MetricView("p95_ms", "ms", 57.2, 26.3, None),
        MetricView("requests", "count", 200, 1800, None),
    )
    assert line_of(view(10, metrics=figures), 1876, 2) == (
        "progressing, 10 % on 2.0 | failing 2.1% (stable 0.2%) | p95 57 ms (stable 26 ms)"
        " | 1876 requests, 2 failed"
    )


def test_missing_figures_are_not_zero() -> None:
    figures = (MetricView("error_rate", "share", None, 0.0, None),)
    assert line_of(view(None, "preparing", metrics=figures), 0, 0) == (
        "preparing, ? % on 2.0 | failing - (stable 0.0%) | 0 requests, 0 failed"
    )
