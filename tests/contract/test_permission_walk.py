"""Every route and every command refuses a stranger and the wrong role, and lets the right one through.

What each asks is in `tests.support.permissions_of_routes` and `_of_commands`; without an entry it fails here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import typer
from litestar.routes import ASGIRoute, HTTPRoute
from litestar.testing import TestClient
from typer.testing import CliRunner

from sluiceway.api.app import create_api
from sluiceway.api.flag_answers import METHODS as PLAIN_METHODS
from sluiceway.cli import credentials
from sluiceway.cli.main import app as program
from sluiceway.domain.changes.model import ChangeFacts
from sluiceway.domain.flags.model import Flag
from sluiceway.domain.releases.model import Facts
from sluiceway.web.assets import load_assets
from sluiceway.web.routes import web_handlers
from tests.support.permissions import SERVICE, Known, Local, Needs, Open, Rule, walk_process
from tests.support.permissions_of_commands import COMMANDS, Run
from tests.support.permissions_of_routes import ROUTES, Ask
from tests.unit.api.served import Served
from tests.unit.services.desk import ADA, Office, open_office
from tests.unit.services.test_starting import PROCESS

REFUSED = {401, 403}
STRANGER, FORBIDDEN = 12, 14
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@dataclass
class House:
    """An office with accounts, a rollout under way and one that is done; people are made when needed."""

    office: Office
    rollout: str = ""
    release: str = ""
    run: str = ""
    change: str = ""
    meeting: str = ""
    done: str = ""
    proposal: str = ""
    people: dict[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])

    def __post_init__(self) -> None:
        office = self.office
        self.done = office.put_rollout(service=SERVICE, port=1)
        office.desk.run(self.done, until="promoted", seconds=1_000)
        self.rollout = office.put_rollout(service=SERVICE, port=2)
        office.desk.run(self.rollout, until="progressing")
        office.put_process(SERVICE, walk_process())
        made = office.services.releases.new(SERVICE, Facts(version="1.1.0", type="minor"), ADA)
        self.release = made.summary.id
        self.run = office.services.releases.start_run(self.release, "drill", ADA).summary.id
        facts = ChangeFacts(title="A change", requestor="eve")
        self.change = office.services.changes.new(facts, ADA, service=SERVICE).summary.id
        soon = office.clock.now() + timedelta(days=1)
        self.meeting = office.services.boards.call_meeting(SERVICE, "board", ADA, at=soon).id
        flags = office.services.flags
        flags.create(SERVICE, Flag("walked"), ADA)
        self.proposal = flags.toggle(SERVICE, "staging", "walked", True, ADA).proposal
        rosa = office.set_up_accounts()
        office.person("target", "viewer", f"viewer@{SERVICE}")
        office.services.tokens.create("target-token", "", rosa)

    def session(self, roles: tuple[str, ...]) -> str:
        """Return the key of a new session of somebody who has just these roles."""
        if roles not in self.people:
            self.people[roles] = f"person-{len(self.people)}"
            self.office.person(self.people[roles], *roles)
        return self.office.session_key(self.people[roles])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_office(tmp_path_factory.mktemp("house")) as office:
        yield House(office)


@pytest.fixture(scope="module")
def server(house: House) -> Iterator[Served]:
    running = Served(house.office)
    yield running
    running.end()


# Routes


@dataclass
class Door:
    """The whole application: in memory, and behind a web server for what never ends by itself."""

    house: House
    client: TestClient[Any]
    server: Served

    def ask(self, route: str, ask: Ask, session: str = "") -> httpx.Response:
        method, path = route.split(" ")
        assets = load_assets()
        parts = {
            "rollout_id": self.house.rollout,
            "release_id": self.house.release,
            "run_id": self.house.run,
            "change_id": self.house.change,
            "meeting_id": self.house.meeting,
            "proposal": self.house.proposal,
            "change": "1",
            "digest": assets.digest,
            "path": "logo.svg",
            **ask.path,
        }
        texts = {"{process}": PROCESS, "{walk}": walk_process()}
        body = {
            name: texts.get(value, value) if isinstance(value, str) else value
            for name, value in (ask.body or {}).items()
        }
        address = re.sub(r"\{(\w+)\}", lambda found: parts[found[1]], path) + f"?{ask.query}"
        self.client.cookies.clear()
        if session:
            self.client.cookies.set("sluice_session", session)
        if route.endswith("/events"):
            return self._begun(address, session)
        return self.client.request(method, address, json=body if ask.body is not None else None)

    def _begun(self, address: str, session: str) -> httpx.Response:
        """Return the answer to somebody who asks for a stream and goes at once."""
        cookies = {"sluice_session": session} if session else {}
        with httpx.stream("GET", f"{self.server.url}{address}", cookies=cookies, timeout=20) as answer:
            if answer.is_error:
                answer.read()
            return answer


@pytest.fixture(scope="module")
def door(house: House, server: Served) -> Iterator[Door]:
    office = house.office
    built = create_api(office.services, more_handlers=web_handlers(office.services))
    with TestClient(built, base_url="http://127.0.0.1:7700", raise_server_exceptions=False) as client:
        client.headers.update({"X-Sluice-Client": "walk"})
        client.follow_redirects = False
        yield Door(house, client, server)


def routes(door: Door) -> set[str]:
    return {
        f"{method} {re.sub(r':[^}]+}', '}', route.path)}"
        for route in cast(Any, door.client.app).routes
        for method in methods(route)
        if method in METHODS
    }


def methods(route: object) -> Iterable[str]:
    match route:
        case HTTPRoute():
            return route.methods
        case ASGIRoute():
            return cast("Iterable[str]", route.route_handler.opt[PLAIN_METHODS])
        case _:
            raise AssertionError(f"{route} is of a kind that the walk does not know")


def asks(*kinds: type[Rule]) -> list[Any]:
    """Return the table's requests as parameters of a test: those of these kinds of rules, all without any."""
    return [
        pytest.param(route, ask, id=f"{route} {number}")
        for route, found in ROUTES.items()
        for number, ask in enumerate(found)
        if not kinds or isinstance(ask.rule, kinds)
    ]


