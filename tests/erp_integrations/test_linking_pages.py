"""Linking ours to Sage's by hand: gaps first, exact matches by a click, one to one, and what unlinking stops (6.1)."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from threading import Barrier
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event, Project, Vendor
from directory.permissions import Level, Tool, read_access
from directory.refusals import Refused
from erp_integrations import exporting
from erp_integrations.actions import links
from erp_integrations.mending import where_to_mend
from erp_integrations.models import (
    CommitmentLink,
    CostCodeLink,
    CostTypeLink,
    ExportStatus,
    LineLink,
    ListKind,
    ProjectLink,
    SageListVersion,
    VendorLink,
)
from erp_integrations.pair_counts import standings
from erp_integrations.pairing import PAIRS
from erp_integrations.sage100.lists import NAMES, PAYABLES_DOUBTED_AFTER, RENEWED_AFTER
from invoicing.models import Invoice
from tests.erp_integrations.pages import at_export, queries, queue_url, signed_in, text_of
from tests.erp_integrations.world import CODE, JOB, LISTS_DATE, VENDOR, fresh, sage_world
from tests.journeys.pages import Page
from tests.test_odd_values import forms_on

PAIR_SLUGS = ["vendors", "jobs", "cost-codes", "cost-types", "commitments", "lines"]


def at(sage, name: str, *parts) -> str:
    return reverse(name, args=[sage.company.slug, *parts])


def named(response) -> list[str]:
    return [row.name for row in response.context["rows"]]


def events(sage) -> list[str]:
    return list(Event.objects.filter(company=sage.company).order_by("pk").values_list("verb", flat=True))


@pytest.fixture
def sam(sage):
    return signed_in(sage.approver)


# Who


@pytest.mark.parametrize("pair", PAIR_SLUGS)
def test_staff_look_at_every_pair_and_link_nothing(sage, pair):
    """1.2: editing mappings takes Standard; Read Only looks."""
    kim = signed_in(sage.base.staff)
    page = kim.get(at(sage, "erp-linking", pair))
    assert page.status_code == 200 and "Choose…" not in page.content.decode()
    assert kim.get(at(sage, "erp-link-exact", pair)).status_code == 403
    for who in (sage.base.admin, sage.base.contact, sage_world("Others").approver):
        assert signed_in(who).get(at(sage, "erp-linking", pair)).status_code == 404


def test_staff_who_follow_a_finding_see_the_entries_and_no_button(sage):
    kim, url = signed_in(sage.base.staff), at(sage, "erp-link", "vendors", sage.base.vendor.pk)
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme Concrete"}, {"number": 7, "name": "Seven"})
    page = text_of(kim.get(url))
    assert "Seven" in page and "Linking takes Standard" in page and 'name="key"' not in page and "Unlink" not in page
    assert kim.post(url, {"key": "7", "was": VENDOR}).status_code == 403


def test_no_such_pair_and_nobody_elses_vendor(sage, sam):
    assert sam.get(at(sage, "erp-linking", "people")).status_code == 404
    theirs = sage_world("Others").base.vendor
    assert sam.get(at(sage, "erp-link", "vendors", theirs.pk)).status_code == 404


# What a page shows


def test_gaps_come_first_and_are_counted(sage, sam):
    sage.commitment()
    new = Vendor.objects.create(company=sage.company, name="Zenith Doors")
    sage.base.commitment(vendor=new, contact=False)
    page = sam.get(at(sage, "erp-linking", "vendors"))
    assert named(page) == ["Zenith Doors", "Acme Concrete"]
    assert "<strong>1</strong> of 2 linked, 1 to go" in text_of(page)
    assert '<progress aria-label="Vendors linked" value="1" max="2">' in text_of(page)
    assert named(sam.get(at(sage, "erp-linking", "vendors"), {"show": "gaps"})) == ["Zenith Doors"]
    assert named(sam.get(at(sage, "erp-linking", "vendors"), {"q": "acme"})) == ["Acme Concrete"]


def test_a_vendor_without_a_commitment_is_no_gap_but_is_found_among_all(sage, sam):
    Vendor.objects.create(company=sage.company, name="Idle Painting")
    assert "Idle Painting" not in named(sam.get(at(sage, "erp-linking", "vendors")))
    assert "Idle Painting" in named(sam.get(at(sage, "erp-linking", "vendors"), {"show": "all"}))


def test_the_overview_says_how_far_each_pair_is(sage, sam):
    sage.commitment()
    counted = {pair.slug: (found.linked, found.needed) for pair, found in standings(sage.company)}
    assert counted == {
        "vendors": (1, 1),
        "jobs": (1, 1),
        "cost-codes": (1, 1),
        "cost-types": (1, 1),
        "commitments": (1, 1),
        "lines": (0, 2),
    }
    page = text_of(sam.get(at(sage, "erp-links")))
    assert "<strong>0</strong> of 2 linked, 2 to go" in page and "All 1 linked" in page


def test_a_link_to_what_sage_no_longer_lists_is_marked(sage, sam):
    sage.load(ListKind.VENDORS, {"number": 7, "name": "Another"})
    page = text_of(sam.get(at(sage, "erp-linking", "vendors"), {"show": "all"}))
    assert "Not in Sage’s newest list" in page
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme Concrete", "is_active": "no"})
    assert "Inactive in Sage" in text_of(sam.get(at(sage, "erp-linking", "vendors"), {"show": "all"}))


def test_a_missing_list_is_said_where_its_entries_are_missing(sage, sam):
    page = text_of(sam.get(at(sage, "erp-linking", "commitments")))
    assert "Sage’s list is missing" in page and at(sage, "erp-list", "subcontracts") in page


@pytest.mark.parametrize("pair", PAIR_SLUGS)
def test_a_page_of_a_pair_asks_the_database_as_often_for_many_as_for_few(sage, sam, pair):
    sage.commitment()
    few = queries(sam, at(sage, "erp-linking", pair))
    for number in range(5):
        vendor = Vendor.objects.create(company=sage.company, name=f"Vendor {number}")
        Project.objects.create(company=sage.company, name=f"Job {number}", number=f"J{number}", slug=f"job-{number}")
        sage.base.cost_code(f"0{number}-900")
        sage.base.commitment(vendor=vendor, contact=False)
        sage.commitment()
    assert queries(sam, at(sage, "erp-linking", pair)) == few <= 15


def test_two_thousand_vendors_are_searched_not_listed(sage, sam):
    """A select of thousands is no choice: a page shows thirty, by the words they share, or by a search."""
    many = [{"number": n, "name": f"Company {n:04d} Ltd"} for n in range(1, 2001)]
    sage.load(ListKind.VENDORS, *many, {"number": 9000, "name": "Acme Concrete of Ohio"})
    url = at(sage, "erp-link", "vendors", sage.base.vendor.pk)
    page = sam.get(url)
    assert [each["entry"].key for each in page.context["entries"]] == ["9000"]
    assert len(page.content) < 40_000
    found = sam.get(url, {"q": "company 19"})
    assert len(found.context["entries"]) == 30 and found.context["found"] == 139
    assert "the first 30 are shown" in text_of(found)
    assert queries(sam, url, {"q": "company 19"}) <= 15


# Linking


def unlinked(sage, sam) -> str:
    VendorLink.objects.all().delete()
    return at(sage, "erp-link", "vendors", sage.base.vendor.pk)


def test_a_click_links_with_one_event(sage, sam):
    url = unlinked(sage, sam)
    before = len(events(sage))
    assert sam.post(url, {"key": VENDOR}).status_code == 302
    link = VendorLink.objects.get(vendor=sage.base.vendor)
    assert link.number == VENDOR and events(sage)[before:] == ["linked"]
    assert Event.objects.about(link).first().by == sage.approver


def test_looking_at_a_proposal_links_nothing(sage, sam):
    """Section 4: proposed, never applied without a click."""
    unlinked(sage, sam)
    sage.commitment()
    assert "Same name" in text_of(sam.get(at(sage, "erp-linking", "vendors")))
    assert "Acme Concrete" in text_of(sam.get(at(sage, "erp-link-exact", "vendors")))
    assert not VendorLink.objects.exists()


def test_what_sage_does_not_list_is_refused_in_words(sage, sam):
    url = unlinked(sage, sam)
    for key, words in (("999", "newest list has no 999"), ("", "Choose one of"), ("x" * 50, "Choose one of")):
        refused = sam.post(url, {"key": key})
        assert refused.status_code == 422 and words in text_of(refused)
    assert not VendorLink.objects.exists()


def test_an_entry_that_another_has_is_refused_by_name(sage, sam):
    other = Vendor.objects.create(company=sage.company, name="Bolt Electric")
    refused = sam.post(at(sage, "erp-link", "vendors", other.pk), {"key": VENDOR})
    assert refused.status_code == 422
    assert f"{VENDOR} Acme Concrete is linked to Acme Concrete already. Unlink it there first." in text_of(refused)
    assert "Linked to Acme Concrete" in text_of(refused)  # beside the entry, instead of its button


def test_an_inactive_or_internal_entry_is_refused(sage, sam):
    url = unlinked(sage, sam)
    sage.load(
        ListKind.VENDORS, {"number": 5, "name": "A", "is_active": "no"}, {"number": 6, "name": "B", "is_internal": 1}
    )
    for key, word in (("5", "inactive"), ("6", "internal")):
        refused = sam.post(url, {"key": key})
        assert refused.status_code == 422 and f"is {word} in Sage" in text_of(refused)


def test_a_closed_job_is_refused_and_shown_where_it_is_linked(sage, sam):
    """S20: Sage takes no invoice for it, so nothing is linked to it, as nothing is offered instead of it (E-5)."""
    jobs = [{"number": JOB, "name": "Riverside", "status": 6}, {"number": 7, "name": "Pier", "status": 6}]
    sage.load(ListKind.JOBS, *jobs)
    refused = sam.post(at(sage, "erp-link", "jobs", sage.base.project.pk), {"key": "7", "was": JOB})
    assert refused.status_code == 422 and "7 Pier is closed in Sage." in text_of(refused)
    assert "Closed in Sage" in text_of(sam.get(at(sage, "erp-linking", "jobs")))


def test_a_number_too_long_for_sage_is_refused_and_no_error(sage, sam):
    url = unlinked(sage, sam)
    sage.load(ListKind.VENDORS, {"number": "123456789012", "name": "Long"})
    refused = sam.post(url, {"key": "123456789012"})
    assert refused.status_code == 422 and "digits" in text_of(refused)


def test_whoever_links_on_an_older_page_is_told(sage, sam):
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme Concrete"}, {"number": 7, "name": "Seven"})
    url = at(sage, "erp-link", "vendors", sage.base.vendor.pk)
    stale = sam.post(url, {"key": "7", "was": ""})
    assert stale.status_code == 409 and "meanwhile" in text_of(stale)
    assert VendorLink.objects.get().number == VENDOR
    assert sam.post(url, {"key": "7", "was": VENDOR}).status_code == 302
    changed = Event.objects.about(VendorLink.objects.get()).first().changes["link"]
    assert changed == [f"Acme Concrete is Sage vendor {VENDOR}", "Acme Concrete is Sage vendor 7"]


def test_a_project_is_linked_to_a_phase_of_a_job(sage, sam):
    sage.load(ListKind.JOBS, {"number": JOB, "name": "Riverside", "status": 4, "phases": "1 2"})
    url = at(sage, "erp-link", "jobs", sage.base.project.pk)
    assert '<option value="2">Phase 2</option>' in text_of(sam.get(url))
    refused = sam.post(url, {"key": JOB, "phase": "3", "was": JOB})
    assert refused.status_code == 422 and "has no phase 3" in text_of(refused)
    assert sam.post(url, {"key": JOB, "phase": "2", "was": JOB}).status_code == 302
    assert ProjectLink.objects.get().phase_number == "2"
    other = Project.objects.create(company=sage.company, name="B", number="B", slug="b")
    taken = sam.post(at(sage, "erp-link", "jobs", other.pk), {"key": JOB, "phase": "2"})
    assert taken.status_code == 422 and "linked already" in text_of(taken)
    assert sam.post(at(sage, "erp-link", "jobs", other.pk), {"key": JOB, "phase": "1"}).status_code == 302


def test_cost_codes_and_types_commitments_and_lines_are_linked_alike(sage, sam):
    made = sage.commitment()
    first, second = made.lines.all()
    rows = [
        {"number": made.number, "vendor_number": VENDOR, "job_number": JOB, "status": 4, "line_reference": n,
         "cost_code": CODE, "cost_type": 4, "contract": "10.00"}
        for n in (1, 2)
    ]  # fmt: skip
    sage.load(ListKind.SUBCONTRACTS, *rows)
    for model in (CommitmentLink, CostTypeLink, CostCodeLink):
        model.objects.all().delete()
    code = sage.base.cost_code()
    for pair, pk, key in (
        ("cost-codes", code.pk, CODE),
        ("cost-types", 4, "9"),
        ("commitments", made.pk, made.number),
        ("lines", first.pk, "2"),
    ):
        answer = sam.post(at(sage, "erp-link", pair, pk), {"key": key})
        assert answer.status_code == 302, (pair, text_of(answer)[-1500:])
    assert CostCodeLink.objects.get().code == CODE and CostTypeLink.objects.get().number == 9
    assert CommitmentLink.objects.get().kind == "subcontract" and LineLink.objects.get().line_reference == "2"
    taken = sam.post(at(sage, "erp-link", "lines", second.pk), {"key": "2"})
    assert taken.status_code == 422 and "is linked to 1 " in text_of(taken)


# All exact matches


def test_all_exact_matches_are_linked_by_one_press_with_an_event_each(sage, sam):
    for name in ("Bolt Electric", "Kerr Plumbing"):
        Vendor.objects.create(company=sage.company, name=name)
    sage.load(
        ListKind.VENDORS,
        {"number": VENDOR, "name": "Acme Concrete"},
        {"number": 21, "name": "BOLT electric"},
        {"number": 22, "name": "Kerr Plumbing"},
    )
    page = sam.get(at(sage, "erp-link-exact", "vendors"))
    marks = re.findall(r'name="match" value="([^"]+)" checked', page.content.decode())
    assert len(marks) == 2
    before = len(events(sage))
    assert sam.post(at(sage, "erp-link-exact", "vendors"), {"match": marks}).status_code == 302
    assert events(sage)[before:] == ["linked", "linked"]
    assert set(VendorLink.objects.values_list("vendor__name", "number")) == {
        ("Acme Concrete", VENDOR), ("Bolt Electric", "21"), ("Kerr Plumbing", "22"),
    }  # fmt: skip


def test_the_same_number_under_another_name_is_shown_without_its_tick(sage, sam):
    Vendor.objects.create(company=sage.company, name="Bolt Electric", number="21")
    sage.load(ListKind.VENDORS, {"number": 21, "name": "Smith Paint"})
    page = sam.get(at(sage, "erp-link-exact", "vendors")).content.decode()
    assert "Smith Paint" in page and "checked" not in page


def test_a_number_and_a_name_that_point_to_two_entries_propose_neither(sage, sam):
    Vendor.objects.create(company=sage.company, name="Bolt Electric", number="21")
    sage.load(ListKind.VENDORS, {"number": 21, "name": "Smith Paint"}, {"number": 22, "name": "Bolt Electric"})
    assert "No exact match" in text_of(sam.get(at(sage, "erp-link-exact", "vendors")))


def test_a_tick_that_is_no_exact_match_any_more_links_nothing(sage, sam):
    VendorLink.objects.all().delete()
    bolt = Vendor.objects.create(company=sage.company, name="Bolt Electric")
    good, gone = f"{sage.base.vendor.pk}:{VENDOR}", f"{bolt.pk}:21"
    stale = sam.post(at(sage, "erp-link-exact", "vendors"), {"match": [good, gone]})
    assert stale.status_code == 409 and not VendorLink.objects.exists()
    assert sam.post(at(sage, "erp-link-exact", "vendors")).status_code == 422


def test_lines_of_one_code_and_type_match_by_their_amount(sage, sam):
    """Two lines of one code stay two: what tells them apart is the amount, once on both sides (S39, S44)."""
    made = sage.commitment(lines=[sage.base.line(f"Slab {n}", f"{n}00.00") for n in (1, 2, 3, 3)])
    rows = [
        {"number": made.number, "vendor_number": VENDOR, "job_number": JOB, "status": 4, "line_reference": place,
         "cost_code": CODE, "cost_type": 4, "contract": contract}
        for place, contract in enumerate(("200.00", "100.00", "300.00", "300.00"), 1)
    ]  # fmt: skip
    sage.load(ListKind.SUBCONTRACTS, *rows)
    page = sam.get(at(sage, "erp-link-exact", "lines"))
    assert text_of(page).count("Cost code, type and amount") == 2
    assert "amount where that is needed), each once on both sides." in text_of(page)
    marks = re.findall(r'name="match" value="([^"]+)" checked', page.content.decode())
    assert sam.post(at(sage, "erp-link-exact", "lines"), {"match": marks}).status_code == 302
    linked = LineLink.objects.values_list("schedule_line__description", "line_reference")
    assert set(linked) == {("Slab 1", "2"), ("Slab 2", "1")}
    said = str(LineLink.objects.get(line_reference="2"))
    assert said == f"{made.number}, line 1 Slab 1 is Sage line 2", "`link_exact --look` says it so"


# Unlinking


def test_unlinking_says_what_it_stops_and_is_refused_on_an_old_page(sage, sam):
    sage.sent()
    url = at(sage, "erp-unlink", "vendors", sage.base.vendor.pk)
    assert "1 invoice on the way to Sage can’t be accepted" in text_of(sam.get(url))
    assert sam.post(url, {"was": "7"}).status_code == 409 and VendorLink.objects.exists()
    assert sam.post(url, {"was": VENDOR}).status_code == 302
    assert not VendorLink.objects.exists() and events(sage)[-1] == "unlinked"
    again = sam.post(url, {"was": VENDOR})
    assert again.status_code == 409 and "not linked any more" in text_of(again)


def test_unlinking_a_line_keeps_its_own_ledger_account(sage, sam):
    line = sage.commitment().lines.first()
    LineLink.objects.create(schedule_line=line, commitment=line.commitment, line_reference="1", account="5040")
    assert sam.post(at(sage, "erp-unlink", "lines", line.pk), {"was": "1"}).status_code == 302
    kept = LineLink.objects.get()
    assert (kept.line_reference, kept.account) == ("", "5040")


@pytest.mark.parametrize("act", ["unlink", "link to another"])
def test_line_links_go_with_the_subcontract_whose_lines_they_name(sage, sam, act):
    """Line 1 of another subcontract is another line, though it may have the same code and type (S39)."""
    made = sage.commitment()
    first, second = made.lines.all()
    for line, account in ((first, ""), (second, "5040")):
        LineLink.objects.create(schedule_line=line, commitment=made, line_reference=str(line.position), account=account)
    sage.load(
        ListKind.SUBCONTRACTS,
        *({"number": n, "vendor_number": VENDOR, "job_number": JOB, "status": 4} for n in (made.number, "SC-X")),
    )
    if act == "unlink":
        answer = sam.post(at(sage, "erp-unlink", "commitments", made.pk), {"was": made.number})
    else:
        answer = sam.post(at(sage, "erp-link", "commitments", made.pk), {"key": "SC-X", "was": made.number})
    assert answer.status_code == 302
    assert list(LineLink.objects.values_list("schedule_line", "line_reference", "account")) == [(second.pk, "", "5040")]
    assert Event.objects.filter(company=sage.company).first().changes["lines linked"] == ["2", "0"]


# From a finding to the page that mends it, and back


def test_a_finding_leads_to_the_page_that_mends_it_and_coming_back_checks_again(sage, sam):
    export = sage.sent()
    sam.post(at(sage, "erp-unlink", "vendors", sage.base.vendor.pk), {"was": VENDOR})
    [missing] = [each for each in sage.findings(export) if each.rule == "S12"]
    mend = where_to_mend(missing, sage.company, export.invoice)
    assert mend.url == at(sage, "erp-link", "vendors", sage.base.vendor.pk) + f"?export={export.pk}"
    assert "isn&#x27;t linked to a vendor" in text_of(sam.get(at_export(export)))
    assert sam.post(mend.url, {"key": VENDOR}).status_code == 302
    assert "S12" not in sage.rules_of(export)
    assert "isn&#x27;t linked to a vendor" not in text_of(sam.get(at_export(export)))


def of(page, name: str, value: str) -> list[tuple]:
    """What a form of the page sends that has `name` with `value`."""
    forms = forms_on(Page(page.content.decode()), page.request["PATH_INFO"])
    return next((form.url, dict(form.pairs)) for form in forms if (name, value) in form.pairs)


@pytest.mark.parametrize("words", ["", VENDOR])
def test_once_it_is_linked_the_finding_s_invoice_is_open_again(sage, sam, words):
    """9.6: fixing there and coming back re-checks, also after a search."""
    export = sage.sent()
    sam.post(at(sage, "erp-unlink", "vendors", sage.base.vendor.pk), {"was": VENDOR})
    shown = [sam.get(at_export(export)), sam.get(queue_url(sage.company))]
    address = at(sage, "erp-link", "vendors", sage.base.vendor.pk) + f"?export={export.pk}"
    assert all(address in page.content.decode() for page in shown)
    page = sam.get(address, {"q": words, "export": export.pk})
    assert f"Back to {export.invoice.number}" in text_of(page)
    action, pairs = of(page, "key", VENDOR)
    assert sam.post(action, pairs).url == at_export(export)


def test_from_a_list_of_gaps_the_way_back_is_kept(sage, sam):
    export, code = sage.sent(), sage.base.cost_code()
    sam.post(at(sage, "erp-unlink", "cost-codes", code.pk), {"was": CODE})
    gaps = sam.get(at(sage, "erp-linking", "cost-codes"), {"export": export.pk})
    chosen = at(sage, "erp-link", "cost-codes", code.pk) + f"?export={export.pk}"
    assert chosen in gaps.content.decode()
    action, pairs = of(sam.get(chosen), "key", CODE)
    assert sam.post(action, pairs).url == at_export(export)


def test_from_a_narrowed_queue_through_a_list_of_gaps_and_back_its_filter_is_kept(sage, sam):
    """9.6: also where the search among Sage's entries comes between."""
    export, code = sage.sent(), sage.base.cost_code()
    sam.post(at(sage, "erp-unlink", "cost-codes", code.pk), {"was": CODE})
    narrowed = f"?problems=blocked&q={export.invoice.number.lower()}"
    gaps, chosen = at(sage, "erp-linking", "cost-codes"), at(sage, "erp-link", "cost-codes", code.pk)
    for page in (sam.get(queue_url(sage.company, narrowed)), sam.get(at_export(export) + narrowed)):
        [way] = {link for link in links_of(page) if link.startswith(gaps)}
        [row] = {link for link in links_of(sam.get(way)) if link.startswith(chosen)}
        searched = sam.get(row, dict(parse_qsl(urlsplit(row).query)) | {"q": CODE})
        assert f"{at_export(export)}{narrowed}" in links_of(searched)
        action, pairs = of(searched, "key", CODE)
        assert sam.post(action, pairs).url == at_export(export) + narrowed
        sam.post(at(sage, "erp-unlink", "cost-codes", code.pk), {"was": CODE})


