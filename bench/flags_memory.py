"""What one engine with 100 flags weighs, in a process of its own: `python -m bench.flags_memory sluiceway`.

`set_kib` is what the flags take (tracemalloc), `loaded_kib` what the process grew by with the engine's code
and them (resident memory).
"""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from pathlib import Path

FLAGS = 100


def resident_kib() -> int:
    """Return this process's resident memory in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def main() -> None:
    bare = resident_kib()
    from bench.flags_peers import ENGINES, User

    ENGINES[sys.argv[1]](1)  # the code is loaded before the flags are weighed
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    ask, context = ENGINES[sys.argv[1]](FLAGS)
    ask(context(User("user-1", "de", "pro")))
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    set_kib = round((after - before) / 1024)
    print(json.dumps({"set_kib": set_kib, "loaded_kib": resident_kib() - bare}))


if __name__ == "__main__":
    main()
