"""The program's log: one form for every line, ours and the libraries'."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from sluiceway.adapters.logs import set_up_logs
from sluiceway.errors import StoreError


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    for handler in before:
        root.removeHandler(handler)
    file = tmp_path / "logs" / "sluice.log"
    set_up_logs(file, to_stderr=False)
    yield file
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_our_lines_have_time_level_service_and_message(log_file: Path) -> None:
    structlog.get_logger("sluiceway.engine").info("tick failed", rollout="r1")

    (line,) = lines(log_file)
    assert (line["level"], line["service"], line["message"]) == ("info", "sluiceway", "tick failed")
    assert line["timestamp"].endswith("Z")
    assert line["rollout"] == "r1"


def test_a_librarys_lines_look_the_same(log_file: Path) -> None:
    logging.getLogger("dbos").warning("slow by %d s", 3)

    (line,) = lines(log_file)
    assert (line["level"], line["service"], line["message"]) == ("warning", "sluiceway", "slow by 3 s")


def test_a_line_about_a_released_service_keeps_its_name(log_file: Path) -> None:
    structlog.get_logger("sluiceway.deploy").info("instance started", service="checkout")

    (line,) = lines(log_file)
    assert (line["service"], line["released_service"]) == ("sluiceway", "checkout")


def test_an_exception_is_part_of_its_line(log_file: Path) -> None:
    try:
        Path("/nowhere/at/all").read_text(encoding="utf-8")
    except OSError:
        structlog.get_logger("sluiceway.engine").exception("unexpected failure")

    (line,) = lines(log_file)
    assert "FileNotFoundError" in line["exception"]


def test_lines_below_the_level_are_left_out(log_file: Path) -> None:
    structlog.get_logger("sluiceway.engine").debug("noise")

    assert lines(log_file) == []


def test_a_log_that_cant_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="can't be written"):
        set_up_logs(tmp_path / "file" / "sluice.log", to_stderr=False)