def links_of(page) -> list[str]:
    return [link.attrs["href"] for link in Page(page.content.decode()).links()]


@pytest.mark.parametrize("words", ["zeta", ""])
def test_linking_and_unlinking_lead_back_to_the_list_as_it_was_narrowed(sage, sam, monkeypatch, words):
    """9.4: the filter, the words and the page."""
    monkeypatch.setattr("invoicing.forms.keyset.PAGE_SIZE", 2)
    for number in range(6):
        sage.base.company.vendors.create(name=f"Zeta {number}", number=f"Z{number}")
    first = sam.get(at(sage, "erp-linking", "vendors"), {"show": "all", "q": words})
    [next_page] = re.findall(r'href="([^"]*)" rel="next"', text_of(first).replace("&amp;", "&"))
    page = sam.get(at(sage, "erp-linking", "vendors") + next_page)
    asked = {name: value for name, value in parse_qsl(next_page[1:]) if value}
    assert asked["show"] == "all" and asked["after"]

    def is_there(address: str) -> bool:
        return address.partition("?")[0] == at(sage, "erp-linking", "vendors") and (
            dict(parse_qsl(urlsplit(address).query)) == asked
        )

    row = page.context["rows"][0].pk
    [link] = {link for link in links_of(page) if link.startswith(at(sage, "erp-link", "vendors", row))}
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme"}, {"number": "777", "name": "Zeta"})
    chosen = sam.get(link)
    assert any(map(is_there, links_of(chosen))), "its breadcrumb"
    action, pairs = of(chosen, "key", "777")
    assert is_there(sam.post(action, pairs).url)
    [unlink] = {link for link in links_of(sam.get(link)) if link.startswith(at(sage, "erp-unlink", "vendors", row))}
    assert sum(map(is_there, links_of(sam.get(unlink)))) == 2, "its breadcrumb, and Leave it linked"
    assert is_there(sam.post(unlink, {"was": "777"}).url)


