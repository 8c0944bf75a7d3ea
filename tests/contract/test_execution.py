"""Commands and questions over HTTP as steps carry them out: real processes, a real server."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.adapters.execution import command as commands
from sluiceway.adapters.execution.local import LocalExecution
from sluiceway.adapters.execution.output import KEPT_BYTES, Tail, safe_text
from sluiceway.domain.checklists.model import Outcome
from sluiceway.ports.execution import Command, HttpCheck

WITHIN_S = 20.0


def never() -> str:
    return ""


def python(program: str, *arguments: str, cwd: str = "", timeout_s: float = WITHIN_S, **env: str) -> Command:
    argv = (sys.executable, "-I", "-S", "-c", program, *arguments)
    return Command(argv, cwd, tuple(env.items()), timeout_s, f"test:{os.getpid()}:{time.monotonic_ns()}")


def run(command: Command, why_end: Callable[[], str] = never, grace_s: float = 1.0) -> Outcome:
    return commands.run_command(command, why_end, grace_s=grace_s)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def number_in(file: Path) -> int:
    wait_for(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


def test_a_command_that_ends_well_has_done_its_step() -> None:
    outcome = LocalExecution().run(python("print('migrated 12 tables')"), never)

    assert (outcome.ok, outcome.output) == (True, "migrated 12 tables\n")
    assert outcome.note.startswith("exit code 0 after ")


def test_a_command_that_ends_with_a_code_has_failed_and_what_it_said_is_kept() -> None:
    outcome = run(
        python("import sys; print('out', flush=True); print('no room', file=sys.stderr); sys.exit(3)")
    )

    assert (outcome.ok, outcome.output) == (False, "out\nno room\n")
    assert outcome.note.startswith("exit code 3 after ")


def test_a_command_that_is_killed_says_by_what() -> None:
    outcome = run(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))

    assert outcome.ok is False
    assert outcome.note.startswith("ended by signal 9 (SIGKILL) after ")


def test_words_are_arguments_and_never_read_by_a_shell(tmp_path: Path) -> None:
    hostile = "$(touch made); `id` && rm -rf * | cat > made"
    outcome = run(python("import sys; print(sys.argv[1:])", hostile, "two words", cwd=str(tmp_path)))

    assert outcome.output == f"{[hostile, 'two words']}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_command_sees_its_own_environment_and_none_of_the_servers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    program = "import os; print(os.environ.get('DATABASE_PASSWORD'), os.environ['REGION'], os.getcwd())"

    assert run(python(program, cwd=str(tmp_path), REGION="eu")).output == f"None eu {tmp_path}\n"


def test_a_command_that_asks_gets_no_answer() -> None:
    assert run(python("import sys; print(repr(sys.stdin.read()))")).output == "''\n"


def test_a_command_that_never_ends_is_ended_at_its_limit_with_what_it_said_so_far() -> None:
    outcome = run(python("import time; print('begun', flush=True); time.sleep(600)", timeout_s=3))

    assert (outcome.ok, outcome.output) == (False, "begun\n")
    assert outcome.note == "did not end within 3s and was ended"


def test_a_command_that_does_not_heed_the_end_is_killed_with_its_children(tmp_path: Path) -> None:
    file = tmp_path / "child"
    program = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(file)!r}, "w").write(f"{{child.pid}}\\n")
time.sleep(600)
"""
    outcome = run(python(program, timeout_s=3), grace_s=0.3)

    assert outcome.note.endswith("was ended, by SIGKILL because it did not heed SIGTERM")
    wait_for(lambda: not is_running(number_in(file)))


def test_a_child_that_left_its_session_is_ended_too(tmp_path: Path) -> None:
    file = tmp_path / "child"
    program = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
open({str(file)!r}, "w").write(f"{{child.pid}}\\n")
time.sleep(600)
"""
    assert run(python(program, timeout_s=3)).ok is False
    wait_for(lambda: not is_running(number_in(file)))


def test_a_command_that_is_no_longer_wanted_is_ended_and_its_end_is_not_known() -> None:
    began_s = time.monotonic()
    outcome = run(
        python("import time; print('begun', flush=True); time.sleep(600)"),
        lambda: "ada stopped the run" if time.monotonic() - began_s > 2 else "",
    )

    assert (outcome.ok, outcome.output) == (None, "begun\n")
    assert outcome.note.endswith("s: ada stopped the run")


def test_a_hundred_megabytes_of_output_cost_little_and_their_end_is_kept() -> None:
    before = psutil.Process().memory_info().rss
    program = """
import sys
for _ in range(1600):
    sys.stdout.buffer.write(b"x" * 65_536)
print("the end")
"""
    outcome = run(python(program))

    assert outcome.ok is True
    assert outcome.output.startswith("[printed 104,857,608 bytes; the last 65,536 are kept]\nxxxx")
    assert outcome.output.endswith("xxxx" + "the end\n")
    assert len(outcome.output) < KEPT_BYTES + 100
    assert psutil.Process().memory_info().rss - before < 20_000_000


def test_a_command_that_prints_without_end_is_ended_at_its_limit() -> None:
    outcome = run(python("while True: print('x' * 10_000)", timeout_s=1))
    assert outcome.note == "did not end within 1s and was ended"


def test_what_a_command_leaves_in_the_background_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "child"
    program = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(file)!r}, "w").write(f"{{child.pid}}\\n")
"""
    assert run(python(program)).ok is True
    left = psutil.Process(number_in(file))
    try:
        assert is_running(left.pid)
    finally:
        left.kill()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("no-such-program",), "no program 'no-such-program' on PATH"),
        (("./no-such-script.sh",), "no-such-script.sh does not exist"),
        (("./not-executable",), "not-executable is not executable; run chmod +x"),
        (("./no-first-line",), "a script needs a first line such as #!/bin/sh"),
        ((), "its command is empty"),
    ],
)
def test_what_can_t_be_started_fails_in_words(tmp_path: Path, argv: tuple[str, ...], words: str) -> None:
    (tmp_path / "not-executable").write_text("#!/bin/sh\n")
    (tmp_path / "no-first-line").write_text("echo\n")
    (tmp_path / "no-first-line").chmod(0o755)
    outcome = run(Command(argv, str(tmp_path), (), 5, "t"))

    assert outcome.ok is False
    assert words in outcome.note


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    outcome = run(python("", cwd=str(tmp_path / "gone")))
    assert f"its working directory {tmp_path / 'gone'} does not exist" in outcome.note


