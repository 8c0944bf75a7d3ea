from __future__ import annotations

from pathlib import Path

from sluiceway.adapters.deploy.logs import last_lines, rotate


def test_a_small_log_stays_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("1234567890")

    rotate(log, max_bytes=10)

    assert log.read_text() == "1234567890"
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_log_without_a_file_is_no_trouble(tmp_path: Path) -> None:
    rotate(tmp_path / "log", max_bytes=10)

    assert list(tmp_path.iterdir()) == []


def test_older_logs_move_up_and_the_oldest_goes(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for text in ("first", "second", "third", "fourth", "fifth"):
        log.write_text(text)
        rotate(log, max_bytes=1)

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "log": "",
        "log.1": "fifth",
        "log.2": "fourth",
        "log.3": "third",
    }


def test_a_writer_goes_on_at_the_start_of_the_emptied_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"before")
        rotate(log, max_bytes=1)
        writer.write(b"after")

    assert log.read_bytes() == b"after"


def test_the_last_lines_are_those_with_text(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\n\ntwo\n three \n\n")

    assert last_lines(log, 2) == "two | three"


def test_a_log_of_other_bytes_than_text_has_last_lines_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 10_000 + b"\nbad \xff byte\n")

    assert last_lines(log, 1) == "bad \ufffd byte"


def test_no_log_has_no_last_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "log") == ""
