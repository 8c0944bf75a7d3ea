"""The last known set on disk."""

from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path

import pytest

from sluiceway.domain.flags.model import Flag, FlagSet, Segment
from sluiceway.domain.flags.wire import set_to_json
from sluiceway.errors import FlagFileError
from sluiceway.flags_sdk import FlagClient, last_known
from sluiceway.flags_sdk.last_known import Kept, LastKnown, read_kept

SET = FlagSet("shop", "test", 3, (Flag("a", is_enabled=True),), (Segment("s", included=("ann",)),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flags.json"


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []

    def note(message: str, *parts: object) -> None:
        said.append(message % parts)

    monkeypatch.setattr(logging.getLogger("sluiceway.flags"), "warning", note)
    return said


def test_what_was_kept_is_known_again(path: Path) -> None:
    LastKnown(path).keep(SET, "etag-3")

    assert LastKnown(path).load() == Kept(SET, "etag-3")


def test_the_file_is_for_its_owner_only_and_nothing_else_is_left_behind(path: Path) -> None:
    LastKnown(path).keep(SET, "etag-3")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["flags.json"]


def test_no_file_is_no_set_and_no_warning(path: Path, warned: list[str]) -> None:
    assert LastKnown(path).load() is None
    assert warned == []


def test_a_file_of_another_version_of_the_library_is_used_and_fetched_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LastKnown(path).keep(SET, "etag-3")
    monkeypatch.setattr("sluiceway.__version__", "99.0")

    assert LastKnown(path).load() == Kept(SET, "")


@pytest.mark.parametrize("at", [0, 1, 40, 200, -1])
def test_a_file_that_was_cut_off_anywhere_is_warned_of_and_ignored(
    path: Path, warned: list[str], at: int
) -> None:
    LastKnown(path).keep(SET, "etag-3")
    path.write_bytes(path.read_bytes()[:at])

    assert LastKnown(path).load() is None
    assert len(warned) == 1
    assert str(path) in warned[0]


def test_one_changed_letter_is_noticed(path: Path, warned: list[str]) -> None:
    LastKnown(path).keep(SET, "etag-3")
    path.write_bytes(path.read_bytes().replace(b'"enabled":true', b'"enabled":true '))

    assert LastKnown(path).load() is None
    assert "checksum" in warned[0]


def test_a_folder_in_its_place_is_warned_of(path: Path, warned: list[str]) -> None:
    path.mkdir()

    assert LastKnown(path).load() is None
    assert "is not a file" in warned[0]


def test_a_pipe_in_its_place_is_not_waited_for(path: Path, warned: list[str]) -> None:
    os.mkfifo(path)

    assert LastKnown(path).load() is None
    assert "is not a file" in warned[0]


def test_a_giant_file_is_not_read(path: Path, warned: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_known, "MAX_FILE_BYTES", 100)
    LastKnown(path).keep(SET, "etag-3")

    assert LastKnown(path).load() is None
    assert "more than 100" in warned[0]


def test_a_file_that_cannot_be_written_is_warned_of_once(tmp_path: Path, warned: list[str]) -> None:
    kept = LastKnown(tmp_path / "not there" / "flags.json")
    for _ in range(5):
        kept.keep(SET, "etag-3")

    assert len(warned) == 1
    assert "can't be written" in warned[0]


def test_a_full_disk_leaves_the_older_file_whole(
    path: Path, warned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = LastKnown(path)
    kept.keep(SET, "etag-3")

    def full(draft: Path, content: bytes) -> None:
        draft.write_bytes(content[:50])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(last_known, "_write", full)
    kept.keep(FlagSet("shop", "test", 4), "etag-4")

    assert LastKnown(path).load() == Kept(SET, "etag-3")
    assert [one.name for one in path.parent.iterdir()] == ["flags.json"]
    assert "No space left" in warned[0]


def test_offline_flags_read_a_kept_file_and_a_plain_one(path: Path, tmp_path: Path) -> None:
    LastKnown(path).keep(SET, "etag-3")
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps(set_to_json(SET), indent=1), encoding="utf-8")

    assert FlagClient.offline(path).boolean("a") is True
    assert FlagClient.offline(str(plain)).boolean("a") is True


def test_offline_flags_name_what_is_wrong_with_a_file(path: Path) -> None:
    path.write_text("{}}", encoding="utf-8")

    with pytest.raises(FlagFileError, match="is not JSON"):
        FlagClient.offline(path)
    with pytest.raises(FileNotFoundError):
        read_kept(path.with_name("other.json"))
