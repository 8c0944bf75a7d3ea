"""The newest entries are kept and brought up to date."""

from __future__ import annotations

from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.services.recent import RecentEntries
from sluiceway.testing.builders import an_audit_entry
from tests.unit.services.desk import Office


def write(office: Office, subject: str, *words: str) -> None:
    with office.store.begin() as tx:
        for why in words:
            tx.append_audit(an_audit_entry(subject=subject, why=why))


def seen(recent: RecentEntries, subject: str) -> list[str]:
    return [entry.content.why for entry in recent.of(RolloutId(subject))]


def test_only_the_newest_are_kept(office: Office) -> None:
    write(office, "r1", "one", "two", "three")

    assert seen(RecentEntries(office.store, kept=2), "r1") == ["two", "three"]


def test_what_came_since_is_added(office: Office) -> None:
    recent = RecentEntries(office.store, kept=3)
    write(office, "r1", "one", "two")
    seen(recent, "r1")

    write(office, "r1", "three", "four")

    assert seen(recent, "r1") == ["two", "three", "four"]


def test_rollouts_are_kept_apart(office: Office) -> None:
    recent = RecentEntries(office.store, kept=3)
    write(office, "r1", "one")
    write(office, "r2", "two")

    assert (seen(recent, "r1"), seen(recent, "r2")) == (["one"], ["two"])


def test_a_history_longer_than_a_page_is_read_to_its_end(office: Office) -> None:
    write(office, "r1", *(str(n) for n in range(1_100)))

    assert seen(RecentEntries(office.store, kept=2), "r1") == ["1098", "1099"]
