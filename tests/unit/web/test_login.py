"""The console for strangers and for whoever is logged in, behind the real entrance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from sluiceway.api.app import create_api
from sluiceway.web.routes import is_own_path, web_handlers
from tests.unit.services.desk import Office, open_office
from tests.unit.web.conftest import Console


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Console]:
    """The whole application with its console; rosa has an account, nobody is logged in."""
    with open_office(tmp_path) as office:
        office.set_up_accounts()
        app = create_api(office.services, more_handlers=web_handlers(office.services))
        with TestClient(app, base_url="http://127.0.0.1:7700") as client:
            client.follow_redirects = False
            yield Console(office, client)


def log_in(house: Console, name: str) -> None:
    house.client.cookies.set("sluice_session", house.office.session_key(name))


def test_a_stranger_is_sent_to_the_login_page_and_back_from_there(house: Console) -> None:
    rollout_id = house.office.put_rollout()

    sent = house.client.get(f"/rollouts/{rollout_id}", params={"a": "b&c"})
    page = house.client.get(sent.headers["location"])

    assert sent.status_code in {302, 303, 307}
    assert sent.headers["cache-control"] == "no-store"
    assert page.status_code == 200
    assert f'data-next="/rollouts/{rollout_id}?a=b%26c"' in page.text
    assert "checkout" not in page.text


def test_a_script_of_ours_is_told_that_its_person_is_nobody_any_more(house: Console) -> None:
    answer = house.client.get("/", headers={"X-Sluice-Client": "console"})

    assert answer.status_code == 401
    assert "No rollout yet" not in answer.text


def test_the_login_page_takes_passwords_and_runs_no_script_but_ours(house: Console) -> None:
    answer = house.client.get("/login")

    assert 'type="password"' in answer.text
    assert 'autocomplete="current-password"' in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "<form" in answer.text
    assert "action=" not in answer.text.partition("<form")[2].partition(">")[0]


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/\n/x"]
)
def test_nobody_is_sent_to_another_site_after_the_login(house: Console, then: str) -> None:
    page = house.client.get("/login", params={"next": then}).text

    assert 'data-next="/"' in page
    assert not is_own_path(then)


def test_hostile_text_in_the_address_is_shown_never_run(house: Console) -> None:
    page = house.client.get("/login", params={"next": '/"><script>alert(1)</script>'}).text

    assert "<script>alert" not in page
    assert "&#34;&gt;&lt;script&gt;" in page


def test_a_page_shows_who_is_logged_in_and_lets_them_out(house: Console) -> None:
    log_in(house, "rosa")

    page = house.client.get("/").text

    assert '<span class="who-name">rosa</span>' in page
    assert 'id="log-out"' in page
    assert "js/account.js" in page


def test_without_accounts_a_page_shows_no_name(console: Console) -> None:
    page = console.client.get("/").text

    assert 'id="log-out"' not in page
    assert "account.js" not in page


def test_the_dialog_asks_no_name_of_whoever_is_logged_in(house: Console) -> None:
    log_in(house, "rosa")

    page = house.client.get(f"/rollouts/{house.office.put_rollout()}").text

    assert "as done by rosa" in page
    assert "Your name" not in page


def test_the_dialog_asks_for_a_name_while_all_is_open(console: Console) -> None:
    page = console.client.get(f"/rollouts/{console.office.put_rollout()}").text

    assert "Your name" in page
    assert "as done by" not in page


def test_the_wrong_role_is_told_so_on_a_page(house: Console) -> None:
    rollout_id = house.office.put_rollout()
    house.office.person("sam", "sender")
    log_in(house, "sam")

    answer = house.client.get(f"/rollouts/{rollout_id}")

    assert answer.status_code == 403
    assert "This is not for you to see" in answer.text
    assert "sam may not read for checkout" in answer.text


def test_static_files_are_for_everybody(house: Console) -> None:
    page = house.client.get("/login").text
    script = page.partition('src="')[2].partition('"')[0]

    assert house.client.get(script).status_code == 200


def test_a_list_shows_only_what_somebody_may_see(house: Console) -> None:
    show_all(house.office)
    house.office.person("mia", "viewer@search")
    log_in(house, "mia")

    page = house.client.get("/").text

    assert "search" in page
    assert "checkout" not in page


def show_all(office: Office) -> None:
    office.put_rollout(service="search", port=1)
    office.put_rollout(service="checkout", port=2)
