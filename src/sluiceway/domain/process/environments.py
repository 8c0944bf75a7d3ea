"""Where versions run on their way to users, and how a version gets into each place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

USUAL: Final = ("development", "staging", "production")  # of a service whose process names none


class Entry(StrEnum):
    """What lets a version into an environment."""

    ON_COMMIT = "on-commit"
    ON_MERGE = "on-merge"
    ON_PASSING_TESTS = "on-passing-tests"
    ON_SCHEDULE = "on-schedule"
    RELEASE_CANDIDATE = "release-candidate"
    APPROVAL = "approval"
    APPROVAL_AND_CHANGE = "approval-and-change"


@dataclass(frozen=True, slots=True)
class Environment:
    id: str
    title: str
    entry: Entry
    after: str = ""  # the environment a version comes from
    purpose: str = ""
    audience: str = ""
    data: str = ""
    integrations: str = ""
