"""Version numbers: SemVer's own examples, its order, and what each type of release may be called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.process.team import ReleaseType, VersionForm
from sluiceway.domain.releases.versions import SemVer, fits, fits_type, parse_version
from sluiceway.errors import InvalidInputError

MAJOR, MINOR, PATCH, HOTFIX = VersionForm.MAJOR, VersionForm.MINOR, VersionForm.PATCH, VersionForm.HOTFIX

numbers = st.integers(0, 30)
identifiers = st.one_of(numbers.map(str), st.from_regex(r"[a-z-][0-9a-z-]{0,4}", fullmatch=True))
versions = st.builds(
    SemVer,
    numbers,
    numbers,
    numbers,
    st.lists(identifiers, max_size=3).map(tuple),
    st.lists(identifiers, max_size=2).map(tuple),
)


def text_of(version: SemVer) -> str:
    core = ".".join(map(str, version.core))
    pre = f"-{'.'.join(version.pre)}" if version.pre else ""
    return core + pre + (f"+{'.'.join(version.build)}" if version.build else "")


@given(versions)
def test_a_version_reads_back_as_it_was(version: SemVer) -> None:
    assert parse_version(text_of(version)) == version


@pytest.mark.parametrize(
    "text",
    [
        "0.0.4",
        "1.1.2-prerelease+meta",
        "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
        "1.0.0-0A.is.legal",
    ],
)
def test_what_semver_calls_valid_is_read(text: str) -> None:
    assert text_of(parse_version(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "01.1.1",
        "1.2.3-0123",
        "1.1.2+.123",
        "1.0.0-alpha..1",
        "1.2.3 ",
        "1.2.3\n",
        "²1.0.0",
    ],
)
def test_what_semver_calls_invalid_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"expected one such as 2\.1\.0"):
        parse_version(text)


def test_a_leading_v_is_pointed_out_and_endless_text_is_cut() -> None:
    with pytest.raises(InvalidInputError, match=r'found "v2.1.0", expected 2.1.0'):
        parse_version("v2.1.0")
    with pytest.raises(InvalidInputError) as found:
        parse_version("1." * 100_000)
    assert len(str(found.value)) < 300


def test_precedence_is_that_of_semvers_example() -> None:
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"]
    ordered += ["1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1"]
    read = [parse_version(text) for text in ordered]

    for index, low in enumerate(read):
        assert [low.precedes(one) for one in read] == [place > index for place in range(len(read))]


@given(versions, versions)
def test_precedence_holds_one_way_or_none(one: SemVer, other: SemVer) -> None:
    assert not (one.precedes(other) and other.precedes(one))
    same = (one.core, one.pre) == (other.core, other.pre)
    assert (one.precedes(other) or other.precedes(one)) == (not same)


@pytest.mark.parametrize(
    ("form", "previous", "version"),
    [
        (MAJOR, "1.4.2", "2.0.0"),
        (MAJOR, "1.4.2", "4.0.0"),
        (MAJOR, "1.4.2", "2.0.0-rc.1"),
        (MAJOR, "2.0.0-rc.1", "2.0.0"),
        (MAJOR, "2.0.0-rc.1", "2.0.0-rc.2"),
        (MINOR, "1.4.2", "1.5.0"),
        (MINOR, "1.4.2", "1.6.0"),
        (PATCH, "1.4.2", "1.4.3"),
        (PATCH, "1.4.2-hotfix", "1.4.3"),
        (HOTFIX, "1.4.2", "1.4.2-hotfix"),
        (HOTFIX, "1.4.2-hotfix", "1.4.2-hotfix.2"),
        (HOTFIX, "1.4.2-hotfix.2", "1.4.2-hotfix.10"),
        (HOTFIX, "1.4.2-hotfix", "1.4.3-hotfix"),
        (MAJOR, "", "1.0.0"),
        (MINOR, "", "0.1.0"),
        (PATCH, "blue", "1.4.3"),
    ],
)
def test_a_version_that_fits(form: VersionForm, previous: str, version: str) -> None:
    assert fits(form, previous, version) is None


@pytest.mark.parametrize(
    ("form", "previous", "version", "problem"),
    [
        (MAJOR, "1.4.2", "2.1.0", "found 2.1.0, expected X.0.0"),
        (MAJOR, "1.4.2", "1.0.0", "users have 1.4.2: found 1.0.0, expected 2.0.0 or later"),
        (MINOR, "1.4.2", "1.5.1", "found 1.5.1, expected X.Y.0"),
        (MINOR, "1.4.2", "2.0.0", "users have 1.4.2: found 2.0.0, expected 1.5.0 or later"),
        (MINOR, "1.4.2", "1.4.0", "users have 1.4.2: found 1.4.0, expected 1.5.0 or later"),
        (PATCH, "1.4.2", "1.5.0", "users have 1.4.2: found 1.5.0, expected 1.4.3 or later"),
        (PATCH, "1.4.2", "1.4.2", "users have 1.4.2: found 1.4.2, expected 1.4.3 or later"),
        (PATCH, "1.4.2-hotfix", "1.4.2", "users have 1.4.2-hotfix: found 1.4.2, expected 1.4.3 or later"),
        (PATCH, "1.4.2", "1.4.3-hotfix", "found 1.4.3-hotfix, which is a hotfix's version, expected X.Y.Z"),
        (
            MAJOR,
            "2.0.0-rc.2",
            "2.0.0-rc.1",
            "users have 2.0.0-rc.2: found 2.0.0-rc.1, expected 3.0.0 or later",
        ),
        (HOTFIX, "1.4.2", "1.4.3", "found 1.4.3, expected X.Y.Z-hotfix"),
        (HOTFIX, "1.4.2", "1.4.3-hotfix.x", "found 1.4.3-hotfix.x, expected X.Y.Z-hotfix"),
        (
            HOTFIX,
            "1.4.2",
            "1.5.0-hotfix",
            "users have 1.4.2: found 1.5.0-hotfix, expected 1.4.2-hotfix or later",
        ),
        (
            HOTFIX,
            "1.4.2-hotfix",
            "1.4.2-hotfix",
            "users have 1.4.2-hotfix: found 1.4.2-hotfix, expected 1.4.2-hotfix.2 or later",
        ),
        (PATCH, "1.4.2", "next", 'version: found "next", expected one such as 2.1.0 (semver.org)'),
    ],
)
def test_a_version_that_does_not_fit_is_told_what_would(
    form: VersionForm, previous: str, version: str, problem: str
) -> None:
    assert fits(form, previous, version) == problem


@given(st.sampled_from(VersionForm), versions, versions)
def test_nothing_that_users_have_already_is_released_again(
    form: VersionForm, previous: SemVer, version: SemVer
) -> None:
    if (previous.core, previous.pre) == (version.core, version.pre):
        assert fits(form, text_of(previous), text_of(version)) is not None


def test_a_type_takes_any_of_its_forms_and_names_them_all() -> None:
    repair = ReleaseType("hotfix", "Hotfix", (HOTFIX, PATCH), ("draft",))

    assert fits_type(repair, "1.4.2", "1.4.2-hotfix") is None
    assert fits_type(repair, "1.4.2", "1.4.3") is None
    assert fits_type(repair, "1.4.2", "1.5.0") == (
        "Hotfix: found 1.5.0, expected X.Y.Z-hotfix; "
        "or users have 1.4.2: found 1.5.0, expected 1.4.3 or later"
    )
    assert fits_type(ReleaseType("any", "Any", (), ("draft",)), "1.4.2", "whatever") is None
