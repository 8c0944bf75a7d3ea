"""What local processes get, leave behind and survive, beyond the contract."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sluiceway.adapters.deploy import instance as instance_module
from sluiceway.adapters.deploy.logs import MAX_BYTES
from sluiceway.domain.process.plan import Service, VersionOverride
from sluiceway.errors import PermanentProviderError, TemporaryProviderError
from sluiceway.testing.deploy_contract import V1, V2, Habit, a_service
from tests.contract.deploy_rigs import LocalRig

TELL = "import json,os,sys; print(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]), flush=True)"
WAIT = "; import time; time.sleep(3600)"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LocalRig]:
    rig = LocalRig(tmp_path)
    yield rig
    rig.close()


def log_of(rig: LocalRig, number: int = 0) -> Path:
    return rig.data / "logs" / "checkout" / "1.0" / f"instance-{number}.log"


def record_of(rig: LocalRig) -> Path:
    return rig.data / "deploy" / "checkout" / "1.0" / "instance-0.json"


def start(rig: LocalRig, service: Service, count: int = 1) -> int:
    """Start instances of V1, wait until they are ready and return the first one's pid."""
    rig.deploy.ensure(service, V1, count)
    rig.wait(service, lambda: rig.deploy.observe(service, V1).ready == count)
    return pid_of(rig, service)


def pid_of(rig: LocalRig, service: Service) -> int:
    pid = rig.deploy.observe(service, V1).instances[0].pid
    assert pid is not None
    return pid


def told(rig: LocalRig, service: Service) -> tuple[list[str], str, dict[str, str]]:
    """Start a service that tells what it was given, and return that: arguments, directory, environment."""
    rig.deploy.ensure(service, V1, 1)
    rig.poll(lambda: log_of(rig).exists() and log_of(rig).read_text().endswith("\n"))
    arguments, cwd, env = json.loads(log_of(rig).read_text())
    return arguments, cwd, env


def a_teller(rig: LocalRig) -> Service:
    return Service(name="checkout", command=(sys.executable, "-c", TELL + WAIT), cwd=rig.cwd)


def test_placeholders_are_filled_in_everywhere_and_other_braces_are_left_alone(
    rig: LocalRig, tmp_path: Path
) -> None:
    (tmp_path / "build-1.0").mkdir()
    service = replace(
        a_teller(rig),
        command=(sys.executable, "-c", TELL + WAIT, "--listen=:{port}", '{"a": "{version}"}'),
        cwd=f"{tmp_path}/build-{{version}}",
        env=(("ADDRESS", "127.0.0.1:{port}"),),
    )

    arguments, cwd, env = told(rig, service)

    port = rig.deploy.observe(service, V1).instances[0].endpoint.port
    assert arguments == [f"--listen=:{port}", '{"a": "1.0"}']
    assert cwd == str(tmp_path / "build-1.0")
    assert (env["ADDRESS"], env["PORT"], env["VERSION"]) == (f"127.0.0.1:{port}", str(port), "1.0")


def test_what_is_different_about_a_version_wins(rig: LocalRig) -> None:
    service = replace(
        a_teller(rig),
        env=(("COLOUR", "blue"), ("SIZE", "small")),
        versions=(("1.0", VersionOverride(env=(("COLOUR", "green"),))),),
    )

    _, _, env = told(rig, service)

    assert (env["COLOUR"], env["SIZE"]) == ("green", "small")