def test_a_word_with_a_nul_in_it_fails_in_words() -> None:
    assert "embedded null byte" in run(python("", "a\x00b")).note


def test_what_an_earlier_process_left_is_found_by_its_tag_and_killed() -> None:
    command = python("import time; time.sleep(600)")
    thread = threading.Thread(target=run, args=(command,))
    thread.start()
    wait_for(lambda: commands.end_leftovers(command.tag) == 1)
    thread.join(WITHIN_S)

    assert not thread.is_alive()
    assert commands.end_leftovers(command.tag) == 0


def is_running(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_bytes_that_are_no_text_and_control_characters_are_written_out() -> None:
    raw = b"\x1b[31mred\x1b[0m \xff\xfe \x1b]0;title\x07 a\x00b\r\n50 %\r100 %\n\xe2\x80\xaeevil"
    assert safe_text(raw) == "red \\xff\\xfe \\x1b]0;title\\x07 a\\x00b\n50 %\n100 %\n\\x202eevil"


@given(st.lists(st.binary(max_size=70_000), max_size=6))
def test_what_is_kept_is_the_end_of_what_was_printed(chunks: list[bytes]) -> None:
    tail = Tail()
    for chunk in chunks:
        tail.add(chunk)
    text, whole = tail.text(), b"".join(chunks)

    if len(whole) <= KEPT_BYTES:
        assert text == safe_text(whole)[-KEPT_BYTES:]
    else:
        head, _, kept = text.partition("]\n")
        assert head == f"[printed {len(whole):,} bytes; the last {KEPT_BYTES:,} are kept"
        assert safe_text(whole).endswith(kept[-1_000:])


def test_a_character_that_the_cut_goes_through_is_left_out() -> None:
    tail = Tail()
    tail.add("é".encode() * KEPT_BYTES + b"!")
    assert tail.text().partition("]\n")[2] == "é" * (KEPT_BYTES // 2 - 1) + "!"


Answer = Callable[[socket.socket], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Answer one connection with a function; gives the address."""
    listeners: list[socket.socket] = []

    def begin(answer: Answer) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def once() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    answer(connection)

        threading.Thread(target=once, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/healthz"

    yield begin
    for listener in listeners:
        listener.close()


def saying(text: str) -> Answer:
    return lambda connection: connection.sendall(text.encode())


def ask(url: str, *, status: int = 200, contains: str = "", timeout_s: float = 5.0) -> Outcome:
    return LocalExecution().ask(HttpCheck(url, status, contains, timeout_s))


HEALTHY = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nall is \x1bwell"


def test_an_answer_as_expected_passes(serve: Callable[[Answer], str]) -> None:
    assert ask(serve(saying(HEALTHY)), contains="all is") == Outcome(True, "status 200", "all is \\x1bwel")


@pytest.mark.parametrize(
    ("status", "contains", "words"),
    [
        (204, "", "status 200, expected 204"),
        (200, "ready", "status 200 without 'ready' in the body"),
    ],
)
def test_another_answer_fails(serve: Callable[[Answer], str], status: int, contains: str, words: str) -> None:
    outcome = ask(serve(saying(HEALTHY)), status=status, contains=contains)
    assert (outcome.ok, outcome.note) == (False, words)


def test_a_redirect_is_an_answer_and_not_followed(serve: Callable[[Answer], str]) -> None:
    moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    assert ask(serve(saying(moved))).note == "status 302, expected 200"


def test_nobody_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert ask(f"http://127.0.0.1:{port}/").note.startswith("no answer (ConnectError")


@pytest.mark.parametrize("url", ["no address", "ftp://127.0.0.1/", "http://[::1"])
def test_an_address_that_is_none_fails_in_words(url: str) -> None:
    assert ask(url).note.startswith("no answer (")


def test_an_answer_that_comes_in_drips_is_bounded_as_a_whole(serve: Callable[[Answer], str]) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(1_000):
            connection.sendall(f"x-{number}: y\r\n".encode())
            time.sleep(0.05)

    assert ask(serve(drip), timeout_s=0.6) == Outcome(False, "no whole answer within 600ms")


def test_a_body_without_end_is_read_only_so_far(serve: Callable[[Answer], str]) -> None:
    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    outcome = ask(serve(pour), contains="y")
    assert outcome.note == "status 200 without 'y' in the first 1,048,576 bytes of the body"
    assert len(outcome.output) == 4_096


def test_an_ended_command_leaves_no_zombie() -> None:
    run(python("import time; time.sleep(600)", timeout_s=0.3))

    children = psutil.Process().children()
    assert [child for child in children if child.status() == psutil.STATUS_ZOMBIE] == []
    assert signal.getsignal(signal.SIGCHLD) is not signal.SIG_IGN
