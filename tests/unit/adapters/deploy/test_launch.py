from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from sluiceway.adapters.deploy.launch import Launch, check_launch, choose_port
from sluiceway.errors import PermanentProviderError


def a_launch(cwd: Path, *command: str, path: str = "/usr/bin:/bin") -> Launch:
    return Launch(command, str(cwd), {"PATH": path})


def test_a_program_that_can_run_is_fine(tmp_path: Path) -> None:
    check_launch(a_launch(tmp_path, sys.executable), "shop 1.0")


def test_a_program_relative_to_the_directory_is_found(tmp_path: Path) -> None:
    program = tmp_path / "serve"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    check_launch(a_launch(tmp_path, "./serve"), "shop 1.0")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no-such-program", r"shop 1\.0: no program 'no-such-program' on PATH \(/usr/bin:/bin\)"),
        ("./gone", r"the program .*/gone does not exist; put it there or mend `command`"),
        ("./folder", r"/folder is not a program"),
        ("./plain", r"/plain is not executable; run chmod \+x"),
        ("", r"its command is empty"),
    ],
)
def test_a_program_that_can_not_run_is_refused_with_the_way_out(
    tmp_path: Path, command: str, message: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("text")

    with pytest.raises(PermanentProviderError, match=message):
        check_launch(a_launch(tmp_path, command), "shop 1.0")


def test_a_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(PermanentProviderError, match="file is not a directory"):
        check_launch(a_launch(tmp_path / "file", sys.executable), "shop 1.0")


def test_the_preferred_port_is_kept_when_it_is_free() -> None:
    port = choose_port(0, ())

    assert choose_port(port, ()) == port


def test_a_port_that_somebody_listens_on_is_not_chosen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])

        assert choose_port(port, ()) not in {0, port}


def test_a_port_that_another_instance_was_given_is_not_chosen() -> None:
    port = choose_port(0, ())

    assert choose_port(port, {port}) != port
