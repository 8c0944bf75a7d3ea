"""People make flags, write their rules, kill and restore them in a real browser, and see what others do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from sluiceway.domain.flags.model import BUCKETS, Constraint, Flag, HeldOffBy, Operator, Rule
from tests.browser.conftest import OpenPage
from tests.browser.flagged import CARDS, HOSTILE, SERVICE, Shop, a_full_shop, a_shop
from tests.browser.host import Host
from tests.browser.measure import tab_to

EDIT = f"/flags/{SERVICE}/saved-cards/development/edit"


@pytest.fixture
def shop(host: Host) -> Shop:
    return a_shop(host)


def as_person(open_page: OpenPage, shop: Shop, name: str, path: str) -> Page:
    page: Page = open_page(path, **shop.as_person(name))
    return page


def confirm(page: Page) -> None:
    page.locator("#act-confirm").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def rule(page: Page, number: int) -> Locator:
    return page.locator("[data-rule]").nth(number - 1)


def review(page: Page) -> Locator:
    return page.locator("#review")


def saved(page: Page) -> None:
    """Save, and wait for the flag's own page."""
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**/flags/{SERVICE}/saved-cards")


def test_a_flag_is_killed_in_one_act_and_restored(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "pia", f"/flags/{SERVICE}/saved-cards")
    page.get_by_role("button", name="Kill everywhere").click()
    expect(page.get_by_role("textbox", name="Reason")).to_have_value("")

    confirm(page)

    for environment in ("development", "staging", "production"):
        expect(page.locator(f"#in-{environment} .badge").first).to_have_text("Killed")
        hold = shop.flag("saved-cards", environment).hold
        assert hold is not None
        assert hold.by is HeldOffBy.KILL
    page.get_by_role("button", name="Restore: development").click()
    confirm(page)
    expect(page.locator("#in-development .badge").first).to_have_text("On")


def test_whoever_is_on_call_may_kill_and_nothing_else(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "olaf", f"/flags/{SERVICE}/saved-cards")

    buttons = page.locator("main [data-act]").all_inner_texts()

    assert buttons == ["Kill everywhere", "Kill", "Kill", "Kill"]
    expect(page.get_by_role("link", name="Edit rules in production")).to_have_count(0)


def test_a_change_in_production_waits_and_is_approved_by_somebody_else(
    shop: Shop, open_page: OpenPage
) -> None:
    page = as_person(open_page, shop, "dora", f"/flags/{SERVICE}/saved-cards")
    page.get_by_role("button", name="Turn on: production").click()
    page.get_by_role("textbox", name="Reason").fill("Tested for a week")
    confirm(page)
    expect(page.locator("#waiting")).to_contain_text("Tested for a week")
    assert not shop.flag("saved-cards", "production").is_enabled

    other = as_person(open_page, shop, "pia", f"/flags/{SERVICE}/saved-cards")
    other.get_by_role("button", name="Approve: production").click()
    expect(other.get_by_role("dialog")).to_contain_text("saved-cards: turned on")
    confirm(other)

    expect(other.locator("#waiting")).to_have_count(0)
    assert shop.flag("saved-cards", "production").is_enabled
    expect(page.locator("#in-production .badge").first).to_have_text("On")  # lives on without a reload


def test_a_rule_is_written_with_its_conditions_and_saved(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "dora", EDIT)
    page.get_by_role("button", name="Add a rule").click()
    made = rule(page, 3)
    made.get_by_label("What it is for").fill("New browsers")
    made.get_by_role("button", name="Add a condition").click()
    page.keyboard.type("browser")
    made.get_by_label("Operator").select_option("starts with")
    made.get_by_label("Values").fill("Fire\nChrom")
    made.get_by_label("Holds if that is").select_option("not true")
    made.get_by_label("upper or lower case alike").check()
    made.get_by_label("Reaches").fill("0.1")
    made.get_by_label("Our own people").check()
    expect(review(page)).to_contain_text('added rule "rule-1"')
    page.get_by_label("Reason").fill("Try it out")

    saved(page)

    flag = shop.flag("saved-cards", "development")
    assert flag.rules[2] == Rule(
        "rule-1",
        "New browsers",
        (Constraint("browser", Operator.STARTS_WITH, ("Fire", "Chrom"), True, True),),
        segments=("staff",),
        reach=100,
    )
    assert replace(flag, rules=CARDS.rules) == CARDS  # nothing else has changed
    expect(page.locator("#history")).to_contain_text("Try it out")