def test_every_route_has_an_entry_and_no_other(door: Door) -> None:
    assert routes(door) == set(ROUTES)


@pytest.mark.parametrize(("route", "ask"), asks())
def test_a_stranger_gets_in_only_where_everybody_may(door: Door, route: str, ask: Ask) -> None:
    answer = door.ask(route, ask)

    if isinstance(ask.rule, Open):
        assert ask.rule.reason
        # Where a route asks for a password or a token itself, it says so in its own words.
        assert answer.status_code != 403
        assert "nobody is let in" not in answer.text
    else:
        assert answer.status_code == 401, answer.text


@pytest.mark.parametrize(("route", "ask"), asks(Needs))
def test_the_wrong_role_is_refused_and_the_right_one_is_not(door: Door, route: str, ask: Ask) -> None:
    assert isinstance(ask.rule, Needs)

    wrong = door.ask(route, ask, door.house.session(ask.rule.wrong))
    right = door.ask(route, ask, door.house.session(ask.rule.right))

    assert wrong.status_code == 403, wrong.text
    assert right.status_code not in {*REFUSED, 500}, right.text


@pytest.mark.parametrize(("route", "ask"), asks(Known))
def test_any_login_will_do_where_a_reason_is_given(door: Door, route: str, ask: Ask) -> None:
    assert isinstance(ask.rule, Known)
    assert ask.rule.reason
    assert door.ask(route, ask, door.house.session(())).status_code not in REFUSED


def test_a_page_sends_a_stranger_to_the_login(door: Door) -> None:
    pages = [route for route in ROUTES if route.startswith(("GET /rollouts", "GET /fragments"))]
    for route in ("GET /", *pages):
        door.client.headers["X-Sluice-Client"] = ""
        answer = door.ask(route, ROUTES[route][0])
        door.client.headers["X-Sluice-Client"] = "walk"

        assert answer.headers["location"].startswith("/login?next=%2F"), route


# Commands


def commands(command: Any, path: str) -> Iterator[str]:
    if isinstance(command, typer.core.TyperGroup):
        for name, child in command.commands.items():
            yield from commands(child, f"{path} {name}")
    else:
        yield path


@dataclass
class Terminal:
    """`sluice` in this process, against a real server of the house."""

    house: House
    server: Served
    file: Path
    team: Path

    def run(self, command: str, run: Run, session: str = "") -> tuple[int, str]:
        credentials.forget(self.server.url)
        if session:
            credentials.save(self.server.url, credentials.Login("somebody", session))
        words = run.words.format(
            rollout=self.house.rollout,
            done=self.house.done,
            release=self.house.release,
            run=self.house.run,
            change=self.house.change,
            meeting=self.house.meeting,
            proposal=self.house.proposal,
            file=self.file,
            team=self.team,
            server=self.server.url,
        )
        done = CliRunner().invoke(program, shlex.split(f"{command} {words}")[1:], input=run.typed)
        return done.exit_code, done.output


@pytest.fixture
def terminal(house: House, server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICE_SERVER", server.url)
    monkeypatch.delenv("SLUICE_TOKEN", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    file = tmp_path / "process.yaml"
    file.write_text(PROCESS)
    team = tmp_path / "team.yaml"
    team.write_text(walk_process())
    return Terminal(house, server, file, team)


def runs(*kinds: type[Rule]) -> list[Any]:
    """Return the table's command lines of these kinds of rules as parameters of a test."""
    return [
        pytest.param(command, run, id=command)
        for command, run in COMMANDS.items()
        if isinstance(run.rule, kinds)
    ]


def test_every_command_has_an_entry_and_no_other() -> None:
    assert set(commands(typer.main.get_command(program), "sluice")) == set(COMMANDS)


@pytest.mark.parametrize(("command", "run"), runs(Open, Known, Needs))
def test_a_command_of_a_stranger_is_refused(terminal: Terminal, command: str, run: Run) -> None:
    code, said = terminal.run(command, run)

    assert code == STRANGER, said


@pytest.mark.parametrize(("command", "run"), runs(Needs))
def test_a_command_refuses_the_wrong_role_and_not_the_right_one(
    terminal: Terminal, command: str, run: Run
) -> None:
    assert isinstance(run.rule, Needs)

    wrong, said = terminal.run(command, run, terminal.house.session(run.rule.wrong))
    right, said_right = terminal.run(command, run, terminal.house.session(run.rule.right))

    assert wrong == FORBIDDEN, said
    assert right not in {STRANGER, FORBIDDEN}, said_right


@pytest.mark.parametrize(("command", "run"), runs(Known))
def test_a_command_for_everybody_who_is_known(terminal: Terminal, command: str, run: Run) -> None:
    code, said = terminal.run(command, run, terminal.house.session(()))

    assert code == 0, said


@pytest.mark.parametrize(("command", "run"), runs(Open, Local))
def test_an_exception_says_why(command: str, run: Run) -> None:
    assert isinstance(run.rule, Local | Open)
    assert len(run.rule.reason.split()) >= 3
