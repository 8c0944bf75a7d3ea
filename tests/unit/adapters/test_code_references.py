"""Source code on disk, in Git and without, searched for flags."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from sluiceway.adapters.code_references import MAX_FILE_BYTES, scan
from sluiceway.errors import InvalidInputError


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    write(
        tmp_path,
        src__shop_dot_py='if flags.on("new-checkout"):\n    pay()\n',
        src__search_dot_ts="const on = flags.newSearch\n",
        _dot_gitignore="*.log\nbuild/\n",
        debug_dot_log='"new-checkout"\n',
        build__out_dot_py='"new-checkout"\n',
    )
    git(tmp_path, "add", "src/shop.py", ".gitignore")
    return tmp_path


def places(folder: Path, *flags: str) -> list[str]:
    return [f"{one.path}:{one.line}" for one in scan(folder, flags).references]


def test_files_that_git_knows_or_would_add_are_searched_and_ignored_ones_are_not(repository: Path) -> None:
    assert places(repository, "new-checkout", "new-search") == ["src/search.ts:1", "src/shop.py:1"]
    assert [one.is_certain for one in scan(repository, ["new-checkout"]).references] == [True]
    assert scan(repository, ["new-checkout"]).references[0].text == 'if flags.on("new-checkout"):'


def test_a_folder_inside_a_repository_is_searched_alone(repository: Path) -> None:
    write(repository, docs__page_dot_md='`"new-checkout"`\n')
    assert places(repository / "docs", "new-checkout") == ["page.md:1"]


def test_a_deleted_file_that_git_still_lists_is_no_error(repository: Path) -> None:
    (repository / "src" / "shop.py").unlink()
    assert places(repository, "new-checkout") == []
    assert scan(repository, ["new-checkout"]).skipped == 1


def test_names_with_odd_signs_are_found(repository: Path) -> None:
    (repository / "a b\n\u00e9.py").write_text('"new-checkout"', encoding="utf-8")
    assert "a b\n\u00e9.py:1" in places(repository, "new-checkout")


def test_without_git_hidden_folders_and_packages_are_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        src__a_dot_py='"new-checkout"',
        _dot_cache__a_dot_py='"new-checkout"',
        node_modules__a_dot_js='"new-checkout"',
    )
    assert not (tmp_path / ".git").exists()
    assert places(tmp_path, "new-checkout") == ["src/a.py:1"]


def test_binary_large_and_linked_files_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b'\0\1"new-checkout"')
    (tmp_path / "large.json").write_bytes(b'"new-checkout"' + b" " * MAX_FILE_BYTES)
    (tmp_path / "b.py").write_text('"new-checkout"')
    (tmp_path / "link.py").symlink_to(tmp_path / "b.py")
    found = scan(tmp_path, ["new-checkout"])
    assert [one.path for one in found.references] == ["b.py"]
    assert (found.files, found.skipped) == (1, 3)


def test_texts_that_are_no_utf_8_are_searched_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_bytes(b'# caf\xe9\non("new-checkout")\n')
    assert places(tmp_path, "new-checkout") == ["old.py:2"]


def test_ten_thousand_files_and_a_hundred_flags_take_seconds(tmp_path: Path) -> None:
    text = "def work(value):\n    return value + 1\n" * 40
    for folder in range(100):
        (tmp_path / str(folder)).mkdir()
        for number in range(100):
            (tmp_path / str(folder) / f"{number}.py").write_text(text)
    (tmp_path / "50" / "50.py").write_text('on("new-feature-7")')

    began = time.process_time()
    found = scan(tmp_path, [f"new-feature-{number}" for number in range(100)])

    assert [(one.path, one.flag) for one in found.references] == [("50/50.py", "new-feature-7")]
    assert found.files == 10_000
    assert time.process_time() - began < 60  # seconds of work on a slow machine, not minutes


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no folder"):
        scan(tmp_path / "none", ["a"])
