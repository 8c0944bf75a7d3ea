"""How changes are controlled: kinds of change, risk, the decision matrix, boards and their meetings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class MatrixCriterion:
    """One criterion that members score from `low` to `high`. The weights of a matrix sum to 100."""

    id: str
    title: str
    weight_percent: int
    low: int = 1
    high: int = 10
    higher_is_better: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class RiskRule:
    """The first rule whose condition (CEL over a change's fields) holds gives the level."""

    id: str
    condition: str
    level: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    id: str
    text: str
    points: float


@dataclass(frozen=True, slots=True)
class Question:
    """`weight` is its share of the questionnaire's score."""

    id: str
    text: str
    weight: float
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class RiskLevel:
    """A level and the least score (0 to 100) of the questionnaire that gives it; in rising order."""

    id: str
    title: str
    from_score: float


@dataclass(frozen=True, slots=True)
class RiskModel:
    """Rules in order and a weighted questionnaire; the higher of the two levels counts."""

    levels: tuple[RiskLevel, ...]
    rules: tuple[RiskRule, ...] = ()
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """When a board meets by itself: weekday 0 is Monday, `at` is local time; every `weeks` weeks."""

    weekday: int
    at: time
    weeks: int = 1
    minutes: int = 60


@dataclass(frozen=True, slots=True)
class Board:
    """Who decides on changes. Roles vote; each role has one vote. A decision needs `quorum` votes cast
    and more for than against; the chair's vote breaks a tie where `casting_vote` says so.
    """

    id: str
    title: str
    chair: str  # role id, one of `voting`
    voting: tuple[str, ...]
    advisory: tuple[str, ...] = ()
    quorum: int = 1
    emergency_quorum: int = 1
    casting_vote: bool = True
    meets: Meeting | None = None
    criteria: tuple[str, ...] = ()  # what it weighs, in words


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """Standard changes are pre-approved by `template`; emergency ones may be decided by fewer people."""

    id: str  # "standard", "normal", "emergency", or the process's own
    title: str
    board: str = ""
    approvals: tuple[str, ...] = ()  # approval policy ids
    is_preapproved: bool = False
    is_emergency: bool = False
    review_after_s: float = 0.0  # an emergency change is reviewed within this time


@dataclass(frozen=True, slots=True)
class ChangeControl:
    kinds: tuple[ChangeKind, ...] = ()
    matrix: tuple[MatrixCriterion, ...] = ()
    risk: RiskModel | None = None
    boards: tuple[Board, ...] = ()