def test_the_preview_follows_what_is_typed(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "dora", EDIT)
    shop.flags.toggle(SERVICE, "development", "new-gateway", True, shop["dora"])
    anyone = page.locator(".sample-found").first
    expect(anyone).to_contain_text("of 1\u202f000\u00a0made-up users (2")

    rule(page, 2).get_by_label("Reaches").fill("100")

    expect(anyone).to_contain_text("(100.0\u00a0%)")
    expect(review(page)).to_contain_text('reach of rule "quarter" 25% -> 100%')
    page.get_by_role("button", name="Remove rule 2").click()
    expect(anyone).to_contain_text("(0.0\u00a0%)")
    page.get_by_label("Users like this").first.fill("country = DE\nversion = 2.5.0\nrole = staff")
    expect(anyone).to_contain_text("(100.0\u00a0%)")


def test_each_problem_stands_beside_its_field(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "dora", EDIT)
    values = rule(page, 1).get_by_label("Values").nth(1)
    values.fill("two")
    expect(rule(page, 1).locator(".field-problem")).to_contain_text("expected a semantic version")
    expect(values).to_have_attribute("aria-invalid", "true")

    rule(page, 2).get_by_label("Reaches").fill("250")
    expect(rule(page, 2).locator(".field-problem")).to_contain_text("a percentage from 0 to 100")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#editor-error")).to_contain_text("a percentage from 0 to 100")

    rule(page, 2).get_by_label("Reaches").fill("50")
    values.fill("2.0.0")
    expect(page.locator(".field-problem")).to_have_count(0)
    saved(page)
    assert shop.flag("saved-cards", "development").rules[1].reach == BUCKETS // 2


def test_somebody_else_s_edit_is_shown_and_nothing_typed_is_lost(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "dora", EDIT)
    rule(page, 2).get_by_label("What it is for").fill("Half of everybody")
    shop.flags.edit(SERVICE, "development", replace(CARDS, owner="pia"), shop["pia"])

    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#editor-error")).to_contain_text("pia")
    expect(review(page)).to_contain_text("pia has changed it meanwhile")
    expect(review(page)).to_contain_text("owner dora -> pia")
    expect(rule(page, 2).get_by_label("What it is for")).to_have_value("Half of everybody")
    assert shop.flag("saved-cards", "development").rules[1].title == "A quarter of everybody"

    page.get_by_role("button", name="Save mine over theirs").click()

    page.wait_for_url(f"**/flags/{SERVICE}/saved-cards")
    assert shop.flag("saved-cards", "development").rules[1].title == "Half of everybody"


def test_rules_are_moved_with_the_keyboard_alone(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "dora", EDIT)
    down = rule(page, 1).get_by_role("button", name="Move rule 1 down")
    down.focus()
    page.keyboard.press("Enter")

    expect(rule(page, 2).get_by_label("What it is for")).to_have_value("Those who asked for it")
    expect(rule(page, 2).get_by_role("button", name="Move rule 2 up")).to_be_focused()
    tab_to(page, "add-rule", most=40)
    page.keyboard.press("Enter")
    page.keyboard.type("Third")
    expect(rule(page, 3).get_by_label("What it is for")).to_have_value("Third")
    expect(review(page)).to_contain_text("order of rules beta, quarter -> quarter, beta")


def test_a_renamed_variant_stays_where_it_was_served(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "dora", EDIT)
    name = page.locator("[data-variant]").first.get_by_label("Name")
    name.fill("cards")
    page.get_by_label("Everyone else, while it is on").select_option("a split of variants")
    weights = page.locator('[data-serve="otherwise"] [data-weight]')
    weights.nth(0).fill("1")
    weights.nth(1).fill("3")
    expect(review(page)).to_contain_text("cards 1, off 3")

    saved(page)

    flag = shop.flag("saved-cards", "development")
    assert flag.serve.variant == "cards"
    assert [(one.variant, one.weight) for one in flag.otherwise.split] == [("cards", 1), ("off", 3)]


