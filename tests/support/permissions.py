"""What every route and command asks of whoever uses it: the table that the permission walk goes through.

A new route or command needs an entry here. `needs(RIGHT)` is the rule; `Known` (any login will do) and `Open`
(strangers too) carry the reason why they are exceptions, `Local` why a command asks no server.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from itertools import combinations

from sluiceway.domain.process.team import Permission

SERVICE = "checkout"


@dataclass(frozen=True)
class Open:
    """Strangers are let in."""

    reason: str


@dataclass(frozen=True)
class Local:
    """The command asks no server: it works on files that whoever runs it can read and write anyway."""

    reason: str


@dataclass(frozen=True)
class Known:
    """Everybody with a login may."""

    reason: str


@dataclass(frozen=True)
class Needs:
    """Somebody with all the `wrong` roles is refused, somebody with the `right` ones is not."""

    wrong: tuple[str, ...]
    right: tuple[str, ...]


Rule = Open | Local | Known | Needs


def needs(right: Permission, *or_else: Permission) -> Needs:
    """Return the rule of a right for SERVICE: all others together are not enough, this one alone is.

    `or_else` are rights that would be enough as well.
    """
    if right is Permission.READ:  # whoever plays a role of the process may read
        return Needs((f"sender@{SERVICE}", "viewer@another"), (f"viewer@{SERVICE}",))
    wrong = _all_but({right, *or_else})
    return Needs((f"{wrong}@{SERVICE}", "admin@another"), (f"only-{right}@{SERVICE}",))


def and_also(rule: Needs, right: Permission) -> Needs:
    """Return a rule that asks for a second right, too."""
    return Needs(rule.wrong, (*rule.right, f"only-{right}@{SERVICE}"))


def needs_everywhere(right: Permission) -> Needs:
    """Return the rule of a right that a service's own administrator does not have."""
    if right is Permission.READ:
        return Needs((f"admin@{SERVICE}", "sender"), ("viewer",))
    return Needs((f"admin@{SERVICE}", "operator", "viewer", "sender"), ("admin",))


_CONTAINING = ((Permission.ROLLOUT, Permission.ROLL_BACK), (Permission.FLAG, Permission.KILL))


def walk_process() -> str:
    """Return a process with a role for each right alone, and one for all the others."""
    lines = [f"name: {SERVICE}", "roles:"]
    lines += [f"  - {{id: only-{right}, title: Only {right}, may: [{right}]}}" for right in Permission]
    for without in [{right} for right in Permission] + [{*pair} for pair in combinations(Permission, 2)]:
        # Whoever may roll out may roll back, and so on: that is what is left without the latter.
        left = without | {more for more, less in _CONTAINING if less in without}
        others = ", ".join(one for one in Permission if one not in left)
        lines.append(f"  - {{id: {_all_but(without)}, title: All but some, may: [{others}]}}")
    lines += [
        "types:",
        "  - {id: minor, title: Minor, version: X.Y.0, path: [draft, closed]}",
        "changes:",
        "  kinds: [{id: normal, title: Normal, board: board}]",
        "  boards: [{id: board, title: Board, chair: only-board, voting: [only-board]}]",
        "approvals:",
        "  - {id: flags, title: Flags, rule: {role: only-approve}}",
        "flags: {environments: {staging: {approval: flags}}}",
        "phases:",
        "  - {id: draft, title: Draft}",
        "  - {id: closed, title: Closed, kind: end}",
        "checklists:",
        "  - {id: before, title: Before, at: T, items: [{id: backup, text: Data is backed up}]}",
        "runbooks:",
        "  - {id: drill, title: Drill, steps: [{id: look, title: Look, manual: true}]}",
    ]
    return "\n".join(lines) + "\n"


def _all_but(rights: Set[Permission]) -> str:
    return f"all-but-{'-'.join(sorted(rights))}"


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


