"""The rollout bench: lost requests, seconds to safety, ticks per second, cost of the proxy's path.

`make bench NAME=rollout` (about fifteen minutes; `ARGS=--quick` runs two of each instead of ten). The last
line is one JSON object. Figures are counts and ratios within one run; see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json

from bench import path_cost, ticks, time_to_safe, weight_changes
from bench.rig import say

RUNS = 10
QUICK_RUNS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} runs per fault, not {RUNS}")
    quick = bool(parser.parse_args().quick)
    say("(a) weights change under load")
    figures: dict[str, object] = {"weight_changes": weight_changes.measure()}
    say("(c) reconciler ticks")
    figures["ticks"] = ticks.measure()
    say("(d) the proxy's path against direct")
    figures["path"] = path_cost.measure()
    say("(b) from the first bad response to safety")
    figures["time_to_safe"] = time_to_safe.measure(QUICK_RUNS if quick else RUNS)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
