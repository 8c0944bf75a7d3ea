"""Crashes, full disks, taken ports and refusals around a real Envoy: users notice almost nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sluiceway.adapters.processes import find_tagged
from sluiceway.adapters.traffic.envoy import EnvoyTraffic
from sluiceway.domain.process.plan import Audience, Ingress, Version
from sluiceway.domain.rollouts.model import SetTraffic, SplitSeen
from sluiceway.errors import PermanentProviderError, TemporaryProviderError
from sluiceway.ports.traffic import Endpoint
from tests.support.backend import Backend, free_port
from tests.support.envoy_rig import V1, V2, EnvoyRig, poll
from tests.support.users import Answer, ask, crowd

pytestmark = pytest.mark.envoy

TEAM = Audience("header", "x-team", ("internal",))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[EnvoyRig]:
    rig = EnvoyRig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own that holds little."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(place)], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip(f"can't mount a small file system here: {made.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_new_version_that_is_killed_costs_users_almost_nothing(rig: EnvoyRig, method: str) -> None:
    rig.apply(SetTraffic(V1, V2, 5_000))
    with crowd(rig.ingress(), method=method) as them:
        poll(lambda: them.by_version[V2] > 50)
        rig.backend(V2).kill()
        asked = them.asked()
        poll(lambda: them.asked() > asked + 300)

    # A request that is not safe to repeat and was under way when the version died can't be saved.
    assert len(them.failures) <= (0 if method == "GET" else 4), them.failures


def test_a_new_version_that_comes_back_gets_its_users_again(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 10_000))
    rig.backend(V2).kill()
    assert ask(rig.ingress()).version == V1

    rig.backend(V2).start()

    poll(lambda: ask(rig.ingress()).version == V2)


def test_a_new_version_that_never_answers_a_connection_is_replaced_by_stable(rig: EnvoyRig) -> None:
    nobody = Endpoint("127.0.0.1", free_port())
    backends = {V1: [rig.endpoint(V1)], V2: [nobody]}

    rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 10_000), backends)

    assert {ask(rig.ingress()).version for _ in range(10)} == {V1}


def test_the_audience_of_a_dead_version_is_served_by_stable(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 0, audience=(TEAM,)))

    rig.backend(V2).kill()

    assert {ask(rig.ingress(), {"x-team": "internal"}).version for _ in range(10)} == {V1}


def test_an_answer_is_never_asked_for_twice(rig: EnvoyRig) -> None:
    rig.backend(V2).behaviour.status = 503
    rig.apply(SetTraffic(V1, V2, 10_000))

    answer = ask(rig.ingress(), method="POST", body=b"an order")

    assert (answer.status, answer.version) == (503, V2)
    assert (len(rig.backend(V2).received), len(rig.backend(V1).received)) == (1, 0)


def test_an_order_that_reached_a_version_which_then_died_is_not_repeated(rig: EnvoyRig) -> None:
    rig.backend(V2).behaviour.drop = True
    rig.apply(SetTraffic(V1, V2, 10_000))

    answer = ask(rig.ingress(), method="POST", body=b"an order")

    assert (answer.status, answer.version) == (503, "")
    assert (len(rig.backend(V2).received), len(rig.backend(V1).received)) == (1, 0)


def test_a_page_that_reached_a_version_which_then_died_is_fetched_from_stable(rig: EnvoyRig) -> None:
    rig.backend(V2).behaviour.drop = True
    rig.apply(SetTraffic(V1, V2, 10_000))

    answer = ask(rig.ingress())

    assert (answer.status, answer.version) == (200, V1)


def test_a_request_that_takes_too_long_is_given_up_and_not_repeated(rig: EnvoyRig) -> None:
    impatient = replace(rig.ingress(), request_timeout_s=0.3)
    rig.backend(V2).behaviour.hold.clear()
    rig.apply(SetTraffic(V1, V2, 10_000), impatient)

    answer = ask(impatient)

    assert (answer.status, answer.version) == (504, "")
    assert (len(rig.backend(V2).received), len(rig.backend(V1).received)) == (1, 0)


def test_one_of_two_instances_of_stable_that_dies_costs_nothing(rig: EnvoyRig) -> None:
    with Backend("1.0") as second:
        backends = {V1: [rig.endpoint(V1), second.endpoint]}
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, None, 0), backends)
        with crowd(rig.ingress()) as them:
            poll(lambda: bool(second.received))
            second.kill()
            asked = them.asked()
            poll(lambda: them.asked() > asked + 200)

    assert them.failures == []


def test_a_request_in_flight_outlives_the_removal_of_its_version(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 10_000))
    new = rig.backend(V2)
    new.behaviour.hold.clear()
    answers: list[Answer] = []
    user = threading.Thread(target=lambda: answers.append(ask(rig.ingress())), daemon=True)
    user.start()
    poll(lambda: len(new.received) == 1)

    rig.apply(SetTraffic(V1, None, 0))
    rig.traffic.keep_alive(rig.ingress())
    assert ask(rig.ingress()).version == V1
    new.behaviour.hold.set()
    user.join(10)

    assert [(answer.status, answer.version) for answer in answers] == [(200, V2)]


def test_a_version_without_users_or_requests_leaves_the_configuration(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 10_000))
    rig.apply(SetTraffic(V1, None, 0))

    rig.traffic.keep_alive(rig.ingress())

    clusters = json.loads((rig.folder() / "clusters.json").read_text())["resources"]
    assert [cluster["name"] for cluster in clusters] == ["version/1.0"]


def test_the_proxy_killed_under_load_serves_again_after_one_look(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 5_000))
    with crowd(rig.ingress(), 2) as them:
        poll(lambda: them.asked() > 20)
        rig.kill_proxy(rig.ingress())
        assert rig.traffic.keep_alive(rig.ingress())
        served = them.by_version.total()
        poll(lambda: them.by_version.total() > served + 50)

    assert not [failure for failure in them.failures if failure.startswith("5")]


def test_a_second_provider_on_the_same_folder_adopts_the_same_process(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 500))
    pid = rig.pid()

    second = EnvoyTraffic(rig.home)
    second.apply(rig.ingress(), SetTraffic(V1, None, 0), {V1: [rig.endpoint(V1)]})

    assert rig.pid() == pid
    assert second.observe(rig.ingress()) == SplitSeen(V1, None, 0)


def test_an_envoy_whose_record_was_lost_is_found_by_its_tag(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 500))
    pid = rig.pid()
    (rig.folder() / "process.json").unlink()
    rig.restart()

    rig.apply(SetTraffic(V1, V2, 900))

    assert rig.pid() == pid
    assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 900)


def test_stop_ends_an_envoy_whose_record_was_lost(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, None, 0))
    (rig.folder() / "process.json").unlink()
    rig.restart()

    rig.traffic.stop(rig.ingress())

    assert find_tagged(f"envoy:{rig.folder()}") == ()


def test_a_port_that_is_taken_is_refused_by_name(rig: EnvoyRig) -> None:
    with socket.create_server(("127.0.0.1", rig.ingress().port)):
        with pytest.raises(
            PermanentProviderError, match=rf"127\.0\.0\.1:{rig.ingress().port}: another process"
        ):
            rig.apply(SetTraffic(V1, None, 0))
        assert find_tagged(f"envoy:{rig.folder()}") == ()

    rig.apply(SetTraffic(V1, None, 0))
    assert ask(rig.ingress()).version == V1


def test_a_port_that_was_taken_while_the_proxy_was_dead_is_refused_by_name(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, None, 0))
    rig.kill_proxy(rig.ingress())

    with (
        listen_as_soon_as_free(rig.ingress().port),
        pytest.raises(PermanentProviderError, match=f":{rig.ingress().port}"),
    ):
        rig.traffic.keep_alive(rig.ingress())

    assert rig.traffic.keep_alive(rig.ingress())
    assert ask(rig.ingress()).version == V1


def listen_as_soon_as_free(port: int) -> socket.socket:
    """Take the port of a killed process, which keeps it until its last thread has ended."""
    taken: list[socket.socket] = []

    def take() -> bool:
        with contextlib.suppress(OSError):
            taken.append(socket.create_server(("127.0.0.1", port)))
        return bool(taken)

    poll(take)
    return taken[0]


def test_an_address_that_is_not_of_this_machine_is_refused_by_name(rig: EnvoyRig) -> None:
    elsewhere = Ingress("elsewhere", host="203.0.113.9", port=free_port())

    with pytest.raises(PermanentProviderError, match=r"203\.0\.113\.9:\d+"):
        rig.traffic.apply(elsewhere, SetTraffic(V1, None, 0), {V1: [rig.endpoint(V1)]})


def test_an_ingress_that_moves_to_another_port_serves_there(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, None, 0))
    moved = Ingress(rig.ingress().name, port=free_port())

    rig.apply(SetTraffic(V1, None, 0), moved)

    poll(lambda: _answers(moved))
    poll(lambda: not _answers(rig.ingress()))


def test_what_envoy_refuses_comes_back_in_its_words_and_the_old_split_stays(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 500))
    clusters = (rig.folder() / "clusters.json").read_text()
    broken = {V1: [rig.endpoint(V1)], V2: [Endpoint("127.0.0.1", 70_000)]}

    with pytest.raises(
        PermanentProviderError,
        match=r"refused .*clusters\.json: SocketAddress.*PortValue: value must be less",
    ):
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 900), broken)

    assert (rig.folder() / "clusters.json").read_text() == clusters
    assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 500)
    rig.apply(SetTraffic(V1, V2, 900))
    assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 900)


def test_what_envoy_refuses_at_its_start_comes_back_in_its_words(rig: EnvoyRig) -> None:
    with pytest.raises(
        PermanentProviderError,
        match=r"refused .*clusters\.json: SocketAddress.*PortValue: value must be less",
    ):
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, None, 0), {V1: [Endpoint("127.0.0.1", 70_000)]})

    rig.apply(SetTraffic(V1, None, 0))
    assert ask(rig.ingress()).version == V1


def test_a_program_that_is_no_envoy_is_refused_with_its_log(tmp_path: Path) -> None:
    traffic = EnvoyTraffic(tmp_path, binary=Path("/bin/false"))
    ingress = Ingress("shop", port=free_port())

    with pytest.raises(PermanentProviderError, match=r"ended at its start.*envoy\.log"):
        traffic.apply(ingress, SetTraffic(V1, None, 0), {V1: [Endpoint("127.0.0.1", 1)]})


def test_an_envoy_that_hangs_is_trouble_that_passes(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 500))
    os.kill(rig.pid(), signal.SIGSTOP)
    try:
        assert rig.traffic.observe(rig.ingress()) is None
        with pytest.raises(TemporaryProviderError, match="does not answer"):
            rig.apply(SetTraffic(V1, V2, 900))
    finally:
        os.kill(rig.pid(), signal.SIGCONT)

    rig.apply(SetTraffic(V1, V2, 900))
    assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 900)


def test_a_full_disk_keeps_the_old_split_until_there_is_room(small_disk: Path) -> None:
    rig = EnvoyRig(small_disk)
    try:
        rig.apply(SetTraffic(V1, V2, 500))
        ballast = small_disk / "ballast"
        _fill(ballast)

        with pytest.raises(TemporaryProviderError, match="No space left"):
            rig.apply(SetTraffic(V1, Version("3.0"), 5_000, audience=(TEAM,)))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 500)
        assert ask(rig.ingress(), {"x-team": "internal"}).status == 200
        ballast.unlink()
        rig.apply(SetTraffic(V1, V2, 900))
        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 900)
    finally:
        rig.close()


def test_only_the_owner_reaches_the_folder_and_the_admin_interface(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, None, 0))

    assert rig.folder().stat().st_mode & 0o077 == 0
    assert (rig.folder() / "admin.sock").stat().st_mode & 0o077 == 0


def test_a_data_directory_with_a_long_path_works(tmp_path: Path) -> None:
    rig = EnvoyRig(tmp_path / ("long" * 30))
    try:
        rig.apply(SetTraffic(V1, V2, 500))
        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 500)
    finally:
        rig.close()


def test_an_ingress_whose_name_is_odd_stays_in_the_data_directory(rig: EnvoyRig) -> None:
    odd = rig.ingress("../../shop für alle")

    rig.apply(SetTraffic(V1, None, 0), odd)

    assert rig.folder(odd).parent == rig.home / "envoy"
    assert ask(odd).version == V1


def _fill(ballast: Path) -> None:
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 1_024)


def _answers(ingress: Ingress) -> bool:
    try:
        return ask(ingress, timeout_s=2).status == 200
    except OSError:
        return False
