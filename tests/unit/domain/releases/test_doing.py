"""Checklist items, rollouts and runs of a release: who does them, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluiceway.domain.checklists.due import open_required
from sluiceway.domain.people.model import Absence, Directory
from sluiceway.domain.process.lists import Checklist, Item
from sluiceway.domain.releases.doing import check_item, own_rollout, own_run, reopen_item, set_item_aside
from sluiceway.domain.releases.model import ItemEntry, ItemState, Release
from sluiceway.errors import InvalidInputError, NotFoundError, NotReadyError, RuleError
from tests.unit.domain.releases.ready import ready
from tests.unit.domain.releases.roads import (
    DIRECTORY,
    HOUR,
    NOW,
    PROCESS,
    WORLD,
    a_process,
    a_release,
)


def checked(item: str = "backup", by: str = "eli", checklist: str = "before", **given: Any) -> Release:
    how = {"now": NOW, "directory": DIRECTORY, **given}
    return check_item(a_release("build"), how.pop("process", PROCESS), checklist, item, by=by, **how)


def test_an_item_is_done_with_note_and_link() -> None:
    release = checked(note="to tape", link="https://example.org/7")

    assert release.items == (
        ItemEntry("before", "backup", ItemState.DONE, "eli", NOW, "to tape", "https://example.org/7"),
    )
    assert "backup" not in [one.item.id for one in open_required(PROCESS, release, "before", NOW)]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"by": "mia"}, RuleError, '"Data is backed up" is up to engineer, and mia is not that'),
        ({"item": "smoke"}, RuleError, '"Smoke tests" is answered by a command check; run it instead'),
        ({"item": "tea"}, NotFoundError, '"before" has no item "tea"; it has: backup, smoke, schema, cake'),
        ({"checklist": "after"}, NotFoundError, 'REL-2026-0001 has no checklist "after"; it has: before'),
    ],
)
def test_an_item_is_refused(given: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        checked(**given)


def test_a_group_is_done_when_its_parts_are() -> None:
    group = Checklist("before", "Before", (Item("all", "All"), Item("one", "One", parent="all")))
    process = a_process(checklists=(group,))

    with pytest.raises(RuleError, match='Before: "All" is made of parts and done when they are; check those'):
        checked("all", process=process)
    assert open_required(process, checked("one", process=process), "before", NOW) == ()


def test_an_alternate_does_the_items_of_somebody_away() -> None:
    gone = Absence("eli", NOW - HOUR, NOW + HOUR, "mia")

    assert checked(by="mia", directory=Directory(DIRECTORY.members, (gone,))).items[0].by == "mia"


def test_an_item_is_opened_again() -> None:
    again = reopen_item(
        checked(), PROCESS, "before", "backup", by="ben", now=NOW, directory=DIRECTORY, note="tape tore"
    )

    assert again.items[-1] == ItemEntry("before", "backup", ItemState.OPEN, "ben", NOW, "tape tore")
    assert "backup" in [one.item.id for one in open_required(PROCESS, again, "before", NOW)]


def aside(item: str, reason: str = "no schema change", by: str = "eli") -> Release:
    return set_item_aside(
        a_release("build"), PROCESS, "before", item, by=by, reason=reason, now=NOW, directory=DIRECTORY
    )


@pytest.mark.parametrize("item", ["schema", "cake"])
def test_what_may_not_apply_is_set_aside_with_a_reason(item: str) -> None:
    assert aside(item).items == (
        ItemEntry("before", item, ItemState.SET_ASIDE, "eli", NOW, "no schema change"),
    )


def test_what_every_release_needs_is_not_set_aside() -> None:
    with pytest.raises(RuleError, match='"Data is backed up" is required of every release'):
        aside("backup")
    with pytest.raises(InvalidInputError, match='"Schema is migrated": say why it does not apply'):
        aside("schema", reason=" ")


def test_a_list_goes_on_after_the_end() -> None:
    ended = replace(a_release("closed"))

    assert check_item(ended, PROCESS, "before", "backup", by="eli", now=NOW, directory=DIRECTORY).items != ()


def test_a_rollout_is_owned_in_its_phase_only() -> None:
    release = ready("live")

    assert own_rollout(release, PROCESS, "r-1", NOW, WORLD).rollouts == ("r-1",)
    with pytest.raises(NotReadyError) as found:
        own_rollout(ready("decide"), PROCESS, "r-1", NOW, WORLD)
    assert str(found.value) == (
        "REL-2026-0001 can't roll out yet:\n"
        "- REL-2026-0001 is in decide; it rolls out in live (can be supplied by mia)"
    )


def test_a_run_is_owned_for_a_runbook_of_the_process() -> None:
    assert own_run(a_release("build"), PROCESS, "deployment", "run-1").runs == ("run-1",)
    with pytest.raises(NotFoundError, match='has no runbook "party"; it has: deployment'):
        own_run(a_release("build"), PROCESS, "party", "run-1")
    with pytest.raises(RuleError, match="is closed and can't be changed any more"):
        own_run(a_release("closed"), PROCESS, "deployment", "run-1")
