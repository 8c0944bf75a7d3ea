"""Checklist items that answer by themselves: run when due, once, their answers kept in the release."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Outcome, Run, RunPhase
from sluiceway.domain.process.lists import Checklist, Item, ItemKind
from sluiceway.domain.process.team import TeamProcess
from sluiceway.domain.releases.model import ItemEntry, ItemState, Release
from sluiceway.engine.items import OUTPUT_CHARS, PUT_OFF_S, Items
from sluiceway.errors import ProcessFileError
from sluiceway.ports.execution import Command
from sluiceway.ports.releases import ProcessRow, ReleaseRow
from sluiceway.ports.store import SamplePoint
from sluiceway.testing.builders import a_row
from tests.unit.domain.checklists.lists import a_process, a_release
from tests.unit.engine.runs_bench import Bench, a_bench, log_of

SMOKE = Item("smoke", "Smoke tests", ItemKind.COMMAND, command=("./smoke.sh", "{version}"), timeout_s=7)
HEALTH = Item("health", "Health endpoint", ItemKind.HTTP, url="http://h/healthz", status=204, contains="ok")
FLAGS = Item("flags", "No flag has outlived its work", ItemKind.FLAGS)
ERRORS = Item("errors", "Error rate within range", ItemKind.METRIC, expression="error_rate < 0.01")


@dataclass
class Desk:
    """One release whose items are due at the clock's `now`."""

    bench: Bench
    process: TeamProcess
    items: Items
    id: str
    is_unreadable: bool = False
    stale: tuple[str, ...] = ()  # flags

    def go(self) -> None:
        """Look, carry out what that starts, and look again."""
        self.items.look()
        self.bench.settle()
        self.items.look()

    def row(self) -> ReleaseRow:
        with self.bench.store.read() as tx:
            return tx.get_release(self.id)

    def answers(self) -> list[tuple[str, ItemState, str]]:
        return [(entry.item, entry.state, entry.note) for entry in self.row().release.items]

    def runs(self) -> list[Run]:
        with self.bench.store.read() as tx:
            return [row.run for row in tx.list_runs(release=self.id, limit=99)]

    def save(self, release: Release) -> None:
        with self.bench.store.begin() as tx:
            tx.save_release(tx.get_release(self.id), release, is_open=True, due_at=self.bench.clock.now())


@contextmanager
def a_desk(*items: Item, offset_s: float = 0.0) -> Generator[Desk]:
    with a_bench() as bench:
        now = bench.clock.now()
        process = a_process(Checklist("go", "Go", items, offset_s=offset_s, owner="qa-lead"))
        found = a_release()
        release = replace(found, facts=replace(found.facts, target_at=now), process_hash="ab" * 32)
        with bench.store.begin() as tx:
            tx.put_process(ProcessRow("shop", "ab" * 32, "text", "/srv/shop/process.yaml", now, "ada"))
            tx.insert_release(ReleaseRow(release, 1, True, now))
        desk: Desk

        def process_of(_tx: object, _release: Release) -> TeamProcess:
            if desk.is_unreadable:
                raise ProcessFileError(("process.yaml: gone",))
            return desk.process

        def stale_flags(_tx: object, service: str, now: datetime) -> Sequence[str]:
            assert (service, now) == ("shop", bench.clock.wall())
            return desk.stale

        looker = Items(bench.store, bench.clock, process_of, stale_flags)
        desk = Desk(bench, process, looker, release.id)
        yield desk


def test_a_command_is_run_beside_the_process_file_and_its_answer_kept() -> None:
    with a_desk(SMOKE) as desk:
        desk.bench.execution.outcomes["./smoke.sh"] = [Outcome(True, "exit code 0 after 2.0 s", "ok\n")]
        desk.go()
        (command,) = desk.bench.execution.commands

        assert (command.argv, command.cwd, command.timeout_s) == (("./smoke.sh", "1.1.0"), "/srv/shop", 7)
        assert desk.row().release.items == (
            ItemEntry(
                "go", "smoke", ItemState.DONE, "sluiceway", desk.bench.clock.now(),
                note="exit code 0 after 2.0 s", output="ok\n",
            ),
        )  # fmt: skip
        assert desk.row().due_at is None
        assert log_of(desk.bench, desk.id)[-1] == "item-done: go/smoke: exit code 0 after 2.0 s"


