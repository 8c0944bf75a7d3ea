"""The use case of ending a whole installation: proxies first, so that no user meets a dying service.

Only for when no server works on the data and no rollout is under way; the data itself stays.
"""

from __future__ import annotations

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.errors import IllegalMoveError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import DeployProvider
from sluiceway.ports.store import RolloutRow, Store
from sluiceway.ports.traffic import TrafficProvider

_MOST_SERVICES = 500


def put_away(
    store: Store, traffic: TrafficProvider, deploy: DeployProvider, clock: Clock, by: str
) -> tuple[str, ...]:
    """End every ingress's proxy and every version's instances; return what was ended, in words.

    Raises IllegalMoveError while a rollout is unfinished: it would start what it needs again.
    """
    with store.read() as tx:
        rows = tx.list_rollouts(service=None, active_only=False, limit=_MOST_SERVICES, before=None)
    unfinished = [row for row in rows if not row.state.phase.is_terminal]
    if unfinished:
        names = ", ".join(f"{row.setup.service.name} ({row.id})" for row in unfinished)
        raise IllegalMoveError(
            f"a rollout is under way: {names}; run `sluice serve` and abort it or wait for its end"
        )
    newest: dict[str, RolloutRow] = {}
    for row in rows:
        newest.setdefault(row.setup.service.name, row)
    ended: list[str] = []
    for row in newest.values():
        traffic.stop(row.setup.ingress)
        ended.append(f"the proxy at {row.setup.ingress.host}:{row.setup.ingress.port}")
        for version in (row.state.stable, row.state.new):
            if deploy.observe(row.setup.service, version).wanted:
                deploy.stop(row.setup.service, version)
                ended.append(f"{row.setup.service.name} {version}")
        with store.begin() as tx:
            tx.append_audit(
                NewAuditEntry(
                    at=clock.wall(),
                    process_at=clock.now(),
                    actor=by,
                    kind="put-away",
                    subject=row.id,
                    why=f"{row.setup.service.name}: proxy and instances ended by `sluice down`",
                )
            )
    return tuple(ended)
