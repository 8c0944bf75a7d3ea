"""What a process says about feature flags: who agrees to changes of them, and when one counts as stale."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class FlagEnvironment:
    """Where changes of flags wait for an approval: `approval` is the id of an approval policy."""

    environment: str
    approval: str


@dataclass(frozen=True, slots=True)
class FlagRules:
    """`stale_after_s` is how long a flag may be the same for everyone before it is reported,
    `unused_after_s` how long nobody may have asked for it. Real seconds.
    """

    environments: tuple[FlagEnvironment, ...] = ()
    stale_after_s: float = 30 * DAY_S
    unused_after_s: float = 30 * DAY_S

    def approval_in(self, environment: str) -> str:
        """Return the id of the policy that agrees to changes in an environment, "" where nobody is asked."""
        return next((one.approval for one in self.environments if one.environment == environment), "")
