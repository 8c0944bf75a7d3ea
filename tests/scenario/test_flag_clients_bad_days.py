"""Bad days of a client: no server, no disk, no network, forks, ten thousand flags, a clock that jumps."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from sluiceway.domain.flags.model import Constraint, Flag, FlagSet, Operator, Rule
from sluiceway.flags_sdk import Context, ErrorCode, FlagClient, Source, State
from tests.scenario.flag_clients import ANN, QUICK, SHOP, client, switched
from tests.support.flag_server import TOKEN, FlagServer, eventually

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server() -> Iterator[FlagServer]:
    made = FlagServer(SHOP)
    yield made
    made.stop()


def run(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_killed_server_is_not_missed_and_found_again(server: FlagServer) -> None:
    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        server.stop()
        eventually("the loss is noticed", lambda: flags.status.problem != "")

        assert flags.boolean("checkout", ANN) is True

        server.flags = switched(SHOP, "checkout", on=False)
        server.start()
        eventually("the change is in force", lambda: not flags.boolean("checkout", ANN, True))
        eventually("the stream is open again", lambda: flags.status.state is State.LIVE)


def test_a_set_that_was_not_heard_of_for_long_is_stale_and_in_use(server: FlagServer) -> None:
    states: list[State] = []
    with client(server, timing=replace(QUICK, stale_after_s=0.05)) as flags:
        flags.on_state(states.append)
        server.stop()
        eventually("it is stale", lambda: State.STALE in states)

        assert flags.boolean("checkout", ANN) is True

        server.start()
        eventually("it is live again", lambda: states[-1] is State.LIVE)


def test_a_network_that_is_cut_in_the_middle_of_an_event_loses_no_change(server: FlagServer) -> None:
    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        base, server.flags = server.etag, switched(SHOP, "checkout", on=False)
        event = server.notice({"from": base, "flags": [], "removed": ["checkout"]})
        server.cut_streams(b"%x\r\n" % len(event) + event[: len(event) // 2])
        eventually("the change is in force", lambda: flags.status.etag == server.etag)

        assert flags.evaluate("checkout", ANN).error is None


def test_a_client_starts_without_the_server_from_what_it_knew_last(
    server: FlagServer, tmp_path: Path
) -> None:
    path = tmp_path / "flags.json"
    with client(server, cache_path=path):
        pass
    server.stop()
    with client(server, cache_path=path) as flags:
        assert flags.boolean("checkout", ANN) is True
        assert (flags.status.source, flags.status.state) == (Source.FILE, State.STALE)
        assert flags.status.heard_s is None

        server.flags = switched(SHOP, "checkout", on=False)
        server.start()
        eventually("the change is in force", lambda: not flags.boolean("checkout", ANN, True))
        eventually("and kept", lambda: b'"version":2' in path.read_bytes())
        assert flags.status.source is Source.SERVER


def test_what_is_on_disk_is_not_fetched_again(server: FlagServer, tmp_path: Path) -> None:
    for _ in range(2):
        with client(server, cache_path=tmp_path / "flags.json") as flags:
            assert flags.boolean("checkout", ANN) is True

    assert [one for one in server.asked if one.startswith("GET /api/flag-set ")] == [
        "GET /api/flag-set 200",
        "GET /api/flag-set 304",
    ]


def test_a_client_without_anything_gives_defaults_and_says_why(server: FlagServer) -> None:
    server.stop()
    with client(server) as flags:
        found = flags.evaluate("checkout", ANN)

        assert found.error is ErrorCode.PROVIDER_NOT_READY
        assert flags.string("checkout", ANN, "blue") == "blue"
        assert flags.status.state is State.STARTING
        assert "could not be asked" in flags.status.problem


FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))  # no file may grow beyond this
from sluiceway.flags_sdk import FlagClient
from tests.support.flag_server import eventually
url, token, path = sys.argv[1:]
flags = FlagClient(url, token, cache_path=path, start_wait_s=60.0)
assert flags.boolean("checkout"), flags.status
print("ready", flush=True)
eventually("the change is in force", lambda: not flags.boolean("checkout", {}, True))
flags.close()
"""


def test_a_full_disk_stops_no_change(server: FlagServer, tmp_path: Path) -> None:
    path = tmp_path / "flags.json"
    program = run(FULL_DISK, server.url, TOKEN, str(path))
    eventually("it listens", lambda: server.listeners == 1 or program.poll() is not None)
    server.put(switched(SHOP, "checkout", on=False))
    said, _ = program.communicate(timeout=120)

    assert program.returncode == 0, said
    assert said.count("can't be written") == 1
    assert list(tmp_path.iterdir()) == []


