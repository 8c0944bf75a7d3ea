"""The tutorial works to the letter: its files are saved, its commands are typed, its outcomes are checked."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.docs.pages import ROOT, Block, blocks

TUTORIAL = ROOT / "docs" / "tutorial" / "first-rollout.md"
COMMAND_LIMIT_S = 240

# Python's http.server lets 5 connections queue; on a busy machine the sixth is turned away, whoever asks.
BUSY = ("failed: HTTP Error 503: Service Unavailable",)


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, probe: Callable[[], object], within_s: float = 30.0) -> None:
    until = time.monotonic() + within_s
    while not probe():
        assert time.monotonic() < until, f"waited {within_s:.0f} s for {what}"
        time.sleep(0.1)


@dataclass
class Reader:
    """Someone who follows the tutorial in an empty folder, on ports that are free here."""

    folder: Path
    port: int
    terminals: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, subprocess.Popen[bytes]])

    @property
    def env(self) -> dict[str, str]:
        program = Path(sys.executable).parent
        return {**os.environ, "PATH": f"{program}:{os.environ['PATH']}", "NO_COLOR": "1", "COLUMNS": "160"}

    def text(self, body: str) -> str:
        """Return what the page says, with this machine's free ports in it."""
        return body.replace("8080", str(self.port)).replace("sluice serve", "sluice serve --port 0")

    def save(self, block: Block) -> None:
        (self.folder / block.title).write_text(self.text(block.body), encoding="utf-8")

    def type(self, block: Block) -> str:
        """Run a block in the first terminal, follow it where it changes to, and return what it printed."""
        place = self.folder / ".pwd"
        script = f"set -e\n{self.text(block.body)}\npwd > {place}\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, f"{block.body}\n{done.stdout}\n{self.said('second')}"
        moved_to = Path(place.read_text(encoding="utf-8").strip())
        place.unlink()
        self.folder = moved_to
        return done.stdout

    def open_terminal(self, block: Block) -> None:
        """Type a block in a terminal of its own, where it goes on running."""
        name = block.title.split()[0]
        with (self.folder / f"{name}.terminal").open("ab") as log:
            self.terminals[name] = subprocess.Popen(
                ["bash", "-c", f"exec {self.text(block.body).strip()}"],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_served(self) -> bool:
        """Return whether the server in the second terminal, and no earlier one, says where it answers."""
        note = self.folder / ".sluice" / "server.json"
        return note.exists() and f'"pid": {self.terminals["second"].pid}' in note.read_text(encoding="utf-8")

    def said(self, terminal: str) -> str:
        log = self.folder / f"{terminal}.terminal"
        return log.read_text(encoding="utf-8") if log.exists() else ""

    def rollouts(self) -> list[dict[str, object]]:
        listed = self.type(Block("sh", "", "sluice rollout list --json"))
        found: list[dict[str, object]] = json.loads(listed)
        return found

    def hears(self, seconds: int) -> Counter[str]:
        """Return what users got in the next so many seconds, from the lines of the third terminal."""
        before = self.said("third").count("\n") + 1  # the line that is being counted began earlier
        wait_for("users to go on", lambda: self.said("third").count("\n") >= before + seconds)
        heard: Counter[str] = Counter()
        for line in self.said("third").split("\n")[before : before + seconds]:
            heard.update(ast.literal_eval(line))
        return heard

    def pull_the_plug(self) -> None:
        terminal = self.terminals["second"]
        terminal.send_signal(signal.SIGKILL)
        terminal.wait(10)

    def leave_terminals(self) -> None:
        """Press Ctrl-C in every other terminal."""
        for terminal in self.terminals.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(terminal.pid, signal.SIGINT)
            terminal.wait(30)
        self.terminals.clear()

    def leave(self) -> None:
        """End everything that was started here, Envoy and the service included."""
        for terminal in self.terminals.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(terminal.pid, signal.SIGKILL)
            terminal.wait(10)
        for process in started_below(self.folder):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def started_below(folder: Path) -> list[psutil.Process]:
    """Return the processes whose directory or command is inside the folder."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = [process.cwd(), *process.cmdline()]
            if process.pid != os.getpid() and any(str(folder) in word for word in words):
                found.append(process)
    return found


def fits(expected: str, printed: str) -> bool:
    """Return whether output is as the page shows it; `...` stands for anything."""
    parts = [re.escape(part.strip("\n")) for part in expected.split("...")]
    return re.fullmatch(r"[\s\S]*".join(parts), printed.strip("\n")) is not None


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    someone = Reader(tmp_path, free_port())
    try:
        yield someone
    finally:
        someone.leave()


def follow(reader: Reader, page: list[Block]) -> None:
    """Do what the page says, block by block."""
    printed = ""
    for block in page:
        match block:
            case Block(title=title) if title.startswith("in the folder you cloned"):
                continue  # the tests' own environment stands for it
            case Block(title=title) if title.startswith("at the very end"):
                reader.leave_terminals()
                reader.type(block)
            case Block(language="sh", title=""):
                printed = reader.type(block)
            case Block(language="sh"):
                reader.open_terminal(block)
                if "sluice serve" in block.body:
                    wait_for("sluice serve to answer", reader.is_served)
            case Block(language="text"):
                assert fits(block.body, printed), f"expected\n{block.body}\nfound\n{printed}"
            case _:
                reader.save(block)


@pytest.mark.envoy
@pytest.mark.slow
def test_the_tutorial_works_to_the_letter(reader: Reader) -> None:
    page = list(blocks(TUTORIAL.read_text(encoding="utf-8")))
    follow(reader, [block for block in page if not block.title.startswith("at the very end")])

    ends = [(item["stable"], item["new"], item["phase"]) for item in reader.rollouts()]
    assert ends == [("v2", "v3", "rolled-back"), ("v1", "v2", "promoted")]

    reader.hears(seconds=1)  # what was under way when the rollout ended
    assert set(reader.hears(seconds=3)) <= {"hello from version 2", *BUSY}

    reader.pull_the_plug()
    heard = reader.hears(seconds=4)
    assert set(heard) <= {"hello from version 2", *BUSY}
    assert sum(heard[words] for words in BUSY) <= 0.02 * heard.total()

    follow(reader, [block for block in page if block.title.startswith(("second", "at the very end"))])
    assert [process.cmdline() for process in started_below(reader.folder)] == []


def test_output_is_compared_with_gaps() -> None:
    assert fits("...\nended with status 10\n", "one\ntwo\nended with status 10\n")
    assert not fits("...\nended with status 10\n", "ended with status 0\n")
