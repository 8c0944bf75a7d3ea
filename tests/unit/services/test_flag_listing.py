"""The list of flags follows every change, and the edges of windows, without being made anew each time."""

from __future__ import annotations

from datetime import timedelta

from sluiceway.domain.flags.model import Flag, Window
from tests.unit.services.desk import ADA, Office


def standing(office: Office, environment: str = "development") -> str:
    (flag,) = office.services.flags.list("shop", ADA)
    return next(one.standing for one in flag.states if one.environment == environment)


def test_a_list_is_remembered_until_a_flag_changes(office: Office) -> None:
    flags = office.services.flags
    flags.create("shop", Flag("search", is_enabled=True), ADA)

    first = flags.list("shop", ADA)

    assert flags.list("shop", ADA) is first
    flags.kill("shop", "development", "search", ADA)
    assert standing(office) == "killed"


def test_a_window_turns_the_list_by_itself(office: Office) -> None:
    now = office.clock.wall()
    window = Window(on_at=now + timedelta(hours=1), off_at=now + timedelta(hours=2))
    office.services.flags.create("shop", Flag("sale", is_enabled=True, window=window), ADA)

    seen = [standing(office)]
    for _ in range(2):
        office.clock.advance(3_600)
        seen.append(standing(office))

    assert seen == ["scheduled", "on", "scheduled"]


def test_services_are_those_that_have_flags_or_a_process(office: Office) -> None:
    office.put_process("checkout")
    office.services.flags.create("shop", Flag("search"), ADA)

    assert office.services.flags.services(ADA) == ("checkout", "shop")
    assert office.services.flags.environments("shop", ADA) == ("development", "staging", "production")