FORKING = """
import os, sys
from sluiceway.flags_sdk import Context, FlagClient, Timing
from tests.support.flag_server import eventually
url, token = sys.argv[1:]
flags = FlagClient(url, token, start_wait_s=60.0, timing=Timing(retry_s=0.01, flush_s=600.0))
for _ in range(5):
    flags.boolean("search", Context("parent"))
children = []
for _ in range(3):
    child = os.fork()
    if not child:
        eventually("the change is in force", lambda: not flags.boolean("checkout", {}, True))
        flags.close(60.0)
        os._exit(0)
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in children]
eventually("the change is in force here, too", lambda: not flags.boolean("checkout", {}, True))
flags.close(60.0)
sys.exit(max(codes))
"""


def test_every_forked_worker_follows_the_server_and_reports_for_itself(server: FlagServer) -> None:
    program = run(FORKING, server.url, TOKEN)
    eventually("all four listen", lambda: server.listeners >= 4 or program.poll() is not None)
    server.put(switched(SHOP, "checkout", on=False))
    said, _ = program.communicate(timeout=120)
    counts = [
        one["count"] for batch in server.batches for one in batch["exposures"] if one["flag"] == "search"
    ]

    assert program.returncode == 0, said
    assert counts == [5]  # the parent's, and from the parent only


def test_ten_thousand_flags_are_taken_changed_and_kept(server: FlagServer, tmp_path: Path) -> None:
    rules = (Rule("r", constraints=(Constraint("country", Operator.IN, ("DE", "FR")),), reach=50_000),)
    many = tuple(Flag(f"flag-{at}", is_enabled=True, rules=rules) for at in range(10_000))
    server.flags = replace(SHOP, flags=many)
    path = tmp_path / "flags.json"
    with client(server, cache_path=path) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        assert len(flags.all(ANN)) == 10_000

        changed: list[tuple[str, ...]] = []
        flags.on_change(changed.append)
        server.put(switched(server.flags, "flag-77", on=False))
        eventually("the change is in force", lambda: changed == [("flag-77",)])
        eventually("and kept", lambda: b'"version":2' in path.read_bytes()[:2_000])

        assert not flags.boolean("flag-77", ANN, True)
    assert len(path.read_bytes()) > 1_000_000


def test_threads_that_ask_while_sets_are_swapped_see_one_set_or_the_other(server: FlagServer) -> None:
    """Both flags of a set are always equal, so one evaluation of all may never find them different."""
    wrong: list[object] = []
    asked = [0] * 8
    is_over = threading.Event()

    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)

        def ask(number: int) -> None:
            context = Context(f"user-{number}")
            while not is_over.is_set():
                found = flags.all(context)
                if found["one"].value is not found["other"].value or not flags.boolean("steady", context):
                    wrong.append(found)
                asked[number] += 1

        server.put(_twins(2, on=True))
        eventually("they are there", lambda: flags.status.version == 2)
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for one in threads:
            one.start()
        for version in range(3, 53):
            server.put(_twins(version, on=version % 2 == 0))
        eventually("the last one is in force", lambda: flags.status.version == 52)
        eventually("everybody asked", lambda: min(asked) > 0)
        is_over.set()
        for one in threads:
            one.join(60.0)

    assert wrong == []


def test_a_clock_that_jumps_moves_no_pause_and_no_timeout(
    server: FlagServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        for jump_s in (-1e9, 1e9, 0.0):
            monkeypatch.setattr(time, "time", partial(_jumped, real, jump_s))
            is_on = not flags.boolean("checkout", ANN)
            server.put(switched(server.flags, "checkout", on=is_on))
            eventually("the change is in force", partial(_is, flags, "checkout", is_on))

            heard_s = flags.status.heard_s
            assert heard_s is not None
            assert 0 <= heard_s < 1_000
        flags.boolean("checkout", ANN)
        eventually("exposures go on", lambda: len(server.batches) > 0)


def test_a_listener_that_fails_stops_no_change_and_no_other_listener(server: FlagServer) -> None:
    heard: list[tuple[str, ...]] = []

    def fail(changed: tuple[str, ...]) -> None:
        raise RuntimeError(str(changed))

    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        flags.on_change(fail)
        forget = flags.on_change(heard.append)
        server.put(switched(server.flags, "checkout", on=False))
        eventually("the other one hears of it", lambda: heard == [("checkout",)])
        forget()
        server.put(switched(server.flags, "checkout", on=True))
        eventually("the change is in force", lambda: flags.boolean("checkout", ANN))

        assert heard == [("checkout",)]


def _jumped(real: Callable[[], float], jump_s: float) -> float:
    return real() + jump_s


def _is(flags: FlagClient, flag: str, value: bool) -> bool:
    return flags.boolean(flag, ANN, not value) is value


def _twins(version: int, *, on: bool) -> FlagSet:
    return replace(
        SHOP,
        version=version,
        flags=(Flag("one", is_enabled=on), Flag("other", is_enabled=on), Flag("steady", is_enabled=True)),
    )
