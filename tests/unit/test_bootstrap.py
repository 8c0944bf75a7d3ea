"""Putting the app together."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sluiceway.bootstrap import Housekeeping, Settings, build_app
from sluiceway.errors import InvalidInputError
from sluiceway.testing.builders import a_row


def test_housekeeping_goes_on_after_a_failure() -> None:
    calls: list[float] = []
    twice = threading.Event()

    def prune(older_than_s: float) -> int:
        calls.append(older_than_s)
        if len(calls) == 1:
            raise OSError("disk full")
        twice.set()
        return 0

    housekeeping = Housekeeping(prune, every_s=0.001)
    housekeeping.start()

    assert twice.wait(20)
    housekeeping.stop()
    assert calls[0] == 7 * 86_400


def test_the_parts_share_one_store_and_one_clock(tmp_path: Path) -> None:
    app = build_app(Settings(data_dir=tmp_path, speed=60))
    row = a_row()
    with app.store.begin() as tx:
        tx.insert_rollout(row)

    view = app.service.get(row.id)

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
