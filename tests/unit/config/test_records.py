"""What records share: titles from ids, lists of different ids, ways that lead back to where they began."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sluiceway.config.records import cycle_in, one_of_these, title_of, with_article

IDS = st.sampled_from("abcdef")
LINKS = st.dictionaries(IDS, st.lists(IDS, max_size=3), max_size=6)


@given(links=LINKS)
def test_a_cycle_is_a_way_along_the_links_back_to_its_beginning(links: dict[str, list[str]]) -> None:
    found = cycle_in(links)

    assert all(following in links[item] for item, following in pairwise(found))
    assert not found or (found[0] == found[-1] and len(found) >= 2 and len(set(found)) == len(found) - 1)


@given(order=st.permutations("abcdef"), links=LINKS)
def test_what_only_links_forward_has_no_cycle(order: list[str], links: dict[str, list[str]]) -> None:
    forward = {
        item: [to for to in following if order.index(to) > order.index(item)]
        for item, following in links.items()
    }
    assert cycle_in(forward) == ()


@given(links=LINKS, ring=st.lists(IDS, min_size=1, max_size=6, unique=True))
def test_a_ring_is_always_found(links: dict[str, list[str]], ring: list[str]) -> None:
    closed = {item: [*links.get(item, ()), ring[(at + 1) % len(ring)]] for at, item in enumerate(ring)}

    assert cycle_in({**links, **closed}) != ()


def test_a_way_of_thousands_of_links_is_followed_to_its_end() -> None:
    chain = {f"m{n}": [f"m{n + 1}"] for n in range(20_000)}

    assert cycle_in(chain) == ()
    assert cycle_in({**chain, "m20000": ["m19999"]}) == ("m19999", "m20000", "m19999")


def test_a_title_is_the_id_in_words() -> None:
    assert title_of("release-manager") == "Release manager"


def test_names_are_listed_unless_they_are_many() -> None:
    assert one_of_these(["bob"]) == "bob"
    assert one_of_these({"bob", "ada"}) == "one of ada, bob"
    assert one_of_these([str(number) for number in range(13)]) == "one of the 13 that this process has"


def test_a_noun_has_its_article() -> None:
    assert (with_article("role"), with_article("approval")) == ("a role", "an approval")
