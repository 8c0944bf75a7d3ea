"""The HTTP application: the API's routes, its guard, its errors and its OpenAPI document.

Further handlers (the console's) come in as an argument; this package knows no other interface.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from litestar import Litestar
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.types import ControllerRouterHandler

from sluiceway import __version__
from sluiceway.api.accounts import AccountRoutes
from sluiceway.api.boards import BoardRoutes, MeetingRoutes, change_success
from sluiceway.api.change_acts import ChangeActRoutes
from sluiceway.api.changes import ChangeRoutes
from sluiceway.api.events import Shutdown, rollout_events
from sluiceway.api.experiments import ExperimentRoutes
from sluiceway.api.flag_acts import (
    FlagFileRoutes,
    FlagHistoryRoutes,
    FlagProposalRoutes,
    FlagSegmentRoutes,
    flag_services,
    stale_flags,
)
from sluiceway.api.flag_applications import ForApplications
from sluiceway.api.flag_exposures import flag_exposures
from sluiceway.api.flags import FlagRoutes
from sluiceway.api.guard import Entrance, RequestGuard, who_speaks
from sluiceway.api.login import SessionRoutes
from sluiceway.api.points import TokenRoutes, push_points
from sluiceway.api.problems import EXCEPTION_HANDLERS
from sluiceway.api.processes import ProcessRoutes
from sluiceway.api.release_acts import ReleaseActRoutes
from sluiceway.api.releases import ReleaseRoutes
from sluiceway.api.rollouts import RolloutRoutes
from sluiceway.api.runs import RunRoutes
from sluiceway.api.system import audit_verify, healthz, own_metrics, process_schema, validate_process
from sluiceway.api.work import my_work, waiting
from sluiceway.services.accounts import AccountService
from sluiceway.services.boards import BoardService
from sluiceway.services.changes import ChangeService
from sluiceway.services.experiments import ExperimentService
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flags import FlagService
from sluiceway.services.health import HealthService
from sluiceway.services.points import PointsService
from sluiceway.services.processes import ProcessService
from sluiceway.services.releases import ReleaseService
from sluiceway.services.rollouts import RolloutService
from sluiceway.services.sessions import SessionService
from sluiceway.services.tokens import TokenService

MAX_BODY_BYTES = 1_000_000

API_HANDLERS: tuple[ControllerRouterHandler, ...] = (
    RolloutRoutes,
    rollout_events,
    push_points,
    TokenRoutes,
    SessionRoutes,
    AccountRoutes,
    ReleaseRoutes,
    ReleaseActRoutes,
    RunRoutes,
    my_work,
    waiting,
    ProcessRoutes,
    ChangeRoutes,
    ChangeActRoutes,
    BoardRoutes,
    ExperimentRoutes,
    MeetingRoutes,
    change_success,
    FlagRoutes,
    FlagProposalRoutes,
    FlagHistoryRoutes,
    FlagSegmentRoutes,
    FlagFileRoutes,
    flag_services,
    stale_flags,
    flag_exposures,
    audit_verify,
    validate_process,
    process_schema,
    healthz,
    own_metrics,
)


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases that the routes call. A handler asks for one by the name it has in `create_api`."""

    rollouts: RolloutService
    health: HealthService
    points: PointsService
    tokens: TokenService
    sessions: SessionService
    accounts: AccountService
    releases: ReleaseService
    processes: ProcessService
    changes: ChangeService
    boards: BoardService
    flags: FlagService
    experiments: ExperimentService
    flag_sets: FlagSets


def create_api(
    services: Services,
    *,
    shutdown: Shutdown | None = None,
    own_name: str = "",
    more_handlers: Sequence[ControllerRouterHandler] = (),
) -> Litestar:
    """Return the ASGI application. `own_name` is a host name it may be reached under besides loopback."""
    ending = shutdown or Shutdown()
    applications = ForApplications(services.tokens, services.flag_sets, ending)
    return Litestar(
        route_handlers=[*API_HANDLERS, *applications.handlers, *more_handlers],
        dependencies={
            "by": Provide(who_speaks, sync_to_thread=False),
            "service": Provide(lambda: services.rollouts, sync_to_thread=False),
            "health": Provide(lambda: services.health, sync_to_thread=False),
            "points": Provide(lambda: services.points, sync_to_thread=False),
            "tokens": Provide(lambda: services.tokens, sync_to_thread=False),
            "sessions": Provide(lambda: services.sessions, sync_to_thread=False),
            "accounts": Provide(lambda: services.accounts, sync_to_thread=False),
            "releases": Provide(lambda: services.releases, sync_to_thread=False),
            "processes": Provide(lambda: services.processes, sync_to_thread=False),
            "changes": Provide(lambda: services.changes, sync_to_thread=False),
            "boards": Provide(lambda: services.boards, sync_to_thread=False),
            "flags": Provide(lambda: services.flags, sync_to_thread=False),
            "experiments": Provide(lambda: services.experiments, sync_to_thread=False),
            "flag_sets": Provide(lambda: services.flag_sets, sync_to_thread=False),
            "gate": Provide(lambda: applications.gate, sync_to_thread=False),
            "served_sets": Provide(lambda: applications.served_sets, sync_to_thread=False),
            "shutdown": Provide(lambda: ending, sync_to_thread=False),
        },
        middleware=[
            DefineMiddleware(RequestGuard, own_name=own_name),
            DefineMiddleware(Entrance, sessions=services.sessions),
        ],
        lifespan=[applications.listening],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=OpenAPIConfig(
            title="Sluiceway",
            version=__version__,
            path="/schema",
            description="Roll a service out on live traffic, stage by stage, and back within seconds.",
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
        ),
        debug=False,
        logging_config=None,  # set up once for the whole program, not here
    )
