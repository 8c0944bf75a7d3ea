"""The bench of feature flags: evaluations beside other engines, and what the server and its clients do.

`make bench NAME=flags` (a few minutes; `ARGS=--quick` under one). `ARGS="--part evaluations"` runs one part;
each is a module of its own, `bench/flags_*.py`, with a function `measure(quick)` that returns its figures.
The last line is one JSON object; see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json

from bench.rig import say

PARTS = ("evaluations", "ofrep", "clients")


def main() -> None:
    there = [name for name in PARTS if importlib.util.find_spec(f"bench.flags_{name}")]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer users and rounds")
    parser.add_argument("--part", action="append", choices=there, help="only this part; may be repeated")
    args = parser.parse_args()
    figures: dict[str, object] = {}
    for name in args.part or there:
        say(f"part {name}")
        figures[name] = importlib.import_module(f"bench.flags_{name}").measure(quick=args.quick)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
