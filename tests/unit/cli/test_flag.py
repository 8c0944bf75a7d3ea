"""`sluice flags` against a real server without accounts, where everybody plays every role."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice

PROCESS = """\
name: shop
roles:
  - {id: developer, title: Developer, may: [read, flag]}
  - {id: manager, title: Release manager, may: [read, approve]}
approvals:
  - {id: flag-change, title: Change of a flag, rule: {role: manager}}
flags: {environments: {production: {approval: flag-change}}}
phases:
  - {id: draft, title: Draft}
  - {id: closed, title: Closed, kind: end}
"""
UNLEASH = {
    "version": 1,
    "features": [
        {"name": "search", "enabled": True, "strategies": [{"name": "default"}]},
        {"name": "lost", "enabled": True, "strategies": [{"name": "default", "segments": [404]}]},
    ],
}


class Shop:
    """The shop's flags and somebody at a terminal."""

    def __init__(self, sluice: Sluice, server: Served, patch: pytest.MonkeyPatch) -> None:
        self._sluice = sluice
        self._patch = patch
        self.server = server
        patch.setenv("SLUICE_SERVICE", "shop")

    def flags(self, *words: str, by: str = "ada", typed: str | None = None) -> Result:
        self._patch.setenv("SLUICE_ACTOR", by)
        return self._sluice("flags", *words, typed=typed)

    def done(self, *words: str, by: str = "ada") -> str:
        result = self.flags(*words, by=by)
        assert result.exit_code == 0, result.output
        return result.stdout

    def document(self, flag: str, environment: str) -> Any:
        view = json.loads(self.done("show", flag, "--json"))
        return next(one["document"] for one in view["definitions"] if one["environment"] == environment)

    def state(self, flag: str, environment: str) -> tuple[str, str]:
        listed = json.loads(self.done("list", "--json"))
        (found,) = [one for one in listed if one["id"] == flag]
        (state,) = [one for one in found["states"] if one["environment"] == environment]
        return state["standing"], state["words"]


@pytest.fixture
def shop(sluice: Sluice, server: Served, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(sluice, server, monkeypatch)


def test_a_new_flag_is_on_in_development_alone(shop: Shop) -> None:
    made = shop.done("new", "cart", "--owner", "ada", "--on", "--reach", "10%", "--expires", "2027-03-01")

    assert [line for line in made.splitlines() if "done" in line] == [
        "development: done, version 1",
        "staging: done, version 1",
        "production: done, version 1",
    ]
    assert shop.state("cart", "development") == ("on", "on for 10% of everyone")
    assert shop.state("cart", "production") == ("off", "off")
    assert shop.document("cart", "staging")["expires_at"] == "2027-03-01T00:00:00Z"


def test_variants_say_what_is_served_and_what_it_is_worth_while_off(shop: Shop) -> None:
    shop.done("new", "colour", "--variant", "blue=#00f", "--variant", "grey=#999")

    found = shop.document("colour", "production")

    assert [(one["name"], one["value"]) for one in found["variants"]] == [("blue", "#00f"), ("grey", "#999")]
    assert (found["value_type"], found["off_variant"]) == ("string", "grey")
    assert (found["serve"], found["otherwise"]) == ({"variant": "blue"}, {"variant": "grey"})


def test_the_list_has_a_column_for_each_environment(shop: Shop) -> None:
    shop.done("new", "cart", "--owner", "ada")
    shop.done("on", "cart", "-e", "staging")

    heading, row = shop.done("list").splitlines()
    narrow, _ = shop.done("list", "-e", "staging").splitlines()

    assert heading.split() == ["flag", "type", "development", "staging", "production", "owner"]
    assert row.split() == ["cart", "release", "off", "on", "for", "everyone", "off", "ada"]
    assert narrow.split() == ["flag", "type", "staging", "owner"]
    assert shop.done("list", "--type", "operational") == ""


def test_edits_are_about_the_rule_that_is_named_or_the_only_one(shop: Shop) -> None:
    shop.done("new", "cart", "--reach", "10%")

    shop.done("edit", "cart", "-e", "production", "--on", "--reach", "25%", "-m", "a quarter")
    shop.done("edit", "cart", "-e", "production", "--rule", "germans", "--only", "country in DE, AT")
    vague = shop.flags("edit", "cart", "-e", "production", "--reach", "50%")
    shop.done("edit", "cart", "-e", "production", "--remove-rule", "rollout")

    assert vague.exit_code == 2
    assert "name the one meant with --rule: rollout, germans" in vague.stderr
    assert shop.document("cart", "production")["rules"] == [
        {
            "id": "germans",
            "constraints": [{"attribute": "country", "operator": "in", "values": ["DE", "AT"]}],
        }
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-e", "production"), 2, "say what to change"),
        (("-e", "nowhere", "--on"), 4, "it has development, staging, production"),
        (("-e", "production", "--serve", "blue"), 3, 'no variant "blue"; there are off, on'),
        (("-e", "production", "--reach", "150%"), 3, "expected a percentage from 0 to 100"),
        (("-e", "production", "--only", "country is DE"), 2, "'country is DE' is no constraint"),
        (("-e", "production", "--remove-rule", "x"), 2, "no rule 'x'; it has: none"),
        (("-e", "production", "--on", "--if-version", "7"), 5, "cart"),
    ],
)
def test_an_edit_that_can_not_be_says_why(shop: Shop, words: tuple[str, ...], code: int, said: str) -> None:
    shop.done("new", "cart")

    result = shop.flags("edit", "cart", *words)

    assert (result.exit_code, said in result.stderr) == (code, True), result.output