def test_a_flag_of_texts_is_made(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "dora", f"/flags/new?service={SERVICE}")
    expect(page.locator(".field-problem")).to_have_count(0)
    page.get_by_label("Id").fill("greeting")
    page.get_by_label("Its values").select_option("texts")
    page.locator("[data-variant]").first.get_by_label("Value").fill("Hello")
    page.get_by_label("Turn it on in development at once").check()
    page.get_by_label("Name").last.fill("How we greet")
    expect(review(page)).to_contain_text("added the flag")

    page.get_by_role("button", name="Make flag").click()

    page.wait_for_url(f"**/flags/{SERVICE}/greeting")
    flag = shop.flag("greeting", "development")
    assert (flag.is_enabled, flag.variants[0].value, flag.name) == (True, "Hello", "How we greet")
    assert not shop.flag("greeting", "staging").is_enabled


def test_a_change_is_undone_from_the_history(shop: Shop, open_page: OpenPage) -> None:
    shop.flags.edit(SERVICE, "staging", replace(CARDS, rules=()), shop["pia"], why="By mistake")
    page = as_person(open_page, shop, "dora", f"/flags/{SERVICE}/saved-cards")

    page.locator("#history .decision").first.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("dialog")).to_contain_text('removed rule "beta"')
    confirm(page)

    expect(page.locator("#in-staging")).to_contain_text("Those who asked for it")
    assert shop.flag("saved-cards", "staging").rules == CARDS.rules


def test_a_segment_is_made_and_taken_away(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "dora", f"/segments?service={SERVICE}")
    page.get_by_role("link", name="New segment in staging").click()
    page.get_by_label("Id").fill("friends")
    page.get_by_label("Always in it").fill("ada\nbob")
    expect(review(page)).to_contain_text("added: always ada, bob")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/segments?service=*")

    page.get_by_role("button", name="Delete: friends").click()
    confirm(page)

    expect(page.locator("#segment-staging-friends")).to_have_count(0)
    page.get_by_role("button", name="Delete: staff").first.click()
    page.locator("#act-confirm").click()
    expect(page.locator("#act-error")).to_contain_text("used in development by saved-cards")


def test_the_list_follows_what_others_do_and_keeps_what_is_typed(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "vera", "/flags")
    expect(page.locator("#link-state")).to_have_text("Live")
    page.get_by_label("Name, id, tag or release").fill("car")

    shop.flags.kill(SERVICE, "staging", "saved-cards", shop["olaf"])
    shop.flags.create(SERVICE, Flag("another"), shop["dora"])

    expect(page.locator("#row-checkout-saved-cards")).to_contain_text("Killed")
    expect(page.locator("#row-checkout-another")).to_be_visible()
    expect(page.get_by_label("Name, id, tag or release")).to_have_value("car")
    page.keyboard.press("Enter")
    page.wait_for_url("**/flags?*q=car*")
    expect(page.locator(".flag-row")).to_have_count(1)


def test_what_somebody_gets_is_explained(shop: Shop, open_page: OpenPage) -> None:
    page = as_person(open_page, shop, "vera", f"/flags/{SERVICE}/saved-cards")
    page.get_by_role("link", name="Explain in development").click()
    page.get_by_label("Who asks").fill("user-7")
    page.get_by_label("Their attributes").fill("country = DE")

    page.get_by_role("button", name="Explain").click()

    expect(page.locator("#answer .headline")).to_contain_text("because")
    expect(page.locator(".step").nth(1)).to_contain_text("country is one of DE, AT, CH")


def test_hostile_words_are_shown_and_never_run(host: Host, open_page: OpenPage) -> None:
    shop = a_full_shop(host)
    page = as_person(open_page, shop, "dora", f"/flags/{SERVICE}/hostile")
    expect(page.locator(".head-title")).to_have_text(HOSTILE)

    page.goto(f"{host.address}/flags/{SERVICE}/hostile/development/edit")
    page.get_by_label("Users like this").first.fill(HOSTILE)
    page.get_by_role("button", name="Add a rule").click()
    rule(page, 1).get_by_label("What it is for").fill(HOSTILE)
    rule(page, 1).get_by_role("button", name="Add a condition").click()
    page.keyboard.type(HOSTILE)

    expect(review(page)).to_contain_text("<script>")
    assert page.title() == "Edit hostile · Sluiceway"
