"""What every route asks of whoever uses it. A new route needs an entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sluiceway.domain.process.team import Permission
from tests.support.permissions import (
    ADMIN,
    FLAG,
    KILL,
    READ,
    SERVICE,
    Known,
    Open,
    Rule,
    and_also,
    needs,
    needs_everywhere,
)


@dataclass(frozen=True)
class Ask:
    """One request: what stands for the parts of the route's path, its query and its body."""

    rule: Rule
    path: Mapping[str, str] = field(default_factory=dict[str, str])
    query: str = ""
    body: Mapping[str, object] | None = None


def on_release(right: Permission, **body: object) -> tuple[Ask, ...]:
    """Return an act on the release; what the rules say of it is tested elsewhere."""
    return (Ask(needs(right), body=body),)


def act(kind: str, right: Permission, *or_else: Permission) -> Ask:
    return Ask(needs(right, *or_else), {"kind": kind}, body={})


_OTHER = {"name": "target"}
_UNTIL = "2999-01-01T00:00:00Z"
_BOARD = {"of": SERVICE, "board": "board"}
_A_FLAG = {"of": SERVICE, "flag": "none", "segment": "none", "environment": "production"}
_EXPERIMENT = {"of": SERVICE, "experiment": "none"}

# {rollout_id} is a rollout of SERVICE that is under way, {release_id} one of its releases, {change_id} a
# change request and {meeting_id} a meeting of its board, {digest} and {path} are a static file.
ROUTES: Mapping[str, tuple[Ask, ...]] = {
    "GET /healthz": (Ask(Open("a probe has no login")),),
    "GET /metrics": (Ask(needs_everywhere(Permission.READ)),),
    "GET /api/process/schema": (Ask(Open("editors fetch it, and it says nothing about anybody")),),
    "POST /api/process/validate": (
        Ask(Known("checks the text that was sent, and reads nothing"), body={"process": "name: x"}),
    ),
    "GET /api/audit/verify": (Ask(needs_everywhere(Permission.READ)),),
    "POST /api/points": (Ask(Open("asks for a token itself"), body={}),),
    "POST /ofrep/v1/evaluate/flags": (Ask(Open("asks for a token itself"), body={}),),
    "GET /api/flag-set": (Ask(Open("asks for a token itself")),),
    "GET /api/flag-set/events": (Ask(Open("asks for a token itself")),),
    "POST /api/session": (Ask(Open("how else would anybody get in"), body={"name": "a", "password": "b"}),),
    "GET /api/session": (Ask(Known("who one is")),),
    "POST /api/session/end": (Ask(Known("logs oneself out"), body={}),),
    "GET /api/accounts": (Ask(ADMIN),),
    "POST /api/accounts": (Ask(ADMIN, body={"name": "made-by-route"}),),
    "POST /api/accounts/{name}/disable": (Ask(ADMIN, _OTHER, body={}),),
    "POST /api/accounts/{name}/enable": (Ask(ADMIN, _OTHER, body={}),),
    "POST /api/accounts/{name}/password": (
        Ask(ADMIN, _OTHER, body={"password": "entirely different words"}),
    ),
    "POST /api/accounts/{name}/grant": (
        Ask(ADMIN, _OTHER, body={"role": "viewer"}),
        Ask(needs(Permission.ADMIN), _OTHER, body={"role": "viewer", "service": SERVICE}),
    ),
    "POST /api/accounts/{name}/revoke": (
        Ask(ADMIN, _OTHER, body={"role": "viewer"}),
        Ask(needs(Permission.ADMIN), _OTHER, body={"role": "viewer", "service": SERVICE}),
    ),
    "POST /api/accounts/{name}/away": (Ask(ADMIN, _OTHER, body={"until": _UNTIL}),),
    "POST /api/accounts/{name}/back": (Ask(ADMIN, _OTHER, body={}),),
    "GET /api/tokens": (Ask(Known("one's own; only an administrator sees all")),),
    "POST /api/tokens": (
        Ask(needs(Permission.PUSH), body={"name": "route-push", "service": SERVICE}),
        Ask(ADMIN, body={"name": "route-theirs", "scopes": ["read"], "owner": "target"}),
    ),
    "POST /api/tokens/{name}/revoke": (Ask(ADMIN, {"name": "target-token"}, body={}),),
    "GET /api/rollouts": (Ask(READ, query=f"service={SERVICE}"),),
    "POST /api/rollouts": (
        Ask(needs(Permission.ROLLOUT), body={"process": "{process}", "path": "/srv/p.yaml", "new": "9.9"}),
    ),
    "GET /api/rollouts/{rollout_id}": (Ask(READ),),
    "GET /api/rollouts/{rollout_id}/explanation": (Ask(READ),),
    "GET /api/rollouts/{rollout_id}/history": (Ask(READ),),
    "GET /api/rollouts/{rollout_id}/series": (Ask(READ),),
    "GET /api/rollouts/{rollout_id}/events": (Ask(READ),),
    "POST /api/rollouts/{rollout_id}/actions/{kind}": (
        act("approve", Permission.ROLLOUT, Permission.APPROVE),
        act("approve", Permission.APPROVE, Permission.ROLLOUT),
        act("resume", Permission.ROLLOUT),
        act("skip", Permission.ROLLOUT),
        act("promote", Permission.ROLLOUT),
        act("retry", Permission.ROLLOUT),
        Ask(needs(Permission.ROLLOUT), {"kind": "edit"}, body={"process": "{process}"}),
        act("pause", Permission.ROLL_BACK),
        act("rollback", Permission.ROLL_BACK),
        act("abort", Permission.ROLL_BACK),
    ),
    "GET /api/releases": (Ask(READ, query=f"service={SERVICE}"),),
    "POST /api/releases": (
        Ask(
            needs(Permission.PLAN),
            body={"service": SERVICE, "facts": {"version": "1.2.0", "type": "minor"}},
        ),
        Ask(
            and_also(needs(Permission.PROCESS), Permission.PLAN),
            body={
                "service": SERVICE,
                "facts": {"version": "1.3.0", "type": "minor"},
                "process": "{walk}",
                "path": "/srv/p.yaml",
            },
        ),
    ),
    "GET /api/releases/{release_id}": (Ask(READ),),
    "GET /api/releases/{release_id}/explanation": (Ask(READ),),
    "GET /api/releases/{release_id}/timeline": (Ask(READ),),
    "GET /api/releases/{release_id}/history": (Ask(READ),),
    "POST /api/releases/{release_id}/edit": on_release(Permission.PLAN, facts={"title": "x"}),
    "POST /api/releases/{release_id}/plan": (
        *on_release(Permission.PLAN, target_at=_UNTIL),
        Ask(READ, body={"target_at": _UNTIL, "only_show": True}),
    ),
    "POST /api/releases/{release_id}/move": on_release(Permission.MOVE, to="draft"),
    "POST /api/releases/{release_id}/cancel": on_release(Permission.MOVE, reason=""),
    "POST /api/releases/{release_id}/rollback": on_release(Permission.ROLL_BACK, reason=""),
    "POST /api/releases/{release_id}/vote": (
        *on_release(Permission.APPROVE, policy="none", kind="approve"),
        Ask(READ, body={"policy": "none", "kind": "comment", "comment": "x"}),
    ),
    "POST /api/releases/{release_id}/meet": on_release(Permission.CHECK, condition="none"),
    "POST /api/releases/{release_id}/decide": on_release(Permission.MOVE, decision="none", kind="go"),
    "POST /api/releases/{release_id}/attest": on_release(
        Permission.ATTEST, gate="none", holds=True, statement="x"
    ),
    "POST /api/releases/{release_id}/waive": on_release(Permission.OVERRIDE, gate="none", reason="x"),
    "POST /api/releases/{release_id}/override": on_release(Permission.OVERRIDE, reason="x"),
    "POST /api/releases/{release_id}/check": on_release(
        Permission.CHECK, checklist="none", item="none", state="done"
    ),
    "POST /api/releases/{release_id}/link": on_release(Permission.PLAN, change="CR-2026-001"),
    "POST /api/releases/{release_id}/unlink": on_release(Permission.PLAN, change="CR-2026-001"),
    "POST /api/releases/{release_id}/rollout": on_release(Permission.ROLLOUT),
    "POST /api/releases/{release_id}/upgrade": on_release(Permission.PLAN),
    "POST /api/releases/{release_id}/run": on_release(Permission.CHECK, runbook="none"),
    "POST /api/releases/{release_id}/run-item": on_release(Permission.CHECK, checklist="none", item="none"),
    "GET /api/releases/{release_id}/runs": (Ask(READ),),
    "GET /api/runs/{run_id}": (Ask(READ),),
    "POST /api/runs/{run_id}/{act}": (Ask(needs(Permission.CHECK), {"act": "done"}, body={"step": "none"}),),
    "GET /api/work": (Ask(Known("what waits of all that one may see")),),
    "GET /api/waiting": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /api/changes": (Ask(READ, query=f"service={SERVICE}"),),
    "POST /api/changes": (
        Ask(needs(Permission.CHANGE), body={"service": SERVICE, "facts": {"title": "By route"}}),
    ),
    "POST /api/changes/import": (
        Ask(
            needs(Permission.CHANGE),
            body={"service": SERVICE, "text": "change_request: {title: By file, requestor: ada}"},
        ),
    ),
    "GET /api/changes/form": (Ask(needs(Permission.CHANGE), query=f"service={SERVICE}"),),
    "GET /api/changes/{change_id}": (Ask(READ),),
    "GET /api/changes/{change_id}/history": (Ask(READ),),
    "POST /api/changes/{change_id}/edit": on_release(Permission.CHANGE, facts={"title": "x"}),
    "POST /api/changes/{change_id}/answer": on_release(Permission.CHANGE, answers={}),
    "POST /api/changes/{change_id}/submit": on_release(Permission.CHANGE),
    "POST /api/changes/{change_id}/take-back": on_release(Permission.CHANGE, reason=""),
    "POST /api/changes/{change_id}/withdraw": on_release(Permission.CHANGE, reason=""),
    "POST /api/changes/{change_id}/score": on_release(Permission.APPROVE, points={"none": 1}),
    "POST /api/changes/{change_id}/vote": (
        *on_release(Permission.APPROVE, kind="approve"),
        Ask(READ, body={"kind": "comment", "comment": "x"}),
    ),
    "POST /api/changes/{change_id}/decide": on_release(Permission.BOARD),
    "POST /api/changes/{change_id}/review": on_release(Permission.BOARD, agrees=True, remarks="x"),
    "POST /api/changes/{change_id}/schedule": on_release(Permission.CHANGE, starts_at=_UNTIL, ends_at=_UNTIL),
    "POST /api/changes/{change_id}/start": on_release(Permission.CHANGE),
    "POST /api/changes/{change_id}/finish": on_release(Permission.CHANGE, ended_well=True),
    "POST /api/changes/{change_id}/link": on_release(Permission.PLAN, release="REL-2026-0000"),
    "POST /api/changes/{change_id}/unlink": on_release(Permission.PLAN, release="REL-2026-0000"),
    "POST /api/flag-exposures": (Ask(Open("asks for a token itself"), body={"batch": "b"}),),
    "GET /api/flags/{of}": (Ask(READ, _A_FLAG),),
    "POST /api/flags/{of}": (Ask(FLAG, _A_FLAG, body={"flag": {"id": "by-route"}}),),
    "GET /api/flags/{of}/{flag}": (Ask(READ, _A_FLAG),),
    "PUT /api/flags/{of}/{flag}/environments/{environment}": (Ask(FLAG, _A_FLAG, body={"flag": {}}),),
    "POST /api/flags/{of}/{flag}/toggle": (
        Ask(FLAG, _A_FLAG, body={"environment": "production", "on": True}),
    ),
    "POST /api/flags/{of}/{flag}/kill": (Ask(KILL, _A_FLAG, body={"environment": "production"}),),
    "POST /api/flags/{of}/{flag}/restore": (Ask(FLAG, _A_FLAG, body={"environment": "production"}),),
    "POST /api/flags/{of}/{flag}/archive": (Ask(FLAG, _A_FLAG, body={}),),
    "GET /api/flags/{of}/{flag}/history": (Ask(READ, _A_FLAG),),
    "POST /api/flags/{of}/{flag}/explain": (
        Ask(READ, _A_FLAG, body={"environment": "production", "context": {}}),
    ),
    "POST /api/flags/{of}/{flag}/preview": (
        Ask(READ, _A_FLAG, body={"environment": "production", "flag": {}}),
    ),
    "GET /api/flag-proposals": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /api/flag-proposals/{proposal}": (Ask(READ),),
    "POST /api/flag-proposals/{proposal}/approve": (
        Ask(needs(Permission.APPROVE, Permission.FLAG), body={}),
        Ask(needs(Permission.FLAG, Permission.APPROVE), body={}),
    ),
    "POST /api/flag-proposals/{proposal}/reject": (
        Ask(needs(Permission.APPROVE, Permission.FLAG), body={"reason": "no"}),
    ),
    "POST /api/flag-proposals/{proposal}/withdraw": (Ask(FLAG, body={}),),
    "GET /api/flag-changes/{of}": (Ask(READ, _A_FLAG),),
    "POST /api/flag-changes/{of}/{change}/undo": (Ask(FLAG, _A_FLAG, body={}),),
    "GET /api/flag-segments/{of}": (Ask(READ, _A_FLAG),),
    "PUT /api/flag-segments/{of}/{segment}": (Ask(FLAG, _A_FLAG, body={"segment": {}}),),
    "POST /api/flag-segments/{of}/{segment}/delete": (Ask(FLAG, _A_FLAG, body={}),),
    "GET /api/flag-files/{of}": (Ask(READ, _A_FLAG),),
    "POST /api/flag-files/{of}/plan": (Ask(READ, _A_FLAG, body={"text": "flags: {}"}),),
    "POST /api/flag-files/{of}/apply": (Ask(FLAG, _A_FLAG, body={"text": "flags: {}"}),),
    "GET /api/flag-services": (Ask(Known("those that one may see")),),
    "GET /api/stale-flags/{of}": (Ask(READ, _A_FLAG),),
    "GET /api/experiments": (Ask(READ, query=f"service={SERVICE}"),),
    "POST /api/experiments/{of}": (
        Ask(
            needs(Permission.FLAG),
            {"of": SERVICE},
            body={"id": "none", "environment": "production", "flag": "none", "metrics": []},
        ),
    ),
    "GET /api/experiments/{of}/{experiment}": (Ask(READ, _EXPERIMENT),),
    "POST /api/experiments/{of}/{experiment}/start": (Ask(needs(Permission.FLAG), _EXPERIMENT, body={}),),
    "POST /api/experiments/{of}/{experiment}/decide": (
        Ask(needs(Permission.FLAG), _EXPERIMENT, body={"winner": "B"}),
    ),
    "POST /api/experiments/{of}/{experiment}/stop": (Ask(needs(Permission.FLAG), _EXPERIMENT, body={}),),
    "GET /api/boards": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /api/boards/{of}/{board}": (Ask(READ, _BOARD),),
    "GET /api/boards/{of}/{board}/agenda": (Ask(READ, _BOARD),),
    "POST /api/boards/{of}/{board}/meetings": (Ask(needs(Permission.BOARD), _BOARD, body={"at": _UNTIL}),),
    "GET /api/meetings": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /api/meetings/{meeting_id}": (Ask(READ),),
    "POST /api/meetings/{meeting_id}/close": (Ask(needs(Permission.BOARD), body={"minutes": ""}),),
    "GET /api/success/{of}": (Ask(READ, {"of": SERVICE}),),
    "POST /api/processes": (
        Ask(needs(Permission.PROCESS), body={"process": "{walk}", "service": SERVICE, "path": "/srv/p.yaml"}),
    ),
    "GET /api/processes/{of}": (Ask(READ, {"of": SERVICE}),),
    "GET /api/processes/{of}/text": (Ask(READ, {"of": SERVICE}),),
    "GET /": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /rollouts": (Ask(Known("leads to the list")),),
    "GET /rollouts/{rollout_id}": (Ask(READ),),
    "GET /fragments/rollouts/{rollout_id}": (Ask(READ),),
    "GET /fragments/rollouts/{rollout_id}/trail": (Ask(READ),),
    "GET /releases": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /releases/new": (Ask(Known("an empty form; making the release asks for the right")),),
    "GET /releases/{release_id}": (Ask(READ),),
    "GET /releases/{release_id}/edit": (Ask(READ),),
    "GET /releases/{release_id}/timeline.svg": (Ask(READ),),
    "GET /runs/{run_id}": (Ask(READ),),
    "GET /work": (Ask(Known("what waits of all that one may see")),),
    "GET /changes": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /changes/new": (Ask(needs(Permission.CHANGE), query=f"service={SERVICE}"),),
    "GET /changes/import": (Ask(needs(Permission.CHANGE), query=f"service={SERVICE}"),),
    "GET /changes/{change_id}": (Ask(READ),),
    "GET /changes/{change_id}/edit": (Ask(READ),),
    "GET /flags": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /flags/new": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /flags/{of}/{flag}": (Ask(READ, _A_FLAG),),
    "GET /flags/{of}/{flag}/explain": (Ask(READ, _A_FLAG),),
    "GET /flags/{of}/{flag}/{environment}/edit": (Ask(READ, _A_FLAG),),
    "POST /fragments/flags/{of}/{environment}/review": (
        Ask(READ, _A_FLAG, body={"document": {"id": "none"}}),
    ),
    "GET /segments": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /segments/{of}/{environment}/new": (Ask(READ, _A_FLAG),),
    "GET /segments/{of}/{environment}/edit/{segment}": (Ask(READ, _A_FLAG),),
    "POST /fragments/segments/{of}/{environment}/review": (
        Ask(READ, _A_FLAG, body={"document": {"id": "none"}}),
    ),
    "GET /experiments": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /flags/{of}/experiments/{experiment}": (Ask(READ, _EXPERIMENT),),
    "GET /boards": (Ask(READ, query=f"service={SERVICE}"),),
    "GET /boards/{of}/{board}": (Ask(READ, _BOARD),),
    "GET /login": (Ask(Open("how else would anybody get in")),),
    "GET /static/{digest}/{path}": (Ask(Open("looks and scripts, the same for everybody")),),
    "GET /favicon.ico": (Ask(Open("a picture")),),
    "GET /schema": (Ask(Open("what the API looks like, nothing of what is in it")),),
    "GET /schema/openapi.json": (Ask(Open("what the API looks like, nothing of what is in it")),),
    "GET /schema/openapi.yaml": (Ask(Open("what the API looks like, nothing of what is in it")),),
    "GET /schema/openapi.yml": (Ask(Open("what the API looks like, nothing of what is in it")),),
    "GET /schema/{path}": (Ask(Open("what the API looks like, nothing of what is in it")),),
}
