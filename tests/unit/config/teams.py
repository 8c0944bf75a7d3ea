"""A team's part of process files, for the tests of its readers."""

from __future__ import annotations

from pathlib import Path

from sluiceway.config import parse_process
from sluiceway.domain.process.team import TeamProcess

GOOD = Path(__file__).with_name("good") / "team.yaml"  # holds every key
DAY_S = 86_400.0
WEEK_S = 7 * DAY_S


def team_of(text: str) -> TeamProcess:
    team = parse_process(text).team
    assert team is not None
    return team
