"""How a metric is written at a terminal, and how an experiment reads there."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from sluiceway.cli.experiment import metric_of
from sluiceway.cli.experiment_shown import experiment_panel, experiment_table
from sluiceway.errors import InvalidInputError
from tests.unit.services.desk import ADA, open_office
from tests.unit.services.experiment_desk import furnished_experiment


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("buy", {"name": "buy"}),
        ("refund, lower", {"name": "refund", "higher_is_better": False}),
        ("spent,total,0..500,€", {"name": "spent", "kind": "total", "low": 0.0, "high": 500.0, "unit": "€"}),
        (
            "clicks,ratio,0..20,per=views,0..50",
            {
                "name": "clicks",
                "kind": "ratio",
                "low": 0.0,
                "high": 20.0,
                "per": "views",
                "per_high": 50.0,
            },
        ),
        ("refund,tolerated=0.02", {"name": "refund", "tolerated": 0.02}),
    ],
)
def test_a_metric_is_written_in_words(text: str, metric: dict[str, object]) -> None:
    assert metric_of(text) == metric


def test_a_word_that_says_nothing_is_named() -> None:
    with pytest.raises(InvalidInputError, match="'many' is no number"):
        metric_of("spent,total,0..many")
    with pytest.raises(InvalidInputError, match="'USD' says nothing of a metric"):
        metric_of("spent,€,USD")


def test_an_experiment_reads_well_in_eighty_columns(tmp_path: Path) -> None:
    page = io.StringIO()
    console = Console(file=page, width=80)
    with open_office(tmp_path) as office:
        lab = furnished_experiment(office)
        console.print(experiment_panel(lab.look()))
        console.print(experiment_table(lab.experiments.list("", ADA)))

    text = page.getvalue()
    assert "running since 2026-01-05 09:00" in text
    assert "B against A of flag button" in text
    assert "buy conversions on B are" in text
    assert "refund (guard)" in text
    assert "users are spread as planned" in text
    assert max(map(len, text.splitlines())) <= 80