def test_a_flag_is_written_as_a_file_and_taken_from_it(shop: Shop) -> None:
    shop.done("new", "cart", "--owner", "ada", "--reach", "10%")
    Path("cart.yaml").write_text(shop.done("show", "cart", "--yaml").replace("reach: 10%", "reach: 40%"))

    shop.done("edit", "cart", "-e", "staging", "--file", "cart.yaml", "--on")
    missing = shop.flags("edit", "other", "-e", "staging", "--file", "cart.yaml")

    assert shop.state("cart", "staging") == ("on", "on for 40% of everyone")
    assert shop.state("cart", "production") == ("off", "off")
    assert (missing.exit_code, "no flag 'other'" in missing.stderr) == (4, True)


def test_a_kill_is_one_act_everywhere_until_it_is_restored(shop: Shop) -> None:
    shop.done("new", "cart", "--on")
    shop.done("on", "cart", "-e", "production")

    killed = shop.flags("kill", "cart", "-m", "on fire")
    refused = shop.flags("on", "cart", "-e", "production")
    standing = shop.state("cart", "production")
    shop.done("restore", "cart", "-e", "production")

    assert "cart is off in development, staging, production" in killed.stderr
    assert standing == ("killed", "killed")
    assert (refused.exit_code, "sluice flags restore cart" in refused.stderr) == (5, True)
    assert shop.state("cart", "production") == ("on", "on for everyone")
    assert shop.state("cart", "development")[0] == "killed"


def test_explain_tells_each_step(shop: Shop) -> None:
    shop.done("new", "cart", "--on", "--only", "country in DE", "--only", "not plan in free")

    lines = shop.done("explain", "cart", "-e", "development", "-k", "u1", "-a", "country=FR").splitlines()
    found = json.loads(shop.done("explain", "cart", "-e", "development", "-a", "country=DE", "--json"))

    assert lines == [
        '"off", because the flag is on, and no rule reached',
        "worth false, reason DEFAULT",
        "✔ the flag is enabled (found: enabled)",
        "✘ rule audience: it doesn't fit",
        "  ✘ country is one of DE (found: FR)",
        "  ✔ plan is none of free (found: nothing)",
    ]
    assert (found["evaluation"]["value"], found["evaluation"]["reason"]) == (True, "TARGETING_MATCH")
    assert shop.flags("explain", "cart", "-e", "development", "-a", "country").exit_code == 2


def test_a_change_is_undone_by_its_number(shop: Shop) -> None:
    shop.done("new", "cart")
    shop.done("on", "cart", "-e", "production", "-m", "go")
    newest = json.loads(shop.done("history", "cart", "--json"))[0]

    shop.done("undo", "cart", str(newest["id"]))
    other = shop.flags("undo", "basket", str(newest["id"]))

    assert (newest["why"], newest["lines"]) == ("go", ["turned on"])
    assert shop.state("cart", "production") == ("off", "off")
    assert f"takes back {newest['id']}" in shop.done("history", "cart")
    assert (other.exit_code, "is no change of basket" in other.stderr) == (4, True)


