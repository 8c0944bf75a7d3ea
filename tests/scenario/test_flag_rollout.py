"""A release flag under Athena's shares, from a server that is a process to clients in a service."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator
from itertools import pairwise

from sluiceway.adapters.clock import SystemClock
from sluiceway.adapters.data_dir import DataDir
from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.config import parse_process
from sluiceway.domain.flags.model import Flag, NoData, Reason, Threshold
from sluiceway.domain.people.model import open_principal
from sluiceway.domain.process.team import Permission
from sluiceway.flags_sdk import Context, FlagClient
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flags import FlagService
from sluiceway.services.processes import apply_process
from sluiceway.services.tokens import TokenService
from tests.scenario.harness import Rig, free_port, wait_for
from tests.scenario.searching import Search

USERS = {f"user-{number}": Context(f"user-{number}") for number in range(4_000)}
STAGES = [
    ("internal", "0.1"),
    ("alpha", "1"),
    ("beta", "10"),
    ("gradual-25", "25"),
    ("gradual-50", "50"),
    ("gradual-100", "100"),
]
SHARES = [4, 40, 400, 1_000, 2_000, 4_000]  # of them: 0.1, 1, 10, 25, 50 and 100 percent
ADA = open_principal("ada")
SLOW = Threshold("slow", "p95_ms > 250", NoData.KEEP, for_s=60, metric="response time")
PROCESS = """\
extends: athena
name: shop
metrics:
  p95_ms: {{source: prometheus, address: "{address}", query: 'search_p95_ms{{service="{{{{service}}}}"}}'}}
rollouts:
  by-flag:
    strategy: feature-flag
    flag: new-search
    stages:
      - {{name: internal, weight: 0.1%, duration: 2h}}
      - {{name: alpha, weight: 1%, duration: 2h}}
      - {{name: beta, weight: 10%, duration: 2h}}
      - {{name: gradual-25, weight: 25%, duration: {quarter}}}
      - {{name: gradual-50, weight: 50%, duration: 2h}}
      - {{name: gradual-100, weight: 100%, duration: 2h}}
    rollback: {{automatic: true}}
"""


class Shop:
    """One server, two clients of it, and the service in which the first one decides."""

    def __init__(self, app: Rig, store: SqlStore, quarter: str) -> None:
        self.app = app
        self._ways = contextlib.ExitStack()
        clock = SystemClock(app.speed)
        self.flags = FlagService(store, clock, FlagSets(store, clock))
        token = TokenService(store, clock).create(
            "shop", "shop", ADA, scopes=(Permission.EVALUATE,), environments=("production",)
        )
        self.clients = [
            self._ways.enter_context(FlagClient(app.url, token.token, start_wait_s=30, poll_s=0.5))
            for _ in range(2)
        ]
        self.search = Search(lambda user: self.clients[0].boolean("new-search", Context(user), False))
        self._ways.callback(self.search.close)
        self.text = PROCESS.format(address=self.search.url, quarter=quarter)
        with store.begin() as tx:
            process = parse_process(self.text, str(app.process_file))
            apply_process(tx, process, service="shop", by="ada", clock=clock)
        flag = Flag("new-search", thresholds=(SLOW,))
        self.flags.create("shop", flag, ADA)

    def start(self) -> str:
        answer = self.app.api(
            "POST",
            "/rollouts",
            json={"process": self.text, "path": "shop.yaml", "new": "2.4.0", "rollout": "by-flag"},
        )
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["summary"]["id"])

    def reached(self, client: int = 0) -> frozenset[str]:
        """Return who has the flag, as one client says."""
        flags = self.clients[client]
        return frozenset(key for key, one in USERS.items() if flags.boolean("new-search", one, False))

    def close(self) -> None:
        self._ways.close()


@contextlib.contextmanager
def opened(app: Rig, *, quarter: str = "2h") -> Generator[Shop]:
    """Yield a shop that is served; `quarter` is how long a quarter of the users has the flag at least."""
    app.speed = 2_400  # a stage of two hours takes three seconds
    app.serve_port = free_port()
    app.serve()
    with contextlib.closing(open_store(DataDir(app.data).database, owner="test")) as store:
        made = Shop(app, store, quarter)
        try:
            yield made
        finally:
            made.close()


@contextlib.contextmanager
def followed(shop: Shop) -> Generator[list[frozenset[str]]]:
    """Yield who has the flag, again and again, as the second client sees it: only what changed."""
    seen: list[frozenset[str]] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(0.02):
            now = shop.reached(1)
            if not seen or now != seen[-1]:
                seen.append(now)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join(10)


def test_a_flag_goes_through_the_shares_and_a_kill_of_the_server_takes_nobody_back(app: Rig) -> None:
    with opened(app) as shop:
        with followed(shop) as seen:
            rollout = shop.start()
            wait_for("ten percent", lambda: len(shop.reached()) > 300, 60)
            app.kill()
            while_down = shop.reached()
            app.serve()
            app.wait_phase(rollout, "promoted", within_s=120)
            wait_for("everyone", lambda: len(shop.reached(0)) == len(shop.reached(1)) == len(USERS), 60)

        assert len(while_down) > 300
        assert all(before <= after for before, after in pairwise(seen))
        sizes = [len(one) for one in seen if one]
        assert all(any(abs(size - share) <= 4 * share**0.5 for share in SHARES) for size in sizes), sizes
        history = app.api("GET", f"/rollouts/{rollout}/history").json()
        entered = [entry["why"].split(":")[0] for entry in history if entry["kind"] == "stage-entered"]
        assert entered == [f"stage {name} at {weight} %" for name, weight in STAGES]
        assert app.audit_is_whole()


def test_a_flag_whose_new_way_is_slow_is_turned_off_by_its_threshold(app: Rig) -> None:
    with opened(app, quarter="200h") as shop:
        rollout = shop.start()
        wait_for("a quarter", lambda: len(shop.reached()) > 800, 60)
        assert app.phase(rollout) == "progressing"
        shop.search.slow_s = 0.5
        view = app.wait_phase(rollout, "rolled-back", within_s=100)
        wait_for("nobody has it", lambda: not shop.reached(0) and not shop.reached(1), 60)

        found = shop.clients[0].evaluate("new-search", USERS["user-0"])
        assert (found.reason, found.culprit) == (Reason.THRESHOLD, "response time")
        assert "flag new-search was turned off: response time held for" in view["summary"]["outcome"]
        app.kill()
        app.serve()
        assert app.phase(rollout) == "rolled-back"
        assert shop.reached() == frozenset()
