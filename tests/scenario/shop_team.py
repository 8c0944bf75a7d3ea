"""A small team with its own process: two of three approve; windows of a zone, a freeze, a frozen scope."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from litestar import Litestar
from litestar.testing import TestClient

from sluiceway.api.app import create_api
from sluiceway.domain.process.team import Permission
from sluiceway.domain.releases.model import Facts, ScopeItem, ScopeKind
from sluiceway.web.routes import web_handlers
from tests.scenario.company import Company, open_company

TEAM = """\
name: shop
service: {name: shop, command: [./shop, "{port}", "{version}"], health: {path: /healthz, within: 20s}}
ingress: {name: shop, listen: "127.0.0.1:8080"}
roles:
  - id: release-manager
    title: Release Manager
    may: [read, plan, move, check, rollout, roll-back, override]
  - {id: qa-lead, title: QA Lead, may: [read, plan, approve, attest]}
  - {id: engineer, title: Engineer, may: [read, plan, change]}
types:
  - id: minor
    title: Minor
    version: X.Y.0
    path: [draft, testing, rolling-out, closed]
    approvals: [quality]
phases:
  - {id: draft, title: Draft}
  - {id: testing, title: Testing, freezes_scope: true, back_to: [draft]}
  - id: rolling-out
    title: Rolling out
    kind: rollout
    needs: [approval: type, calendar: open]
    on_promoted: closed
  - {id: closed, title: Closed, kind: end}
approvals:
  - id: quality
    title: Quality
    rule: {role: qa-lead, count: 2}
    binds: [version, scope, target]
    separate: [author]
    expires: 24h
calendar:
  zone: Europe/Berlin
  freezes: [{id: fair, title: Trade fair, first: 2027-05-03, last: 2027-05-07}]
  windows: [{weekdays: [mon, tue, wed, thu, fri], opens: "09:00", closes: "16:00"}]
rollout:
  strategy: canary
  stages: [{name: few, weight: 5%, duration: 1h}, {name: all, weight: 100%}]
"""
CHANGES = """\
changes:
  kinds: [{id: normal, title: Normal change, approvals: [quality]}]
"""
STAFF = {
    "rita": "release-manager",
    "quinn": "qa-lead",
    "quincy": "qa-lead",
    "queenie": "qa-lead",
    "eric": "engineer",
}
FACTS = Facts("2.0.0", "minor", scope=(ScopeItem("index", ScopeKind.FEATURE, "An index"),))


@contextmanager
def open_shop(folder: Path) -> Generator[Company]:
    """Yield the team's company."""
    with open_company(folder) as made:
        made.found(TEAM, STAFF)
        yield made


def a_release_in_testing(company: Company) -> str:
    """Return a release by Eric that waits in `testing` for two votes."""
    made = company.new(FACTS, "eric")
    company.releases.move(made, "testing", company["rita"])
    return made


@contextmanager
def served(company: Company) -> Generator[TestClient[Litestar]]:
    """Yield a client of the company's API and console; it is nobody until it says who."""
    services = company.services
    app = create_api(services, more_handlers=web_handlers(services))
    with TestClient(app, base_url="http://127.0.0.1:7700", raise_server_exceptions=False) as client:
        client.headers.update({"X-Sluice-Client": "test"})
        yield client


def bearer(
    company: Company,
    name: str,
    *scopes: Permission,
    service: str = "",
    expires_s: float | None = None,
) -> dict[str, str]:
    """Return the header of a new token of somebody, called `NAME-token`."""
    made = company.tokens.create(f"{name}-token", service, company[name], scopes=scopes, expires_s=expires_s)
    return {"Authorization": f"Bearer {made.token}"}
