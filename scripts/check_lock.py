"""Check that requirements.lock fits pyproject.toml: all locked, in range, hashed, and no addresses."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)", re.MULTILINE)


def wanted(pyproject: str) -> Iterator[Requirement]:
    project = tomllib.loads(pyproject)["project"]
    for text in project["dependencies"]:
        yield Requirement(text)
    for extra in project["optional-dependencies"].values():
        for text in extra:
            yield Requirement(text)


def problems(pyproject: str, lock: str) -> Iterator[str]:
    """Yield one sentence for each way in which the lock does not fit."""
    pinned: dict[str, list[str]] = {}
    for found in PINNED.finditer(lock):
        pinned.setdefault(canonicalize_name(found["name"]), []).append(found["version"])
    for requirement in wanted(pyproject):
        versions = pinned.get(canonicalize_name(requirement.name), [])
        if not versions:
            yield f"{requirement.name} is in pyproject.toml and not in requirements.lock; run make lock"
        elif not any(requirement.specifier.contains(version, prereleases=True) for version in versions):
            yield f"{requirement.name} is locked at {versions[0]}, outside {requirement}; run make lock"
    if lock.count("--hash=sha256:") < len(pinned):
        yield "requirements.lock has packages without a hash; run make lock"
    if re.search(r"https?://|--index-url|--extra-index-url|--find-links", lock):
        yield "requirements.lock names a registry; run make lock"


def main() -> int:
    found = list(problems((ROOT / "pyproject.toml").read_text(), (ROOT / "requirements.lock").read_text()))
    for problem in found:
        print(f"check_lock: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