def test_a_service_does_not_get_the_secrets_of_sluiceway(
    rig: LocalRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLUICE_DATABASE_PASSWORD", "hunter2")

    _, _, env = told(rig, a_teller(rig))

    assert "SLUICE_DATABASE_PASSWORD" not in env
    assert env["PATH"] == os.environ["PATH"]


def test_a_service_reads_nothing_from_the_terminal(rig: LocalRig) -> None:
    read = "import sys; print(json.dumps([[sys.stdin.read()], '', {}]), flush=True)"
    service = replace(a_teller(rig), command=(sys.executable, "-c", "import json; " + read + WAIT))

    assert told(rig, service)[0] == [""]


def test_the_log_is_kept_when_the_instance_is_gone(rig: LocalRig) -> None:
    service = a_service(rig)
    start(rig, service)

    rig.deploy.stop(service, V1)

    assert "habit well" in log_of(rig).read_text()
    assert not record_of(rig).exists()


def test_a_log_that_has_grown_is_put_aside_while_the_instance_goes_on_writing(rig: LocalRig) -> None:
    service = a_service(rig)
    start(rig, service)
    with log_of(rig).open("ab") as log:
        log.truncate(MAX_BYTES + 1)

    rig.deploy.supervise(service)

    assert log_of(rig).stat().st_size == 0
    assert log_of(rig).with_name("instance-0.log.1").stat().st_size == MAX_BYTES + 1


def test_the_reason_for_giving_up_holds_the_end_of_the_log(rig: LocalRig) -> None:
    service = a_service(rig, Habit.CRASHING, within_s=0.3)
    rig.deploy.ensure(service, V1, 1)

    rig.wait(service, lambda: rig.deploy.observe(service, V1).instances[0].failed != "")

    failed = rig.deploy.observe(service, V1).instances[0].failed
    assert "it ended with status 3" in failed
    assert "can't find my configuration" in failed


def test_stopping_ends_what_the_instance_started_itself(rig: LocalRig, tmp_path: Path) -> None:
    service = a_parent(rig, tmp_path)
    start(rig, service)
    child = int((tmp_path / "child").read_text())

    rig.deploy.stop(service, V1)

    rig.poll(lambda: not rig.is_running(child))


def test_a_crash_leaves_no_orphan(rig: LocalRig, tmp_path: Path) -> None:
    service = a_parent(rig, tmp_path)
    pid = start(rig, service)
    child = int((tmp_path / "child").read_text())

    rig.kill(pid)
    rig.deploy.supervise(service)

    rig.poll(lambda: not rig.is_running(child))


def a_parent(rig: LocalRig, tmp_path: Path) -> Service:
    service = a_service(rig)
    return replace(service, env=(("SLUICE_HABIT", "parent"), ("SLUICE_CHILD_FILE", str(tmp_path / "child"))))


def test_an_instance_keeps_its_port_over_a_crash(rig: LocalRig) -> None:
    service = a_service(rig)
    pid = start(rig, service)
    port = rig.deploy.observe(service, V1).instances[0].endpoint.port

    rig.kill(pid)
    rig.wait(service, lambda: rig.deploy.observe(service, V1).instances[0].restarts == 1)
    rig.wait(service, lambda: rig.deploy.observe(service, V1).ready == 1)

    assert rig.deploy.observe(service, V1).instances[0].endpoint.port == port


def test_an_instance_whose_port_was_taken_meanwhile_gets_another(rig: LocalRig) -> None:
    service = a_service(rig)
    pid = start(rig, service)
    port = rig.deploy.observe(service, V1).instances[0].endpoint.port
    rig.kill(pid)
    with socket.create_server(("127.0.0.1", port)):
        rig.deploy.supervise(service)
        rig.wait(service, lambda: rig.deploy.observe(service, V1).ready == 1)

    assert rig.deploy.observe(service, V1).instances[0].endpoint.port != port


def test_an_instance_that_gets_sick_is_not_ready_and_not_killed(rig: LocalRig, tmp_path: Path) -> None:
    mark = tmp_path / "sick"
    service = replace(a_service(rig), env=(("SLUICE_MARK", str(mark)),))
    pid = start(rig, service)

    mark.touch()
    rig.wait(service, lambda: rig.deploy.observe(service, V1).ready == 0)
    assert pid_of(rig, service) == pid
    mark.unlink()
    rig.wait(service, lambda: rig.deploy.observe(service, V1).ready == 1)

    assert pid_of(rig, service) == pid


def test_a_health_check_that_hangs_holds_up_nobody(rig: LocalRig) -> None:
    hanging = replace(a_service(rig), env=(("SLUICE_HABIT", "hanging"),))
    rig.deploy.ensure(hanging, V1, 1)

    rig.deploy.ensure(a_service(rig), V2, 1)
    rig.wait(a_service(rig), lambda: rig.deploy.observe(a_service(rig), V2).ready == 1)

    assert rig.deploy.observe(hanging, V1).ready == 0


def test_a_version_that_takes_long_to_stop_is_seen_and_holds_up_nobody(rig: LocalRig) -> None:
    deaf = a_service(rig, Habit.DEAF, stop_grace_s=86_400)
    pid = start(rig, deaf)
    stopping = threading.Thread(target=rig.deploy.stop, args=(deaf, V1))
    stopping.start()
    rig.poll(lambda: rig.deploy.observe(deaf, V1).wanted == 0)

    rig.deploy.ensure(a_service(rig), V2, 1)
    rig.wait(a_service(rig), lambda: rig.deploy.observe(a_service(rig), V2).ready == 1)
    leaving = rig.deploy.observe(deaf, V1)
    rig.deploy.stop(deaf, V1, force=True)
    stopping.join(20)

    assert [(one.pid, one.ready) for one in leaving.instances] == [(pid, False)]
    assert not stopping.is_alive()
    assert not rig.is_running(pid)


def test_a_stop_that_was_cut_short_is_finished_by_the_next_sluiceway(rig: LocalRig) -> None:
    deaf = a_service(rig, Habit.DEAF, stop_grace_s=86_400)
    pid = start(rig, deaf)
    rig.deploy.ensure(deaf, V1, 0)  # begins to end it, and returns at once

    rig.restart()
    rig.deploy.supervise(replace(deaf, stop_grace_s=0.2))

    rig.poll(lambda: not rig.is_running(pid))
    rig.poll(lambda: rig.deploy.observe(deaf, V1).instances == ())
    rig.poll(lambda: not list(rig.data.rglob("instance-*.json")))


def test_a_process_that_was_started_but_not_recorded_is_found_again(rig: LocalRig) -> None:
    service = a_service(rig)
    pid = start(rig, service)
    record = json.loads(record_of(rig).read_text())
    record_of(rig).write_text(json.dumps({**record, "process": None}))

    rig.restart()
    rig.deploy.ensure(service, V1, 1)

    assert pid_of(rig, service) == pid


def test_a_stranger_with_the_recorded_pid_is_left_alone(rig: LocalRig) -> None:
    service = a_service(rig)
    start(rig, service)
    rig.deploy.stop(service, V1)
    record = {"number": 0, "port": 1, "process": {"pid": os.getpid(), "started_s": 1.0, "boot": ""}}
    record_of(rig).parent.mkdir(parents=True)
    record_of(rig).write_text(json.dumps(record))

    rig.restart()
    rig.wait(service, lambda: rig.deploy.observe(service, V1).ready == 1)

    assert pid_of(rig, service) != os.getpid()


def test_a_damaged_record_is_put_aside_and_the_instance_started_anew(rig: LocalRig) -> None:
    service = a_service(rig)
    pid = start(rig, service)
    record_of(rig).write_text('{"number": 0, "por')

    rig.restart()
    rig.wait(service, lambda: rig.deploy.observe(service, V1).ready == 1)

    assert pid_of(rig, service) != pid
    assert not rig.is_running(pid)
    assert record_of(rig).with_suffix(".damaged").exists()


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)