@pytest.mark.parametrize("odd", ["", "x", "99999999", "9" * 40, "//elsewhere.example/", "\x00"])
def test_a_way_back_that_is_none_leads_to_the_pair(sage, sam, odd):
    """An id of this company's queue and nothing else: no address from outside is followed."""
    for named in (odd, str(sage_world().sent().pk)):
        sam.post(at(sage, "erp-unlink", "vendors", sage.base.vendor.pk), {"was": VENDOR})
        link = at(sage, "erp-link", "vendors", sage.base.vendor.pk)
        answer = sam.post(f"{link}?{urlencode({'export': named, 'list': odd, 'rows': odd})}", {"key": VENDOR})
        assert answer.url == at(sage, "erp-linking", "vendors")


def test_every_rule_about_a_link_or_a_list_has_its_page(sage, sam):
    invoice = sage.sent().invoice
    for rule, field, path in (
        ("S12", "Vendor no", "links/vendors/"),
        ("S16", "Subcontract no", "links/commitments/"),
        ("S17", "Subcontract no", "links/commitments/"),
        ("S20", "Job no", "links/jobs/"),
        ("S21", "Phase no", "links/jobs/"),
        ("S33", "Cost code", "links/cost-codes/"),
        ("S34", "Cost type", "links/cost-types/"),
        ("S39", "Subcontract line", "links/lines/"),
        ("S55", "Job no", "links/jobs/"),
        ("S55", "Subcontract no", "links/commitments/"),
        ("S55", "PO no", "links/commitments/"),
        ("S11", "Invoice no", "lists/payable_invoices/"),
        ("S18", "Subcontract no", "lists/subcontracts/"),
        ("S19", "Vendor no", "lists/vendors/"),
        ("S19", "Subcontract no", "lists/subcontracts/"),
        ("S19", "PO no", "lists/purchase_orders/"),
        ("S27", "Posting period", "lists/fiscal_periods/"),
        ("S28", "Posting period", "lists/fiscal_periods/"),
        ("S29", "Vendor no", "lists/vendors/"),
        ("S31", "Ledger account", "lists/ledger_accounts/"),
        ("S32", "Ledger account", "lists/ledger_accounts/"),
        ("S35", "Cost code", "lists/subcontracts/"),
        ("S40", "Price", "lists/subcontracts/"),
        ("S41", "Change order", "lists/subcontracts/"),
    ):
        for about in (invoice, None):
            mend = where_to_mend({"rule": rule, "field": field}, sage.company, about)
            assert path in mend.url and sam.get(mend.url).status_code == 200, (rule, field)
    assert where_to_mend({"rule": "S55", "field": "Status"}, sage.company) is None
    assert where_to_mend({"rule": "S9", "field": "Rows"}, sage.company, invoice) is None


