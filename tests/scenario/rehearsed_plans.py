"""Plans for the rehearsal's scenarios: a demo-like one of an hour, and stage tables of 42 hours."""

from __future__ import annotations

from dataclasses import replace

from sluiceway.config import parse_process
from sluiceway.domain.process.plan import AnalysedMetric, Analysis, MetricSource, Process

SHOP = """
service:
  name: shop
  command: [serve, "{port}", "{version}"]
  instances: 2
ingress: {name: shop, listen: 127.0.0.1:8080}
rollout:
  strategy: canary
  stages:
    - {name: tenth, weight: 10%, duration: 20m, criteria: [error_rate < 0.02]}
    - name: half
      weight: 50%
      duration: 30m
      criteria: [error_rate < 0.02, p95_ms < 1.6 * baseline.p95_ms]
    - {name: everyone, weight: 100%, duration: 10m, criteria: [error_rate < 0.02]}
  triggers:
    - {name: crashes, when: crashes >= 1, min_samples: 1, action: emergency}
    - {name: outage, when: error_rate > 0.5, for: 1m, action: immediate}
  keep_old: 10m
"""

# As an organisation published it: no service, no ingress, a criterion that only a person can attest.
CANARY = """
canary_deployment:
  strategy: "Limited exposure to new version"
  traffic_routing: {canary: 5%, stable: 95%}
  success_criteria:
    - "Error rate < 0.1%"
    - "Response time within 10% of baseline"
    - "User satisfaction metrics stable"
  progression:
    - "5% for 24 hours"
    - "25% for 12 hours"
    - "50% for 6 hours"
    - "100% if all metrics pass"
"""

ANALYSIS = Analysis(
    (
        AnalysedMetric("errors", MetricSource.ENVOY, weight=0.6),
        AnalysedMetric("slow_requests", MetricSource.ENVOY, weight=0.4, margin=1.5, sound_margin=2.0),
    )
)


def process_of(text: str, *, analysis: Analysis | None = ANALYSIS) -> Process:
    """Return the process with this comparison beside its plan."""
    process = parse_process(text, "process.yaml")
    assert process.rollout is not None
    return replace(process, rollout=replace(process.rollout, analysis=analysis))
