"""Who is asking: the targeting key and whatever attributes rules look at."""

from __future__ import annotations

from sluiceway.domain.flags.model import TARGETING_KEY


class Context(dict[str, object]):
    """A context in one line: `Context("user-7", country="DE", plan="pro")`.

    Any other mapping that holds `targetingKey` does as well. Without a key no percentage reaches anybody.
    """

    def __init__(self, key: str = "", /, **attributes: object) -> None:
        super().__init__(attributes)
        if key:
            self[TARGETING_KEY] = key
