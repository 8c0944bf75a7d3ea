"""What `sluice demo` can be told, and what it answers at its end."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from sluiceway.demo.faults import Fault

Number = TypeVar("Number", int, float)

STABLE = "1.0"
NEW = "2.0"
PROMOTED = "promoted"
ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """`speed` is plan seconds per real second; a `data` directory that is named is kept."""

    fault: Fault = Fault.NONE
    headless: bool = False
    rps: float = 200.0
    users: int = 1000
    speed: float = 3600.0
    port: int | None = None  # of the console; None: 7700 or any free one
    ingress_port: int | None = None  # None: 8080 or any free one
    data: Path | None = None
    open_browser: bool = True
    limit_s: float = 240.0  # real seconds until the demo gives up


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The last line of a headless demo. Times are seconds since the load began, None where nothing was.

    `first_bad_at_s`: the first answer that shows the fault. `decided_at_s`: the decision to roll back.
    `traffic_safe_at_s`: from when on no user met the new version. `users_harmed`: users who met a failure
    (or an answer far slower than stable's, when the fault is latency) of the new version.
    """

    fault: str
    outcome: str
    first_bad_at_s: float | None
    decided_at_s: float | None
    traffic_safe_at_s: float | None
    requests: int
    failed_requests: int
    failed_requests_stable: int
    users_harmed: int
    wall_s: float

    @property
    def is_right(self) -> bool:
        """Return whether a sound version was promoted or a faulty one rolled back."""
        return self.outcome == (PROMOTED if self.fault == Fault.NONE else ROLLED_BACK)

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self))


def parse_options(argv: Sequence[str] | None) -> DemoOptions:
    """Read a command line. Exits with status 2 and a message when it can't be used."""
    default = DemoOptions()
    parser = argparse.ArgumentParser(
        prog="sluice demo",
        description="Watch a rollout of a sample shop on live traffic, and choose what is wrong with it.",
    )
    parser.add_argument(
        "--fault",
        choices=[fault.value for fault in Fault],
        default=default.fault.value,
        help="what is wrong with the new version",
    )
    parser.add_argument(
        "--headless", action="store_true", help="end by itself; the last line of stdout is a JSON object"
    )
    parser.add_argument(
        "--rps", type=_positive, default=default.rps, help="requests per second (%(default)g)"
    )
    parser.add_argument("--users", type=_whole, default=default.users, help="how many users (%(default)s)")
    parser.add_argument(
        "--speed", type=_positive, default=default.speed, help="how fast the plan's clock runs (%(default)g)"
    )
    parser.add_argument("--port", type=_port, help="of the console (7700, or any free one)")
    parser.add_argument("--ingress-port", type=_port, help="where users come in (8080, or any free one)")
    parser.add_argument("--data", type=Path, help="keep everything in this empty directory")
    parser.add_argument("--no-browser", action="store_true", help="do not open the console in a browser")
    given = parser.parse_args(sys.argv[1:] if argv is None else argv)
    data: Path | None = given.data
    return DemoOptions(
        fault=Fault(str(given.fault)),
        headless=bool(given.headless),
        rps=float(given.rps),
        users=int(given.users),
        speed=float(given.speed),
        port=given.port,
        ingress_port=given.ingress_port,
        data=data.absolute() if data else None,
        open_browser=not given.no_browser,
    )


def _positive(text: str) -> float:
    value = _number(text, float)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not more than 0")
    return value


def _whole(text: str) -> int:
    value = _number(text, int)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def _port(text: str) -> int:
    value = _number(text, int)
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 0 to 65535")
    return value


def _number(text: str, kind: type[Number]) -> Number:
    try:
        return kind(text)
    except ValueError as failure:
        what = "a whole number" if kind is int else "a number"
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}") from failure
