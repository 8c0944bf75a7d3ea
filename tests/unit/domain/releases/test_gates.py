"""Where a gate stands: the newest word about this version counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.releases.gates import GateState, read_gate
from sluiceway.domain.releases.model import GateEntry, GateResult
from tests.unit.domain.releases.roads import HOUR, NOW, QUALITY

PASSED = GateEntry("quality", GateResult.PASSED, "quinn", "qa", NOW, "all green", "1.5.0")
FAILED = replace(PASSED, result=GateResult.FAILED, statement="two tests fail")
WAIVED = GateEntry("quality", GateResult.WAIVED, "carl", "cto", NOW, "a leak", "1.5.0", until=NOW + HOUR)
OLD = replace(PASSED, subject="1.4.0")
OF_ANOTHER = replace(PASSED, gate="security")


@pytest.mark.parametrize(
    ("entries", "state", "sentence"),
    [
        ((), GateState.MISSING, "Code quality is not attested"),
        ((OF_ANOTHER,), GateState.MISSING, "Code quality is not attested"),
        ((PASSED,), GateState.PASSED, 'Code quality passed, says quinn (qa): "all green"'),
        ((PASSED, FAILED), GateState.FAILED, 'Code quality failed, says quinn (qa): "two tests fail"'),
        ((FAILED, PASSED), GateState.PASSED, 'Code quality passed, says quinn (qa): "all green"'),
        ((OLD,), GateState.STALE, "Code quality was looked at for 1.4.0, not for 1.5.0"),
        ((PASSED, OLD), GateState.PASSED, 'Code quality passed, says quinn (qa): "all green"'),
        (
            (FAILED, WAIVED),
            GateState.WAIVED,
            'Code quality is waived, says carl (cto): "a leak", until 2026-03-02 10:00 UTC',
        ),
        ((replace(PASSED, role="", statement=""),), GateState.PASSED, "Code quality passed, says quinn"),
    ],
)
def test_the_newest_word_about_this_version_counts(
    entries: tuple[GateEntry, ...], state: GateState, sentence: str
) -> None:
    found = read_gate(QUALITY, entries, "1.5.0", NOW)

    assert (found.state, found.sentence) == (state, sentence)


def test_a_waiver_that_has_ended_brings_no_older_pass_back() -> None:
    found = read_gate(QUALITY, (PASSED, WAIVED), "1.5.0", NOW + HOUR)

    assert found.state is GateState.STALE
    assert found.sentence == "Code quality: the waiver by carl ended on 2026-03-02 10:00 UTC"


@given(st.lists(st.sampled_from([PASSED, FAILED, WAIVED, OLD, OF_ANOTHER]), max_size=6))
def test_a_gate_lets_pass_only_on_a_last_word_that_does(entries: list[GateEntry]) -> None:
    mine = [one for one in entries if one.gate == "quality" and one.subject == "1.5.0"]

    found = read_gate(QUALITY, entries, "1.5.0", NOW)

    assert found.state.lets_pass == (bool(mine) and mine[-1].result is not GateResult.FAILED)
