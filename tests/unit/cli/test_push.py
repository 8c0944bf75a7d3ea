"""`sluice push` and `sluice token`, against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sluiceway.cli.client import Client
from sluiceway.errors import InvalidInputError
from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.services.desk import ADA

Write = Callable[[str], str]
TOKEN = "SLUICE_TOKEN"


@pytest.fixture
def shop(server: Served, monkeypatch: pytest.MonkeyPatch, sluice: Sluice) -> Served:
    """A rollout of checkout is under way and a token for it is in the environment."""
    server.office.put_rollout()
    made = sluice("token", "create", "till", "--service", "checkout")
    monkeypatch.setenv(TOKEN, made.stdout.strip())
    return server


@pytest.fixture
def new(shop: Served) -> str:
    return shop.office.service.list(ADA)[0].new


@pytest.fixture
def csv(sluice: Sluice) -> Write:
    """Write a file and return its name."""

    def write(text: str) -> str:
        Path("figures.csv").write_text(text, encoding="utf-8")
        return "figures.csv"

    return write


def outcomes(server: Served, metric: str = "order_completion") -> dict[str, float]:
    with server.office.store.read() as tx:
        return {version: row.outcomes for version, row in tx.point_totals("checkout", metric).items()}


def test_a_token_is_the_only_thing_on_stdout(server: Served, sluice: Sluice) -> None:
    result = sluice("token", "create", "till")

    assert result.exit_code == 0
    assert result.stdout.startswith("sluice_till_")
    assert len(result.stdout.split()) == 1
    assert "not shown again" in result.stderr


def test_tokens_are_listed_and_revoked(server: Served, sluice: Sluice) -> None:
    assert "no tokens" in sluice("token", "list").stderr
    sluice("token", "create", "till", "--service", "checkout")

    revoked = sluice("token", "revoke", "till")
    listed = sluice("token", "list").stdout
    as_json = json.loads(sluice("token", "list", "--json").stdout)

    assert "token till is revoked" in revoked.stderr
    assert "checkout" in listed
    assert "by ada" in listed
    assert [(one["name"], one["revoked_by"]) for one in as_json] == [("till", "ada")]


@pytest.mark.parametrize(("name", "code"), [("nobody", 4), ("a/b", 4)])
def test_a_token_that_is_not_there_can_not_be_revoked(
    server: Served, sluice: Sluice, name: str, code: int
) -> None:
    assert sluice("token", "revoke", name).exit_code == code


def test_a_single_figure_is_pushed(shop: Served, sluice: Sluice, new: str) -> None:
    words = ("push", "--metric", "order_completion", "--version", new, "--count", "40", "--good", "30")

    assert sluice(*words).stdout == "1 stored\n"  # of the only service there is
    assert sluice(*words, "--service", "checkout").stdout == "1 stored\n"
    assert outcomes(shop) == {new: 80}


def test_a_single_figure_with_its_own_time_or_id_counts_once(shop: Served, sluice: Sluice, new: str) -> None:
    words = ("push", "--metric", "user_satisfaction", "--version", new, "--value")
    at = shop.office.clock.wall().isoformat()

    assert sluice(*words, "4", "--at", at).stdout == "1 stored\n"
    assert sluice(*words, "4", "--at", at).stdout == "1 duplicate\n"
    assert sluice(*words, "4", "--id", "n7").stdout == "1 stored\n"
    changed = sluice(*words, "5", "--id", "n7")
    assert (changed.exit_code, changed.stdout) == (5, "1 conflict\n")


def test_a_figure_of_the_release_is_pushed(shop: Served, sluice: Sluice, new: str) -> None:
    rollout = shop.office.service.list(ADA)[0].id

    result = sluice("push", "--metric", "support_tickets", "--rollout", rollout, "--count", "2")

    assert result.stdout == "1 stored\n"


def test_a_refused_figure_says_why(shop: Served, sluice: Sluice, new: str) -> None:
    result = sluice("push", "--metric", "order_completion", "--version", new, "--value", "95")

    assert (result.exit_code, result.stdout) == (2, "1 refused\n")
    assert "refused: order_completion is 95; a share is 0 to 1" in result.stderr


@pytest.mark.parametrize("figure", ["many", "nan", "inf"])
def test_what_is_no_figure_is_not_sent(shop: Served, sluice: Sluice, new: str, figure: str) -> None:
    result = sluice("push", "--metric", "user_satisfaction", "--version", new, "--value", figure)

    assert result.exit_code == 2
    assert f"--value is '{figure}', which is no figure" in result.stderr


FILE = """\
metric,version,at,value,count,bad
order_completion,{new},{at},,10,1
user_satisfaction,{new},,4,,
user_satisfaction,{new},,4,,

