"""Processes that outlive us, on real ones."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sluiceway.adapters.processes import (
    ProcessRef,
    exit_code,
    find_tagged,
    is_alive,
    load_ref,
    save_ref,
    spawn,
    terminate,
)
from sluiceway.errors import PermanentProviderError

Spawn = Callable[..., ProcessRef]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Spawn]:
    refs: list[ProcessRef] = []

    def run(code: str, tag: str = "") -> ProcessRef:
        argv = [sys.executable, "-c", code]
        ref = spawn(argv, cwd=tmp_path, env=dict(os.environ), log_path=tmp_path / "log", tag=tag)
        refs.append(ref)
        return ref

    yield run
    for ref in refs:
        terminate(ref, 0)


def wait_for(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def test_a_started_process_is_alive_and_leads_its_own_session(start: Spawn) -> None:
    ref = start("import time; time.sleep(60)")

    assert is_alive(ref)
    assert os.getsid(ref.pid) == ref.pid


def test_a_process_that_ended_is_not_alive_and_tells_its_exit_code(start: Spawn) -> None:
    ref = start("raise SystemExit(3)")

    wait_for(lambda: not is_alive(ref))

    assert exit_code(ref) == 3


def test_a_later_process_with_the_same_pid_is_somebody_else(start: Spawn) -> None:
    ref = start("import time; time.sleep(60)")
    earlier = dataclasses.replace(ref, started_s=ref.started_s - 5)

    assert not is_alive(earlier)
    terminate(earlier, 0)
    assert is_alive(ref)


def test_a_process_of_an_earlier_boot_is_gone(start: Spawn) -> None:
    ref = start("import time; time.sleep(60)")

    assert not is_alive(dataclasses.replace(ref, boot="another"))


def test_terminate_is_polite_first(start: Spawn, tmp_path: Path) -> None:
    ref = start(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(0)))\n"
        "print('up', flush=True)\n"
        "time.sleep(60)"
    )
    wait_for(lambda: "up" in (tmp_path / "log").read_text())

    terminate(ref, 10)

    assert not is_alive(ref)
    assert (tmp_path / "log").read_text() == "up\nbye\n"


def test_terminate_ends_a_process_that_ignores_the_polite_signal(start: Spawn, tmp_path: Path) -> None:
    ref = start(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up', flush=True); time.sleep(60)"
    )
    wait_for(lambda: "up" in (tmp_path / "log").read_text())

    terminate(ref, 0.1)

    assert exit_code(ref) == -signal.SIGKILL


def test_terminate_ends_what_the_process_started_too(start: Spawn, tmp_path: Path) -> None:
    ref = start(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    wait_for(lambda: (tmp_path / "log").read_text().endswith("\n"))
    grandchild = int((tmp_path / "log").read_text())

    terminate(ref, 0)

    def is_gone() -> bool:
        stat = Path(f"/proc/{grandchild}/stat")
        return not stat.exists() or ") Z " in stat.read_text()

    wait_for(is_gone)


def test_terminating_twice_is_fine(start: Spawn) -> None:
    ref = start("import time; time.sleep(60)")

    terminate(ref, 1)
    terminate(ref, 1)

    assert not is_alive(ref)


def test_a_saved_reference_is_read_back_the_same(start: Spawn, tmp_path: Path) -> None:
    ref = start("import time; time.sleep(60)")

    save_ref(tmp_path / "pid.json", ref)

    assert load_ref(tmp_path / "pid.json") == ref


def test_no_record_is_no_process(tmp_path: Path) -> None:
    assert load_ref(tmp_path / "pid.json") is None


def test_a_damaged_record_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "pid.json").write_text("[1]")

    with pytest.raises(PermanentProviderError, match=r"pid\.json: not a process record"):
        load_ref(tmp_path / "pid.json")


def test_a_command_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PermanentProviderError, match="no-such-command"):
        spawn(["no-such-command"], cwd=tmp_path, env={}, log_path=tmp_path / "log")


def test_a_directory_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PermanentProviderError, match="missing-directory"):
        spawn([sys.executable], cwd=tmp_path / "missing-directory", env={}, log_path=tmp_path / "log")


def test_a_tagged_process_is_found_without_a_record(start: Spawn, tmp_path: Path) -> None:
    ref = start("import time; time.sleep(60)", tag=f"{tmp_path}/a")

    # The kernel shows a program's environment a moment after it has let the starter go on.
    wait_for(lambda: find_tagged(f"{tmp_path}/a") == (ref,))
    assert find_tagged(f"{tmp_path}/b") == ()


def test_a_process_outlives_the_one_that_started_it(tmp_path: Path) -> None:
    starter = (
        "import os, sys; from pathlib import Path\n"
        "from sluiceway.adapters.processes import save_ref, spawn\n"
        "here = Path(sys.argv[1])\n"
        "ref = spawn([sys.executable, '-c', 'import time; time.sleep(60)'], cwd=here,"
        " env=dict(os.environ), log_path=here / 'log')\n"
        "save_ref(here / 'pid.json', ref)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", starter, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL

    ref = load_ref(tmp_path / "pid.json")

    assert ref is not None
    assert is_alive(ref)
    terminate(ref, 1)
    assert not is_alive(ref)
