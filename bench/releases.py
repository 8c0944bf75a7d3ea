"""The bench of releases: how long lists and pages take in a store that is full.

`make bench NAME=releases` (five minutes, two of them to fill the store; `ARGS=--quick` a tenth of it all;
`ARGS="--data DIR"` keeps the store there and uses it again). Requests go one at a time over HTTP to the app
as it is served, as somebody with a role in every service; the floor is one row read by its key through the
same stack, asked in turn with them. The last line is one JSON object; see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from bench.releases_server import FLOOR
from bench.releases_store import Filled, Size, fill
from bench.rig import answers, child, free_port, module, say, wait_until
from sluiceway.adapters.data_dir import DataDir

GOAL_MS = 100.0  # a median above it is a miss
ROUNDS, QUICK_ROUNDS = 100, 20
QUICK = Size(releases=1_000, audit_entries=100_000, open_releases=50, services=20)
_START_WITHIN_S = 60.0
_FLOOR = "floor"


@dataclass(frozen=True)
class Case:
    """A kind of request. `path` makes one, `holds` tells whether it was answered in full."""

    name: str
    path: Callable[[random.Random], str]
    holds: Callable[[httpx.Response], bool]
    viewer: str = "rita"  # one of `VIEWERS`


@dataclass(frozen=True)
class Figures:
    """What the requests of one case took; `to_floor` is the median as a multiple of the floor's."""

    first_ms: float
    median_ms: float
    p95_ms: float
    to_floor: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the releases, fewer rounds")
    parser.add_argument("--data", type=Path, help="where the store is kept, made if it is not there yet")
    args = parser.parse_args()
    size, rounds = (QUICK, QUICK_ROUNDS) if args.quick else (Size(), ROUNDS)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as home:
        folder = args.data or Path(home)
        filled = filled_in(folder, size)
        took = measure(folder, filled, cases(size), rounds)
    found = summarise(took)
    for name, figures in found.items():
        say(sentence(name, figures))
    print(json.dumps(report(size, found)))


def filled_in(folder: Path, size: Size) -> Filled:
    """Return what is in the store of this folder, filled now unless it was before, to the same size."""
    note = folder / "filled.json"
    if note.exists():
        known = json.loads(note.read_text())
        if known["size"] != asdict(size):
            raise SystemExit(
                f"{folder} holds a store of another size, {known['size']}; choose another folder"
            )
        return Filled(**known["filled"])
    say(f"filling the store: {size.releases:,} releases, {size.audit_entries:,} audit entries")
    folder.mkdir(parents=True, exist_ok=True)
    filled = fill(DataDir(folder).database, size)
    note.write_text(json.dumps({"size": asdict(size), "filled": asdict(filled)}))
    return filled


