"""What a good process file means: every key of the complete example, and the defaults of the small ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sluiceway.config import load_process, parse_process
from sluiceway.domain.process.plan import (
    Action,
    Approval,
    Audience,
    CriterionKind,
    HealthCheck,
    Ingress,
    MetricSource,
    Process,
    RolloutPlan,
    Service,
    SmokeCheck,
    Stage,
    Sticky,
    Strategy,
    VersionOverride,
    WhenInconclusive,
)

GOOD = Path(__file__).with_name("good")


def load(name: str) -> Process:
    return load_process(GOOD / f"{name}.yaml")


def service_of(process: Process) -> Service:
    assert process.service is not None
    return process.service


def plan_of(process: Process) -> RolloutPlan:
    assert process.rollout is not None
    return process.rollout


def stages_from(text: str) -> tuple[Stage, ...]:
    return plan_of(parse_process(f"rollout:\n  stages:\n{text}")).stages


def test_a_process_has_a_name_a_path_and_the_hash_of_its_text() -> None:
    process = load("complete")

    assert process.name == "shop releases"
    assert process.path == str(GOOD / "complete.yaml")
    assert process.content_hash == hashlib.sha256((GOOD / "complete.yaml").read_bytes()).hexdigest()


def test_a_process_without_a_name_is_called_after_its_service_else_its_file() -> None:
    assert load("minimal").name == "files"
    assert load("canary-deployment").name == "canary-deployment"


def test_a_service_is_read_with_all_its_keys() -> None:
    service = service_of(load("complete"))

    assert service.name == "shop"
    assert service.command == ("python3", "-m", "shop", "--port", "{port}")
    assert service.cwd == str(GOOD)
    assert service.env == (("GREETING", "v{version}"), ("DEBUG", "no"), ("LEVEL", "3"), ("EMPTY", ""))
    assert service.health == HealthCheck("/healthz", 0.5, 2.0, 60.0)
    assert service.instances == 2
    assert service.stop_grace_s == 20.0


def test_versions_override_parts_and_keep_their_names_as_written() -> None:
    assert dict(service_of(load("complete")).versions) == {
        "2.0": VersionOverride(cwd=str(GOOD.parent), env=(("GREETING", "hello"),)),
        "2.1": VersionOverride(command=("python3", "-m", "shop2", "--port", "{port}", "--title", "my shop")),
        "3.0": VersionOverride(),
    }


def test_a_command_in_one_text_is_split_like_a_shell_would() -> None:
    assert service_of(load("minimal")).command == ("python3", "-m", "http.server", "{port}")


def test_a_service_has_sensible_defaults() -> None:
    service = service_of(load("minimal"))

    assert service.health == HealthCheck("/", 1.0, 1.0, 30.0)
    assert (service.instances, service.stop_grace_s, service.env, service.versions) == (1, 10.0, (), ())


def test_health_and_stop_can_be_written_short() -> None:
    service = service_of(load("blue-green"))

    assert (service.health.path, service.stop_grace_s) == ("/ready", 5.0)


def test_the_port_may_stand_in_the_environment_instead_of_the_command() -> None:
    assert service_of(load("blue-green")).env == (("PORT", "{port}"),)


def test_an_ingress_is_read_with_all_its_keys() -> None:
    assert load("complete").ingress == Ingress(
        "front", "envoy", "0.0.0.0", 8080, Sticky("x-user-id", "user"), 30.0
    )


def test_an_ingress_may_be_just_a_port() -> None:
    assert load("minimal").ingress == Ingress("files", "envoy", "127.0.0.1", 8080, Sticky(), 15.0)


def test_an_ingress_may_listen_on_an_ipv6_address() -> None:
    ingress = load("blue-green").ingress

    assert ingress is not None
    assert (ingress.host, ingress.port) == ("::1", 8443)


def test_a_metric_of_prometheus_is_read_with_all_its_keys() -> None:
    metric = load("complete").metrics[0]

    assert (metric.name, metric.source, metric.unit) == ("checkout_p99", MetricSource.PROMETHEUS, "ms")
    assert metric.address == "http://127.0.0.1:9090"
    assert '{{version}}"}[1m]' in metric.query
    assert (metric.window_s, metric.timeout_s, metric.range_step_s) == (30.0, 3.0, 5.0)
    assert metric.higher_is_worse


def test_a_metric_with_a_query_needs_no_source() -> None:
    metric = load("complete").metrics[1]

    assert (metric.name, metric.source, metric.higher_is_worse) == ("orders", MetricSource.PROMETHEUS, False)


def test_a_metric_of_running_totals_needs_no_query() -> None:
    metric = load("complete").metrics[4]

    assert (metric.name, metric.source, metric.query) == ("refunds", MetricSource.PROMETHEUS, "")
    assert metric.bad_query == 'sum(orders_total{v="{{version}}",refunded="yes"})'
    assert metric.all_query == 'sum(orders_total{v="{{version}}"})'


def test_a_built_in_metric_keeps_what_the_process_does_not_change() -> None:
    metric = load("complete").metrics[2]

    assert (metric.name, metric.source, metric.unit, metric.window_s) == (
        "error_rate",
        MetricSource.ENVOY,
        "share",
        20.0,
    )


def test_a_stage_is_read_with_all_its_keys() -> None:
    stage = plan_of(load("complete")).stages[0]

    assert (stage.id, stage.weight_bp, stage.duration_s) == ("first-users", 10, 172_800.0)
    assert stage.audience == (
        Audience("header", "x-beta", ("yes",)),
        Audience("cookie", "team", ("blue", "7")),
    )
    assert stage.approval == Approval("release-manager", 2)
    assert (stage.inconclusive, stage.min_requests, stage.mirror_bp) == (WhenInconclusive.PAUSE, 50, 1_000)


def test_criteria_are_expressions_sentences_names_or_a_persons() -> None:
    criteria = plan_of(load("complete")).stages[0].criteria

    assert [(c.text, c.kind, c.expression) for c in criteria] == [
        ("error_rate < 0.01", CriterionKind.EXPRESSION, "error_rate < 0.01"),
        ("p95_ms <= 1.2 * baseline.p95_ms", CriterionKind.EXPRESSION, "p95_ms <= 1.2 * baseline.p95_ms"),
        (
            "checkout p99 within 20% of baseline",
            CriterionKind.EXPRESSION,
            "checkout_p99 <= 1.2 * baseline.checkout_p99",
        ),
        ("no_performance_regression", CriterionKind.ANALYSIS, ""),
        ("Support has no new complaints", CriterionKind.MANUAL, ""),
    ]
    assert criteria[1].metrics == ("p95_ms", "baseline.p95_ms")


def test_a_list_of_weights_makes_a_stage_of_each_and_shares_the_time_evenly() -> None:
    stages = plan_of(load("complete")).stages[1:4]

    assert [(s.id, s.weight_bp, s.duration_s) for s in stages] == [
        ("more-10", 1_000, 3_600.0),
        ("more-25", 2_500, 3_600.0),
        ("more-50", 5_000, 3_600.0),
    ]
    assert [len(s.criteria) for s in stages] == [1, 1, 1]


def test_the_approval_of_a_list_of_weights_is_asked_for_once() -> None:
    stages = plan_of(load("complete")).stages[1:4]

    assert [stage.approval for stage in stages] == [Approval("lead"), None, None]


def test_triggers_are_read_with_all_their_keys() -> None:
    triggers = plan_of(load("complete")).triggers

    assert [(t.id, t.expression, t.action, t.window_s) for t in triggers] == [
        ("too-many-errors", "error_rate > 0.05", Action.IMMEDIATE, 300.0),
        ("slow", "p95_ms > 1000", Action.GRADUAL, 600.0),
        ("crashes-over-2", "crashes >= 2", Action.EMERGENCY, 120.0),
        ("orders-under-0-8-baseline-orders", "orders < 0.8 * baseline.orders", Action.ASK, 0.0),
        ("health-check-failures-over-10", "health_failure_rate > 0.1", Action.IMMEDIATE, 0.0),
        ("error-rate-over-0-2", "error_rate > 0.2", Action.IMMEDIATE, 0.0),
        (
            "errors-over-10x-normal",
            "errors >= 3 && error_rate > 10 * baseline.error_rate",
            Action.IMMEDIATE,
            0.0,
        ),
    ]
    assert (triggers[0].min_requests, triggers[0].min_samples) == (30, 3)
    assert (triggers[1].min_requests, triggers[1].min_samples) == (20, 2)


def test_the_way_back_and_the_end_are_read() -> None:
    plan = plan_of(load("complete"))

    assert (plan.automatic_rollback, plan.gradual_step_s, plan.keep_old_s) == (False, 60.0, 86_400.0)
    assert plan.smoke == (SmokeCheck("/healthz"), SmokeCheck("/checkout", 204, "ok", 2.0))


def test_a_rollout_has_sensible_defaults() -> None:
    plan = plan_of(load("minimal"))

    assert plan.strategy is Strategy.CANARY
    assert [stage.id for stage in plan.stages] == ["stage-1", "stage-2"]
    assert (plan.automatic_rollback, plan.gradual_step_s, plan.keep_old_s) == (True, 30.0, 0.0)


def test_blue_green_without_stages_switches_gradually_and_keeps_the_old_side_a_day() -> None:
    plan = plan_of(load("blue-green"))

    assert [stage.weight_bp for stage in plan.stages] == [0, 500, 2_500, 5_000, 10_000]
    assert [stage.duration_s for stage in plan.stages] == [0, 300, 300, 300, 0]
    assert plan.keep_old_s == 86_400.0


def test_a_canary_deployment_uses_its_period_for_steps_without_a_time() -> None:
    stages = plan_of(load("canary-deployment")).stages

    assert [(s.id, s.weight_bp, s.duration_s) for s in stages[:3]] == [
        ("canary-5", 500, 86_400.0),
        ("canary-25", 2_500, 43_200.0),
        ("canary-50", 5_000, 21_600.0),
    ]


@pytest.mark.parametrize("name", ["canary-deployment", "short"])
def test_stages_that_end_early_get_a_last_one_that_waits_for_a_person(name: str) -> None:
    process = (
        load(name) if name != "short" else parse_process("rollout: {stages: [{weight: 5, duration: 1h}]}")
    )
    last = plan_of(process).stages[-1]

    assert (last.id, last.weight_bp, last.approval) == ("full", 10_000, Approval())
    assert any('a stage "full" at 100 % was added' in note.message for note in process.notes)


def test_a_stage_for_an_audience_alone_may_have_no_weight() -> None:
    stages = stages_from("    - {weight: 0, duration: 1h, audience: {header: x-beta, equals: 1}}\n")

    assert (stages[0].weight_bp, stages[0].audience) == (0, (Audience("header", "x-beta", ("1",)),))


def test_two_stages_may_have_the_same_weight() -> None:
    stages = stages_from("    - {weight: 5, duration: 1h}\n    - {weight: 5, duration: 2h}\n")

    assert [stage.weight_bp for stage in stages] == [500, 500, 10_000]


def test_relative_directories_start_from_the_folder_given(tmp_path: Path) -> None:
    text = 'service: {name: a, command: [./run, "{port}"], cwd: ../b}'

    assert service_of(parse_process(text, "p.yaml", tmp_path / "x")).cwd == str(tmp_path / "b")


def test_relative_directories_start_from_the_folder_of_the_named_file(tmp_path: Path) -> None:
    text = 'service: {name: a, command: [./run, "{port}"], cwd: b}'

    assert service_of(parse_process(text, str(tmp_path / "p.yaml"))).cwd == str(tmp_path / "b")


def test_a_directory_may_name_the_version_and_need_not_exist_yet(tmp_path: Path) -> None:
    text = 'service: {name: a, command: [./run, "{port}"], cwd: "./v{version}"}'
    process = parse_process(text, "p.yaml", tmp_path)

    assert service_of(process).cwd == str(tmp_path / "v{version}")
    assert process.notes == ()


def test_a_version_may_leave_the_port_to_the_services_environment() -> None:
    text = 'service: {name: a, command: run, env: {PORT: "{port}"}, versions: {v2: {command: run2}}}'

    assert dict(service_of(parse_process(text)).versions)["v2"].command == ("run2",)


def test_dollar_braces_are_passed_on_as_they_are() -> None:
    text = 'service: {name: a, command: [sh, -c, "exec run {port} ${HOME} $${port}"], env: {A: "${B}"}}'
    service = service_of(parse_process(text))

    assert service.command[2] == "exec run {port} ${HOME} $${port}"
    assert service.env == (("A", "${B}"),)


def test_anchors_may_be_used_with_care() -> None:
    text = "x-c: &c [error_rate < 0.01]\nrollout:\n  stages: [{weight: 100, criteria: *c}]\n"

    assert plan_of(parse_process(text)).stages[0].criteria[0].expression == "error_rate < 0.01"


NOTED = {
    "rollout: {stages: [{weight: 100}]}": [
        "p:1:1: file: has no service and ingress: the rollout can be checked, but not started",
        "p:1:10: rollout: has no criteria and no triggers, so nothing rolls back by itself",
    ],
    "rollout: {stages: [{weight: 100, criteria: [error_rate < 0.1]}]}": [
        "p:1:1: file: has no service and ingress: the rollout can be checked, but not started",
        "p:1:10: rollout: has no triggers, so nothing rolls back by itself",
    ],
    'metrics: {x: {query: up, address: "http://p"}}': [
        "p:1:22: metrics.x.query: does not name {{version}}, so both versions get the same figures",
    ],
    'service: {name: a, command: "run {port}", cwd: /no/such/place}': [
        "p:1:48: service.cwd: /no/such/place is no directory here, so nothing can start there yet",
    ],
}


@pytest.mark.parametrize("text", NOTED)
def test_notes_tell_what_is_worth_knowing(text: str) -> None:
    assert [str(note) for note in parse_process(text, "p").notes] == NOTED[text]


def hasty(trigger: str, more: str = "") -> list[str]:
    """Return the notes about a trigger that acts at once on a figure that swings."""
    text = f"rollout:\n  stages: [{{weight: 100}}]\n  triggers:\n    - {trigger}\n{more}"
    return [str(note) for note in parse_process(text, "p").notes if "swing" in note.message]


def test_a_trigger_that_acts_at_once_on_a_time_to_answer_is_told_what_that_means() -> None:
    wanted = (
        'p:4:7: rollout.triggers[0]: "performance_degradation > 0.2" has no time to hold, so a second of it '
        "is enough, and times to answer swing that far by chance; "
        "write how long it must hold, such as for: 1m"
    )
    assert hasty("performance_degradation > 0.2") == [wanted]


@pytest.mark.parametrize(
    "condition", ["p99 > 300", "mean_ms > 80", "response_time_ratio > 1.5", "crashes > 2 || p50_ms > 9"]
)
def test_every_time_to_answer_swings(condition: str) -> None:
    assert len(hasty(condition)) == 1
    assert len(hasty(f"{{when: {condition}, action: ask}}")) == 1


@pytest.mark.parametrize(("window", "notes"), [("10s", 1), ("59s", 1), ("1m", 0), ("1h", 0)])
def test_a_time_of_the_processs_own_swings_unless_it_is_of_minutes(window: str, notes: int) -> None:
    own = f"metrics: {{checkout: {{source: push, unit: ms, window: {window}}}}}\n"

    assert len(hasty("checkout > 900", own)) == notes


@pytest.mark.parametrize(
    "trigger",
    [
        "{when: performance_degradation > 0.2, for: 1m}",
        "P95 latency > 300ms for 1 minute",
        "{when: p99_ms > 300, min_samples: 60}",
        "error_rate > 5%",
        "crashes >= 3",
    ],
)
def test_a_trigger_that_waits_or_counts_is_told_nothing(trigger: str) -> None:
    assert hasty(trigger) == []


def test_a_pushed_metric_looks_back_as_far_as_its_senders_are_slow() -> None:
    text = (
        "metrics:\n  refunds: {source: push, unit: share}\n  returns: {source: push, window: 30s}\n"
        "  cart: {source: prometheus, query: 'x{v=\"{{version}}\"}', address: http://127.0.0.1:9090}\n"
        "rollout: {stages: [{weight: 100}]}\n"
    )

    assert [metric.window_s for metric in parse_process(text).metrics] == [600.0, 30.0, 10.0]