_READ, _ADMIN = needs(Permission.READ), needs_everywhere(Permission.ADMIN)
_OTHER = {"name": "target"}
_UNTIL = "2999-01-01T00:00:00Z"
_BOARD = {"of": SERVICE, "board": "board"}
_FLAG, _KILL = needs(Permission.FLAG), needs(Permission.KILL)
_OF = f"--service {SERVICE}"
_UNLEASH = '{"version": 1, "features": []}'
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
    "GET /api/accounts": (Ask(_ADMIN),),
    "POST /api/accounts": (Ask(_ADMIN, body={"name": "made-by-route"}),),
    "POST /api/accounts/{name}/disable": (Ask(_ADMIN, _OTHER, body={}),),
    "POST /api/accounts/{name}/enable": (Ask(_ADMIN, _OTHER, body={}),),
    "POST /api/accounts/{name}/password": (
        Ask(_ADMIN, _OTHER, body={"password": "entirely different words"}),
    ),
    "POST /api/accounts/{name}/grant": (
        Ask(_ADMIN, _OTHER, body={"role": "viewer"}),
        Ask(needs(Permission.ADMIN), _OTHER, body={"role": "viewer", "service": SERVICE}),
    ),
    "POST /api/accounts/{name}/revoke": (
        Ask(_ADMIN, _OTHER, body={"role": "viewer"}),
        Ask(needs(Permission.ADMIN), _OTHER, body={"role": "viewer", "service": SERVICE}),
    ),
    "POST /api/accounts/{name}/away": (Ask(_ADMIN, _OTHER, body={"until": _UNTIL}),),
    "POST /api/accounts/{name}/back": (Ask(_ADMIN, _OTHER, body={}),),
    "GET /api/tokens": (Ask(Known("one's own; only an administrator sees all")),),
    "POST /api/tokens": (
        Ask(needs(Permission.PUSH), body={"name": "route-push", "service": SERVICE}),
        Ask(_ADMIN, body={"name": "route-theirs", "scopes": ["read"], "owner": "target"}),
    ),
    "POST /api/tokens/{name}/revoke": (Ask(_ADMIN, {"name": "target-token"}, body={}),),
    "GET /api/rollouts": (Ask(_READ, query=f"service={SERVICE}"),),
    "POST /api/rollouts": (
        Ask(needs(Permission.ROLLOUT), body={"process": "{process}", "path": "/srv/p.yaml", "new": "9.9"}),
    ),
    "GET /api/rollouts/{rollout_id}": (Ask(_READ),),
    "GET /api/rollouts/{rollout_id}/explanation": (Ask(_READ),),
    "GET /api/rollouts/{rollout_id}/history": (Ask(_READ),),
    "GET /api/rollouts/{rollout_id}/series": (Ask(_READ),),
    "GET /api/rollouts/{rollout_id}/events": (Ask(_READ),),
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
    "GET /api/releases": (Ask(_READ, query=f"service={SERVICE}"),),
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
    "GET /api/releases/{release_id}": (Ask(_READ),),
    "GET /api/releases/{release_id}/explanation": (Ask(_READ),),
    "GET /api/releases/{release_id}/timeline": (Ask(_READ),),
    "GET /api/releases/{release_id}/history": (Ask(_READ),),
    "POST /api/releases/{release_id}/edit": on_release(Permission.PLAN, facts={"title": "x"}),
    "POST /api/releases/{release_id}/plan": (
        *on_release(Permission.PLAN, target_at=_UNTIL),
        Ask(_READ, body={"target_at": _UNTIL, "only_show": True}),
    ),
    "POST /api/releases/{release_id}/move": on_release(Permission.MOVE, to="draft"),
    "POST /api/releases/{release_id}/cancel": on_release(Permission.MOVE, reason=""),
    "POST /api/releases/{release_id}/rollback": on_release(Permission.ROLL_BACK, reason=""),
    "POST /api/releases/{release_id}/vote": (
        *on_release(Permission.APPROVE, policy="none", kind="approve"),
        Ask(_READ, body={"policy": "none", "kind": "comment", "comment": "x"}),
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
    "GET /api/releases/{release_id}/runs": (Ask(_READ),),
    "GET /api/runs/{run_id}": (Ask(_READ),),
    "POST /api/runs/{run_id}/{act}": (Ask(needs(Permission.CHECK), {"act": "done"}, body={"step": "none"}),),
    "GET /api/work": (Ask(Known("what waits of all that one may see")),),
    "GET /api/waiting": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /api/changes": (Ask(_READ, query=f"service={SERVICE}"),),
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
    "GET /api/changes/{change_id}": (Ask(_READ),),
    "GET /api/changes/{change_id}/history": (Ask(_READ),),
    "POST /api/changes/{change_id}/edit": on_release(Permission.CHANGE, facts={"title": "x"}),
    "POST /api/changes/{change_id}/answer": on_release(Permission.CHANGE, answers={}),
    "POST /api/changes/{change_id}/submit": on_release(Permission.CHANGE),
    "POST /api/changes/{change_id}/take-back": on_release(Permission.CHANGE, reason=""),
    "POST /api/changes/{change_id}/withdraw": on_release(Permission.CHANGE, reason=""),
    "POST /api/changes/{change_id}/score": on_release(Permission.APPROVE, points={"none": 1}),
    "POST /api/changes/{change_id}/vote": (
        *on_release(Permission.APPROVE, kind="approve"),
        Ask(_READ, body={"kind": "comment", "comment": "x"}),
    ),
    "POST /api/changes/{change_id}/decide": on_release(Permission.BOARD),
    "POST /api/changes/{change_id}/review": on_release(Permission.BOARD, agrees=True, remarks="x"),
    "POST /api/changes/{change_id}/schedule": on_release(Permission.CHANGE, starts_at=_UNTIL, ends_at=_UNTIL),
    "POST /api/changes/{change_id}/start": on_release(Permission.CHANGE),
    "POST /api/changes/{change_id}/finish": on_release(Permission.CHANGE, ended_well=True),
    "POST /api/changes/{change_id}/link": on_release(Permission.PLAN, release="REL-2026-0000"),
    "POST /api/changes/{change_id}/unlink": on_release(Permission.PLAN, release="REL-2026-0000"),
    "POST /api/flag-exposures": (Ask(Open("asks for a token itself"), body={"batch": "b"}),),
    "GET /api/flags/{of}": (Ask(_READ, _A_FLAG),),
    "POST /api/flags/{of}": (Ask(_FLAG, _A_FLAG, body={"flag": {"id": "by-route"}}),),
    "GET /api/flags/{of}/{flag}": (Ask(_READ, _A_FLAG),),
    "PUT /api/flags/{of}/{flag}/environments/{environment}": (Ask(_FLAG, _A_FLAG, body={"flag": {}}),),
    "POST /api/flags/{of}/{flag}/toggle": (
        Ask(_FLAG, _A_FLAG, body={"environment": "production", "on": True}),
    ),
    "POST /api/flags/{of}/{flag}/kill": (Ask(_KILL, _A_FLAG, body={"environment": "production"}),),
    "POST /api/flags/{of}/{flag}/restore": (Ask(_FLAG, _A_FLAG, body={"environment": "production"}),),
    "POST /api/flags/{of}/{flag}/archive": (Ask(_FLAG, _A_FLAG, body={}),),
    "GET /api/flags/{of}/{flag}/history": (Ask(_READ, _A_FLAG),),
    "POST /api/flags/{of}/{flag}/explain": (
        Ask(_READ, _A_FLAG, body={"environment": "production", "context": {}}),
    ),
    "POST /api/flags/{of}/{flag}/preview": (
        Ask(_READ, _A_FLAG, body={"environment": "production", "flag": {}}),
    ),
    "GET /api/flag-proposals": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /api/flag-proposals/{proposal}": (Ask(_READ),),
    "POST /api/flag-proposals/{proposal}/approve": (
        Ask(needs(Permission.APPROVE, Permission.FLAG), body={}),
        Ask(needs(Permission.FLAG, Permission.APPROVE), body={}),
    ),
    "POST /api/flag-proposals/{proposal}/reject": (
        Ask(needs(Permission.APPROVE, Permission.FLAG), body={"reason": "no"}),
    ),
    "POST /api/flag-proposals/{proposal}/withdraw": (Ask(_FLAG, body={}),),
    "GET /api/flag-changes/{of}": (Ask(_READ, _A_FLAG),),
    "POST /api/flag-changes/{of}/{change}/undo": (Ask(_FLAG, _A_FLAG, body={}),),
    "GET /api/flag-segments/{of}": (Ask(_READ, _A_FLAG),),
    "PUT /api/flag-segments/{of}/{segment}": (Ask(_FLAG, _A_FLAG, body={"segment": {}}),),
    "POST /api/flag-segments/{of}/{segment}/delete": (Ask(_FLAG, _A_FLAG, body={}),),
    "GET /api/flag-files/{of}": (Ask(_READ, _A_FLAG),),
    "POST /api/flag-files/{of}/plan": (Ask(_READ, _A_FLAG, body={"text": "flags: {}"}),),
    "POST /api/flag-files/{of}/apply": (Ask(_FLAG, _A_FLAG, body={"text": "flags: {}"}),),
    "GET /api/flag-services": (Ask(Known("those that one may see")),),
    "GET /api/stale-flags/{of}": (Ask(_READ, _A_FLAG),),
    "GET /api/experiments": (Ask(_READ, query=f"service={SERVICE}"),),
    "POST /api/experiments/{of}": (
        Ask(
            needs(Permission.FLAG),
            {"of": SERVICE},
            body={"id": "none", "environment": "production", "flag": "none", "metrics": []},
        ),
    ),
    "GET /api/experiments/{of}/{experiment}": (Ask(_READ, _EXPERIMENT),),
    "POST /api/experiments/{of}/{experiment}/start": (Ask(needs(Permission.FLAG), _EXPERIMENT, body={}),),
    "POST /api/experiments/{of}/{experiment}/decide": (
        Ask(needs(Permission.FLAG), _EXPERIMENT, body={"winner": "B"}),
    ),
    "POST /api/experiments/{of}/{experiment}/stop": (Ask(needs(Permission.FLAG), _EXPERIMENT, body={}),),
    "GET /api/boards": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /api/boards/{of}/{board}": (Ask(_READ, _BOARD),),
    "GET /api/boards/{of}/{board}/agenda": (Ask(_READ, _BOARD),),
    "POST /api/boards/{of}/{board}/meetings": (Ask(needs(Permission.BOARD), _BOARD, body={"at": _UNTIL}),),
    "GET /api/meetings": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /api/meetings/{meeting_id}": (Ask(_READ),),
    "POST /api/meetings/{meeting_id}/close": (Ask(needs(Permission.BOARD), body={"minutes": ""}),),
    "GET /api/success/{of}": (Ask(_READ, {"of": SERVICE}),),
    "POST /api/processes": (
        Ask(needs(Permission.PROCESS), body={"process": "{walk}", "service": SERVICE, "path": "/srv/p.yaml"}),
    ),
    "GET /api/processes/{of}": (Ask(_READ, {"of": SERVICE}),),
    "GET /api/processes/{of}/text": (Ask(_READ, {"of": SERVICE}),),
    "GET /": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /rollouts": (Ask(Known("leads to the list")),),
    "GET /rollouts/{rollout_id}": (Ask(_READ),),
    "GET /fragments/rollouts/{rollout_id}": (Ask(_READ),),
    "GET /fragments/rollouts/{rollout_id}/trail": (Ask(_READ),),
    "GET /releases": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /releases/new": (Ask(Known("an empty form; making the release asks for the right")),),
    "GET /releases/{release_id}": (Ask(_READ),),
    "GET /releases/{release_id}/edit": (Ask(_READ),),
    "GET /releases/{release_id}/timeline.svg": (Ask(_READ),),
    "GET /runs/{run_id}": (Ask(_READ),),
    "GET /work": (Ask(Known("what waits of all that one may see")),),
    "GET /changes": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /changes/new": (Ask(needs(Permission.CHANGE), query=f"service={SERVICE}"),),
    "GET /changes/import": (Ask(needs(Permission.CHANGE), query=f"service={SERVICE}"),),
    "GET /changes/{change_id}": (Ask(_READ),),
    "GET /changes/{change_id}/edit": (Ask(_READ),),
    "GET /flags": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /flags/new": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /flags/{of}/{flag}": (Ask(_READ, _A_FLAG),),
    "GET /flags/{of}/{flag}/explain": (Ask(_READ, _A_FLAG),),
    "GET /flags/{of}/{flag}/{environment}/edit": (Ask(_READ, _A_FLAG),),
    "POST /fragments/flags/{of}/{environment}/review": (
        Ask(_READ, _A_FLAG, body={"document": {"id": "none"}}),
    ),
    "GET /segments": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /segments/{of}/{environment}/new": (Ask(_READ, _A_FLAG),),
    "GET /segments/{of}/{environment}/edit/{segment}": (Ask(_READ, _A_FLAG),),
    "POST /fragments/segments/{of}/{environment}/review": (
        Ask(_READ, _A_FLAG, body={"document": {"id": "none"}}),
    ),
    "GET /experiments": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /flags/{of}/experiments/{experiment}": (Ask(_READ, _EXPERIMENT),),
    "GET /boards": (Ask(_READ, query=f"service={SERVICE}"),),
    "GET /boards/{of}/{board}": (Ask(_READ, _BOARD),),
    "GET /login": (Ask(Open("how else would anybody get in")),),
    "GET /static/{digest}/{path}": (Ask(Open("looks and scripts, the same for everybody")),),
    "GET /favicon.ico": (Ask(Open("a picture")),),
    "GET /schema": (Ask(Open("what the API looks like, nothing of what is in it")),),
    "GET /schema/openapi.json": (Ask(Open("what the API looks like, nothing of what is in it")),),
    "GET /schema/openapi.yaml": (Ask(Open("what the API looks like, nothing of what is in it")),),
    "GET /schema/openapi.yml": (Ask(Open("what the API looks like, nothing of what is in it")),),
    "GET /schema/{path}": (Ask(Open("what the API looks like, nothing of what is in it")),),
}


