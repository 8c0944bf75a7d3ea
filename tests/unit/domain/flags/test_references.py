"""Which mentions of a flag a text holds, and how sure they are."""

from __future__ import annotations

import pytest

from sluiceway.domain.flags.references import SHOWN_CHARS, Finder, Reference, spellings


def found(text: str, *flags: str) -> list[tuple[str, int, bool]]:
    return [(one.flag, one.line, one.is_certain) for one in Finder(flags).references("app.py", text)]


@pytest.mark.parametrize("line", ['is_on("new-checkout")', "isOn('new-checkout', x)", "t(`new-checkout`)"])
def test_a_key_in_quotes_is_certain(line: str) -> None:
    assert found(f"\n{line}\n", "new-checkout") == [("new-checkout", 2, True)]


@pytest.mark.parametrize(
    "line",
    ["flags.newCheckout", "NEW_CHECKOUT = 1", "new_checkout()", "class NewCheckout:", "# new-checkout"],
)
def test_the_same_words_written_otherwise_are_likely(line: str) -> None:
    assert found(line, "new-checkout") == [("new-checkout", 1, False)]


@pytest.mark.parametrize(
    "line", ['"new-checkout-2"', '"my-new-checkout"', "renew_checkouts", '"new checkout"']
)
def test_a_piece_of_a_longer_word_is_no_mention(line: str) -> None:
    assert found(line, "new-checkout") == []


def test_a_key_of_one_word_counts_only_in_quotes() -> None:
    assert found('beta = on("beta")\nthe beta of\n', "beta") == [("beta", 1, True)]


def test_a_line_is_told_once_for_each_flag_and_its_surest_mention_counts() -> None:
    text = 'NEW_CHECKOUT = "new-checkout"; OLD_CART = get("old_cart", newCheckout)'
    assert found(text, "new-checkout", "oldCart") == [("new-checkout", 1, True), ("oldCart", 1, False)]


def test_of_two_keys_the_longer_one_is_meant() -> None:
    assert found('"search-v2"', "search", "search-v2") == [("search-v2", 1, True)]


def test_signs_in_a_key_mean_themselves() -> None:
    assert found('"a.b*c"', "a.b*c") == [("a.b*c", 1, True)]
    assert found('"aXb*c"', "a.b*c") == []


def test_the_line_is_shown_shortened_and_machine_made_lines_are_skipped() -> None:
    (one,) = Finder(["new-checkout"]).references("a.js", f'  on("new-checkout") {"x" * 500}')
    assert one == Reference("new-checkout", "a.js", 1, one.text, is_certain=True)
    assert len(one.text) == SHOWN_CHARS
    assert found(f'"new-checkout"{"x" * 5_000}', "new-checkout") == []


def test_without_flags_nothing_is_found() -> None:
    assert found('"anything"') == []


def test_spellings_follow_the_words_of_a_key() -> None:
    assert spellings("userProfile_v2") >= {"user_profile_v_2", "USER_PROFILE_V_2", "userProfileV2"}
    assert spellings("beta") == frozenset()
