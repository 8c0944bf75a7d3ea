"""A plan run in seconds on recorded or simulated metrics: when would it promote or roll back, and why?

The live engine decides, tick by tick, on a virtual clock and simulated providers; nothing is decided here.
`rehearse` is the way in, `Rehearsed` what comes out, `plot` draws it.
"""

from sluiceway.rehearsal.options import Noisiness, Options, Share
from sluiceway.rehearsal.plot import plot_html, plot_svg
from sluiceway.rehearsal.result import Ending, Rehearsed
from sluiceway.rehearsal.running import rehearse_recording, rehearse_scenario

__all__ = [
    "Ending",
    "Noisiness",
    "Options",
    "Rehearsed",
    "Share",
    "plot_html",
    "plot_svg",
    "rehearse_recording",
    "rehearse_scenario",
]
