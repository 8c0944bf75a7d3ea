"""`sluice flags plan|apply|export|import|stale` against a real server and files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.cli.test_flag import UNLEASH, Shop

FLAGS = """\
service: shop
environments: [production]
flags:
  cart: {enabled: true, rules: [{id: rollout, reach: 10%}]}
"""


@pytest.fixture
def shop(sluice: Sluice, server: Served, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(sluice, server, monkeypatch)
    monkeypatch.delenv("SLUICE_SERVICE")
    Path("flags.yaml").write_text(FLAGS)
    return made


def test_a_file_is_planned_and_applied_to_the_service_that_it_names(shop: Shop) -> None:
    planned = shop.done("plan", "-f", "flags.yaml", "-e", "production")
    applied = shop.done("apply", "-f", "flags.yaml")
    again = shop.done("plan", "-f", "flags.yaml", "-e", "production")

    assert planned.splitlines() == ["production", "  + cart: added the flag"]
    assert "production: done, version 1" in applied
    assert again.splitlines() == ["production", "  nothing to change"]
    assert shop.state("cart", "production") == ("on", "on for 10% of everyone")


def test_an_edit_made_elsewhere_is_shown_and_never_overwritten(shop: Shop) -> None:
    shop.done("apply", "-f", "flags.yaml")
    shop.done("edit", "cart", "-e", "production", "--reach", "30%")
    Path("flags.yaml").write_text(FLAGS.replace("10%", "40%"))

    planned = shop.flags("plan", "-f", "flags.yaml", "-e", "production")
    applied = shop.flags("apply", "-f", "flags.yaml")

    assert (planned.exit_code, applied.exit_code) == (5, 5)
    assert planned.stdout.splitlines()[1:] == [
        "  ! cart: was edited elsewhere since the file was last applied",
        '  !   in the file: reach of rule "rollout" 10% -> 40%',
        '  !   in force: reach of rule "rollout" 10% -> 30%',
    ]
    assert "cart in production; bring the edits into the file" in planned.stderr
    assert shop.state("cart", "production") == ("on", "on for 30% of everyone")


def test_problems_of_a_file_are_told_with_their_place(shop: Shop) -> None:
    Path("flags.yaml").write_text(FLAGS.replace("10%", "150%").replace("enabled", "enabeld"))

    result = shop.flags("plan", "-f", "flags.yaml")

    assert result.exit_code == 3
    assert "flags.yaml:4:" in result.stderr
    assert "2 problems found" in result.stderr


def test_what_is_exported_is_what_is_in_force(shop: Shop) -> None:
    shop.done("apply", "-f", "flags.yaml")

    Path("again.yaml").write_text(shop.done("export", "-e", "production"))
    planned = shop.done("plan", "-f", "again.yaml", "-e", "production")
    shop.done("kill", "cart", "-e", "production")
    flagd = shop.flags("export", "-e", "production", "--format", "flagd")
    nowhere = shop.flags("export", "--format", "flagd")

    assert planned.splitlines() == ["production", "  nothing to change"]
    assert json.loads(flagd.stdout)["flags"]["cart"]["state"] == "DISABLED"
    assert "cart is held off by a kill, so it is written as off" in flagd.stderr
    assert (nowhere.exit_code, "--environment" in nowhere.stderr) == (2, True)


def test_an_import_adds_flags_and_names_what_is_left_out(shop: Shop) -> None:
    Path("unleash.json").write_text(json.dumps(UNLEASH))
    shop.done("apply", "-f", "flags.yaml")

    dry = shop.flags("import", "-f", "unleash.json", "-e", "production", "--dry-run")
    done = shop.flags("import", "-f", "unleash.json", "-e", "production")
    unclear = shop.flags("import", "-f", "unleash.json")

    assert dry.stdout.splitlines() == ["production", "  + search: added the flag"]
    assert "problem: production: flags.lost: " in dry.stderr
    assert (done.exit_code, shop.state("search", "production")[0]) == (0, "on")
    assert shop.done("plan", "-f", "flags.yaml", "-e", "production").splitlines()[1] == "  nothing to change"
    assert (unclear.exit_code, "use --environment" in unclear.stderr) == (2, True)


def test_an_import_overwrites_nothing(shop: Shop) -> None:
    Path("unleash.json").write_text(json.dumps(UNLEASH))
    shop.done("import", "-f", "unleash.json", "-e", "production", "--service", "shop")
    shop.done("off", "search", "-e", "production")

    dry = shop.flags("import", "-f", "unleash.json", "-e", "production", "--dry-run")
    again = shop.flags("import", "-f", "unleash.json", "-e", "production")

    assert dry.stdout.splitlines()[1:] == [
        "  ! search: is there already, made elsewhere, and not as the file has it",
        "  !   the file would change: turned on",
    ]
    assert (dry.exit_code, again.exit_code) == (5, 5)
    assert shop.state("search", "production")[0] == "off"


def test_another_tools_flags_become_a_file_without_a_server(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("unleash.json").write_text(json.dumps(UNLEASH))
    monkeypatch.setenv("SLUICE_SERVER", "http://127.0.0.1:1")

    written = shop.done("import", "-f", "unleash.json", "-e", "staging", "--yaml")

    assert written.startswith("environments: [staging]\nflags:\n  search:\n")


def test_stale_flags_are_listed_with_the_code_that_names_them(shop: Shop) -> None:
    shop.done("new", "old-banner", "--service", "shop", "--owner", "bob", "--expires", "2026-01-01")
    shop.done("new", "no-more", "--service", "shop", "--expires", "2026-01-01")
    Path("src").mkdir()
    Path("src/app.py").write_text('if flags.is_on("old-banner"):\n    show(oldBanner)\n')

    told = shop.done("stale", "--repo", "src").splitlines()

    assert told[0] == "no-more"
    assert told[2:4] == ["    no code names it: archive it", "old-banner  (bob)"]
    assert told[4].startswith("  expired on 2026-01-01")
    assert told[5:] == [
        '    app.py:1  if flags.is_on("old-banner"):',
        "    app.py:2  maybe  show(oldBanner)",
    ]


def test_a_file_is_judged_without_a_server(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_SERVER", "http://127.0.0.1:1")
    Path("flags.yaml").write_text("flags:\n  for-all: {enabled: true}\n  some-have-it: {enabled: false}\n")
    Path("app.py").write_text("ask('for-all')\n")

    (found,) = json.loads(shop.done("stale", "-f", "flags.yaml", "--repo", ".", "--json"))

    assert (found["flag"], found["reasons"][0]["reason"]) == ("for-all", "everyone")
    assert [(one["path"], one["line"]) for one in found["references"]] == [("app.py", 1)]
