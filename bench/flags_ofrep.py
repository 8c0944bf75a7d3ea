"""How many OFREP requests one core answers, one flag at a time and 350 together, end to end over loopback.

`sluice serve` on a data directory of its own, with a token of an application; `wrk` asks for another user
every time, so that no answer can be kept. A figure is requests per second of the server process's CPU time;
the floor is a bare ASGI application on the same web server that answers as many bytes, asked in turn.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.rig import answers, child, free_port, module, say, wait_until
from sluiceway.bootstrap import Settings, build_app
from sluiceway.config.flag_file import FlagFile
from sluiceway.domain.flags.model import Constraint, Flag, Operator, Rule, Serve, Share
from sluiceway.domain.people.model import open_principal
from sluiceway.domain.process.team import Permission
from sluiceway.services.tokens import TokenService

SERVICE, ENVIRONMENT = "shop", "development"
FLAGS = 350  # of which 60 percent are the same for everybody
GOAL = 2_000.0  # bulk requests per second of one core
ROUNDS, QUICK_ROUNDS = 5, 2
SECONDS, QUICK_SECONDS = 5, 2
CONNECTIONS = 16
_ALL = "/ofrep/v1/evaluate/flags"
_ONE = f"{_ALL}/flag-7"
_SCRIPT = Path(__file__).with_name("flags_ofrep.lua")
_DONE = re.compile(r"(\d+) requests in")
_COUNTRY = Constraint("country", Operator.IN, ("CH", "DE", "FR", "GB", "US"))
_PLAN = Constraint("plan", Operator.IN, ("pro",))
_BODY = {"context": {"targetingKey": "user-1", "country": "CH", "plan": "pro", "age": 30}}


@dataclass(frozen=True)
class Target:
    """Something to ask: a process, and the address of what it answers."""

    name: str
    pid: int
    url: str


def measure(*, quick: bool = False) -> dict[str, object]:
    """Return requests per second and core of each kind of request and of its floor: medians of rounds."""
    if shutil.which("wrk") is None:
        say("wrk is not installed; OFREP is not measured")
        return {"skipped": "wrk is not installed"}
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-")))
        token = filled(folder)
        server = stack.enter_context(_served(folder))
        sizes = {path: _size(f"{server.url}{path}", token) for path in (_ONE, _ALL)}
        targets = [
            Target("single", server.pid, server.url + _ONE),
            stack.enter_context(_floor("single_floor", sizes[_ONE])),
            Target("bulk", server.pid, server.url + _ALL),
            stack.enter_context(_floor("bulk_floor", sizes[_ALL])),
        ]
        for target in targets:
            _round(target, token, 1)  # to warm it up
        took: dict[str, list[float]] = {target.name: [] for target in targets}
        for _ in range(rounds):
            for target in targets:
                took[target.name].append(_round(target, token, seconds))
    return summary({name: statistics.median(found) for name, found in took.items()}, sizes[_ALL])


def summary(medians: Mapping[str, float], bulk_bytes: int) -> dict[str, object]:
    """Return the figures and tell them."""
    found: dict[str, object] = {
        "flags": FLAGS,
        "bulk_bytes": bulk_bytes,
        **{f"{name}_per_core_s": round(rate) for name, rate in medians.items()},
        "single_of_floor": round(medians["single"] / medians["single_floor"], 2),
        "bulk_of_floor": round(medians["bulk"] / medians["bulk_floor"], 2),
        "is_met": medians["bulk"] >= GOAL,
    }
    say(f"requests per second and core: {found}")
    return found


def some_flags() -> tuple[Flag, ...]:
    """Return the flags: of ten, six the same for everybody, two by rules, one by percent, one split."""
    return tuple(_flag(number) for number in range(FLAGS))


def filled(folder: Path) -> str:
    """Make a data directory with the flags; return an application's token."""
    app = build_app(Settings(data_dir=folder, log_level="warning"))
    try:
        by = open_principal("bench")
        file = FlagFile(environments={ENVIRONMENT: some_flags()})
        app.flags.apply(SERVICE, file, by, environment=ENVIRONMENT)
        made = TokenService(app.store, app.clock).create(
            "bench", SERVICE, by, scopes=(Permission.EVALUATE,), environments=(ENVIRONMENT,)
        )
        return made.token
    finally:
        app.close()


def _flag(number: int) -> Flag:
    name = f"flag-{number}"
    match number % 10:
        case 6 | 7:
            rule = Rule("some", constraints=(_COUNTRY, _PLAN), reach=25_000)
            return Flag(name, is_enabled=True, rules=(rule,))
        case 8:
            return Flag(name, is_enabled=True, rules=(Rule("percent", reach=25_000),))
        case 9:
            return Flag(name, is_enabled=True, serve=Serve(split=(Share("on", 1), Share("off", 1))))
        case _:
            return Flag(name, is_enabled=number % 2 == 0)


@contextlib.contextmanager
def _served(folder: Path) -> Generator[Target]:
    port = free_port()
    words = module("sluiceway", "serve", "--data", str(folder), "--port", str(port), "--log-level", "warning")
    with child(words) as process:
        wait_until("the server", lambda: answers(port))
        yield Target("server", process.pid, f"http://127.0.0.1:{port}")


@contextlib.contextmanager
def _floor(name: str, size: int) -> Generator[Target]:
    port = free_port()
    with child(module("bench.bare_asgi", str(port), str(size))) as process:
        wait_until("the floor", lambda: answers(port))
        yield Target(name, process.pid, f"http://127.0.0.1:{port}/")


def _size(url: str, token: str) -> int:
    answer = httpx.post(url, json=_BODY, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    answer.raise_for_status()
    return len(answer.content)


def _round(target: Target, token: str, seconds: int) -> float:
    """Return the requests that a process answered per second of its CPU time."""
    words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(_SCRIPT), target.url]
    before = _cpu_s(target.pid)
    done = subprocess.run(
        words, env={**os.environ, "TOKEN": token}, capture_output=True, text=True, check=True, timeout=120
    )
    spent = _cpu_s(target.pid) - before
    found = _DONE.search(done.stdout)
    if found is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"{target.name} was not answered as it should be:\n{done.stdout}{done.stderr}")
    return int(found[1]) / spent


def _cpu_s(pid: int) -> float:
    used = psutil.Process(pid).cpu_times()
    return used.user + used.system


if __name__ == "__main__":
    print(json.dumps(measure()))
