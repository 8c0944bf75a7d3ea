"""The cost of the comparison in a tick: the state does not grow, whatever was counted."""

from __future__ import annotations

from bench.analysed_ticks import measure


def test_a_state_with_three_metrics_stays_as_large_as_it_was() -> None:
    found = measure(steps=120)

    assert found.late_bytes < 1.05 * found.early_bytes < 16_000
    assert found.analysed_ms > 0
