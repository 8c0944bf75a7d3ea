"""The app as `sluice serve` runs it, with one more route: the floor, one row read through the same stack.

`python -m bench.releases_server DATA PORT`; DATA is a data directory, made by `releases_store`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from sqlalchemy import text

from sluiceway.bootstrap import App, Settings, build_app

FLOOR = "/bench/floor"
_ONE_ROW = text("SELECT id FROM releases WHERE seq = :seq")


def with_floor(app: App) -> App:
    """Add the route that the others are compared with: one row, by its key, as the caller may see it."""

    @get(FLOOR, sync_to_thread=True)
    def floor(by: NamedDependency[object], seq: FromQuery[int]) -> dict[str, str]:
        del by
        with app.store.engine.connect() as connection:
            found: str = connection.execute(_ONE_ROW, {"seq": seq}).scalar_one()
        return {"id": found}

    app.asgi.register(floor)
    return app


def main() -> None:
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    app = with_floor(build_app(Settings(data_dir=folder, port=port)))
    app.start()
    try:
        uvicorn.run(app.asgi, host="127.0.0.1", port=port, log_config=None, access_log=False)
    finally:
        app.stop()
        app.close()


if __name__ == "__main__":
    main()
