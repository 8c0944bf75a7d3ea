"""The data directory: one server at a time, and where it answers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sluiceway.adapters.data_dir import RESERVE_BYTES, DataDir, find_data_dir, read_note
from sluiceway.errors import AlreadyServedError, StoreError

HOLD = """
import sys
from pathlib import Path
from sluiceway.adapters.data_dir import DataDir
held = DataDir(Path(sys.argv[1]))
held.lock()
held.announce("http://127.0.0.1:7700")
print("held", flush=True)
sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """Start a process that holds the directory until its stdin ends."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_a_second_server_is_refused_and_told_who_serves(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    try:
        with pytest.raises(AlreadyServedError, match=rf"process {holder.pid} at http://127\.0\.0\.1:7700"):
            DataDir(tmp_path).lock()
    finally:
        holder.communicate("")


def test_a_killed_server_leaves_the_directory_free(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    holder.kill()
    holder.communicate()

    mine = DataDir(tmp_path)
    mine.lock()

    assert mine.server_file.exists()  # of the killed one; announce replaces it
    mine.unlock()


def test_unlock_withdraws_the_announcement(tmp_path: Path) -> None:
    mine = DataDir(tmp_path)
    mine.lock()
    mine.announce("http://127.0.0.1:1")

    mine.unlock()

    assert read_note(mine.server_file) is None


def test_a_directory_that_cant_be_made_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="choose another with --data"):
        DataDir(tmp_path / "file" / "data").lock()


@pytest.mark.parametrize("text", ["", "[]", '{"url": "x"}', '{"url": "x", "pid": "me"}', "{"])
def test_a_damaged_note_is_no_note(tmp_path: Path, text: str) -> None:
    (tmp_path / "server.json").write_text(text)

    assert read_note(tmp_path / "server.json") is None


def test_the_nearest_directory_above_is_found(tmp_path: Path) -> None:
    (tmp_path / ".sluice").mkdir()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    assert find_data_dir(below) == tmp_path / ".sluice"


def test_the_reserve_is_real_bytes_and_can_be_given_up_once(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)

    assert data_dir.keep_reserve()
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= RESERVE_BYTES
    assert data_dir.release_reserve()
    assert not data_dir.release_reserve()


def test_a_nearly_full_disk_is_not_asked_for_a_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=RESERVE_BYTES))

    assert not DataDir(tmp_path).keep_reserve()
    assert not (tmp_path / "reserve").exists()
