"""Everybody can use the console: small windows, keyboards, screen readers, dark rooms, no network."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from sluiceway.web import wording
from sluiceway.web.wording import FigureKind
from tests.browser.conftest import OpenPage
from tests.browser.host import Host
from tests.browser.measure import focused, overflow_px, texts
from tests.browser.plans import a_full_plan, put_at_quarter
from tests.unit.services.desk import ADA

PHONE = {"width": 380, "height": 800}


@pytest.fixture
def rollout(host: Host) -> str:
    return put_at_quarter(host)


@pytest.fixture
def rolled_back(host: Host) -> str:
    rollout_id = host.put_rollout(a_full_plan(), service="inventory-service-with-a-very-long-name")
    host.figures[rollout_id].new_error_rate = 0.3
    host.step_until(rollout_id, "rolled-back")
    return rollout_id


def test_nothing_is_wider_than_a_phone(rolled_back: str, rollout: str, open_page: OpenPage) -> None:
    page = open_page("/", viewport=PHONE)
    widths = {"list": overflow_px(page)}
    for name, rollout_id in (("live", rollout), ("finished", rolled_back)):
        page.goto(page.url.split("/rollouts")[0].rstrip("/") + f"/rollouts/{rollout_id}")
        expect(page.locator('[data-plot="traffic"] canvas')).to_be_visible()
        widths[name] = overflow_px(page)

    assert widths == {"list": 0, "live": 0, "finished": 0}


def test_a_dialog_fits_a_phone_with_its_buttons_in_sight(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}", viewport=PHONE)
    page.get_by_role("button", name="Roll back").click()

    assert overflow_px(page) == 0
    expect(page.locator("#act-confirm")).to_be_in_viewport()
    expect(page.locator("#act-title")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_enough_contrast(
    scheme: str, rolled_back: str, rollout: str, open_page: OpenPage
) -> None:
    page = open_page("/", color_scheme=scheme, reduced_motion="reduce")
    faint = [text for text in texts(page) if text.ratio < text.needed]
    for rollout_id in (rollout, rolled_back):
        page = open_page(f"/rollouts/{rollout_id}", color_scheme=scheme, reduced_motion="reduce")
        expect(page.locator('[data-plot="traffic"] canvas')).to_be_visible()
        seen = texts(page)
        assert len(seen) > 60
        faint += [text for text in seen if text.ratio < text.needed]
    page = open_page(f"/rollouts/{rollout}", color_scheme=scheme, reduced_motion="reduce")
    page.get_by_role("button", name="Roll back").click()
    faint += [text for text in texts(page) if text.ratio < text.needed]

    assert faint == []


def test_dark_and_light_differ(rollout: str, open_page: OpenPage) -> None:
    backgrounds = [
        open_page(f"/rollouts/{rollout}", color_scheme=scheme).evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    ]

    assert backgrounds == ["rgb(245, 246, 248)", "rgb(15, 20, 27)"]


def test_the_pages_talk_to_no_other_host(host: Host, rollout: str, open_page: OpenPage) -> None:
    asked: list[str] = []
    page = open_page("/")
    page.on("request", lambda request: asked.append(request.url))

    page.reload()
    page.get_by_role("link", name="checkout").click()
    expect(page.locator("#link-state")).to_have_text("Live")

    assert len(asked) > 10
    assert [url for url in asked if not url.startswith(host.address)] == []


def test_the_skip_link_is_first_and_leads_to_the_content(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()

    page.keyboard.press("Enter")

    assert focused(page) == "main"


def test_every_stop_of_the_keyboard_can_be_seen(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    unseen: list[str] = []
    stops = 0
    for _ in range(40):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
              const one = document.activeElement;
              const style = getComputedStyle(one);
              const name = one.id || one.textContent.trim().slice(0, 30);
              return [name, one === document.body, style.outlineStyle, parseFloat(style.outlineWidth)];
            }"""
        )
        if stop[1]:
            break
        stops += 1
        if stop[2] == "none" or stop[3] < 2:
            unseen.append(stop[0])

    assert stops >= 10
    assert unseen == []


def test_a_screen_reader_finds_its_way(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")

    for role, name in (
        ("banner", None),
        ("navigation", "Main"),
        ("main", None),
        ("contentinfo", None),
        ("region", "Where it stands"),
        ("region", "Traffic now"),
        ("region", "Stages"),
        ("region", "Over time"),
        ("region", "Decisions"),
        ("region", "Audit trail"),
        ("group", "What you can do"),
    ):
        expect(page.get_by_role(role, name=name) if name else page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)


def test_every_control_and_picture_has_a_name(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    page.get_by_role("button", name="Roll back").click()

    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, textarea, [role=img], progress')]
          .filter((one) => one.checkVisibility())
          .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length))
          .map((one) => one.outerHTML.slice(0, 80))"""
    )

    assert nameless == []


def test_the_phase_is_said_in_words_and_not_by_colour_alone(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")

    expect(page.locator("#phase")).to_have_text("Progressing")
    assert page.locator(".gate-status").all_inner_texts() == ["done", "now", "to come", "to come"]


def test_nothing_moves_for_people_who_asked_for_that(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}", reduced_motion="reduce")
    expect(page.locator("#link-state")).to_have_text("Live")

    moving = page.evaluate(
        """() => [...document.querySelectorAll('*')].flatMap((one) => [one, '::before'].map((which) => {
            const style = getComputedStyle(one, which === one ? null : which);
            const isStill = style.animationName === 'none' && parseFloat(style.transitionDuration) === 0;
            return isStill ? null : one.outerHTML.slice(0, 80);
          })).filter((found) => found !== null)"""
    )

    assert moving == []


def test_times_are_in_the_reader_s_own_zone(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}", timezone_id="Asia/Tokyo", locale="en-GB")
    started = host.office.service.get(rollout, ADA).summary.created_at

    shown = page.locator(".head-meta time").inner_text()

    tokyo = page.evaluate(
        "(iso) => new Date(iso).toLocaleTimeString('en-GB', { timeZone: 'Asia/Tokyo' })", started.isoformat()
    )
    assert shown.endswith(tokyo)


def test_scripts_and_server_say_figures_alike(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    values = [
        0.0,
        0.00004,
        0.0012,
        0.004,
        0.05,
        0.4,
        0.9996,
        1.0,
        7.25,
        33.333,
        99.96,
        183.4,
        1_234.6,
        12_400,
        -3.2,
    ]
    kinds = [(kind, "") for kind in FigureKind] + [(FigureKind.NUMBER, "x"), (FigureKind.NUMBER, "count")]
    cases = [(value, kind.value, unit) for value in values for kind, unit in kinds]
    script = next(
        source
        for source in page.evaluate("[...document.scripts].map((one) => one.src)")
        if source.endswith("rollout.js")
    ).replace("rollout.js", "format.js")

    said = page.evaluate(
        """async ([script, cases]) => {
          const { figure } = await import(script);
          return cases.map((one) => figure(...one));
        }""",
        [script, cases],
    )

    assert said == [wording.figure(value, FigureKind(kind), unit) for value, kind, unit in cases]
