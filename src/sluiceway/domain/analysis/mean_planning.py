"""How many values a question about means needs: before the start for a stage, and while it is undecided.

Expected growth of the evidence, not simulation: right within a factor of two, and said as such.
"""

from __future__ import annotations

import math

from sluiceway.domain.analysis.mean_bets import STAKES, Side, Sums, bet
from sluiceway.domain.analysis.means import AT_START, MeanEvidence, MeanSettings, scaled
from sluiceway.domain.analysis.noise import Noise
from sluiceway.domain.analysis.planning import Need

LONGEST_S = 90 * 86_400.0
_BATCH_S = 60.0
_KNOWN = 200.0
_HALVINGS = 60
_OUT_OF_REACH = Need(None, None, "too few values to ever tell")


def seconds_to_see_loss(
    loss: float, *, values_per_s: float, share: float, mean: float, sd: float, settings: MeanSettings
) -> float | None:
    """Return about how long a loss (in the metric's unit) takes to be rolled back, in seconds.

    `values_per_s` of both versions together, `share` (0 to 1) of them on the new one; stable's values have
    this `mean`, both versions' this standard deviation. None when it would take more than 90 days or never.
    """
    if loss <= settings.margin:
        return None
    usual = _usual(mean, sd, settings)
    nats = math.log(len(STAKES) / (settings.alpha * AT_START))
    return _seconds(loss, settings.margin, usual, values_per_s, share, settings=settings, nats=nats)


def seconds_to_clear_of_loss(
    *, values_per_s: float, share: float, mean: float, sd: float, settings: MeanSettings
) -> float | None:
    """Return about how long a version exactly as good as stable takes to be shown sound, in seconds."""
    nats = math.log(len(STAKES) / settings.beta)
    usual = _usual(mean, sd, settings)
    found = _seconds(0.0, settings.sound_margin, usual, values_per_s, share, settings=settings, nats=nats)
    return None if found is None else max(found, settings.min_bake_s)


def still_needed_of_means(state: MeanEvidence, loss: float, settings: MeanSettings) -> Need:
    """Return how much more data would settle it, `loss` being the estimate so far: as a regression when it
    looks like one, else as sound."""
    values, seconds = state.n0 + state.n1, state.elapsed_s
    if min(state.n0, state.n1) < 1.0 or seconds <= 0.0:
        return _OUT_OF_REACH
    mean = state.total0 / state.n0
    sd = max(
        math.sqrt(max(0.0, squares / n - (total / n) ** 2))
        for n, total, squares in (
            (state.n0, state.total0, state.squares0),
            (state.n1, state.total1, state.squares1),
        )
    )
    rate, share = values / seconds, state.n1 / values
    if loss > (settings.margin + settings.sound_margin) / 2.0:
        whole = seconds_to_see_loss(loss, values_per_s=rate, share=share, mean=mean, sd=sd, settings=settings)
    else:
        whole = seconds_to_clear_of_loss(values_per_s=rate, share=share, mean=mean, sd=sd, settings=settings)
    if whole is None:
        return _OUT_OF_REACH
    # What is there counts; a version that is slightly worse than stable needs more, hence never "0".
    left_s = max(whole - seconds, 0.1 * whole)
    left = left_s * rate * share
    return Need(left_s, left, f"about {max(1.0, left):,.0f} more values of the new version are needed")


def _usual(mean: float, sd: float, settings: MeanSettings) -> Sums:
    """One value of stable on average, between 0 and 1."""
    return scaled(1.0, mean, sd * sd + mean * mean, settings)


def _seconds(
    loss: float,
    margin: float,
    usual: Sums,
    values_per_s: float,
    share: float,
    *,
    settings: MeanSettings,
    nats: float,
) -> float | None:
    """Solve for the time at which expected evidence reaches `nats`: of a loss beyond the margin if there is
    one, else of the contrary."""
    if values_per_s <= 0.0 or not 0.0 < share < 1.0:
        return None
    real, at = loss / settings.width, margin / settings.width
    mean1 = min(max(usual.total + real, 0.0), 1.0)
    new_value = Sums(1.0, mean1, usual.squares - usual.total**2 + mean1 * mean1)
    stable = _side(usual, values_per_s * (1.0 - share), settings.noise)
    new = _side(new_value, values_per_s * share, settings.noise)
    made, against = (bet(new, stable), at) if real > at else (bet(stable, new), -at)
    won = (score - stake * made.pull * against for score, stake in zip(made.scores, STAKES, strict=True))
    pace = max(won) / _BATCH_S
    if pace <= 0.0:
        return None
    slow_sd = settings.noise.slow_sd * math.sqrt(max(usual.squares - usual.total**2, 0.0))

    def expected(t: float) -> float:
        """Values alone give `pace`; a disturbance caps what a time may give by the information on the mean of
        such a process, d^2 (2 + t / memory) / 4 sd^2. They combine as resistors do in parallel."""
        by_values = pace * t
        if slow_sd <= 0.0:
            return by_values
        by_drift = (real - at) ** 2 * (2.0 + t / settings.noise.slow_s) / (4.0 * slow_sd**2)
        return by_values * by_drift / (by_values + by_drift)

    if expected(LONGEST_S) < nats:
        return None
    low, high = 0.0, LONGEST_S
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if expected(middle) < nats else (low, middle)
    return high


def _side(value: Sums, values_per_s: float, noise: Noise) -> Side:
    return Side(value.times(values_per_s * _BATCH_S), value.times(_KNOWN), noise.burst)
