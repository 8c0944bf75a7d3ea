"""What a process file says about feature flags."""

from __future__ import annotations

from sluiceway.config import parse_process
from sluiceway.domain.process.flags import DAY_S, FlagEnvironment, FlagRules

APPROVAL = "approvals: [{id: flag-change, rule: {people: [ada]}}]\n"


def rules_of(text: str) -> FlagRules:
    team = parse_process(text).team
    assert team is not None
    return team.flags


def test_changes_of_flags_wait_where_the_process_says_so() -> None:
    rules = rules_of(f"{APPROVAL}flags: {{environments: {{production: {{approval: flag-change}}}}}}")

    assert rules.environments == (FlagEnvironment("production", "flag-change"),)
    assert rules.approval_in("production") == "flag-change"
    assert rules.approval_in("staging") == ""


def test_a_process_with_environments_of_its_own_names_those() -> None:
    own = "environments: [{id: live, entry: approval}]\n"
    rules = rules_of(f"{APPROVAL}{own}flags: {{environments: {{live: {{approval: flag-change}}}}}}")

    assert rules.approval_in("live") == "flag-change"


def test_how_long_a_flag_may_do_nothing_is_a_month_unless_the_process_says() -> None:
    assert rules_of("roles: []") == FlagRules((), 30 * DAY_S, 30 * DAY_S)
    assert rules_of("flags: {stale_after: 2w, unused_after: 90d}") == FlagRules((), 14 * DAY_S, 90 * DAY_S)
