"""The templates of all pages: one Jinja environment, strict about what is missing, escaping everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sluiceway import __version__
from sluiceway.web.assets import Assets

_SECTIONS = (
    ("rollouts", "/", "Rollouts"),
    ("releases", "/releases", "Releases"),
    ("flags", "/flags", "Flags"),
    ("changes", "/changes", "Changes"),
    ("boards", "/boards", "Boards"),
    ("work", "/work", "My work"),
)


class Templates:
    """Renders templates. One instance serves all requests; each template is compiled once."""

    def __init__(
        self, assets: Assets, filters: Mapping[str, object], functions: Mapping[str, object] | None = None
    ) -> None:
        self._environment = Environment(
            loader=PackageLoader("sluiceway.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment: Any = self._environment  # Jinja2 types what may be added by what it adds itself
        environment.filters.update(filters)
        environment.globals.update(
            asset=assets.url, product_version=__version__, sections=_SECTIONS, **(functions or {})
        )

    def render(self, template: str, **values: object) -> str:
        return self._environment.get_template(template).render(**values)
