"""The statistical comparison in a terminal."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from sluiceway.cli.compared import WIDE, Comparison, range_bar
from sluiceway.domain.process.plan import UsualNoise
from sluiceway.domain.rollouts.model import Phase, RolloutId
from sluiceway.services.analysis_view import render_analysis
from sluiceway.services.views import AnalysisView, ComparedView
from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.domain.rollouts.compared import (
    ALIKE,
    ERRORS,
    SLOW,
    WORSE,
    a_world,
    an_analysis,
    in_first_stage,
)
from tests.unit.domain.rollouts.world import World, a_plan
from tests.unit.services.desk import ADA


def worse() -> World:
    world = in_first_stage(a_world(an_analysis(ERRORS, SLOW)))
    world.counts["errors"] = WORSE
    world.run(until=Phase.ROLLING_BACK, ticks=10)
    return world


def analysis_of(world: World) -> AnalysisView:
    view = render_analysis(world.state)
    assert view is not None
    return view


def a_metric(ratio: float | None, low: float | None, high: float | None) -> ComparedView:
    view = analysis_of(a_world(an_analysis()))
    return replace(view.metrics[0], ratio=ratio, low=low, high=high)


def drawn(analysis: AnalysisView, width: int = 160) -> list[str]:
    console = Console(width=width)
    with console.capture() as captured:
        console.print(Comparison(analysis, new="2.0", stable="1.0"))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_range_stands_between_powers_of_two_with_the_limit_marked() -> None:
    assert range_bar(a_metric(2.0, 1.0, 4.0)) == "0.5 ────────├━━┼━━━━●━━━━━━━┤ 4"


def test_a_range_beyond_the_scale_ends_in_arrows() -> None:
    bar = range_bar(a_metric(1.0, 0.0001, 5_000.0))

    assert bar == "0.0625 ◂━━━━━━━━━●━━━━━━━━━━━━━▸ 64"


def test_a_difference_stands_around_none_with_its_limit_on_the_side_that_is_worse() -> None:
    lower = replace(a_metric(-0.5, -1.0, 0.25), range_of="difference", margin=0.5, is_higher_worse=False)
    higher = replace(a_metric(0.25, -0.5, 1.0), range_of="difference", margin=0.5)

    assert range_bar(lower) == "-1 ├━━━━━●━━━━━━━━┤───────── +1"
    assert range_bar(higher) == "-1 ──────├━━━━━━━━●━━┼━━━━━┤ +1"


def test_an_unknown_range_is_not_drawn() -> None:
    assert range_bar(a_metric(None, None, None)) == ""


@given(st.floats(1e-20, 1e20), st.floats(1.0, 1e10), st.floats(1.0, 1e10))
def test_every_range_is_drawn_as_wide_as_any_other(ratio: float, below: float, above: float) -> None:
    first, cells, last = range_bar(a_metric(ratio, ratio / below, ratio * above)).split(" ")

    assert len(cells) == 25
    assert cells.count("●") == 1
    assert float(first) < float(last)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 10))
def test_every_difference_is_drawn(middle: float, below: float, above: float, margin: float) -> None:
    metric = replace(a_metric(middle, middle - below, middle + above), range_of="difference", margin=margin)

    first, cells, last = range_bar(metric).split(" ")

    assert (len(cells), cells.count("●")) == (25, 1)
    assert first.removeprefix("-") == last.removeprefix("+")


def test_each_metric_has_a_line_with_word_sentence_and_range() -> None:
    lines = drawn(analysis_of(worse()))

    assert lines[0].startswith("2.0 against 1.0  users are on their way back to 1.0")
    assert lines[1].startswith("✘ worse  ")
    assert "errors on 2.0 are " in lines[1]
    assert "●" in lines[1]
    assert any(line.startswith("… not clear yet") and "slow requests" in line for line in lines)


def test_a_narrow_terminal_gets_the_words_without_the_drawing() -> None:
    narrow = "\n".join(drawn(analysis_of(worse()), width=WIDE - 1))

    assert "✘ worse" in narrow
    assert "●" not in narrow


def test_before_anything_was_counted_one_line_says_so() -> None:
    assert drawn(analysis_of(a_world(an_analysis()))) == [
        "2.0 against 1.0  the comparison begins when 2.0 has its first users"
    ]


def comparing(server: Served, noise: UsualNoise = UsualNoise.INDEPENDENT) -> str:
    plan = replace(a_plan(500, 2_500, 10_000), analysis=an_analysis(noise=noise))
    rollout_id = server.office.put_rollout(plan)
    server.office.desk.run(rollout_id, until="progressing")
    server.office.desk.worlds[RolloutId(rollout_id)].counts = {"errors": ALIKE}
    for _ in range(5):
        with server.office.store.begin() as tx:
            tx.wake(RolloutId(rollout_id), server.office.clock.wall())
        server.office.clock.advance(10)
        server.office.desk.tick()
    return rollout_id


def test_status_shows_the_comparison(server: Served, sluice: Sluice) -> None:
    comparing(server)

    shown = sluice("rollout", "status").stdout

    assert "2.0 against 1.0" in shown
    assert "… not clear yet" in shown
    assert shown.count("too early to say whether errors on 2.0") == 1


def test_explain_says_what_the_comparison_says(server: Served, sluice: Sluice) -> None:
    comparing(server)

    assert "compared   too early to say whether errors on 2.0" in sluice("rollout", "explain").stdout


def test_status_and_explain_say_why_a_person_would_be_asked(server: Served, sluice: Sluice) -> None:
    comparing(server, UsualNoise.LEARNED)
    doubt = "in doubt   errors: how much two equally good versions differ here is not known yet"

    assert doubt in sluice("rollout", "status").stdout
    assert doubt in sluice("rollout", "explain").stdout


def test_json_carries_the_whole_comparison(server: Served, sluice: Sluice) -> None:
    rollout_id = comparing(server)
    view = server.office.service.get(rollout_id, ADA).analysis
    assert view is not None

    sent = json.loads(sluice("rollout", "status", "--json").stdout)["analysis"]

    assert sent["promise"] == view.promise
    assert sent["metrics"][0]["sentence"] == view.metrics[0].sentence
    assert sent["metrics"][0]["low"] == view.metrics[0].low