@dataclass(frozen=True)
class Run:
    """A command line; `{rollout}` and `{done}` are rollouts of SERVICE, `{file}` is its process file.

    `{team}` is a process file with its roles, `{release}` its release, `{run}` a run of a runbook for that,
    `{change}` a change request and `{meeting}` a meeting of its board, `{proposal}` a change of a flag.
    """

    rule: Rule
    words: str = ""
    typed: str = ""


_FILES = Local("reads and writes files of whoever runs it")
_ROLLOUT, _ROLL_BACK = needs(Permission.ROLLOUT), needs(Permission.ROLL_BACK)
_CHANGE, _MEET = needs(Permission.CHANGE), needs(Permission.BOARD)
_REQUEST = "change_request: {title: By command, requestor: ada}\n"
_MOVE, _APPROVE, _CHECK = needs(Permission.MOVE), needs(Permission.APPROVE), needs(Permission.CHECK)

COMMANDS: Mapping[str, Run] = {
    "sluice init": Run(_FILES),
    "sluice validate": Run(_FILES),
    "sluice schema": Run(_FILES),
    "sluice rehearse": Run(_FILES),
    "sluice plan analysis": Run(_FILES),
    "sluice process show": Run(_FILES),
    "sluice process diff": Run(_FILES),
    "sluice process packs": Run(_FILES),
    "sluice version": Run(Local("says its own version")),
    "sluice demo": Run(Local("runs a server and a shop of its own")),
    "sluice serve": Run(Local("is the server")),
    "sluice down": Run(Local("ends what the data directory's owner started, while nobody serves it")),
    "sluice login": Run(Open("how else would anybody get in"), "target --password-stdin", "nonsense\n"),
    "sluice logout": Run(Local("forgets one's own login, also one that the server knows no more")),
    "sluice whoami": Run(Known("who one is")),
    "sluice account create": Run(_ADMIN, "made-by-command --no-password"),
    "sluice account list": Run(_ADMIN),
    "sluice account disable": Run(_ADMIN, "target"),
    "sluice account enable": Run(_ADMIN, "target"),
    "sluice account password": Run(_ADMIN, "target --password-stdin", "entirely different words\n"),
    "sluice account grant": Run(_ADMIN, "target viewer"),
    "sluice account revoke": Run(_ADMIN, "target viewer"),
    "sluice account away": Run(_ADMIN, "target --until 1d"),
    "sluice account back": Run(_ADMIN, "target"),
    "sluice token create": Run(needs(Permission.PUSH), f"command-push --service {SERVICE}"),
    "sluice token list": Run(Known("one's own; only an administrator sees all")),
    "sluice token revoke": Run(_ADMIN, "target-token"),
    "sluice push": Run(Open("asks for a token itself"), "--service s --metric m --version v --value 1"),
    "sluice audit verify": Run(needs_everywhere(Permission.READ), "--server {server}"),
    "sluice status": Run(_READ, f"--service {SERVICE}"),
    "sluice work": Run(Known("what waits of all that one may see")),
    "sluice process apply": Run(needs(Permission.PROCESS), f"-f {{team}} --service {SERVICE}"),
    "sluice process versions": Run(_READ, SERVICE),
    "sluice release new": Run(needs(Permission.PLAN), f"1.9.0 --type minor --service {SERVICE}"),
    "sluice release edit": Run(needs(Permission.PLAN), "{release} --title Another"),
    "sluice release list": Run(_READ, f"--service {SERVICE}"),
    "sluice release show": Run(_READ, "{release}"),
    "sluice release plan": Run(_READ, "{release}"),
    "sluice release explain": Run(_READ, "{release}"),
    "sluice release history": Run(_READ, "{release}"),
    "sluice release move": Run(_MOVE, "{release} nowhere"),
    "sluice release cancel": Run(_MOVE, "{release} --reason no --yes"),
    "sluice release rollback": Run(_ROLL_BACK, "{release} --reason no --yes"),
    "sluice release rollout": Run(_ROLLOUT, "{release} --yes"),
    "sluice release link": Run(needs(Permission.PLAN), "{release} CR-2026-001"),
    "sluice release unlink": Run(needs(Permission.PLAN), "{release} CR-2026-001"),
    "sluice release upgrade": Run(needs(Permission.PLAN), "{release}"),
    "sluice release approve": Run(_APPROVE, "{release} none --yes"),
    "sluice release reject": Run(_APPROVE, "{release} none --comment no"),
    "sluice release abstain": Run(_APPROVE, "{release} none"),
    "sluice release withdraw-vote": Run(_APPROVE, "{release} none"),
    "sluice release comment": Run(_READ, "{release} words --on none"),
    "sluice release decide": Run(_MOVE, "{release} none go"),
    "sluice release attest": Run(needs(Permission.ATTEST), "{release} none --statement words"),
    "sluice release waive": Run(needs(Permission.OVERRIDE), "{release} none --reason words"),
    "sluice release override": Run(needs(Permission.OVERRIDE), "{release} --reason words"),
    "sluice release meet": Run(_CHECK, "{release} none"),
    "sluice checklist show": Run(_READ, "{release}"),
    "sluice checklist done": Run(_CHECK, "{release} before/backup"),
    "sluice checklist reopen": Run(_CHECK, "{release} before/backup"),
    "sluice checklist set-aside": Run(_CHECK, "{release} before/backup --reason no"),
    "sluice checklist run": Run(_CHECK, "{release} before/backup"),
    "sluice runbook list": Run(_READ, "{release}"),
    "sluice runbook start": Run(_CHECK, "{release} drill --yes"),
    "sluice runbook show": Run(_READ, "{run}"),
    "sluice runbook done": Run(_CHECK, "{run}"),
    "sluice runbook failed": Run(_CHECK, "{run}"),
    "sluice runbook go-on": Run(_CHECK, "{run}"),
    "sluice runbook set-aside": Run(_CHECK, "{run} --reason no"),
    "sluice runbook stop": Run(_CHECK, "{run} --yes"),
    "sluice change new": Run(_CHANGE, f"'By command' --service {SERVICE}"),
    "sluice change import": Run(_CHANGE, f"- --service {SERVICE}", _REQUEST),
    "sluice change edit": Run(_CHANGE, "{change} --title Other"),
    "sluice change list": Run(_READ, f"--service {SERVICE}"),
    "sluice change show": Run(_READ, "{change}"),
    "sluice change history": Run(_READ, "{change}"),
    "sluice change submit": Run(_CHANGE, "{change}"),
    "sluice change answer": Run(_CHANGE, "{change} who=all"),
    "sluice change score": Run(needs(Permission.APPROVE), "{change} value=3"),
    "sluice change vote": Run(_READ, "{change} comment -m Seen"),
    "sluice change decide": Run(_MEET, "{change}"),
    "sluice change review": Run(_MEET, "{change} -m Seen"),
    "sluice change take-back": Run(_CHANGE, "{change} -m Why"),
    "sluice change withdraw": Run(_CHANGE, "{change} -m ''"),
    "sluice change schedule": Run(_CHANGE, "{change} --starts 1h --ends 2h"),
    "sluice change start": Run(_CHANGE, "{change}"),
    "sluice change finish": Run(_CHANGE, "{change}"),
    "sluice change link": Run(needs(Permission.PLAN), "{change} {release}"),
    "sluice change unlink": Run(needs(Permission.PLAN), "{change} {release}"),
    "sluice flags list": Run(_READ, f"--service {SERVICE}"),
    "sluice flags show": Run(_READ, f"none {_OF}"),
    "sluice flags new": Run(_FLAG, f"by-command {_OF}"),
    "sluice flags edit": Run(_FLAG, f"walked {_OF} -e production --on"),
    "sluice flags on": Run(_FLAG, f"none {_OF} -e production"),
    "sluice flags off": Run(_FLAG, f"none {_OF} -e production"),
    "sluice flags kill": Run(_KILL, f"none {_OF}"),
    "sluice flags restore": Run(_FLAG, f"none {_OF}"),
    "sluice flags archive": Run(_FLAG, f"none {_OF} --yes"),
    "sluice flags history": Run(_READ, f"none {_OF}"),
    "sluice flags undo": Run(_FLAG, f"walked 1 {_OF}"),
    "sluice flags explain": Run(_READ, f"none {_OF} -e production"),
    "sluice flags changes": Run(_READ, _OF),
    "sluice flags approve": Run(needs(Permission.APPROVE, Permission.FLAG), "{proposal} --yes"),
    "sluice flags reject": Run(needs(Permission.APPROVE, Permission.FLAG), "{proposal} -m no"),
    "sluice flags withdraw": Run(_FLAG, "{proposal}"),
    "sluice flags plan": Run(_READ, f"-f - {_OF}", "flags: {}"),
    "sluice flags apply": Run(_FLAG, f"-f - {_OF}", "flags: {}"),
    "sluice flags export": Run(_READ, _OF),
    "sluice flags import": Run(_FLAG, f"-f - {_OF} -e production", _UNLEASH),
    "sluice flags stale": Run(_READ, _OF),
    "sluice flags segment list": Run(_READ, _OF),
    "sluice flags segment show": Run(_READ, f"none {_OF}"),
    "sluice flags segment save": Run(_FLAG, f"by-command {_OF}"),
    "sluice flags segment delete": Run(_FLAG, f"none {_OF}"),
    "sluice experiment list": Run(_READ, f"--service {SERVICE}"),
    "sluice experiment show": Run(_READ, f"{SERVICE} none"),
    "sluice experiment start": Run(needs(Permission.FLAG), f"{SERVICE} none --flag none"),
    "sluice experiment decide": Run(needs(Permission.FLAG), f"{SERVICE} none B"),
    "sluice experiment stop": Run(needs(Permission.FLAG), f"{SERVICE} none"),
    "sluice board list": Run(_READ, f"--service {SERVICE}"),
    "sluice board show": Run(_READ, f"--service {SERVICE}"),
    "sluice board agenda": Run(_READ, f"--service {SERVICE}"),
    "sluice board meetings": Run(_READ, f"--service {SERVICE}"),
    "sluice board meet": Run(_MEET, f"--service {SERVICE} --at 9999h"),
    "sluice board close": Run(_MEET, "{meeting}"),
    "sluice board success": Run(_READ, SERVICE),
    "sluice rollout start": Run(_ROLLOUT, "{file} --to 9.9"),
    "sluice rollout list": Run(_READ, f"--service {SERVICE}"),
    "sluice rollout status": Run(_READ, "{rollout}"),
    "sluice rollout explain": Run(_READ, "{rollout}"),
    "sluice rollout history": Run(_READ, "{rollout}"),
    "sluice rollout watch": Run(_READ, "{done}"),
    "sluice rollout approve": Run(needs(Permission.ROLLOUT, Permission.APPROVE), "{rollout}"),
    "sluice rollout resume": Run(_ROLLOUT, "{rollout}"),
    "sluice rollout promote": Run(_ROLLOUT, "{rollout} --yes"),
    "sluice rollout skip": Run(_ROLLOUT, "{rollout} --yes"),
    "sluice rollout retry": Run(_ROLLOUT, "{rollout}"),
    "sluice rollout edit": Run(_ROLLOUT, "{rollout} {file} --yes"),
    "sluice rollout pause": Run(_ROLL_BACK, "{rollout}"),
    "sluice rollout abort": Run(_ROLL_BACK, "{rollout} --yes"),
    "sluice rollout rollback": Run(_ROLL_BACK, "{rollout} --yes"),
}
