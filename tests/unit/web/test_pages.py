"""The words and plots around the views."""

from __future__ import annotations

import pytest

from sluiceway.domain.rollouts.model import Phase
from sluiceway.services.views import MetricView
from sluiceway.web import pages
from sluiceway.web.plots import plots_of, title_of
from tests.unit.web.views import a_view


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_words_and_a_tone_of_its_own(phase: Phase) -> None:
    label = pages.phase_label(phase.value)

    assert label.text[0].isupper()
    assert label.tone in {"go", "hold", "back", "good"}


def test_a_trigger_that_decided_is_named_as_one() -> None:
    assert pages.actor("trigger:slow") == "trigger slow"


def test_a_person_keeps_their_name_even_with_a_colon() -> None:
    assert pages.actor("ci:nightly") == "ci:nightly"


@pytest.mark.parametrize(
    ("kind", "tone"),
    [("rollback-decided", "back"), ("paused", "hold"), ("promoted", "good"), ("stage-entered", "go")],
)
def test_a_decision_has_the_tone_of_where_it_took_the_users(kind: str, tone: str) -> None:
    assert pages.decision_tone(kind) == tone


def test_figures_of_a_decision_are_listed_with_their_units() -> None:
    found = pages.figures({"new.error_rate": 0.062, "weight_bp": 2_500, "verdict": "no data", "p95_ms": None})

    assert [(name, value.replace("\u00a0", " ")) for name, value in found] == [
        ("new error rate", "6.2 %"),
        ("weight", "25 %"),
        ("verdict", "no data"),
        ("p95 ms", "no data"),
    ]


def test_every_rollout_has_four_plots() -> None:
    assert [plot.id for plot in plots_of(a_view())] == [
        "traffic",
        "metric-error_rate",
        "metric-p95_ms",
        "metric-request_rate",
    ]


def test_metrics_of_the_process_get_plots_after_the_common_ones() -> None:
    orders = MetricView("orders_per_minute", "count", 1.0, 1.0, None)
    known = MetricView("error_rate", "share", 0.0, 0.0, 0.05)

    assert [plot.title for plot in plots_of(a_view(metrics=(known, orders)))][3:] == [
        "Request rate",
        "Orders per minute",
    ]


def test_counts_that_the_rates_already_tell_get_no_plot() -> None:
    requests = MetricView("requests", "count", 1.0, 1.0, None)

    assert len(plots_of(a_view(metrics=(requests,)))) == 4


def test_a_metric_is_titled_in_words() -> None:
    assert title_of("user_satisfaction") == "User satisfaction"


def test_a_long_hash_among_the_figures_is_cut() -> None:
    assert pages.figures({"process_sha256": "ab" * 32}) == [("process sha256", "abababababababab…")]