def test_on_a_full_disk_nothing_is_started_and_asking_again_works(
    rig: LocalRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = a_service(rig)
    with monkeypatch.context() as full:
        fill_disk(full)
        with pytest.raises(TemporaryProviderError, match="No space left"):
            rig.deploy.ensure(service, V1, 1)
    assert rig.deploy.observe(service, V1).wanted == 0

    start(rig, service)

    assert record_of(rig).exists()


def test_on_a_full_disk_a_crashed_instance_is_started_again_all_the_same(
    rig: LocalRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_module, "FIRST_PAUSE_S", 0.0)
    service = a_service(rig)
    rig.kill(start(rig, service))
    with monkeypatch.context() as full:
        fill_disk(full)
        for _ in range(2):  # sees the crash, then starts
            with pytest.raises(TemporaryProviderError, match="No space left"):
                rig.deploy.supervise(service)
        pid = pid_of(rig, service)

    rig.deploy.supervise(service)

    assert json.loads(record_of(rig).read_text())["process"]["pid"] == pid


def test_what_can_not_be_started_leaves_no_trace(rig: LocalRig, tmp_path: Path) -> None:
    service = replace(a_service(rig), cwd=str(tmp_path / "gone"))

    with pytest.raises(PermanentProviderError, match=r"checkout 1\.0: its working directory .*gone does not"):
        rig.deploy.ensure(service, V1, 1)

    assert rig.deploy.observe(service, V1).wanted == 0
    assert not list(rig.data.rglob("*.json"))