order_completion,1.0,{at},,100,2
"""


def test_a_file_pushed_twice_counts_once(shop: Served, sluice: Sluice, new: str, csv: Write) -> None:
    file = csv(FILE.format(new=new, at=shop.office.clock.wall().isoformat()))

    first, again = sluice("push", file, "--service", "checkout"), sluice("push", file)

    assert (first.exit_code, first.stdout) == (0, "4 stored\n")
    assert (again.exit_code, again.stdout) == (0, "4 duplicate\n")  # two equal ratings are two
    assert outcomes(shop)[new] == 10


def test_a_file_that_grew_adds_what_is_new(shop: Served, sluice: Sluice, new: str, csv: Write) -> None:
    text = FILE.format(new=new, at=shop.office.clock.wall().isoformat())
    sluice("push", csv(text))

    result = sluice("push", csv(text + f"user_satisfaction,{new},,4,,\n"))

    assert result.stdout == "1 stored, 4 duplicate\n"


def test_each_wrong_line_is_named_and_the_others_are_kept(
    shop: Served, sluice: Sluice, new: str, csv: Write
) -> None:
    file = csv(
        "metric,version,count,bad\n"
        f"order_completion,{new},10,1\n"
        f"order_completion,{new},ten,1\n"
        f'order_completion,{new},"1\n0",1\n'
        f"order_completion,{new},10\n"
        f"order_completion,{new},10,11\n"
        f"order_completion,{new},20,1\n"
    )

    result = sluice("push", file)

    assert (result.exit_code, result.stdout) == (2, "2 stored, 4 refused\n")
    assert result.stderr.splitlines() == [
        "figures.csv:3: refused: count is 'ten', which is no figure",
        "figures.csv:4: refused: count is '1\\n0', which is no figure",
        "figures.csv:6: refused: has 3 fields, the header 4",
        "figures.csv:7: refused: bad is 11 of a count of 10; it can't be more",
        "sluice: 4 of 6 were not taken; the rest counts, also when sent again",
    ]
    assert outcomes(shop) == {new: 30}


def test_a_note_that_holds_for_many_lines_is_said_once(
    shop: Served, sluice: Sluice, new: str, csv: Write
) -> None:
    file = csv("metric,version,value\n" + f"moon_phase,{new},1\n" * 3)

    result = sluice("push", file)

    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "figures.csv:2: stored: no process of checkout names moon_phase so far",
        "the same holds for 2 more: no process of checkout names moon_phase so far",
    ]


def test_a_large_file_goes_in_several_requests(shop: Served, sluice: Sluice, new: str, csv: Write) -> None:
    rows = "".join(f"r{number},{new},1,0\n" for number in range(1_203))
    file = csv("id,version,count,bad\n" + rows)

    result = sluice("push", file, "--metric", "order_completion", "--json")

    assert json.loads(result.stdout) == {"fates": {"stored": 1_203}, "lines": []}
    assert outcomes(shop) == {new: 1_203}


def test_a_quote_that_is_never_closed_is_named(shop: Served, sluice: Sluice, new: str, csv: Write) -> None:
    file = csv(f'metric,version,value\nuser_satisfaction,{new},4\nuser_satisfaction,"{new},4\nx,y,1\n')

    result = sluice("push", file)

    assert (result.exit_code, result.stdout) == (2, "1 stored, 1 refused\n")
    assert "figures.csv:3: refused: is not CSV (unexpected end of data); it and all lines" in result.stderr


def test_lines_come_from_stdin_too(shop: Served, sluice: Sluice, new: str) -> None:
    text = f"\ufeffMetric, Version ,value\nuser_satisfaction,{new},4\n"

    assert sluice("push", "-", typed=text).stdout == "1 stored\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file has no header line"),
        ("metric,vers,value\n", "line 1: unknown column 'vers'; the columns are: id, metric"),
        ("metric,version,valu\n", "total, squares; did you mean 'value'?"),
        ("metric;version;value\n", "unknown column 'metric;version;value'"),
        ("metric;version;value\n", "squares; cells are separated by ';', expected commas"),
        ("metric,value,value\n", "column 'value' is there more than once"),
        ("version,value\n", "add the column `metric`, or name it with --metric"),
        ("metric,version\n", "no column holds figures"),
    ],
)
def test_a_header_that_can_not_be_used_is_named(
    shop: Served, sluice: Sluice, csv: Write, text: str, words: str
) -> None:
    result = sluice("push", csv(text))

    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("push", "none.csv"), "none.csv can't be read (No such file or directory)"),
        (("push",), "name a CSV file, or a figure with --metric"),
        (("push", "x.csv", "--value", "4"), "--value goes with a single figure, not with a file"),
    ],
)
def test_what_can_not_be_pushed_is_said(
    shop: Served, sluice: Sluice, words: tuple[str, ...], said: str
) -> None:
    result = sluice(*words)

    assert result.exit_code == 2
    assert said in result.stderr


def test_a_file_in_another_encoding_is_named(shop: Served, sluice: Sluice) -> None:
    Path("latin.csv").write_bytes("metric,version,value\nzufriedenheit,größe,1\n".encode("latin-1"))

    result = sluice("push", "latin.csv")

    assert result.exit_code == 2
    assert "latin.csv is not UTF-8 text" in result.stderr


ONE = ("push", "--metric", "user_satisfaction", "--version", "2.0", "--value", "4")


def test_without_a_token_it_is_said_how_to_get_one(
    shop: Served, sluice: Sluice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN)

    result = sluice(*ONE)

    assert result.exit_code == 12
    assert "SLUICE_TOKEN holds no token; `sluice token create NAME`" in result.stderr


@pytest.mark.parametrize("token", ["sluice_till_" + "0" * 64, "söcret", "two words"])
def test_a_wrong_token_is_refused_and_not_repeated(
    shop: Served, sluice: Sluice, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv(TOKEN, token)

    result = sluice(*ONE)

    assert result.exit_code == 12
    assert token not in result.output


def test_a_token_may_come_from_a_file(shop: Served, sluice: Sluice, monkeypatch: pytest.MonkeyPatch) -> None:
    token = sluice("token", "create", "other").stdout
    Path("token").write_text(token)
    monkeypatch.delenv(TOKEN)
    Path("token").chmod(0o644)
    seen = sluice(*ONE, "--token-file", "token")
    Path("token").chmod(0o600)
    kept = sluice(*ONE, "--token-file", "token")

    assert (seen.stdout, kept.stdout) == ("1 stored\n", "1 stored\n")
    assert "`chmod 600 token`" in seen.stderr
    assert "chmod" not in kept.stderr


def test_a_token_does_not_travel_in_clear() -> None:
    with pytest.raises(InvalidInputError, match=r"would travel to sluice\.example in clear"):
        Client("http://sluice.example").push([], "secret")


def test_a_server_that_goes_away_says_what_was_sent(
    shop: Served, sluice: Sluice, new: str, csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"r{number},{new},1,0\n" for number in range(600))
    file = csv("id,version,count,bad\n" + rows)
    push = Client.push

    def once(self: Client, points: list[dict[str, str | float]], token: str) -> object:
        answer = push(self, points, token)
        self.address = "http://127.0.0.1:1"
        self._http.base_url = self.address
        return answer

    monkeypatch.setattr(Client, "push", once)
    result = sluice("push", file, "--metric", "order_completion")

    assert result.exit_code == 6
    assert "what stands before line 502 was sent" in result.stderr
    assert outcomes(shop) == {new: 500}