def test_a_question_over_http_that_fails_is_not_asked_again_by_itself() -> None:
    with a_desk(HEALTH) as desk:
        desk.bench.execution.outcomes["http://h/healthz"] = [Outcome(False, "status 500, expected 204")]
        desk.go()
        desk.bench.clock.advance(3_600)
        desk.go()

        assert desk.answers() == [("health", ItemState.FAILED, "status 500, expected 204")]
        assert len(desk.bench.execution.checks) == 1


def test_nothing_is_run_before_it_is_due() -> None:
    with a_desk(SMOKE, offset_s=900) as desk:
        desk.go()
        assert desk.bench.execution.commands == []
        assert desk.row().due_at == desk.bench.clock.now() + timedelta(minutes=15)

        desk.bench.clock.advance(900)
        desk.go()
        assert desk.bench.execution.programs == ["./smoke.sh"]


def test_looking_again_while_it_runs_starts_it_only_once() -> None:
    with a_desk(SMOKE, HEALTH) as desk:
        desk.items.look()
        desk.save(replace(desk.row().release, previous_version="1.0.0"))
        desk.items.look()
        assert [run.item for run in desk.runs()] == ["go/health", "go/smoke"]

        desk.bench.settle()
        assert [item for item, state, _ in desk.answers() if state is ItemState.DONE] == ["smoke", "health"]


def test_an_item_that_a_person_opens_again_is_run_again() -> None:
    with a_desk(SMOKE) as desk:
        desk.bench.execution.outcomes["./smoke.sh"] = [Outcome(False, "exit code 1 after 1.0 s")]
        desk.go()
        opened = ItemEntry("go", "smoke", ItemState.OPEN, "ada", desk.bench.clock.now())
        release = desk.row().release
        desk.save(replace(release, items=(*release.items, opened)))
        desk.go()

        assert [state for _, state, _ in desk.answers()] == [
            ItemState.FAILED,
            ItemState.OPEN,
            ItemState.DONE,
        ]
        assert len({run.id for run in desk.runs()}) == 2


def test_an_item_that_a_crash_cut_off_has_failed_and_is_not_run_again_by_itself() -> None:
    with a_desk(SMOKE) as desk:

        def die(_command: Command) -> None:
            raise KeyboardInterrupt

        desk.bench.execution.during = die
        with pytest.raises(KeyboardInterrupt):
            desk.go()
        desk.bench.crash()
        (run,) = desk.runs()
        desk.bench.runs.carry_out(run.id, run.attempts[0].key)
        desk.go()

        note = "it was cut off, so its answer is not known; open it to have it run again"
        assert desk.answers() == [("smoke", ItemState.FAILED, note)]
        assert desk.bench.execution.programs == ["./smoke.sh"]


def test_an_item_whose_run_a_person_stops_has_failed_by_that_person() -> None:
    with a_desk(SMOKE) as desk:

        def stop(_command: Command) -> None:
            (run,) = desk.runs()
            desk.bench.change(
                running.stop(run, by="ada", why="", takes_back=False, now=desk.bench.clock.now())
            )

        desk.bench.execution.during = stop
        desk.go()

        assert desk.runs()[0].phase is RunPhase.STOPPED
        assert (desk.answers(), desk.row().release.items[0].by) == (
            [("smoke", ItemState.FAILED, "stopped by ada")],
            "ada",
        )


def test_the_release_keeps_the_end_of_a_long_output() -> None:
    with a_desk(SMOKE) as desk:
        desk.bench.execution.outcomes["./smoke.sh"] = [Outcome(True, "exit code 0", "x" * 60_000 + "end")]
        desk.go()

        output = desk.row().release.items[0].output
        assert (len(output), output[-4:]) == (OUTPUT_CHARS, "xend")
        assert len(desk.runs()[0].attempts[0].output) == 60_003


def with_figures(desk: Desk, figures: dict[str, float | None], seconds_ago: float = 1.0) -> None:
    """Give the release a rollout whose newest figures are these."""
    rollout = a_row()
    at = desk.bench.clock.wall() - timedelta(seconds=seconds_ago)
    with desk.bench.store.begin() as tx:
        tx.insert_rollout(rollout)
        tx.add_samples(rollout.id, [SamplePoint(at - timedelta(seconds=1), {"new.error_rate": 0.5})])
        tx.add_samples(rollout.id, [SamplePoint(at, figures)])
    desk.save(replace(desk.row().release, rollouts=(rollout.id,)))


