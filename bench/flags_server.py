"""Sluiceway as `sluice serve` runs it, with flags and a token for them. For benches of flags.

`python -m bench.flags_server DATA PORT FLAGS` makes flags, prints the token as a JSON line, and serves.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import uvicorn

from sluiceway.bootstrap import Settings, build_app
from sluiceway.domain.flags.model import Constraint, Flag, Operator, Rule
from sluiceway.domain.people.model import open_principal
from sluiceway.domain.process.team import Permission
from sluiceway.services.tokens import TokenService

SERVICE, ENVIRONMENT = "shop", "development"
_RULE = Rule("some", constraints=(Constraint("country", Operator.IN, ("DE", "FR")),), reach=25_000)


def main() -> None:
    folder, port, flags = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    app = build_app(Settings(data_dir=folder, port=port, log_level="warning"))
    by = open_principal("bench")
    for number in range(flags):
        app.flags.create(SERVICE, Flag(f"flag-{number}", is_enabled=True, rules=(_RULE,) * (number % 2)), by)
    made = TokenService(app.store, app.clock).create(
        "bench", SERVICE, by, scopes=(Permission.EVALUATE,), environments=(ENVIRONMENT,)
    )
    print(json.dumps({"token": made.token}), flush=True)
    app.start()
    try:
        uvicorn.run(app.asgi, host="127.0.0.1", port=port, log_config=None, access_log=False)
    finally:
        app.stop()
        app.close()


if __name__ == "__main__":
    main()