def test_a_change_waits_until_somebody_else_agrees(shop: Shop) -> None:
    shop.server.office.put_process("shop", PROCESS)
    shop.done("new", "cart")

    asked = shop.done("on", "cart", "-e", "production", "-m", "ready")
    (waiting,) = json.loads(shop.done("changes", "--json"))
    listed = shop.done("list").splitlines()[1]
    said = shop.flags("approve", waiting["id"], by="mia", typed="n\n")
    before = shop.state("cart", "production")
    agreed = shop.done("approve", waiting["id"], "--yes", by="mia")

    assert asked.startswith("production: waits for ")
    assert waiting["id"] in asked
    assert listed.endswith("1 change")
    assert (said.exit_code, "turned on" in said.stderr, before[0]) == (1, True, "off")
    assert f"{waiting['id']} of cart in production: applied" in agreed
    assert shop.state("cart", "production")[0] == "on"
    assert shop.done("changes") == ""


def test_a_change_is_rejected_with_a_reason_and_withdrawn_without(shop: Shop) -> None:
    shop.server.office.put_process("shop", PROCESS)
    shop.done("new", "cart")
    for _ in range(2):
        shop.done("on", "cart", "-e", "production")
    first, second = json.loads(shop.done("changes", "--json"))

    refused = shop.done("reject", first["id"], "-m", "not before Monday", by="mia")
    given_up = shop.done("withdraw", second["id"])

    assert "in production: rejected; " in refused
    assert "in production: withdrawn; " in given_up
    assert shop.state("cart", "production")[0] == "off"


def test_what_others_wrote_is_shown_and_never_acts(shop: Shop) -> None:
    shop.done("new", "cart", "--owner", "[bold]\x1b[2J", "--description", "[red]x\x1b]0;y\x07")

    shown, listed = shop.done("show", "cart"), shop.done("list")

    assert "\x1b" not in shown + listed
    assert "[red]x␛]0;y" in shown
    assert "[bold]␛[2J" in listed


def test_the_only_service_need_not_be_named(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLUICE_SERVICE")
    nothing = shop.flags("show", "cart")
    shop.done("new", "cart", "--service", "shop")
    one = shop.flags("on", "cart", "-e", "staging")
    shop.done("new", "cart", "--service", "bakery")
    two = shop.flags("on", "cart", "-e", "staging")

    assert (nothing.exit_code, "name one with --service" in nothing.stderr) == (4, True)
    assert one.exit_code == 0
    assert (two.exit_code, "--service: bakery, shop" in two.stderr) == (2, True)
    assert {line.split()[1] for line in shop.done("list").splitlines()[1:]} == {"bakery", "shop"}


def test_archiving_asks_first_and_keeps_the_history(shop: Shop) -> None:
    shop.done("new", "cart")

    kept = shop.flags("archive", "cart", typed="n\n")
    listed = shop.done("list")
    shop.done("archive", "cart", "--yes")

    assert (kept.exit_code, "cart" in listed) == (1, True)
    assert shop.done("list") == ""
    assert "removed the flag" in shop.done("history", "cart")


def test_segments_are_saved_shown_and_deleted_unless_used(shop: Shop) -> None:
    shop.done("segment", "save", "pros", "--only", "plan in pro", "--include", "u1", "--title", "Pros")
    shop.done("new", "cart", "--segment", "pros")

    shown = shop.done("segment", "show", "pros", "-e", "staging")
    used = shop.flags("segment", "delete", "pros")
    shop.done("archive", "cart", "--yes")
    shop.done("segment", "delete", "pros")

    assert shown.startswith("staging  Pros: plan in pro; always u1\n")
    assert shown.endswith("used by cart\n")
    assert (used.exit_code, "by cart; take it out of their rules" in used.stderr) == (5, True)
    assert shop.done("segment", "list") == ""
    assert shop.flags("segment", "show", "pros").exit_code == 4


def test_a_name_that_could_be_a_path_is_no_flag(shop: Shop) -> None:
    for name in ("a/b", "..", "x?y", " "):
        assert shop.flags("show", name).exit_code == 4
