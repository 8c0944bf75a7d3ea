"""Figures that senders push: what one point holds, and what became of it.

A point comes in one of three shapes, and its shape says how it adds up with others: outcomes (of so many, so
many bad), values (gauges and ratings), events (so many happened). Whether a point is taken is the business of
`admission`, what several of them amount to that of `figures`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

LOOK_BACK_S = 3_600.0  # real time: what is older when it arrives is kept, but judges nobody
FUTURE_S = 60.0  # how far a sender's clock may be ahead of ours
KEPT_S = 30 * 86_400.0  # real time from its arrival until a point is forgotten
MAX_POINTS = 1_000  # in one request


class Fate(StrEnum):
    """What became of a point that was sent."""

    STORED = "stored"
    DUPLICATE = "duplicate"  # the same id with the same content was there already
    CONFLICT = "conflict"  # the same id with other content was there already; nothing changed
    LATE = "late"  # stored, but too old to judge anything by
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RawPoint:
    """A point as it was sent, nothing checked but its types; None is what was left out."""

    id: str | None = None
    metric: str | None = None
    service: str | None = None
    version: str | None = None
    rollout: str | None = None
    at: str | None = None  # RFC 3339
    value: float | None = None
    count: float | None = None
    bad: float | None = None
    good: float | None = None
    total: float | None = None
    squares: float | None = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Of `count` payments, sessions, ... `bad` went badly. `bad` means bad also where high figures are good:
    of so many orders begun, those not completed."""

    count: float
    bad: float


@dataclass(frozen=True, slots=True)
class Values:
    """`count` values that add up to `total`, their squares to `squares`; a single gauge or rating is one."""

    count: float
    total: float
    squares: float


@dataclass(frozen=True, slots=True)
class Events:
    """`count` of them happened since the point before: tickets opened, refunds."""

    count: float


Measure = Outcomes | Values | Events


@dataclass(frozen=True, slots=True)
class Point:
    """A point that was taken. `id` is the sender's, unique among the points of a service.

    `rollout` is set for a figure of a whole release, which no version can be held to account for alone;
    `version` is that rollout's new one then. `is_late`: too old to be judged by. `is_compared`: it belongs to
    the time and the versions of a rollout under way, so it counts in the statistical comparison.
    """

    id: str
    metric: str
    service: str
    version: str
    rollout: str
    at: datetime
    measure: Measure
    digest: str
    is_late: bool = False
    is_compared: bool = False


def digest_of(metric: str, version: str, rollout: str, at: datetime | None, measure: Measure) -> str:
    """Return the SHA-256 (hex) of a point's content, by which two points with the same id are told apart.

    `at` is None where the sender left it out: the same point sent again is the same, though time went on.
    """
    match measure:
        case Outcomes(count, bad):
            figures = ["outcomes", float(count), float(bad)]
        case Values(count, total, squares):
            figures = ["values", float(count), float(total), float(squares)]
        case Events(count):
            figures = ["events", float(count)]
        case _:
            assert_never(measure)
    content = [metric, version, rollout, at.isoformat() if at else "", figures]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