@pytest.mark.parametrize(
    ("rules", "path", "who"),
    [
        (("S10", "S25", "S42", "S46", "S47", "S51"), "/invoices/", {"chief", "sender"}),
        (("S59", "R81"), "/directory/vendors/", {"chief"}),
        (("S14", "S30", "S54"), "/erp/settings/", {"chief"}),
        (("S1", "S15", "S24"), "/erp/layouts/", {"chief"}),
    ],
)
def test_what_is_mended_outside_of_links_and_lists_leads_there_whoever_may_open_it(sage, rules, path, who):
    """E-5: and whoever may not gets no button that answers with a refusal."""
    invoice = sage.sent().invoice
    chief = sage.new_approver("Cora Chief")
    for tool, place in (
        (Tool.ERP_INTEGRATIONS, sage.company),
        (Tool.COMPANY_DIRECTORY, sage.company),
        (Tool.COMMITMENTS, sage.base.project),
    ):
        set_level(chief, tool, place, Level.ADMIN, by=sage.base.owner)
    people = {"chief": chief, "sender": sage.sender, "looker": sage.new_approver("Lou Looker")}
    for rule in rules:
        mend = where_to_mend({"rule": rule, "field": ""}, sage.company, invoice)
        assert path in mend.url, rule
        for name, person in people.items():
            is_for = mend.is_for(read_access(person, sage.company, sage.base.project))
            assert (signed_in(person).get(mend.url).status_code == 200) == is_for, (rule, name)
            assert is_for == (name in who), (rule, name)