def cases(size: Size) -> Sequence[Case]:
    """Return what is asked, the floor first."""
    last, closed = size.releases, size.releases - size.open_releases

    def any_open(rng: random.Random) -> str:
        return release_id(rng.randint(closed + 1, last))

    def any_closed(rng: random.Random) -> str:
        return release_id(rng.randint(1, closed))

    def middle(rng: random.Random) -> str:
        return release_id(rng.randint(closed // 2, closed))

    def service(rng: random.Random) -> str:
        return f"service-{rng.randrange(size.services):02}"

    return (
        Case(_FLOOR, lambda rng: f"{FLOOR}?seq={rng.randint(1, last)}", lambda got: len(got.json()) == 1),
        Case("list", lambda _: "/api/releases", _has(50)),
        Case("list, open ones", lambda _: "/api/releases?open=true", _has(50)),
        Case("list, far down", lambda rng: f"/api/releases?before={middle(rng)}", _has(25)),
        Case("list, one service", lambda rng: f"/api/releases?service={service(rng)}", _has(1)),
        Case("search, a common word", lambda _: "/api/releases?text=payments", _has(1)),
        Case("search, a rare one", lambda rng: f"/api/releases?text={2 + 4 * rng.randrange(5)}.0.0", _has(1)),
        Case("search, nothing there", lambda _: "/api/releases?text=unheard-of", _has(0)),
        Case("release, open", lambda rng: f"/api/releases/{any_open(rng)}", _tells("moves")),
        Case("release, closed", lambda rng: f"/api/releases/{any_closed(rng)}", _tells("phases")),
        Case("audit history", lambda rng: f"/api/releases/{any_closed(rng)}/history", _has(1)),
        Case("console: list", lambda _: "/releases", _shows("</html>")),
        Case("console: release, open", lambda rng: f"/releases/{any_open(rng)}", _shows("</html>")),
        Case("console: release, closed", lambda rng: f"/releases/{any_closed(rng)}", _shows("</html>")),
        Case("my work, one service", lambda _: "/api/work", _has(1), viewer="uma"),
        Case("my work, five services", lambda _: "/api/work", _has(1), viewer="lee"),
        Case("my work, every service", lambda _: "/api/work", _has(1)),
    )


def release_id(number: int) -> str:
    """Return the id of the release that was made as this one, counting from 1."""
    return f"REL-2026-{number:04}"


def measure(folder: Path, filled: Filled, asked: Sequence[Case], rounds: int) -> Mapping[str, list[float]]:
    """Return the seconds that each request took, by case, from a server of its own.

    Raises RuntimeError for an answer that is not what was asked for.
    """
    port = free_port()
    with child(module("bench.releases_server", str(folder), str(port))):
        wait_until("the server", lambda: answers(port), _START_WITHIN_S)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300, trust_env=False) as client:
            return ask(client, filled, asked, rounds)


def ask(
    client: httpx.Client, filled: Filled, asked: Sequence[Case], rounds: int
) -> Mapping[str, list[float]]:
    """Return what each request took: a first of every case, then `rounds` more, the cases in turn."""
    rng = random.Random(1)
    took: dict[str, list[float]] = {case.name: [] for case in asked}
    for at in range(rounds + 1):
        for case in asked:
            headers = {"Authorization": f"Bearer {filled.tokens[case.viewer]}"}
            path = case.path(rng)
            began_s = time.perf_counter()
            got = client.get(path, headers=headers)
            took[case.name].append(time.perf_counter() - began_s)
            if got.status_code != 200 or not case.holds(got):
                raise RuntimeError(f"{path} was answered {got.status_code}: {got.text[:300]}")
        if at % 10 == 0:
            say(f"round {at} of {rounds}")
    return took


def summarise(took: Mapping[str, Sequence[float]]) -> dict[str, Figures]:
    """Return each case's figures. The first request of each, which reads processes anew, stands by itself."""
    floor_s = statistics.median(took[_FLOOR][1:])
    found: dict[str, Figures] = {}
    for name, (first_s, *others) in took.items():
        median_s = statistics.median(others)
        p95_s = sorted(others)[min(len(others) - 1, int(0.95 * len(others)))]
        found[name] = Figures(_ms(first_s), _ms(median_s), _ms(p95_s), round(median_s / floor_s, 1))
    return found


def sentence(name: str, figures: Figures) -> str:
    """Return one case on one line."""
    return (
        f"{name}: median {figures.median_ms:.1f} ms, {figures.to_floor} times the floor, "
        f"p95 {figures.p95_ms:.1f} ms, first {figures.first_ms:.0f} ms"
    )


def report(size: Size, found: Mapping[str, Figures]) -> dict[str, object]:
    """Return what the last line says; `missed` names the cases whose median is above the goal."""
    return {
        **asdict(size),
        "goal_ms": GOAL_MS,
        "missed": [name for name, figures in found.items() if figures.median_ms > GOAL_MS],
        "cases": {name: asdict(figures) for name, figures in found.items()},
    }


def _has(least: int) -> Callable[[httpx.Response], bool]:
    return lambda got: len(got.json()) >= least


def _tells(part: str) -> Callable[[httpx.Response], bool]:
    return lambda got: bool(got.json()[part])


def _shows(words: str) -> Callable[[httpx.Response], bool]:
    return lambda got: words in got.text


def _ms(seconds: float) -> float:
    return round(1_000 * seconds, 2)


if __name__ == "__main__":
    main()
