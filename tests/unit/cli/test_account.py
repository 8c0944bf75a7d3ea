"""`sluice account`, `login`, `logout`, `whoami` and tokens, against a real server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluiceway.adapters.data_dir import DataDir
from sluiceway.adapters.passwords import Argon2Passwords
from sluiceway.adapters.store import open_store
from sluiceway.bootstrap import accounts_here
from sluiceway.cli.account import moment
from sluiceway.cli.credentials import Login, headers_for, load, save, sessions_file
from sluiceway.errors import InvalidInputError, UnauthorisedError
from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.services.desk import PASSWORD

NEW_PASSWORD = "entirely different words"
TWICE = f"{PASSWORD}\n{PASSWORD}\n"


def log_in(sluice: Sluice, name: str, password: str = PASSWORD) -> None:
    done = sluice("login", name, "--password-stdin", typed=f"{password}\n")
    assert done.exit_code == 0, done.stderr


@pytest.fixture
def rosa(server: Served, sluice: Sluice) -> Served:
    """A server on which rosa has an account, and is logged in here."""
    server.office.set_up_accounts()
    log_in(sluice, "rosa")
    return server


def test_the_first_account_goes_into_the_data_directory(sluice: Sluice, tmp_path: Path) -> None:
    data = tmp_path / "data"

    done = sluice("account", "create", "ada", "--admin", "--data", str(data), typed=TWICE)

    assert done.exit_code == 0, done.stderr
    assert "nobody is let in without a login" in done.stderr
    assert PASSWORD not in done.output
    with accounts_here(data) as accounts:
        assert accounts.exist()
    again = sluice("account", "create", "eve", "--admin", "--data", str(data), typed=TWICE)
    assert (again.exit_code, "there are accounts already" in again.stderr) == (5, True)


def test_the_first_account_goes_into_the_nearest_data_directory(sluice: Sluice) -> None:
    folder = Path.cwd() / ".sluice"
    folder.mkdir()
    open_store(DataDir(folder).database).close()

    done = sluice("account", "create", "ada", "--admin", "--password-stdin", typed=f"{PASSWORD}\n")

    assert done.exit_code == 0, done.stderr
    with accounts_here(folder) as accounts:
        assert accounts.exist()


def test_the_first_account_is_an_administrator_who_can_log_in(sluice: Sluice, tmp_path: Path) -> None:
    for words in ([], ["--admin", "--no-password"]):
        done = sluice("account", "create", "ada", "--data", str(tmp_path / "data"), *words, typed=TWICE)

        assert done.exit_code == 2
        assert "add --admin and give it a password" in done.stderr


def test_an_open_server_says_where_the_first_account_is_made(server: Served, sluice: Sluice) -> None:
    done = sluice("account", "create", "ada", "--admin", typed=TWICE)

    assert done.exit_code == 14
    assert "the first account is made on the server's machine" in done.stderr
    assert not server.office.services.accounts.exist()


def test_two_passwords_that_differ_are_asked_for_again(sluice: Sluice, tmp_path: Path) -> None:
    typed = f"{PASSWORD}\n{NEW_PASSWORD}\n{TWICE}"

    done = sluice("account", "create", "ada", "--admin", "--data", str(tmp_path / "data"), typed=typed)

    assert done.exit_code == 0
    assert "do not match" in done.stderr


def test_a_password_that_won_t_do_makes_no_account(sluice: Sluice, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    short = sluice("account", "create", "ada", "--admin", "--data", data, "--password-stdin", typed="short\n")
    none = sluice("account", "create", "ada", "--admin", "--data", data, "--password-stdin", typed="")

    assert (short.exit_code, "use at least 12" in short.stderr) == (2, True)
    assert (none.exit_code, "stdin holds no password" in none.stderr) == (2, True)


def test_a_login_is_kept_for_its_owner_alone_and_used_from_then_on(server: Served, sluice: Sluice) -> None:
    server.office.set_up_accounts()
    stranger = sluice("whoami")
    log_in(sluice, "rosa")
    known = sluice("whoami")

    assert (stranger.exit_code, "log in with `sluice login`" in stranger.stderr) == (12, True)
    assert known.stdout == "rosa\n"
    assert "admin for every service" in known.stderr
    assert sessions_file().stat().st_mode & 0o777 == 0o600
    assert sessions_file().parent.stat().st_mode & 0o777 == 0o700
    assert PASSWORD not in sessions_file().read_text()


def test_logging_out_ends_the_session_on_the_server_too(rosa: Served, sluice: Sluice) -> None:
    login = load(rosa.url)
    assert login is not None

    assert sluice("logout").exit_code == 0
    assert load(rosa.url) is None
    save(rosa.url, login)
    assert sluice("whoami").exit_code == 12
    again = sluice("logout")
    assert (again.exit_code, "had ended already" in again.stderr) == (0, True)
    assert "you are not logged in" in sluice("logout").stderr


def test_a_wrong_password_is_refused(server: Served, sluice: Sluice) -> None:
    server.office.set_up_accounts()

    done = sluice("login", "rosa", typed="wrong password entirely\n")

    assert done.exit_code == 12
    assert done.stderr.endswith("sluice: the name or the password is wrong\n")
    assert not sessions_file().exists()


def test_the_name_is_asked_for_unless_a_program_logs_in(server: Served, sluice: Sluice) -> None:
    server.office.person("ada")

    assert sluice("login", typed=f"\n{PASSWORD}\n").exit_code == 0  # the system's user is offered
    done = sluice("login", "--password-stdin", typed=f"{PASSWORD}\n")
    assert (done.exit_code, "name the account" in done.stderr) == (2, True)


def test_a_person_s_whole_stay(rosa: Served, sluice: Sluice) -> None:
    acts: list[tuple[tuple[str, ...], str]] = [
        (("create", "ada", "--title", "Ada", "--contact", "ada@example.org"), "account ada is there"),
        (("create", "bot", "--no-password"), "account bot is there"),
        (("grant", "ada", "operator", "--service", "shop"), "ada is operator for shop"),
        (("grant", "ada", "viewer"), "ada is viewer for every service"),
        (("revoke", "ada", "viewer"), "ada is viewer for every service no more"),
        (("away", "ada", "--until", "2 weeks", "--alternate", "rosa"), "ada is away until "),
    ]
    for words, said in acts:
        done = sluice("account", *words, typed=TWICE)
        assert done.exit_code == 0, done.stderr
        assert said in done.stderr

    listed = sluice("account", "list").stdout
    assert "operator (shop)" in listed
    assert "rosa stands in" in listed
    assert "tokens only" in listed
    assert sluice("account", "back", "ada").exit_code == 0
    assert sluice("account", "disable", "ada").exit_code == 0
    assert "disabled since" in sluice("account", "list").stdout
    assert sluice("account", "enable", "ada").exit_code == 0
    found = {one["name"]: one for one in json.loads(sluice("account", "list", "--json").stdout)}
    assert found["ada"]["grants"] == [{"role": "operator", "service": "shop"}]
    assert found["ada"]["away"] is None
    assert rosa.office.log_in("ada").roles_for("shop") == {"operator"}


def test_one_s_own_password_and_another_s(rosa: Served, sluice: Sluice) -> None:
    rosa.office.person("ada")
    theirs = sluice("account", "password", "ada", typed=f"{NEW_PASSWORD}\n{NEW_PASSWORD}\n")
    log_in(sluice, "ada", NEW_PASSWORD)
    own = sluice("account", "password", "--password-stdin", typed=f"{NEW_PASSWORD}\n{PASSWORD}\n")

    assert (theirs.exit_code, own.exit_code) == (0, 0), theirs.stderr + own.stderr
    assert sluice("whoami").exit_code == 12  # every session ended
    log_in(sluice, "ada", PASSWORD)
    wrong = sluice("account", "password", typed=f"nonsense nonsense\n{NEW_PASSWORD}\n{NEW_PASSWORD}\n")
    assert (wrong.exit_code, "current password is wrong" in wrong.stderr) == (14, True)


def test_a_lost_password_is_replaced_on_the_server_s_machine(rosa: Served, sluice: Sluice) -> None:
    data = str(Path(rosa.office.store.place).parent)

    done = sluice(
        "account", "password", "rosa", "--data", data, "--password-stdin", typed=f"{NEW_PASSWORD}\n"
    )
    nameless = sluice("account", "password", "--data", data)
    nowhere = sluice("account", "password", "rosa", "--data", data + "-not")

    assert done.exit_code == 0, done.stderr
    with rosa.office.store.read() as tx:
        row = tx.get_account("rosa")
    assert row is not None
    assert Argon2Passwords().is_right(row.password, NEW_PASSWORD)
    assert (nameless.exit_code, nowhere.exit_code) == (2, 4)


def test_an_own_absence_needs_no_name(rosa: Served, sluice: Sluice) -> None:
    assert sluice("account", "away", "--until", "2999-12-24").exit_code == 0
    assert sluice("account", "back").exit_code == 0
    done = sluice("account", "away", "--until", "soon")
    assert (done.exit_code, "--until is 'soon'" in done.stderr) == (2, True)


def test_a_name_that_is_none_is_never_part_of_an_address(rosa: Served, sluice: Sluice) -> None:
    for name in ("a/../../tokens", "a?b", "#", ""):
        assert sluice("account", "disable", name).exit_code == 4


def test_a_token_that_acts_as_somebody(rosa: Served, sluice: Sluice, monkeypatch: pytest.MonkeyPatch) -> None:
    rosa.office.services.accounts.create("bot", "", rosa.office.log_in("rosa"))
    made = sluice(
        "token", "create", "ci", "--scope", "read", "--scope", "rollout", "--as", "bot", "--expires", "30d",
        "--service", "checkout",
    )  # fmt: skip
    listed = sluice("token", "list")
    monkeypatch.setenv("SLUICE_TOKEN", made.stdout.strip())
    shown = sluice("whoami")
    refused = sluice("rollout", "list", "--service", "checkout")

    assert made.exit_code == 0, made.stderr
    assert "acts as bot for checkout until " in made.stderr
    assert "rollout, read" in listed.stdout or "read, rollout" in listed.stdout
    assert shown.stdout == "bot\n"
    assert "by the token ci, which may be used for: read, rollout" in shown.stderr
    assert refused.exit_code == 14
    assert "the token ci of bot may not read for checkout" in refused.stderr


def test_a_scope_that_is_none_is_refused(rosa: Served, sluice: Sluice) -> None:
    assert sluice("token", "create", "ci", "--scope", "levitate").exit_code == 2


@pytest.mark.parametrize("address", ["http://192.0.2.1:7700", "http://sluice.example"])
def test_no_secret_travels_in_clear(sluice: Sluice, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    done = sluice("login", "ada", "--server", address, typed=f"{PASSWORD}\n")
    assert (done.exit_code, "the password would travel to" in done.stderr) == (2, True)

    save(address, Login("ada", "key"))
    with pytest.raises(InvalidInputError, match="your login would travel to"):
        headers_for(address)
    monkeypatch.setenv("SLUICE_TOKEN", "sluice_ci_" + "0" * 64)
    with pytest.raises(InvalidInputError, match="the token would travel to"):
        headers_for(address)


def test_what_is_shown_to_a_server_is_for_that_server_alone(
    sluice: Sluice, monkeypatch: pytest.MonkeyPatch
) -> None:
    save("https://one.example/", Login("ada", "key"))

    assert headers_for("https://one.example") == {"Cookie": "sluice_session=key"}
    assert headers_for("https://two.example") == {}
    monkeypatch.setenv("SLUICE_TOKEN", "not a token")
    with pytest.raises(UnauthorisedError, match="SLUICE_TOKEN holds something else"):
        headers_for("https://one.example")


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"a": 1}', '{"a": {"name": "x"}}'])
def test_a_file_of_logins_that_is_none_holds_none(sluice: Sluice, text: str) -> None:
    sessions_file().parent.mkdir(parents=True, exist_ok=True)
    sessions_file().write_text(text)

    assert load("a") is None
    save("b", Login("ada", "key"))
    assert load("b") == Login("ada", "key")


def test_a_file_of_logins_that_can_not_be_written_is_told_of(
    sluice: Sluice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))

    with pytest.raises(InvalidInputError, match="can't be written"):
        save("b", Login("ada", "key"))


def test_moments_are_dates_or_durations() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert moment("2 weeks", now, "--until") == now + timedelta(days=14)
    assert moment("2026-12-24T08:00:00+01:00", now, "--until") == datetime(2026, 12, 24, 7, tzinfo=UTC)
    assert moment("2026-12-24", now, "--until") == datetime(2026, 12, 24).astimezone()
    with pytest.raises(InvalidInputError, match="--from is 'yesterday'"):
        moment("yesterday", now, "--from")
