"""The addresses of experiments: the list, and a page for each.

Reads only. Acts go through the API, which these pages call from the browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from litestar import Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from sluiceway.domain.people.model import Principal
from sluiceway.services.experiment_views import ExperimentSummary, ExperimentView
from sluiceway.web.answers import html, user_of
from sluiceway.web.assets import Assets
from sluiceway.web.experiment_pages import ExperimentPages

_Service = Annotated[str, QueryParameter(name="service", max_length=200)]


class Experiments(Protocol):
    """What the console asks of the use cases of experiments."""

    def list(self, service: str, by: Principal) -> Sequence[ExperimentSummary]: ...

    def look(self, service: str, experiment: str, by: Principal) -> ExperimentView: ...


@dataclass(frozen=True, slots=True)
class ExperimentConsole:
    """What the routes need."""

    experiments: Experiments
    pages: ExperimentPages


_Console = NamedDependency[ExperimentConsole]
_By = NamedDependency[Principal]


def experiment_router(experiments: Experiments, assets: Assets) -> ControllerRouterHandler:
    """Return the handlers of the pages of experiments."""
    console = ExperimentConsole(experiments, ExperimentPages(assets))
    return Router(
        path="/",
        route_handlers=[experiments_page, experiment_page],
        dependencies={"console": Provide(lambda: console, sync_to_thread=False)},
    )


@get("/experiments", sync_to_thread=True)
def experiments_page(console: _Console, by: _By, of: _Service = "") -> Response[str]:
    """Experiments, newest first: of one service, or of every one."""
    found = console.experiments.list(of, by)
    return html(console.pages.list_page(found, service=of, user=user_of(by)))


@get("/flags/{of:str}/experiments/{experiment:str}", sync_to_thread=True)
def experiment_page(
    console: _Console, by: _By, of: FromPath[str], experiment: FromPath[str]
) -> Response[str]:
    """One experiment: what it says now, how that came about, and what to do."""
    view = console.experiments.look(of, experiment, by)
    return html(console.pages.experiment_page(view, user=user_of(by)))