@pytest.mark.parametrize(
    ("figures", "state", "note"),
    [
        ({"new.error_rate": 0.004}, ItemState.DONE, "error_rate is 0.4 %, must be < 1 %"),
        ({"new.error_rate": 0.02}, ItemState.FAILED, "error_rate is 2 %, must be < 1 %"),
        (
            {"new.error_rate": None, "stable.error_rate": 0.0},
            ItemState.FAILED,
            "no data for error_rate; must hold: error_rate < 0.01",
        ),
    ],
)
def test_an_expression_is_answered_from_the_newest_figures(
    figures: dict[str, float | None], state: ItemState, note: str
) -> None:
    with a_desk(ERRORS) as desk:
        with_figures(desk, figures)
        desk.items.look()

        assert desk.answers() == [("errors", state, note)]
        assert desk.row().due_at is None


def test_an_expression_may_compare_with_the_stable_version() -> None:
    with a_desk(replace(ERRORS, expression="error_rate <= 2 * baseline.error_rate")) as desk:
        with_figures(desk, {"new.error_rate": 0.03, "stable.error_rate": 0.02})
        desk.items.look()

        assert [state for _, state, _ in desk.answers()] == [ItemState.DONE]


@pytest.mark.parametrize("has_rollout", [True, False])
def test_old_figures_and_none_are_no_data_and_never_a_pass(has_rollout: bool) -> None:
    with a_desk(ERRORS) as desk:
        if has_rollout:
            with_figures(desk, {"new.error_rate": 0.0}, seconds_ago=61)
        desk.items.look()

        assert desk.answers() == [
            (
                "errors",
                ItemState.FAILED,
                "no data: no rollout of the release has figures of now; must hold: error_rate < 0.01",
            )
        ]


def test_a_release_whose_process_can_t_be_read_is_put_off_and_holds_up_no_other() -> None:
    with a_desk(SMOKE) as desk:
        desk.is_unreadable = True
        desk.items.look()
        assert desk.row().due_at == desk.bench.clock.now() + timedelta(seconds=PUT_OFF_S)

        desk.is_unreadable = False
        desk.bench.clock.advance(PUT_OFF_S)
        desk.go()
        assert [state for _, state, _ in desk.answers()] == [ItemState.DONE]


def test_a_hostile_text_in_an_item_is_kept_and_never_run() -> None:
    hostile = "$(reboot); <script>alert(1)</script> %s {version}"
    with a_desk(replace(SMOKE, text=hostile, command=("./smoke.sh", hostile))) as desk:
        desk.go()
        (command,) = desk.bench.execution.commands

        assert command.argv[1] == hostile.replace("{version}", "1.1.0")
        assert desk.runs()[0].runbook.steps[0].title == hostile


def test_an_answer_for_a_release_that_is_gone_is_no_loss() -> None:
    with a_desk(SMOKE) as desk:
        desk.items.look()
        (run,) = desk.runs()
        desk.bench.change(replace(run, release="REL-2026-0999"))
        desk.bench.settle()

        with desk.bench.store.read() as tx:
            assert tx.get_run(run.id).run.phase is RunPhase.DONE
        assert desk.answers() == []


def test_no_stale_flag_is_an_answer_that_needs_no_run() -> None:
    with a_desk(FLAGS) as desk:
        desk.go()

        assert desk.answers() == [("flags", ItemState.DONE, "no flag of shop is stale")]
        assert desk.runs() == []
        assert log_of(desk.bench, desk.id)[-1] == "item-done: go/flags: no flag of shop is stale"


def test_stale_flags_are_named_with_why() -> None:
    with a_desk(FLAGS) as desk:
        desk.stale = ("old-cart (expired on 2026-01-01, 90 days ago)", "beta (its release shop-1 is closed)")
        desk.go()

        said = f"2 flags are stale: {desk.stale[0]}; {desk.stale[1]}"
        assert desk.answers() == [("flags", ItemState.FAILED, said)]


def test_of_many_stale_flags_ten_are_named() -> None:
    with a_desk(FLAGS) as desk:
        desk.stale = tuple(f"flag-{number:02}" for number in range(13))
        desk.go()

        ((_, state, said),) = desk.answers()
        assert state is ItemState.FAILED
        assert said.startswith("13 flags are stale: flag-00; flag-01")
        assert said.endswith("flag-09; and 3 more")
