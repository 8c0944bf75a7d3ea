"""Version numbers of releases: read and compared as SemVer says, and held to what a release's type allows.

`X.Y.Z-hotfix` (then `-hotfix.2`, ...) is a team's name for a repair of X.Y.Z and comes after it, although
SemVer would sort it before. Source: https://semver.org/spec/v2.0.0.html; docs/releases.md, "Versions".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import assert_never

from sluiceway.domain.process.team import ReleaseType, VersionForm
from sluiceway.errors import InvalidInputError

HOTFIX = "hotfix"
_MOST_CHARS = 128

# The expression that semver.org suggests; `pre` and `build` are split at their dots afterwards.
_SEMVER = re.compile(
    r"(?P<major>0|[1-9]\d*)\.(?P<minor>0|[1-9]\d*)\.(?P<patch>0|[1-9]\d*)"
    r"(?:-(?P<pre>(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+(?P<build>[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class SemVer:
    """A version number. `pre` and `build` hold the identifiers after `-` and `+`."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()
    build: tuple[str, ...] = ()

    @property
    def core(self) -> tuple[int, int, int]:
        return (self.major, self.minor, self.patch)

    @property
    def hotfix(self) -> int:
        """Which repair of X.Y.Z it is: 1 for `-hotfix`, 2 for `-hotfix.2`, 0 for none."""
        match self.pre:
            case ("hotfix",):
                return 1
            case ("hotfix", number) if number.isdigit():
                return int(number)
            case _:
                return 0

    def precedes(self, other: SemVer) -> bool:
        """Return whether it has the lower precedence (SemVer 2.0.0, item 11); build data has no say."""
        return self._precedence() < other._precedence()

    def _precedence(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        pre = tuple((not one.isdigit(), int(one) if one.isdigit() else 0, one) for one in self.pre)
        return self.core, not self.pre, pre


def parse_version(text: str) -> SemVer:
    """Return the version number in `text`. Raises InvalidInputError when it is none by SemVer 2.0.0."""
    match = _SEMVER.fullmatch(text) if len(text) <= _MOST_CHARS else None
    if match is None:
        bare = text[1:] if text[:1] in {"v", "V"} else ""
        hint = bare if _SEMVER.fullmatch(bare) else "one such as 2.1.0"
        raise InvalidInputError(f'version: found "{text[:_MOST_CHARS]}", expected {hint} (semver.org)')
    return SemVer(
        int(match["major"]),
        int(match["minor"]),
        int(match["patch"]),
        tuple(match["pre"].split(".")) if match["pre"] else (),
        tuple(match["build"].split(".")) if match["build"] else (),
    )


def fits_type(release_type: ReleaseType, previous: str, version: str) -> str | None:
    """Return why the version fits none of the forms that the type allows, None when it fits one."""
    problems = [fits(form, previous, version) for form in release_type.version]
    if not problems or None in problems:
        return None
    return f"{release_type.title}: {'; or '.join(dict.fromkeys(filter(None, problems)))}"


def fits(form: VersionForm, previous: str, version: str) -> str | None:
    """Return why the version doesn't have the form, or can't follow what users have; None when it does.

    `previous` is what users have: "" when there is nothing yet. Names that are no version numbers, such as
    `blue`, can't be compared and hold nothing back. Versions may be left out, never taken twice, so that two
    releases can be under way at once.
    """
    try:
        new = parse_version(version)
    except InvalidInputError as error:
        return str(error)
    problem = _malformed(form, new, version)
    if problem is not None or not previous:
        return problem
    try:
        old = parse_version(previous)
    except InvalidInputError:
        return None
    if _follows(form, old, new):
        return None
    return f"users have {previous}: found {version}, expected {_next(form, old)} or later"


def _malformed(form: VersionForm, new: SemVer, version: str) -> str | None:
    if form is VersionForm.HOTFIX:
        return None if new.hotfix else f"found {version}, expected {form.value}"
    if new.hotfix:
        return f"found {version}, which is a hotfix's version, expected {form.value}"
    wrong = (form is VersionForm.MAJOR and (new.minor or new.patch)) or (
        form is VersionForm.MINOR and new.patch
    )
    return f"found {version}, expected {form.value}" if wrong else None


def _follows(form: VersionForm, old: SemVer, new: SemVer) -> bool:
    same_line = new.core[:2] == old.core[:2]
    if form is VersionForm.HOTFIX:
        return same_line and (new.patch, new.hotfix) > (old.patch, old.hotfix)
    if new.core == old.core and old.pre and not old.hotfix:
        return old.precedes(new)
    match form:
        case VersionForm.MAJOR:
            return new.major > old.major
        case VersionForm.MINOR:
            return new.major == old.major and new.minor > old.minor
        case VersionForm.PATCH:
            return same_line and new.patch > old.patch
        case _:
            assert_never(form)


def _next(form: VersionForm, old: SemVer) -> str:
    match form:
        case VersionForm.MAJOR:
            return f"{old.major + 1}.0.0"
        case VersionForm.MINOR:
            return f"{old.major}.{old.minor + 1}.0"
        case VersionForm.PATCH:
            return f"{old.major}.{old.minor}.{old.patch + 1}"
        case VersionForm.HOTFIX:
            number = f".{old.hotfix + 1}" if old.hotfix else ""
            return f"{old.major}.{old.minor}.{old.patch}-{HOTFIX}{number}"
        case _:
            assert_never(form)
