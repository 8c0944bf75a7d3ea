"""Starting a rollout: what is refused, and where it starts from."""

from __future__ import annotations

import pytest

from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.errors import ConflictError, InvalidInputError, NotFoundError, ProcessFileError
from sluiceway.services.views import RolloutView
from tests.unit.services.desk import ADA, Office

PROCESS = """\
service:
  name: checkout
  command: ["serve", "{port}", "{version}"]
ingress: {name: checkout, listen: "127.0.0.1:8080"}
rollout:
  strategy: canary
  stages:
    - {name: few, weight: 5%, duration: 5m}
    - {name: all, weight: 100%, duration: 5m}
"""


NAMED = f"""\
{PROCESS}
rollouts:
  canary:
    strategy: canary
    stages: [{{name: tenth, weight: 10%, duration: 5m}}, {{name: all, weight: 100%}}]
  blue-green:
    strategy: blue-green
    stages: [{{name: green, weight: 0%}}, {{name: blue, weight: 100%, duration: 5m}}]
  rolling:
    strategy: rolling
    stages: [{{name: half, weight: 50%, duration: 5m}}, {{name: all, weight: 100%}}]
"""


def start(
    office: Office, new: str = "2.0", stable: str | None = "1.0", *, replace_serving: bool = False
) -> RolloutView:
    return office.service.start(
        PROCESS, "/srv/sluiceway.yaml", new, stable, ADA, replace_serving=replace_serving
    )


def start_named(office: Office, name: str, text: str = NAMED) -> RolloutView:
    return office.service.start(text, "/srv/sluiceway.yaml", "2.0", "1.0", ADA, rollout=name)


def test_a_started_rollout_prepares_and_is_audited_with_its_process(office: Office) -> None:
    view = start(office)

    first = office.service.history(view.summary.id, ADA)[0]
    assert (view.summary.phase, view.summary.stable, view.summary.new) == ("preparing", "1.0", "2.0")
    assert (first.kind, first.actor) == ("rollout-started", "ada")
    assert "checkout from 1.0 to 2.0" in first.why
    assert len(str(first.figures["process_sha256"])) == 64


def test_ids_sort_by_time_of_creation(office: Office) -> None:
    one = start(office).summary.id
    office.desk.run(one, until="promoted")

    assert start(office, new="3.0", stable=None).summary.id > one


def test_the_stable_version_is_what_the_last_rollout_promoted(office: Office) -> None:
    office.desk.run(start(office).summary.id, until="promoted")

    assert start(office, new="3.0", stable=None).summary.stable == "2.0"


def test_the_stable_version_is_what_the_last_rollout_went_back_to(office: Office) -> None:
    first = start(office).summary.id
    office.service.act(first, CommandKind.ROLLBACK, ADA)
    office.desk.run(first, until="rolled-back")

    assert start(office, new="3.0", stable=None).summary.stable == "1.0"


def test_without_a_rollout_before_the_stable_version_must_be_named(office: Office) -> None:
    with pytest.raises(InvalidInputError, match="--from VERSION"):
        start(office, stable=None)


def test_the_same_version_twice_is_refused(office: Office) -> None:
    with pytest.raises(InvalidInputError, match=r"already serves 2\.0"):
        start(office, stable="2.0")


def test_a_start_from_what_does_not_serve_is_refused(office: Office) -> None:
    office.desk.run(start(office).summary.id, until="promoted")

    with pytest.raises(ConflictError, match=r"left 2\.0 serving users"):
        start(office, new="3.0", stable="1.0")


def test_a_start_from_what_does_not_serve_can_be_confirmed(office: Office) -> None:
    office.desk.run(start(office).summary.id, until="promoted")

    assert start(office, new="3.0", stable="1.0", replace_serving=True).summary.stable == "1.0"


def test_a_second_rollout_of_a_busy_service_is_refused(office: Office) -> None:
    start(office)

    with pytest.raises(ConflictError, match="checkout"):
        start(office, new="3.0")


@pytest.mark.parametrize("version", ["", "a b", "../up", "-rf", ".hidden", "x" * 101, "é"])
def test_a_version_that_could_not_be_a_path_or_header_is_refused(office: Office, version: str) -> None:
    with pytest.raises(InvalidInputError, match="new version is"):
        start(office, new=version)


def test_a_file_without_a_service_or_ingress_says_what_is_missing(office: Office) -> None:
    only_rollout = PROCESS[PROCESS.index("rollout:") :]

    with pytest.raises(ProcessFileError) as refused:
        office.service.start(only_rollout, "r.yaml", "2.0", "1.0", ADA)

    assert [problem.split(": ")[1] for problem in refused.value.problems] == ["service", "ingress"]


