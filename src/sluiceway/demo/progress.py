"""What a person at the terminal sees of a demo, on stderr: decisions as they fall, figures as they change."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from sluiceway.demo.options import DemoOptions, DemoResult
from sluiceway.services.views import DecisionView, RolloutView


class Progress:
    """Lines for what happens; on a terminal also a line that moves."""

    def __init__(self, console: Console, options: DemoOptions) -> None:
        self._console = console
        self._options = options
        self._began_s = time.monotonic()
        self._status: Status | None = None

    def say(self, text: str) -> None:
        """Print one line with the seconds since the demo began."""
        self._console.print(
            f"[dim]{time.monotonic() - self._began_s:6.1f} s[/dim]  {escape(text)}", soft_wrap=True
        )

    def decision(self, decision: DecisionView) -> None:
        """Print a decision."""
        self.say(f"{decision.kind}: {decision.why} ({decision.by})")

    @contextmanager
    def live(self) -> Generator[None]:
        """While inside, show a moving line on a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status("") as status:
            self._status = status
            yield
        self._status = None

    def view(self, view: RolloutView, requests: int, failed: int) -> None:
        """Bring the moving line up to date."""
        if self._status is None:
            return
        self._status.update(escape(line_of(view, requests, failed)))

    def result(self, result: DemoResult) -> None:
        """Print how it ended, in words."""
        done = result.outcome.replace("_", " ")
        right = "as it should be" if result.is_right else "NOT as it should be"
        style = "green" if result.is_right else "bold red"
        self._console.print(f"fault {result.fault}: {done or 'no end'}, {right}", style=style, soft_wrap=True)
        share = result.failed_requests / result.requests if result.requests else 0.0
        self._console.print(
            f"{result.requests} requests, {result.failed_requests} failed ({share:.2%}); "
            f"{result.users_harmed} of {self._options.users} users were let down by the new version",
            soft_wrap=True,
        )
        if result.first_bad_at_s is not None and result.traffic_safe_at_s is not None:
            took_s = result.traffic_safe_at_s - result.first_bad_at_s
            self._console.print(
                f"everyone was safe {took_s:.1f} s after the first bad answer", soft_wrap=True
            )


def line_of(view: RolloutView, requests: int, failed: int) -> str:
    """Return the moving line: where the rollout is, both versions' figures, and what users met so far."""
    seen = view.weight_observed_percent
    parts = [f"{view.summary.phase}, {'?' if seen is None else f'{seen:g}'} % on {view.summary.new}"]
    figures = {metric.name: metric for metric in view.metrics}
    for name, word in (("error_rate", "failing"), ("p95_ms", "p95")):
        metric = figures.get(name)
        if metric is not None:
            new, stable = _figure(name, metric.new), _figure(name, metric.stable)
            parts.append(f"{word} {new} (stable {stable})")
    parts.append(f"{requests} requests, {failed} failed")
    return " | ".join(parts)


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f} ms" if name.endswith("_ms") else f"{value:.1%}"