def test_the_invoice_s_page_is_offered_where_its_project_opens_and_nowhere_else(sage):
    """P-2: a private commitment's page is for those on its list."""
    export = sage.sent(sage.approved(sage.commitment(is_private=True, number="SC-SECRET")))
    mend = where_to_mend({"rule": "S10", "field": "Invoice no"}, sage.company, export.invoice)
    sent = read_access(sage.sender, sage.company, sage.base.project)
    reader = sage.new_approver("Rae Reader")
    set_level(reader, Tool.COMMITMENTS, sage.base.project, Level.READ_ONLY, by=sage.base.owner)
    assert mend.is_for(sent) and not mend.is_for(read_access(sage.sender, sage.company))
    assert not mend.is_for(read_access(reader, sage.company, sage.base.project))
    assert signed_in(reader).get(mend.url).status_code == 404


def test_the_button_to_the_invoice_stands_beside_its_finding(sage, sam):
    export = sage.sent(sage.approved(sage.commitment(is_private=False)))
    Invoice.objects.filter(pk=export.invoice_id).update(number="A,1")
    address = where_to_mend({"rule": "S10", "field": ""}, sage.company, export.invoice).url
    button = f'<a class="button small" href="{address}">Open the invoice</a>'
    assert "S10" in text_of(sam.get(at_export(export)))
    assert button not in sam.get(at_export(export)).content.decode()
    set_level(sage.approver, Tool.COMMITMENTS, sage.base.project, Level.READ_ONLY, by=sage.base.owner)
    assert button in sam.get(at_export(export)).content.decode()


