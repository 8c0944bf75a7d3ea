"""What the load generator wrote down, and what it says about a rollout. Pure but for reading the file.

A record is one request of one user: when it was *meant* to be sent, how long until its answer (from that
moment on, so that a stalled server can't hide waiting users), and what came back. Who sends them is the
business of `load`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast


@dataclass(frozen=True, slots=True)
class Record:
    """One request. `status` is 0 when no answer came; then `error` says why (`timeout`, `reset`, ...)."""

    at: float  # unix seconds, when it was meant to be sent
    latency_ms: float
    status: int
    error: str
    version: str  # "" when the answer names none
    user: int

    @property
    def is_failed(self) -> bool:
        """Return whether the user was let down: no answer, or a 5xx."""
        return self.status == 0 or self.status >= 500


@dataclass(frozen=True, slots=True)
class VersionFigures:
    requests: int
    failed: int
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class Harm:
    """What the new version did to users, in unix seconds; None where nothing of the kind happened."""

    first_bad_at: float | None
    last_new_at: float | None  # when the last request that the new version had a hand in was sent
    users_harmed: int


def format_record(record: Record) -> str:
    """Return the record as one line of JSON, with its line break."""
    error = json.dumps(record.error) if record.error else '""'
    version = json.dumps(record.version) if record.version else '""'
    return (
        f'{{"at":{record.at:.6f},"ms":{record.latency_ms:.2f},"status":{record.status},'
        f'"error":{error},"version":{version},"user":{record.user}}}\n'
    )


def parse_record(line: str) -> Record:
    """Read one line back. Raises ValueError when it is not a record."""
    try:
        raw = cast("dict[str, object]", json.loads(line))
        return Record(
            at=float(str(raw["at"])),
            latency_ms=float(str(raw["ms"])),
            status=int(str(raw["status"])),
            error=str(raw["error"]),
            version=str(raw["version"]),
            user=int(str(raw["user"])),
        )
    except (KeyError, TypeError) as failure:
        raise ValueError(f"not a record of a request: {line[:80]!r}") from failure


@dataclass(slots=True)
class RecordFile:
    """Follows a file of records while it is being written; `read_new` returns what was added since."""

    path: Path
    _offset: int = field(default=0, init=False)

    def read_new(self) -> list[Record]:
        """Return the whole lines added since the last call; a file that is not there yet has none."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [parse_record(line) for line in whole.decode().splitlines()]


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the nearest-rank percentile (`share` 0 to 1), None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def failed_requests(records: Iterable[Record]) -> int:
    """Return how many requests let their user down, whichever version was to blame."""
    return sum(record.is_failed for record in records)


def figures_by_version(records: Iterable[Record]) -> dict[str, VersionFigures]:
    """Return figures per version; "" collects requests that no version answered."""
    grouped: dict[str, list[Record]] = {}
    for record in records:
        grouped.setdefault(record.version, []).append(record)
    return {
        version: VersionFigures(
            requests=len(group),
            failed=failed_requests(group),
            p95_ms=percentile([record.latency_ms for record in group if record.status], 0.95),
        )
        for version, group in grouped.items()
    }


def slow_limit_ms(records: Iterable[Record], stable: str) -> float | None:
    """Return the latency that one in a hundred answers of the stable version passes: slower is harm."""
    return percentile([r.latency_ms for r in records if r.version == stable and r.status], 0.99)


def measure_harm(
    records: Sequence[Record],
    *,
    stable: str,
    new: str,
    fault_at: float | None,
    exposed: tuple[float, float | None],
    counts_slow: bool,
) -> Harm:
    """Return what the new version did to users; without a fault (`fault_at` None) nothing is its first bad.

    A failure that names no version (connection lost, the proxy's own 503) is laid at the new version's door
    while it had users: from `exposed[0]` until `exposed[1]` (None: to the end). With `counts_slow` an answer
    of the new version slower than 99 of 100 stable ones counts as bad too.
    """
    begin, end = exposed
    limit_ms = slow_limit_ms(records, stable) if counts_slow else None

    def is_of_new(record: Record) -> bool:
        if record.version:
            return record.version == new
        return record.is_failed and begin <= record.at and (end is None or record.at <= end)

    def is_bad(record: Record) -> bool:
        return record.is_failed or (limit_ms is not None and record.latency_ms > limit_ms)

    of_new = [record for record in records if is_of_new(record)]
    bad = [record for record in of_new if fault_at is not None and record.at >= fault_at and is_bad(record)]
    harmed = {record.user for record in of_new if record.is_failed} | {record.user for record in bad}
    return Harm(
        # When the answer arrived, for a bad answer; that is when anybody could first know.
        first_bad_at=min((record.at + record.latency_ms / 1000 for record in bad), default=None),
        last_new_at=max((record.at for record in of_new), default=None),
        users_harmed=len(harmed),
    )
