"""Hostile words in every field of releases and change requests: kept as they are, shown, never run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.changes.model import ChangeFacts, Impact, RiskEntry
from sluiceway.domain.process.team import Permission
from sluiceway.domain.releases.model import Channel, Facts, Goal, ScopeItem, ScopeKind, Stakeholder
from sluiceway.services.release_facts import FactsPatch
from tests.scenario.company import SERVICE, Company
from tests.scenario.shop_team import CHANGES, TEAM, bearer, open_shop, served

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}=cmd|'/c calc'!A1;--"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with open_shop(tmp_path) as made:
        yield made


def test_hostile_words_in_every_field_are_shown_and_never_run(company: Company) -> None:
    facts = Facts(
        "2.1.0",
        "minor",
        title=HOSTILE,
        code_name=HOSTILE,
        target_at=company.weeks(2),
        manager=HOSTILE,
        sponsor=HOSTILE,
        user_impact=HOSTILE,
        revenue_impact=HOSTILE,
        goals=(Goal(HOSTILE, HOSTILE, HOSTILE),),
        scope=(ScopeItem(HOSTILE, ScopeKind.FIX, HOSTILE, "javascript:alert(3)"),),
        stakeholders=(Stakeholder(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        channels=(Channel(HOSTILE, HOSTILE, note=HOSTILE),),
        environment=HOSTILE,
    )
    release = company.new(facts, "eric")
    company.vote(release, "quality", VoteKind.REJECT, "quinn", comment=HOSTILE)
    company.releases.vote(
        release, "quality", VoteKind.APPROVE_IF, company["quincy"], comment=HOSTILE, conditions=(HOSTILE,)
    )
    company.releases.move(release, "testing", company["rita"])
    company.releases.move(release, "draft", company["rita"], reason=HOSTILE)
    with served(company) as client:
        api = client.get(f"/api/releases/{release}", headers=bearer(company, "eric", Permission.READ))
        client.cookies.set("sluice_session", company.session_key("rita"))
        pages = [
            client.get(path) for path in ("/releases", f"/releases/{release}", f"/releases/{release}/edit")
        ]

    kept = api.json()["facts"]
    assert (kept["title"], kept["scope"][0]["text"], kept["goals"][0]["metric"]) == (HOSTILE,) * 3
    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert 'href="javascript:' not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
        assert "{{7*7}}" in page.text


@pytest.mark.parametrize("unseen", ["\x1b[31m", "\u202e", "\x00"])
def test_characters_that_nobody_sees_are_refused_by_name_and_place(company: Company, unseen: str) -> None:
    company.processes.apply(f"{TEAM}{CHANGES}", "shop.yaml", SERVICE, company["rosa"])
    release = company.new(Facts("2.1.0", "minor"), "eric")
    facts = ChangeFacts(title="Search", requestor="eric", description=f"A{unseen}", service=SERVICE)

    refused = [
        company.refused(lambda: company.edit(release, FactsPatch(title=f"A{unseen}"), "eric")),
        company.refused(
            lambda: company.vote(release, "quality", VoteKind.REJECT, "quinn", comment=f"A{unseen}")
        ),
        company.refused(lambda: company.changes.new(facts, company["eric"])),
    ]

    assert all("holds a character that can't be seen, the 2." in words for words in refused), refused


def test_hostile_words_in_a_change_request_are_shown_and_never_run(company: Company) -> None:
    company.processes.apply(f"{TEAM}{CHANGES}", "shop.yaml", SERVICE, company["rosa"])
    risk = RiskEntry(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    facts = ChangeFacts(
        title=HOSTILE,
        requestor=HOSTILE,
        description=HOSTILE,
        business_justification=HOSTILE,
        impact=Impact(HOSTILE, HOSTILE, (HOSTILE,), (HOSTILE,), (HOSTILE,), (risk,)),
        acceptance_criteria=(HOSTILE,),
        dependencies=(HOSTILE,),
        timeline=((HOSTILE, HOSTILE),),
        success_metrics=(HOSTILE,),
        service=SERVICE,
        parent_service=HOSTILE,
        template=HOSTILE,
        implementer=HOSTILE,
        rollback_plan=HOSTILE,
        fields=((HOSTILE, HOSTILE),),
    )
    change = company.changes.new(facts, company["eric"]).summary.id
    with served(company) as client:
        client.cookies.set("sluice_session", company.session_key("rita"))
        pages = [client.get(path) for path in ("/changes", f"/changes/{change}", "/work")]

    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[1].text
