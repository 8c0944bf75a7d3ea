"""A shop with flags of every kind: on in part, killed, held by a threshold, scheduled, waiting for a yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Flag,
    FlagType,
    HeldOffBy,
    Hold,
    NoData,
    Operator,
    Rule,
    Segment,
    Serve,
    Share,
    Threshold,
    ValueType,
    Variant,
    Window,
)
from sluiceway.domain.people.model import Principal
from sluiceway.ports.flags import UsageRow
from sluiceway.services.flags import FlagService
from tests.browser.host import Host

SERVICE = "checkout"
HOSTILE = "<script>document.title='run'</script><img src=x onerror=alert(1)>"
PROCESS = """\
name: checkout
roles:
  - {id: developer, title: Developer, may: [flag]}
  - {id: on-call, title: On call, may: [kill]}
  - {id: product, title: Product, may: [flag, approve, kill]}
types:
  - {id: minor, title: Minor, version: X.Y.0, path: [draft, closed]}
phases:
  - {id: draft, title: Draft}
  - {id: closed, title: Closed, kind: end}
approvals:
  - {id: flag-change, title: Flag change, rule: {role: product}, separate: [author]}
flags: {environments: {production: {approval: flag-change}}}
"""
STAFF = {"dora": "developer", "olaf": "on-call", "pia": "product", "vera": "viewer"}
BETA = Rule(
    "beta",
    "Those who asked for it",
    (
        Constraint("country", Operator.IN, ("DE", "AT", "CH")),
        Constraint("version", Operator.SEMVER_AT_LEAST, ("2.4.0",)),
    ),
    segments=("staff",),
)
QUARTER = Rule("quarter", "A quarter of everybody", reach=25_000)
CARDS = Flag(
    "saved-cards",
    is_enabled=True,
    rules=(BETA, QUARTER),
    name="Saved cards in checkout",
    description="Whoever paid by card once is offered that card again.",
    owner="dora",
    tags=("payments", "spring"),
    dependencies=(Dependency("new-gateway"),),
    thresholds=(Threshold("slow", "p95_ms > 200", NoData.TURN_OFF, for_s=60, metric="p95_ms"),),
)
BANNER = Flag(
    "banner",
    value_type=ValueType.STRING,
    is_enabled=True,
    variants=(Variant("red", "#b00020"), Variant("blue", "#1a57c2"), Variant("none", "")),
    serve=Serve(split=(Share("red", 1), Share("blue", 1))),
    otherwise=Serve("none"),
    off_variant="none",
    name="Colour of the banner",
    type=FlagType.EXPERIMENTAL,
)


@dataclass
class Shop:
    """A running host whose people are known by name."""

    host: Host
    people: dict[str, Principal]

    def __getitem__(self, name: str) -> Principal:
        return self.people[name]

    @property
    def flags(self) -> FlagService:
        return self.host.office.services.flags

    def flag(self, flag: str, environment: str) -> Flag:
        """Return a flag as it is served."""
        live = self.host.office.services.flag_sets.current(SERVICE, environment)
        return next(one for one in live.evaluator.flag_set.flags if one.id == flag)

    def as_person(self, name: str) -> dict[str, Any]:
        """Return what `open_page` needs to open a page as somebody who is logged in."""
        cookie = {
            "name": "sluice_session",
            "value": self.host.office.session_key(name),
            "domain": "127.0.0.1",
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
        }
        return {"storage_state": {"cookies": [cookie], "origins": []}}


def a_shop(host: Host) -> Shop:
    """Return a shop with a process, people, a segment and one flag that reaches a quarter in development."""
    office = host.office
    rosa = office.set_up_accounts()
    office.services.processes.apply(PROCESS, str(Path("sluiceway.yaml").absolute()), SERVICE, rosa)
    people = {name: office.person(name, f"{role}@{SERVICE}") for name, role in STAFF.items()}
    shop = Shop(host, {"rosa": rosa, **people})
    staff = Segment("staff", "Our own people", (Constraint("role", Operator.IN, ("staff",)),))
    for environment in ("development", "staging"):
        shop.flags.save_segment(SERVICE, staff, people["dora"], environment=environment)
    waiting = shop.flags.save_segment(SERVICE, staff, people["dora"], environment="production")
    shop.flags.approve(waiting[0].proposal, people["pia"])
    shop.flags.create(
        SERVICE, Flag("new-gateway", is_enabled=True, type=FlagType.OPERATIONAL), people["dora"]
    )
    shop.flags.create(SERVICE, CARDS, people["dora"])
    return shop


def a_full_shop(host: Host) -> Shop:
    """Return a shop in which something has happened to its flags."""
    shop = a_shop(host)
    flags, dora, pia = shop.flags, shop["dora"], shop["pia"]
    now = host.clock.wall()
    flags.create(SERVICE, BANNER, dora)
    christmas = Window(on_at=now + timedelta(days=30), off_at=now + timedelta(days=60), zone="Europe/Berlin")
    flags.create(SERVICE, Flag("christmas", is_enabled=True, window=christmas), dora)
    flags.create(SERVICE, Flag("expired", is_enabled=True, expires_at=now - timedelta(days=3)), dora)
    flags.create(SERVICE, Flag("hostile", name=HOSTILE, description=HOSTILE, owner=HOSTILE), dora)
    flags.toggle(SERVICE, "staging", "saved-cards", True, dora, why="Testers want to see it")
    flags.kill(SERVICE, "staging", "saved-cards", shop["olaf"], "Orders were submitted twice")
    change = flags.toggle(SERVICE, "production", "saved-cards", True, dora, why="Tested for a week")
    flags.approve(change.proposal, pia, comment="Go.")
    hold = Hold(HeldOffBy.THRESHOLD, "p95_ms was 312 for 60 s", "p95_ms")
    flags.hold(SERVICE, "production", "saved-cards", hold, "threshold:slow")
    flags.toggle(SERVICE, "production", "new-gateway", True, dora, why="The old one ends in spring")
    hour = int(now.timestamp()) // 3_600
    with host.store.begin() as tx:
        rows = [
            UsageRow("saved-cards", variant, hour, count, now, now)
            for variant, count in (("on", 1_204), ("off", 3_618))
        ]
        tx.add_usage(SERVICE, "production", rows)
    return shop