def test_a_link_changed_between_accept_and_build_stops_the_file(sage, sam):
    """S60, by way of the page."""
    export = sage.sent()
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme Concrete"}, {"number": 7, "name": "Seven"})
    batch = sage.accepted(export)
    assert (
        sam.post(at(sage, "erp-link", "vendors", sage.base.vendor.pk), {"key": "7", "was": VENDOR}).status_code == 302
    )
    exporting.build(batch.pk)
    [export] = fresh(export)
    assert export.status == ExportStatus.FAILED and "vendor" in export.error.lower()


# Lists


def test_the_lists_page_says_what_is_there_how_old_and_what_is_missing(sage, sam):
    page = text_of(sam.get(at(sage, "erp-lists")))
    assert "2 lists never uploaded" in page and "Subcontracts 6-7" in page
    assert "days old" in page or "Of today" in page
    kim = text_of(signed_in(sage.base.staff).get(at(sage, "erp-lists")))
    assert "Upload<" not in kim and "Vendors 4-4" in kim


def test_what_a_missing_list_does_to_invoices_is_said_as_the_rules_do_it(sage, sam):
    """S11: without the payable invoices each asks for a tick; without another list it is stopped."""
    tick, stop = "ach invoice asks for a tick", "nvoices that need"

    def said(name, *parts):
        notice = text_of(sam.get(at(sage, name, *parts))).partition("ever uploaded")[2].partition("</p>")[0]
        return tick in notice, stop in notice

    def without(*kinds):
        SageListVersion.objects.filter(kind__in=kinds).delete()

    sage.load(ListKind.SUBCONTRACTS)
    sage.load(ListKind.PURCHASE_ORDERS)
    without("payable_invoices")
    assert said("erp-list", "payable_invoices") == said("erp-lists") == (True, False)
    without("purchase_orders")
    assert said("erp-list", "purchase_orders") == (False, True) and said("erp-lists") == (True, True)
    sage.load(ListKind.PAYABLE_INVOICES)
    assert said("erp-lists") == (False, True)


