"""The console of a real `sluice serve`, with a real Envoy and users behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import expect

from tests.scenario.harness import Rig, rig, wait_for

pytestmark = [pytest.mark.envoy, pytest.mark.slow]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path / "home", speed=60) as made:
        yield made


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_a_person_sends_real_traffic_back_from_the_page_and_sees_it_arrive(served: Rig, page: Any) -> None:
    served.write_process()
    served.serve()
    rollout_id = served.start()
    served.wait_stage(rollout_id, "few")
    served.users()
    page.goto(f"{served.url}/")
    page.get_by_role("link", name="shop").click()
    expect(page.locator("#link-state")).to_have_text("Live")
    expect(page.locator("#share-new")).to_have_text("10\u00a0%")
    rate = page.locator('[data-plot="metric-request_rate"] [data-line="stable.request_rate"] [data-now]')
    expect(rate).to_contain_text("/s", timeout=20_000)

    page.get_by_role("button", name="Roll back").click()
    page.get_by_label("Reason").fill("seen enough")
    page.get_by_label("Your name").fill("ada")
    page.locator("#act-confirm").click()

    expect(page.locator("#share-stable")).to_have_text("100\u00a0%")
    expect(page.locator("#link-state")).to_have_text("Finished", timeout=30_000)
    expect(page.locator("#phase")).to_have_text("Rolled back")
    expect(page.locator("#trail")).to_contain_text("seen enough")
    assert served.view(rollout_id)["weight_observed_percent"] in {0.0, None}
    assert served.audit_is_whole()


def test_a_killed_server_is_noticed_by_the_page(served: Rig, page: Any) -> None:
    served.write_process()
    served.serve()
    rollout_id = served.start()
    served.wait_stage(rollout_id, "few")
    page.goto(f"{served.url}/rollouts/{rollout_id}")
    expect(page.locator("#link-state")).to_have_text("Live")

    served.kill()

    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#do-rollback")).to_be_disabled()


def test_a_frozen_server_is_noticed_by_the_page(served: Rig, page: Any) -> None:
    served.write_process()
    served.serve()
    rollout_id = served.start()
    served.wait_stage(rollout_id, "few")
    page.goto(f"{served.url}/rollouts/{rollout_id}")
    expect(page.locator("#link-state")).to_have_text("Live")
    assert served.server is not None
    frozen = psutil.Process(served.server.pid)

    frozen.suspend()
    try:
        expect(page.locator("#lost")).to_be_visible(timeout=20_000)
    finally:
        frozen.resume()

    wait_for("the server to answer again", lambda: served.phase(rollout_id))
    expect(page.locator("#lost")).to_be_hidden(timeout=20_000)
    expect(page.locator("#link-state")).to_have_text("Live")
