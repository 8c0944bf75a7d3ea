"""A folder of source code read for mentions of flags: which files there are, and their texts.

In a Git work tree the files are those that Git knows or would add, so that .gitignore holds; elsewhere all
below the folder but hidden folders and those of packages. Binary files, large ones and links are skipped.
What counts as a mention is the business of `sluiceway.domain.flags.references`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sluiceway.domain.flags.references import Finder, Reference
from sluiceway.errors import InvalidInputError, PermanentProviderError

MAX_FILE_BYTES = 1_000_000
MAX_FILES = 200_000
MAX_REFERENCES = 50_000
_GIT_TIMEOUT_S = 60
_SNIFFED_BYTES = 8_000  # as many as Git looks at to tell text from binary
_SKIPPED_FOLDERS = frozenset(
    {"node_modules", "__pycache__", "venv", "site-packages", "target", "dist", "build"}
)


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found, and how much was looked at. `is_cut` when there was more than the bounds allow."""

    references: tuple[Reference, ...]
    files: int
    skipped: int  # binary, large, or unreadable
    is_cut: bool = False


def scan(folder: Path, flags: Iterable[str]) -> Scan:
    """Return where flags are named below a folder, by path and line.

    Raises InvalidInputError when the folder is none, PermanentProviderError when Git fails.
    """
    if not folder.is_dir():
        raise InvalidInputError(f"{folder} is no folder; name the folder of the source code")
    finder = Finder(flags)
    found: list[Reference] = []
    files = skipped = 0
    is_cut = False
    for path in sorted(_files(folder)):
        if files >= MAX_FILES or len(found) >= MAX_REFERENCES:
            is_cut = True
            break
        text = _text(folder / path)
        if text is None:
            skipped += 1
            continue
        files += 1
        found.extend(finder.references(path, text))
    return Scan(tuple(found[:MAX_REFERENCES]), files, skipped, is_cut or len(found) > MAX_REFERENCES)


def _files(folder: Path) -> Iterable[str]:
    """Return the paths below a folder, with slashes, relative to it."""
    if _is_in_git(folder):
        return _git_files(folder)
    return _walked(folder)


def _is_in_git(folder: Path) -> bool:
    return any((parent / ".git").exists() for parent in (folder.resolve(), *folder.resolve().parents))


def _git_files(folder: Path) -> list[str]:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            timeout=_GIT_TIMEOUT_S,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise PermanentProviderError(
            f"{folder} is a Git work tree, and there is no git to list it; install Git"
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()[:300]
        raise PermanentProviderError(f"git can't list the files of {folder}: {said}") from error
    except subprocess.TimeoutExpired as error:
        raise PermanentProviderError(
            f"git did not list the files of {folder} within {_GIT_TIMEOUT_S} s; try a smaller folder"
        ) from error
    return list(dict.fromkeys(os.fsdecode(name) for name in done.stdout.split(b"\0") if name))


def _walked(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS]
        yield from ((Path(place) / name).relative_to(folder).as_posix() for name in names)


def _text(path: Path) -> str | None:
    """Return a file's text, None for what is no text, too large, a link, or can't be read."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    if b"\0" in data[:_SNIFFED_BYTES]:
        return None
    return data.decode("utf-8", errors="replace")