@pytest.mark.parametrize(("days", "is_advised", "is_asked"), [(7, 0, 0), (8, 1, 0), (31, 1, 0), (32, 1, 1)])
def test_a_week_old_the_payables_are_better_renewed_and_a_month_old_each_invoice_asks(sage, days, is_advised, is_asked):
    """S11 and its page: two ages for two purposes, in one place, and the page tells both."""
    export = sage.sent()
    with time_machine.travel(datetime.combine(LISTS_DATE, time(18), UTC) + timedelta(days=days), tick=False):
        page = text_of(signed_in(sage.base.staff).get(at(sage, "erp-list", "payable_invoices")))
        assert (f"This list is {days} days old." in page) == is_advised
        assert f"more than {PAYABLES_DOUBTED_AFTER} days old, each invoice asks for a tick (S11)" in page
        assert ("S11" in sage.rules_of(export)) == is_asked


def test_the_guide_tells_from_which_age_on_each_list_is_old():
    guide = Path(settings.BASE_DIR, "docs/accounting-guide.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (\d-\d+) \|[^|]+\| (\d+) days \|$", guide, re.MULTILINE)
    assert {f"{name} {window}": int(days) for name, window, days in rows} == {
        NAMES[kind]: days for kind, days in RENEWED_AFTER.items()
    }
    assert RENEWED_AFTER.keys() == NAMES.keys() and f"more than {PAYABLES_DOUBTED_AFTER} days old" in guide


