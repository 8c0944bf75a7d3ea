"""The sets that are served: loaded once, replaced as a whole, told to listeners, for the right token."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluiceway.adapters.store import open_store
from sluiceway.domain.flags.model import Flag, Segment
from sluiceway.domain.flags.wire import set_to_json
from sluiceway.domain.flags.wire_reading import set_from_json
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ForbiddenError, InvalidInputError, NotFoundError
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flags import FlagService
from tests.unit.services.desk import ADA, TEAM, Office

SERVICE, PRODUCTION = "checkout", "production"


def application(office: Office, *environments: str, service: str = SERVICE) -> Principal:
    """Return who comes with a token to evaluate flags."""
    made = office.services.tokens.create(
        f"app-{len(environments)}", service, ADA, scopes=[Permission.EVALUATE], environments=environments
    )
    return office.services.tokens.authenticate(f"Bearer {made.token}")


def test_the_document_is_the_set_as_clients_read_it(office: Office) -> None:
    flags, sets = office.services.flags, office.services.flag_sets
    flags.create(SERVICE, Flag("new", description='says "ü"', is_enabled=True), ADA)
    flags.save_segment(SERVICE, Segment("beta", included=("ann",)), ADA)

    live = sets.current(SERVICE, PRODUCTION)

    assert json.loads(live.document) == set_to_json(live.evaluator.flag_set)
    assert set_from_json(json.loads(live.document)) == live.evaluator.flag_set
    assert (live.version, live.changed_at) == (2, office.clock.wall())


def test_a_service_without_flags_has_an_empty_set_in_each_of_its_environments(office: Office) -> None:
    live = office.services.flag_sets.current(SERVICE, PRODUCTION)

    assert (live.version, live.evaluator.keys) == (0, ())
    with pytest.raises(
        NotFoundError, match="checkout has no environment 'live'; its process has development"
    ):
        office.services.flag_sets.current(SERVICE, "live")


def test_the_environments_are_those_of_the_process(office: Office) -> None:
    office.put_process(SERVICE, f"{TEAM}environments: [{{id: live, entry: approval}}]\n")

    assert office.services.flag_sets.environments(SERVICE) == ("live",)
    made = office.services.flags.create(SERVICE, Flag("new", is_enabled=True), ADA)
    assert [one.environment for one in made] == ["live"]
    assert office.services.flag_sets.current(SERVICE, "live").evaluator.evaluate("new", {}).value is True


def test_listeners_hear_of_a_change_once_it_is_served(office: Office) -> None:
    flags, sets = office.services.flags, office.services.flag_sets
    flags.create(SERVICE, Flag("new"), ADA)
    sets.current(SERVICE, PRODUCTION)
    heard: list[tuple[str, str, int]] = []

    def hear(service: str, environment: str) -> None:
        heard.append((service, environment, sets.current(service, environment).version))

    end = sets.subscribe(hear)

    flags.toggle(SERVICE, PRODUCTION, "new", True, ADA)
    flags.toggle(SERVICE, "staging", "new", True, ADA)  # nobody has asked for that set
    end()
    flags.toggle(SERVICE, PRODUCTION, "new", False, ADA)

    assert heard == [(SERVICE, PRODUCTION, 2)]


def test_a_change_through_another_process_is_seen_at_the_next_poll(office: Office, tmp_path: Path) -> None:
    sets = office.services.flag_sets
    office.services.flags.create(SERVICE, Flag("new"), ADA)
    before = sets.current(SERVICE, PRODUCTION)
    heard: list[tuple[str, str]] = []
    sets.subscribe(lambda service, environment: heard.append((service, environment)))
    other = open_store(tmp_path / "sluiceway.db", owner="other")
    FlagService(other, office.clock, FlagSets(other, office.clock)).kill(SERVICE, "", "new", ADA)
    other.close()

    assert sets.current(SERVICE, PRODUCTION) is before
    sets.poll()
    sets.poll()

    assert heard == [(SERVICE, PRODUCTION)]
    assert sets.current(SERVICE, PRODUCTION).version == 2


def test_what_has_not_changed_is_not_read_again(office: Office) -> None:
    flags, sets = office.services.flags, office.services.flag_sets
    flags.create(SERVICE, Flag("new"), ADA)
    flags.create(SERVICE, Flag("old"), ADA)
    before = {one.id: one for one in sets.current(SERVICE, PRODUCTION).evaluator.flag_set.flags}

    flags.toggle(SERVICE, PRODUCTION, "new", True, ADA)

    after = {one.id: one for one in sets.current(SERVICE, PRODUCTION).evaluator.flag_set.flags}
    assert after["old"] is before["old"]
    assert after["new"] is not before["new"]


def test_an_application_s_token_is_for_one_service_and_environment(office: Office) -> None:
    sets = office.services.flag_sets

    assert sets.for_principal(application(office, PRODUCTION)) == (SERVICE, PRODUCTION)
    for wide in (application(office), application(office, PRODUCTION, "staging"), ADA):
        with pytest.raises(
            ForbiddenError, match="sluice token create NAME --scope evaluate --service SERVICE"
        ):
            sets.for_principal(wide)


def test_a_token_without_the_scope_evaluates_nothing(office: Office) -> None:
    made = office.services.tokens.create("till", SERVICE, ADA, environments=[PRODUCTION])
    sender = office.services.tokens.authenticate(f"Bearer {made.token}")

    with pytest.raises(ForbiddenError, match="may not evaluate for checkout"):
        office.services.flag_sets.for_principal(sender)


def test_a_token_that_evaluates_belongs_to_nobody_and_does_nothing_else(office: Office) -> None:
    office.services.flags.create(SERVICE, Flag("new"), ADA)
    by = application(office, PRODUCTION)

    assert (by.name, by.through) == ("app-1", "app-1")
    with pytest.raises(ForbiddenError):
        office.services.flags.list(SERVICE, by)
    with pytest.raises(ForbiddenError):
        office.services.flags.kill(SERVICE, "", "new", by)
    (listed,) = office.services.tokens.list(ADA)
    assert (listed.owner, listed.scopes, listed.environments) == ("", ("evaluate",), (PRODUCTION,))


def test_a_token_is_for_environments_that_its_service_has(office: Office) -> None:
    with pytest.raises(InvalidInputError, match="checkout has no environment 'live'"):
        application(office, "live")
    with pytest.raises(InvalidInputError, match="the environment 'production' of no service"):
        application(office, PRODUCTION, service="")


def test_whoever_may_make_flags_may_let_applications_evaluate_them(office: Office) -> None:
    office.set_up_accounts()
    vic, otto = office.person("vic", "viewer"), office.person("otto", "operator@checkout")
    create = office.services.tokens.create

    with pytest.raises(ForbiddenError, match=r"vic may not evaluate \(or flag\) for checkout"):
        create("app", SERVICE, vic, scopes=[Permission.EVALUATE], environments=[PRODUCTION])
    made = create("app", SERVICE, otto, scopes=[Permission.EVALUATE], environments=[PRODUCTION])
    assert (made.owner, made.environments) == ("", (PRODUCTION,))
