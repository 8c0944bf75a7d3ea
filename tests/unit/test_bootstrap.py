"""Putting the app together."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sluiceway.bootstrap import Housekeeping, Settings, build_app
from sluiceway.domain.people.model import open_principal
from sluiceway.errors import InvalidInputError
from sluiceway.testing.builders import a_row


def test_housekeeping_does_each_chore_again_also_after_a_failure() -> None:
    calls: list[str] = []
    twice = threading.Event()

    def failing() -> None:
        calls.append("failing")
        if calls.count("failing") == 2:
            twice.set()
        raise OSError("disk full")

    housekeeping = Housekeeping(((0.001, failing), (3_600.0, lambda: calls.append("hourly"))))
    housekeeping.start()

    assert twice.wait(20)
    housekeeping.stop()
    assert calls.count("hourly") == 1


def test_the_parts_share_one_store_and_one_clock(tmp_path: Path) -> None:
    app = build_app(Settings(data_dir=tmp_path, speed=60))
    row = a_row()
    with app.store.begin() as tx:
        tx.insert_rollout(row)

    view = app.service.get(row.id, open_principal("ada"))

    assert view.speed == app.clock.speed == 60
    app.close()


def test_process_time_goes_on_from_the_run_before(tmp_path: Path) -> None:
    first = build_app(Settings(data_dir=tmp_path, speed=1_000_000))
    with first.store.begin() as tx:
        noted = first.clock.now()
        tx.set_meta("process-clock", noted.isoformat())
    first.close()

    second = build_app(Settings(data_dir=tmp_path))

    assert second.clock.now() >= noted
    second.close()


def test_a_speed_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="speed is 0"):
        build_app(Settings(data_dir=tmp_path, speed=0))
