"""What stands around a flag: who depends on it, and what applications saw of it lately."""

from __future__ import annotations

from datetime import timedelta

from sluiceway.domain.flags.model import Dependency, Flag
from sluiceway.ports.flags import UsageRow
from sluiceway.services.flag_relations import Dependant, Use
from tests.unit.services.desk import ADA, Office

USUAL = ("development", "staging", "production")


def test_flags_that_depend_on_it_are_named_with_where_they_do(office: Office) -> None:
    flags = office.services.flags
    for flag in (Flag("payments"), Flag("cards", dependencies=(Dependency("payments"),)), Flag("search")):
        flags.create("shop", flag, ADA)
    flags.edit("shop", "staging", Flag("search", dependencies=(Dependency("payments"),)), ADA)

    found = flags.relations("shop", "payments", ADA)

    assert found.needed_by == (Dependant("cards", USUAL), Dependant("search", ("staging",)))
    assert flags.relations("shop", "cards", ADA).needed_by == ()


def test_what_applications_saw_in_a_week_is_added_up(office: Office) -> None:
    flags, now = office.services.flags, office.clock.wall()
    flags.create("shop", Flag("payments"), ADA)
    hour = int(now.timestamp()) // 3_600
    rows = [
        UsageRow("payments", variant, hour - ago, count, now, now - timedelta(hours=ago))
        for variant, ago, count in (("off", 0, 3), ("on", 2, 40), ("on", 1, 2), ("on", 24 * 8, 1_000))
    ]
    with office.store.begin() as tx:
        tx.add_usage("shop", "production", rows)

    assert flags.relations("shop", "payments", ADA).uses == (
        Use("production", "on", 42, now - timedelta(hours=1)),
        Use("production", "off", 3, now),
    )
