"""Accounts on the real server: the first one ends the open days, and lets it be reached from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from sluiceway.adapters.data_dir import read_note
from tests.scenario.harness import Rig, wait_for

PASSWORD = "correct horse battery staple"


def sluice(app: Rig, *words: str, typed: str = "", token: str = "") -> subprocess.CompletedProcess[str]:
    """Run `sluice` as a person with a home of their own would, beside the server."""
    environment = {**os.environ, "XDG_CONFIG_HOME": str(app.home / "config"), "SLUICE_ACTOR": "ada"}
    environment.pop("SLUICE_SERVER", None)
    if token:
        environment["SLUICE_TOKEN"] = token
    note = read_note(app.data / "server.json")
    if note is not None:
        environment["SLUICE_SERVER"] = note.url
    return subprocess.run(
        [sys.executable, "-m", "sluiceway", *words],
        input=typed, capture_output=True, text=True, check=False, timeout=120, env=environment, cwd=app.home,
    )  # fmt: skip


@contextmanager
def serving(app: Rig, *words: str) -> Iterator[str]:
    """Yield the address of a server that was started with these options."""
    with (app.home / "serve.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "sluiceway", "serve", "--data", str(app.data), "--port", "0", *words],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=app.home,
        )  # fmt: skip
    try:
        note = wait_for(
            "the server to say where it is",
            lambda: (found := read_note(app.data / "server.json")) and found.pid == server.pid and found,
        )
        yield note.url
    finally:
        server.terminate()
        assert server.wait(30) == 0


def make_first(app: Rig, name: str = "ada") -> subprocess.CompletedProcess[str]:
    words = ("account", "create", name, "--admin", "--data", str(app.data), "--password-stdin")
    return sluice(app, *words, typed=f"{PASSWORD}\n")


def test_the_first_account_ends_the_open_days_of_a_running_server_at_once(app: Rig) -> None:
    with serving(app) as url:
        assert httpx.get(f"{url}/api/rollouts", trust_env=False).status_code == 200

        made = make_first(app)

        assert made.returncode == 0, made.stderr
        assert httpx.get(f"{url}/api/rollouts", trust_env=False).status_code == 401
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        assert sluice(app, "rollout", "list").returncode == 12
        assert sluice(app, "login", "ada", "--password-stdin", typed=f"{PASSWORD}\n").returncode == 0
        assert sluice(app, "rollout", "list").returncode == 0
        token = sluice(app, "token", "create", "ci", "--scope", "read", "--expires", "1h").stdout.strip()
        assert sluice(app, "whoami", token=token).stdout == "ada\n"
        assert sluice(app, "account", "list", token=token).returncode == 14
        assert sluice(app, "logout").returncode == 0
        assert sluice(app, "rollout", "list").returncode == 12
        assert make_first(app, "eve").returncode == 5

    written = (app.home / "serve.log").read_text() + (app.data / "logs" / "sluice.log").read_text()
    assert PASSWORD not in written
    assert token not in written


def test_other_machines_reach_it_once_there_is_an_account_and_a_name(app: Rig) -> None:
    refused = sluice(app, "serve", "--data", str(app.data), "--host", "0.0.0.0", "--name", "sluice.example")
    assert refused.returncode == 2
    assert "sluice account create NAME --admin --data" in refused.stderr

    assert make_first(app).returncode == 0
    nameless = sluice(app, "serve", "--data", str(app.data), "--host", "0.0.0.0")
    assert (nameless.returncode, "say with --name" in nameless.stderr) == (2, True)

    with serving(app, "--host", "0.0.0.0", "--name", "sluice.example") as url:
        named, ours = {"Host": "sluice.example"}, {"Host": "sluice.example", "X-Sluice-Client": "test"}
        stranger = httpx.get(f"{url}/", headers=named, trust_env=False)
        foreign = httpx.get(f"{url}/", headers={"Host": "evil.example"}, trust_env=False)
        with httpx.Client(base_url=url, headers=ours, trust_env=False) as browser:
            body = {"name": "ada", "password": PASSWORD}
            logged_in = browser.post("/api/session", json=body, headers={"X-Forwarded-Proto": "https"})

        assert url.startswith("http://127.0.0.1:")
        assert stranger.headers["location"].startswith("/login?next=")
        assert foreign.status_code == 421
        assert logged_in.status_code == 201
        assert "; secure" in logged_in.headers["set-cookie"].lower()  # behind a proxy that speaks https


def test_a_lost_password_is_replaced_beside_the_running_server(app: Rig) -> None:
    assert make_first(app).returncode == 0
    words = ("account", "password", "ada", "--data", str(Path(app.data)), "--password-stdin")
    with serving(app):
        assert sluice(app, "login", "ada", "--password-stdin", typed=f"{PASSWORD}\n").returncode == 0

        assert sluice(app, *words, typed="entirely different words\n").returncode == 0

        assert sluice(app, "whoami").returncode == 12
        done = sluice(app, "login", "ada", "--password-stdin", typed="entirely different words\n")
        assert done.returncode == 0, done.stderr
