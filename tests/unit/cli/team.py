"""A small team's process and its people, for commands about releases."""

from __future__ import annotations

import json
from typing import Any

from sluiceway.cli import credentials
from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice

RELEASE = "REL-2026-0001"
TEAM = """\
name: checkout
service: {name: checkout, command: [python3, app.py, "{port}"]}
ingress: {listen: 127.0.0.1:8080}
roles:
  - {id: release-manager, title: Release manager, may: [read, plan, move, check, rollout, override, process]}
  - {id: qa-lead, title: QA lead, may: [read, approve, attest, check]}
types:
  - id: minor
    title: Minor release
    version: X.Y.0
    path: [draft, code-freeze, rolling-out, closed]
    approvals: [review]
    gates: [quality]
    rollout: canary
    timeline: two-weeks
phases:
  - {id: draft, title: Draft}
  - id: code-freeze
    title: Code freeze
    needs: [{field: manager}, {decision: freeze}]
    freezes_scope: true
    back_to: [draft]
  - id: rolling-out
    title: Rolling out
    kind: rollout
    on_promoted: closed
    needs: [{approval: type}, {gate: type}, {checklist: before}, {runbook: drill}]
    back_to: [code-freeze]
  - {id: closed, title: Closed, kind: end}
  - {id: rolled-back, title: Rolled back, back_to: [draft]}
approvals:
  - {id: review, title: Review, rule: {role: qa-lead}, binds: [version, scope]}
gates:
  - id: quality
    title: Quality
    attested_by: [qa-lead]
    waived_by: [release-manager]
    checks: [{id: tests, text: Tests, expects: all pass, manual: true}]
timelines:
  - id: two-weeks
    title: Two weeks
    milestones:
      - {id: build, title: Development, owner: release-manager, before: 2 weeks, lasts: 1 week}
      - {id: freeze, title: Freeze, before: 1 week, after: [build], phase: code-freeze}
      - {id: go, title: Release day, before: 0 days, after: [freeze], phase: rolling-out}
calendar: {zone: Europe/Berlin}
checklists:
  - id: before
    title: Before
    owner: release-manager
    at: T-24h
    items:
      - {id: notes, text: Notes are written}
      - {id: backup, text: Data is backed up, when: if stored data changes}
      - {id: lights, text: Lights are green, run: [ls], required: false}
  - {id: later, title: Later, at: T+1h, items: [{id: notes, text: Notes are sent, required: false}]}
runbooks:
  - id: drill
    title: Drill
    purpose: To be ready
    steps:
      - {id: look, title: Somebody looks, owner: qa-lead}
      - {id: copy, title: Data is copied, run: ["true"], when: if stored data changes}
      - {id: tell, title: Support knows}
rollouts:
  canary: {stages: [{weight: 100%, duration: 1m}]}
"""


def as_person(server: Served, name: str) -> None:
    """Let commands from here on be those of somebody who has an account."""
    credentials.save(server.url, credentials.Login(name, server.office.session_key(name)))


def made(sluice: Sluice, *words: str) -> dict[str, Any]:
    """Return a new release of 1.1.0 as JSON shows it."""
    done = sluice("release", "new", "1.1.0", "--type", "minor", "--service", "checkout", "--json", *words)
    assert done.exit_code == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown
