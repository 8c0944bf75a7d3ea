"""The sample shop and the load generator as processes, against each other over loopback."""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from sluiceway.demo.faults import read_first_harm
from sluiceway.demo.records import Record, RecordFile, figures_by_version
from sluiceway.demo.shop import CRASH_EXIT_CODE

WITHIN_S = 20.0


def wait_for(what: str, probe: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not probe():
        assert time.monotonic() < deadline, f"waited {WITHIN_S} s for {what}"
        time.sleep(0.02)


class ShopProcess:
    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.process = process

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False


StartShop = Callable[..., ShopProcess]


@pytest.fixture
def start_shop(tmp_path: Path) -> Iterator[StartShop]:
    started: list[ShopProcess] = []

    def start(version: str = "1.0", **environment: str) -> ShopProcess:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with (tmp_path / f"shop-{version}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "sluiceway.demo.shop", "--port", str(port), "--version", version],
                env={**os.environ, **environment},
                stderr=log,
            )
        shop = ShopProcess(port, process)
        started.append(shop)
        wait_for("the shop to answer", shop.is_up)
        return shop

    yield start
    for shop in started:
        if shop.process.poll() is None:
            shop.process.kill()
        shop.process.wait()


def run_load(shop: ShopProcess, out: Path, *more: str) -> list[Record]:
    subprocess.run(
        [sys.executable, "-m", "sluiceway.demo.load", "--url", shop.url, "--out", str(out), *more],
        check=True,
        timeout=60,
    )
    return RecordFile(out).read_new()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "records.jsonl"


def is_poisson_count(count: int, mean: float) -> bool:
    """Return whether the count is within six standard deviations of a Poisson process' mean."""
    return abs(count - mean) <= 6 * math.sqrt(mean)


def test_the_load_sends_as_many_requests_as_told_and_all_are_answered(
    start_shop: StartShop, out: Path
) -> None:
    records = run_load(start_shop(), out, "--rps", "200", "--seconds", "3")
    assert is_poisson_count(len(records), 600)
    assert {record.error for record in records} == {""}
    assert set(figures_by_version(records)) == {"1.0"}
    assert len({record.user for record in records}) > 300


def test_latencies_are_the_shop_s_own(start_shop: StartShop, out: Path) -> None:
    records = run_load(start_shop(), out, "--rps", "100", "--seconds", "3")
    latencies = sorted(record.latency_ms for record in records)
    # The mix' median is about 7 ms; a busy machine may add to it, nothing may take from it.
    assert 4 <= latencies[len(latencies) // 2] <= 60
    assert latencies[0] >= 0.5


def test_a_stalled_server_shows_in_every_latency_that_it_delayed(out: Path, start_shop: StartShop) -> None:
    shop = start_shop()
    load = subprocess.Popen(
        [sys.executable, "-m", "sluiceway.demo.load", "--url", shop.url, "--out", str(out), "--rps", "100"]
    )
    records = RecordFile(out)
    seen: list[Record] = []

    def has(count: int) -> bool:
        seen.extend(records.read_new())
        return len(seen) >= count

    try:
        wait_for("records", lambda: has(50))
        stalled_at = time.time()
        shop.process.send_signal(signal.SIGSTOP)
        wait_for("a second of silence", lambda: time.time() > stalled_at + 1.0)
        resumed_at = time.time()
        shop.process.send_signal(signal.SIGCONT)
        already = len(seen)
        wait_for("more records", lambda: has(already + 200))
    finally:
        load.terminate()
        assert load.wait(WITHIN_S) == 0
    meant_in_stall = [r for r in seen if stalled_at + 0.05 < r.at < resumed_at - 0.05]
    # A closed loop would have sent next to nothing here; each waited at least until the shop went on.
    assert is_poisson_count(len(meant_in_stall), 100 * (resumed_at - stalled_at - 0.1))
    assert all(r.at + r.latency_ms / 1000 >= resumed_at - 0.02 for r in meant_in_stall)


def test_a_told_load_stops_and_writes_down_everything(start_shop: StartShop, out: Path) -> None:
    shop = start_shop()
    load = subprocess.Popen(
        [sys.executable, "-m", "sluiceway.demo.load", "--url", shop.url, "--out", str(out), "--rps", "100"]
    )
    wait_for("the first records", lambda: out.exists() and out.stat().st_size > 0)
    load.send_signal(signal.SIGTERM)
    assert load.wait(WITHIN_S) == 0
    records = RecordFile(out).read_new()
    assert out.read_bytes().endswith(b"\n")
    assert {record.error for record in records} == {""}


def test_requests_to_nobody_are_recorded_as_refused(out: Path, start_shop: StartShop) -> None:
    shop = start_shop()
    shop.process.kill()
    shop.process.wait()
    records = run_load(shop, out, "--rps", "50", "--seconds", "1")
    assert {(r.status, r.error, r.version) for r in records} == {(0, "refused", "")}


def test_answers_that_take_too_long_are_recorded_as_timeouts(out: Path, start_shop: StartShop) -> None:
    shop = start_shop()
    shop.process.send_signal(signal.SIGSTOP)
    records = run_load(shop, out, "--rps", "30", "--seconds", "1", "--timeout", "0.5")
    assert {(r.status, r.error) for r in records} == {(0, "timeout")}
    assert all(r.latency_ms >= 490 for r in records)


def test_a_fault_begins_when_its_file_appears(start_shop: StartShop, tmp_path: Path, out: Path) -> None:
    fault_file = tmp_path / "fault"
    shop = start_shop("2.0", SHOP_FAULT="errors", SHOP_FAULT_FILE=str(fault_file))
    before = figures_by_version(run_load(shop, out, "--rps", "200", "--seconds", "1.5"))["2.0"]
    fault_file.touch()
    after = figures_by_version(run_load(shop, out, "--rps", "200", "--seconds", "2"))["2.0"]
    assert before.failed / before.requests < 0.04
    assert 0.1 < after.failed / after.requests < 0.32
    assert read_first_harm(fault_file) is not None


def test_a_crashing_shop_dies_soon_after_its_first_users_and_again_when_started_again(
    start_shop: StartShop, tmp_path: Path
) -> None:
    fault_file = tmp_path / "fault"
    fault_file.touch()
    for _ in range(2):
        shop = start_shop("2.0", SHOP_FAULT="crash", SHOP_FAULT_FILE=str(fault_file))
        for _ in range(3):
            httpx.get(f"{shop.url}/products", trust_env=False)
        assert shop.process.wait(WITHIN_S) == CRASH_EXIT_CODE


def test_a_crashing_shop_without_users_stays_up(start_shop: StartShop, tmp_path: Path) -> None:
    fault_file = tmp_path / "fault"
    fault_file.touch()
    shop = start_shop("2.0", SHOP_FAULT="crash", SHOP_FAULT_FILE=str(fault_file))
    assert all(shop.is_up() for _ in range(20))
    assert read_first_harm(fault_file) is None


def test_a_told_shop_answers_what_it_has_begun_and_ends_well(start_shop: StartShop) -> None:
    shop = start_shop()
    with socket.create_connection(("127.0.0.1", shop.port), timeout=WITHIN_S) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200 OK")  # so the connection was taken up
        client.sendall(b"POST /checkout HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
        shop.process.send_signal(signal.SIGTERM)
        answer = b""
        while data := client.recv(4096):
            answer += data
    # The shop fails one request in some hundreds, as real services do; what counts is that it answers.
    assert answer.startswith((b"HTTP/1.1 200 OK", b"HTTP/1.1 500 "))
    assert shop.process.wait(WITHIN_S) == 0


def test_a_shop_whose_port_is_taken_says_so(start_shop: StartShop) -> None:
    taken = start_shop().port
    second = subprocess.run(
        [sys.executable, "-m", "sluiceway.demo.shop", "--port", str(taken), "--version", "2.0"],
        check=False,
        capture_output=True,
        timeout=WITHIN_S,
    )
    assert second.returncode == 1
    assert f"shop: can't serve on 127.0.0.1:{taken}".encode() in second.stderr


def test_requests_sent_together_are_answered_in_order(start_shop: StartShop) -> None:
    shop = start_shop()
    with socket.create_connection(("127.0.0.1", shop.port), timeout=WITHIN_S) as client:
        client.sendall(b"GET /checkout HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
        answer = b""
        while data := client.recv(4096):
            answer += data
    assert answer.index(b"405 Method Not Allowed") < answer.index(b"200 OK")


def test_what_is_no_request_is_refused_and_the_connection_ends(start_shop: StartShop) -> None:
    shop = start_shop()
    with socket.create_connection(("127.0.0.1", shop.port), timeout=WITHIN_S) as client:
        client.sendall(b"nonsense\r\n\r\n")
        answer = b""
        while data := client.recv(4096):
            answer += data
    assert answer.startswith(b"HTTP/1.1 400 Bad Request")