def test_a_rollout_of_the_process_is_started_by_its_name(office: Office) -> None:
    view = start_named(office, "blue-green")

    first = office.service.history(view.summary.id, ADA)[0]
    assert [stage.id for stage in view.stages] == ["green", "blue"]
    assert first.why == "checkout from 1.0 to 2.0 by rollout blue-green of /srv/sluiceway.yaml"


def test_an_edit_of_a_named_rollout_reads_the_same_one_of_the_edited_file(office: Office) -> None:
    rollout_id = start_named(office, "blue-green").summary.id
    office.desk.run(rollout_id, until="progressing")
    office.service.act(
        rollout_id, CommandKind.EDIT, ADA, plan_text=NAMED.replace("name: blue,", "name: everybody,")
    )

    view = office.service.get(rollout_id, ADA)

    assert [stage.id for stage in view.stages] == ["green", "everybody"]


def test_a_rollout_that_the_process_does_not_have_is_refused_with_the_nearest_name(office: Office) -> None:
    with pytest.raises(NotFoundError) as near:
        start_named(office, "bluegreen")
    with pytest.raises(NotFoundError) as far:
        start_named(office, "weekly")
    with pytest.raises(NotFoundError) as none:
        start_named(office, "canary", PROCESS)

    path = "/srv/sluiceway.yaml"
    assert str(near.value) == f'{path} has no rollout "bluegreen"; did you mean "blue-green"?'
    assert str(far.value) == f'{path} has no rollout "weekly": its rollouts are canary, blue-green, rolling'
    assert str(none.value) == f'{path} has no rollout "canary": it has none under `rollouts`'


def test_without_a_default_rollout_the_names_are_told(office: Office) -> None:
    without = NAMED.replace("rollout:\n", "x-rollout:\n")

    with pytest.raises(ProcessFileError) as refused:
        start_named(office, "", without)

    assert str(refused.value) == (
        "/srv/sluiceway.yaml: rollout: missing; starting a rollout needs to know its stages; or name one of "
        "canary, blue-green, rolling"
    )


def test_a_named_strategy_that_nothing_carries_out_yet_is_refused_where_it_stands(office: Office) -> None:
    with pytest.raises(ProcessFileError, match=r"sluiceway\.yaml: rollouts\.rolling\.strategy: \"rolling\""):
        start_named(office, "rolling")


def test_a_file_with_problems_starts_nothing(office: Office) -> None:
    with pytest.raises(ProcessFileError, match="150"):
        office.service.start(PROCESS.replace("5%", "150%"), "r.yaml", "2.0", "1.0", ADA)

    assert office.service.list(ADA) == ()


@pytest.mark.parametrize("strategy", ["rolling", "maintenance"])
def test_a_strategy_that_nothing_carries_out_yet_is_refused(office: Office, strategy: str) -> None:
    text = PROCESS.replace("strategy: canary", f"strategy: {strategy}")
    with pytest.raises(ProcessFileError) as refused:
        office.service.start(text, "r.yaml", "2.0", "1.0", ADA)

    assert str(refused.value) == (
        f'r.yaml: rollout.strategy: "{strategy}" is checked and shown, but can\'t be started yet; '
        "expected canary, blue-green or feature-flag"
    )
    assert office.service.list(ADA) == ()


def test_a_rollout_by_flag_has_to_say_which(office: Office) -> None:
    text = PROCESS.replace("strategy: canary", "strategy: feature-flag")
    with pytest.raises(ProcessFileError) as refused:
        office.service.start(text, "r.yaml", "2.0", "1.0", ADA)

    assert str(refused.value) == (
        'r.yaml: rollout.flag: missing; strategy "feature-flag" drives one; add "flag: ID" beside it'
    )


def test_an_edit_to_a_strategy_that_nothing_carries_out_yet_is_refused(office: Office) -> None:
    rollout_id = start(office).summary.id
    text = PROCESS.replace("strategy: canary", "strategy: rolling")

    with pytest.raises(ProcessFileError, match="can't be started yet"):
        office.service.act(rollout_id, CommandKind.EDIT, ADA, plan_text=text)


def test_an_edit_replaces_the_stages_that_are_left(office: Office) -> None:
    rollout_id = start(office).summary.id
    office.desk.run(rollout_id, until="progressing")
    edited = PROCESS.replace(
        "    - {name: all", "    - {name: half, weight: 50%, duration: 1m}\n    - {name: all"
    )

    view = office.service.act(rollout_id, CommandKind.EDIT, ADA, plan_text=edited)

    assert [stage.id for stage in view.stages] == ["few", "half", "all"]
    assert view.decisions[0].kind == "edited"