def test_an_old_version_opens_and_says_that_it_is_not_in_use(sage, sam):
    old = sage.company.sage_lists.get(kind="vendors")
    sage.load(ListKind.VENDORS, {"number": 7, "name": "Newer"})
    page = text_of(sam.get(at(sage, "erp-list-version", old.pk)))
    assert "Kept for the record" in page and "Acme Concrete" in page
    assert text_of(sam.get(at(sage, "erp-list", "vendors"))).count("erp/lists/versions/") == 2
    nothing = sam.get(at(sage, "erp-list-version", old.pk), {"q": "zzz"})
    assert "No row fits" in text_of(nothing)


@pytest.mark.parametrize("name", ["erp-lists", "erp-links"])
def test_the_overviews_take_few_queries(sage, sam, name):
    sage.commitment()
    assert queries(sam, at(sage, name)) <= 15


def test_every_pair_of_section_four_is_there():
    assert list(PAIRS) == PAIR_SLUGS


# Two at once


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time, lock or none")
@pytest.mark.parametrize("race", ["one of Sage's for two of ours", "two of Sage's for one of ours"])
@pytest.mark.django_db(transaction=True)
def test_of_two_who_link_at_the_same_moment_one_is_told(race, monkeypatch):
    """One to one, in the database: both have looked, neither saw the other's link."""
    sage = sage_world()
    VendorLink.objects.all().delete()
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme Concrete"}, {"number": 7, "name": "Seven"})
    bolt = Vendor.objects.create(company=sage.company, name="Bolt Electric")
    pair, both_looked, make = PAIRS["vendors"], Barrier(2, timeout=20), links.make

    def make_together(*args, **rest):
        both_looked.wait()
        return make(*args, **rest)

    monkeypatch.setattr(links, "make", make_together)

    def choose(vendor_pk: int, key: str) -> str:
        try:
            links.choose(pair, sage.company, pair.get(sage.company, vendor_pk), key, by=sage.approver)
        except Refused as refused:
            return refused.message
        finally:
            connection.close()
        return "linked"

    acme = sage.base.vendor.pk
    wanted = [(acme, VENDOR), (bolt.pk, VENDOR) if race.startswith("one") else (acme, "7")]
    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(lambda each: choose(*each), wanted))
    assert [answer == "linked" for answer in answers].count(True) == 1
    assert any("linked already" in answer for answer in answers)
    assert VendorLink.objects.count() == 1


def test_staff_who_only_look_see_no_private_commitment_before_it_is_sent(sage, sam):
    """P-2: whoever links sees what there is to link; the rest of accounting what came to accounting."""
    commitment = sage.commitment(is_private=True, number="SC-SECRET", title="Settlement")
    invoice, staff = sage.approved(commitment), signed_in(sage.base.staff)
    line = commitment.lines.first()
    pages = [at(sage, "erp-linking", "commitments"), at(sage, "erp-linking", "lines")]
    own = [at(sage, "erp-link", "commitments", commitment.pk), at(sage, "erp-link", "lines", line.pk)]
    for page in pages:
        assert "SC-SECRET" in text_of(sam.get(page)) and "SC-SECRET" not in text_of(staff.get(page)), page
    assert [staff.get(page).status_code for page in own] == [404, 404]
    sage.sent(invoice)
    for page in (*pages, *own):
        assert "SC-SECRET" in text_of(staff.get(page)), page


def test_an_entry_that_a_hidden_commitment_has_is_taken_by_another_for_staff_who_only_look(sage, sam):
    """P-2: the name of a private commitment stands beside Sage's entry for whoever links alone."""
    sage.commitment(is_private=True, number="SC-SECRET")
    mine = sage.commitment(is_private=False, number="SC-OPEN")
    sage.sent(sage.approved(mine))
    page = at(sage, "erp-link", "commitments", mine.pk)
    assert "Linked to SC-SECRET" in text_of(sam.get(page))
    shown = text_of(signed_in(sage.base.staff).get(page))
    assert "Linked to another" in shown and "Linked to SC-SECRET" not in shown
