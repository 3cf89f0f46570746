"""Accounting's queue: who sees it, what one invoice shows before an answer, what may be changed (E-4 to E-6, P-8)."""

import re
from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils.html import escape

from directory.permissions import Level, Tool
from erp_integrations import exporting
from erp_integrations.actions import exports
from erp_integrations.models import CostCodeLink, InvoiceExport, ListKind
from erp_integrations.views import queue, shown
from invoicing.models import Invoice
from tests import factories
from tests.erp_integrations.pages import accept_data, at_batch, at_export, boxes, queries, queue_url, signed_in, text_of
from tests.erp_integrations.world import CODE, D, fresh, sage_world
from tests.journeys.pages import Page

TABS = {
    "ready": "Ready",
    "exporting": "Exporting",
    "exported": "Exported",
    "posted": "Posted",
    "failed": "Failed",
    "rejected": "Rejected",
    "taken-back": "Taken back",
    "voided": "Voided",
}


def listed(response) -> set[int]:
    return {row.export.pk for row in response.context["rows"]}


@pytest.fixture
def export(sage) -> InvoiceExport:
    return sage.sent()


# Who


def test_accounting_staff_look_and_everybody_else_finds_nothing(sage, export):
    """P-1, P-8: outside people, project people and the site owner see no queue at all."""
    for url in (queue_url(sage.company), at_export(export)):
        for who in (sage.approver, sage.base.staff):
            assert signed_in(who).get(url).status_code == 200
        for who in (sage.base.contact, sage.base.admin, sage.base.reader, sage.base.owner, sage_world().approver):
            assert signed_in(who).get(url).status_code == 404


def test_answers_need_standard_first_and_then_the_privilege(sage, export):
    """P-4, P-8: the refusal names the right that is missing."""
    clerk = factories.person("Clerk", sage.company)
    factories.grants.set_level(clerk, Tool.ERP_INTEGRATIONS, sage.company, Level.ADMIN, by=sage.base.owner)
    for name in ("erp-reject", "erp-void"):
        refused = signed_in(sage.base.staff).get(at_export(export, name))
        assert (refused.status_code, "Standard on ERP Integrations" in text_of(refused)) == (403, True)
        refused = signed_in(clerk).get(at_export(export, name))
        assert (refused.status_code, "Can Push to Accounting" in text_of(refused)) == (403, True)
        assert sage.approver.name in text_of(refused)
    for name in ("erp-export-header", "erp-confirm"):
        assert signed_in(clerk).post(at_export(export, name)).status_code == 403
    assert signed_in(clerk).post(queue_url(sage.company, "accept/"), {"export": export.pk}).status_code == 403


def test_those_who_only_look_are_offered_nothing_to_press(sage, export):
    page = text_of(signed_in(sage.base.staff).get(queue_url(sage.company)))
    assert "Accept" not in page.replace("Accepting", "") and f"up to {sage.approver.name}" in page
    page = text_of(signed_in(sage.base.staff).get(at_export(export)))
    assert "Reject…" not in page and "Save header" not in page and "It waits for" in page


def test_an_export_of_another_company_is_not_found(sage, export):
    other = sage_world()
    url = reverse("erp-export", args=[other.company.slug, export.pk])
    assert signed_in(other.approver).get(url).status_code == 404


# The list


def test_every_state_has_its_tab_with_a_count(sage):
    rejected, back, exported = sage.sent(), sage.sent(), sage.sent()
    exports.reject(rejected, by=sage.approver, reason="Wrong job")
    exports.retrieve(back, by=sage.sender)
    sage.built(exported)
    waiting = sage.sent()
    client = signed_in(sage.approver)
    held = {"ready": waiting, "exported": exported, "rejected": rejected, "taken-back": back}
    for tab, label in TABS.items():
        found = client.get(queue_url(sage.company, f"?tab={tab}"))
        count = int(tab in held)
        assert listed(found) == ({held[tab].pk} if count else set())
        assert f'{label} <span class="count">{count}</span>' in text_of(found)


@pytest.mark.parametrize("tab", TABS)
def test_an_empty_tab_says_what_comes_there_and_by_whom(sage, tab):
    """9.10; a filter of findings narrows no tab that asks for none."""
    for query in (f"?tab={tab}", f"?tab={tab}&problems=blocked"):
        page = text_of(signed_in(sage.approver).get(queue_url(sage.company, query)))
        asks = tab in ("ready", "failed") and "problems" in query
        assert ("Nothing matches" in page) == asks
        assert asks or re.search("(stands|appear) here (when|once|from)", page)
        assert ("The tabs count without the filter by findings" in page) == asks


@pytest.mark.parametrize("query", ["", "?tab=posted", "?q=nothing"])
@pytest.mark.parametrize("has_rows", [False, True])
def test_files_made_for_somebody_are_found_below_every_queue(sage, query, has_rows):
    """Decision 23: an empty queue too, or one where nothing can be ticked, leads to what was made."""
    if has_rows:
        exports.confirm(sage.exported(), by=sage.approver, record_number="71")
        sage.sent()
    page = text_of(signed_in(sage.base.staff).get(queue_url(sage.company, query)))
    assert page.count(f'href="{reverse("erp-files", args=[sage.company.slug])}"') == 1


def test_taken_back_and_rejected_look_different(sage):
    """E-4."""
    rejected, back = sage.sent(), sage.sent()
    exports.reject(rejected, by=sage.approver, reason="Wrong job")
    exports.retrieve(back, by=sage.sender)
    client = signed_in(sage.base.staff)
    assert "tone-bad" in text_of(client.get(at_export(rejected))) and "“Wrong job”" in text_of(
        client.get(at_export(rejected))
    )
    assert "tone-bad" not in text_of(client.get(at_export(back)))


def test_who_voided_it_says_why_and_not_whoever_had_accepted_it(sage):
    some, voider = [sage.exported() for _ in range(2)], sage.all_rights()
    client, url = signed_in(sage.base.staff), queue_url(sage.company, "?tab=voided")
    exports.void(some[0], by=voider, reason="Entered twice", sage_holds_it_no_more=True)
    few = queries(client, url)
    exports.void(some[1], by=voider, reason="Wrong vendor", sage_holds_it_no_more=True)
    for page, reasons in (
        (client.get(url), ("Entered twice", "Wrong vendor")),
        (client.get(at_export(some[0])), ("Entered twice",)),
    ):
        shown = re.sub("<[^>]*>", "", text_of(page))
        for reason in reasons:
            said = shown.partition(f"“{reason}”")[0][-80:]
            assert voider.name in said and sage.approver.name not in said
    assert queries(client, url) == few


def test_what_an_approver_had_rejected_is_marked_where_it_waits_again(sage, export):
    """9.1: Home counts them."""
    exports.reject(export, by=sage.approver, reason="No vendor number")
    exports.send_one(export.invoice, by=sage.sender)
    sage.sent()
    for address in (queue_url(sage.company), queue_url(sage.company, "?problems=warned")):
        page = text_of(signed_in(sage.approver).get(address))
        assert page.count("You rejected it before") == 1 and "“No vendor number”" in page
    assert "You rejected it before" not in text_of(signed_in(sage.new_approver()).get(queue_url(sage.company)))


def test_the_list_is_narrowed_by_words_and_project_and_totals_what_is_left(sage):
    one = sage.sent(sage.approved(number="AC-77"))
    sage.sent(sage.approved(number="BE-12"))
    client = signed_in(sage.approver)
    assert len(listed(client.get(queue_url(sage.company)))) == 2
    found = client.get(queue_url(sage.company, "?q=ac-77"))
    assert listed(found) == {one.pk}
    assert found.context["totals"].due == one.invoice.current_payment_due
    assert listed(client.get(queue_url(sage.company, f"?project={sage.base.project.pk}"))) != set()
    nothing = client.get(queue_url(sage.company, "?q=nobody"))
    assert "Nothing matches" in text_of(nothing) and "Clear filters" in text_of(nothing)


def test_each_invoice_of_the_list_says_how_many_findings_it_has_now(sage, export):
    client = signed_in(sage.approver)
    [row] = client.get(queue_url(sage.company)).context["rows"]
    assert (row.errors, row.warnings) == (0, 1)
    sage.load(ListKind.COST_CODES, {"code": "9000.000", "name": "Another"})
    [row] = client.get(queue_url(sage.company)).context["rows"]
    assert row.errors == 1


def test_an_address_that_makes_no_sense_shows_the_queue(sage, export):
    found = signed_in(sage.approver).get(queue_url(sage.company, "?tab=%00&page=x&project=zz"))
    assert listed(found) == {export.pk}


def test_a_longer_queue_asks_no_more_of_the_database(sage):
    """F16."""
    sage.sent()
    client, url = signed_in(sage.approver), queue_url(sage.company)
    few = queries(client, url)
    for _ in range(4):
        sage.sent()
    assert queries(client, url) == few


# One invoice


def test_the_exact_rows_stand_there_before_anybody_accepts(sage, export):
    """E-5: what the file will hold, cell by cell, after mapping and cutting."""
    shown = signed_in(sage.approver).get(at_export(export)).context["shown"]
    texts = {cell.title: cell.text for cell in shown.header.cells}
    assert (texts["Invoice no"], texts["Retainage"], texts["Vendor no"]) == (export.invoice.number, "100.00", "20145")
    [detail] = shown.details
    assert {cell.title: cell.text for cell in detail.cells}["Price"] == "1000.00"
    assert shown.adds_up and shown.net_in_file == D("900.00")


def test_text_that_is_cut_is_marked_and_shown_in_full(sage):
    """S36."""
    line = sage.base.line("Formwork, reinforcement and concrete of the north retaining wall", "5000.00")
    export = sage.sent(sage.approved(sage.commitment(lines=[line])))
    page = text_of(signed_in(sage.approver).get(at_export(export)))
    assert "<mark" in page and "In full: Formwork, reinforcement and concrete of the north retaining wall" in page


def test_every_cell_says_how_it_was_computed(sage, export):
    """E-6: for the row that is asked for, its formula with numbers and its sources."""
    client = signed_in(sage.approver)
    page = text_of(client.get(at_export(export) + "?row=2"))
    assert "work 1,000.00 + moved 0.00" in page and "Vendors 4-4 as of" in page
    assert "How was row 1 computed?" in text_of(client.get(at_export(export) + "?row=999"))


def test_a_finding_says_rule_row_field_list_and_what_to_do(sage, export):
    """E-5."""
    page = text_of(signed_in(sage.approver).get(at_export(export)))
    for words in ("S39", "Row 2, Subcontract line is empty", "checked against Subcontracts 6-7 as of", "Link the line"):
        assert words in page


def test_what_was_accepted_is_shown_as_it_was_frozen(sage):
    """E-6: newer lists change nothing about what stands in the file."""
    export = sage.exported()
    sage.load(ListKind.VENDORS, {"number": "20145", "name": "Renamed", "due_terms": "60DY"})
    shown = signed_in(sage.base.staff).get(at_export(export)).context["shown"]
    assert shown.is_frozen
    assert {cell.title: cell.text for cell in shown.header.cells}["Due date"] == "2030-07-25"


def test_an_invoice_that_a_rule_blocks_offers_no_acceptance(sage, export):
    sage.load(ListKind.COST_CODES, {"code": "9000.000", "name": "Another"})
    page = signed_in(sage.approver).get(at_export(export))
    assert "Accept…" not in text_of(page) and "Reject…" in text_of(page)
    assert "Blocks:" in text_of(page)


def test_whoever_sent_it_is_told_that_somebody_else_accepts(sage):
    """P-7."""
    both = sage.all_rights()
    sage.sender = both
    export = sage.sent()
    page = text_of(signed_in(both).get(at_export(export)))
    assert f"You sent {export.invoice}, so someone else accepts it" in page and "Accept…" not in page


def test_only_those_with_a_level_on_the_project_get_a_link_to_the_invoice(sage, export):
    assert "Open the invoice" not in text_of(signed_in(sage.approver).get(at_export(export)))
    assert "Open the invoice" in text_of(signed_in(sage.all_rights()).get(at_export(export)))


def test_many_lines_and_neighbours_ask_no_more_of_the_database(sage):
    client, small = signed_in(sage.approver), sage.sent()
    few = queries(client, at_export(small))
    lines = [sage.base.line(f"Line {n}", "1000.00") for n in range(30)]
    figures = [{"work_this_period": D("10.00")} for _ in lines]
    big = sage.sent(sage.approved(sage.commitment(lines=lines), *figures))
    sage.sent()
    assert queries(client, at_export(big)) == few


# What an approver may change


def test_description_and_days_are_changed_and_seen_in_the_rows(sage, export):
    client = signed_in(sage.approver)
    typed = {"description": "Pay app 1, footings", "due_date": "2030-07-05", "discount_date": "2030-07-01"}
    assert client.post(at_export(export, "erp-export-header"), typed).status_code == 302
    texts = {c.title: c.text for c in client.get(at_export(export)).context["shown"].header.cells}
    assert (texts["Description"], texts["Due date"]) == ("Pay app 1, footings", "2030-07-05")
    assert texts["Discount date"] == "2030-07-01"


@pytest.mark.parametrize(
    ("field", "value"), [("description", "x" * 51), ("due_date", "5/7/30th"), ("discount_date", "soon")]
)
def test_a_header_that_cannot_be_is_refused_and_stays_typed(sage, export, field, value):
    """U4."""
    answer = signed_in(sage.approver).post(at_export(export, "erp-export-header"), {field: value})
    assert answer.status_code == 422
    assert value in text_of(answer) and answer.context["form"].errors[field]
    assert getattr(fresh(export)[0], field) in ("", None)


def test_a_header_that_somebody_changed_meanwhile_is_not_overwritten_unseen(sage, export):
    """I-5: both versions stand on the page, and the second press is meant."""
    client = signed_in(sage.approver)
    seen = client.get(at_export(export)).context["form"].initial["seen"]
    exports.change_header(export, exports.HeaderEdit("Footings, June"), by=sage.approver)
    typed = {"description": "Slab, June", "seen": seen}
    answer = client.post(at_export(export, "erp-export-header"), typed)
    page = answer.content.decode()
    assert answer.status_code == 409 and "Slab, June" in page and "Now Footings, June" in page
    assert fresh(export)[0].description == "Footings, June"
    [seen] = re.findall(r'name="seen"[^>]* value="([0-9a-f]+)"', page)
    assert client.post(at_export(export, "erp-export-header"), typed | {"seen": seen}).status_code == 302
    assert fresh(export)[0].description == "Slab, June"


def test_a_header_is_not_changed_after_the_acceptance(sage):
    export = sage.exported()
    answer = signed_in(sage.approver).post(at_export(export, "erp-export-header"), {"description": "Too late"})
    assert answer.status_code == 409 and "no longer possible" in text_of(answer)
    assert fresh(export)[0].description == ""


# Rejecting and voiding


def test_a_rejection_needs_a_reason_and_sends_it_back(sage, export):
    client = signed_in(sage.approver)
    assert "Reject invoice" in text_of(client.get(at_export(export, "erp-reject")))
    for nothing in ("", "   "):
        answer = client.post(at_export(export, "erp-reject"), {"reason": nothing})
        assert answer.status_code == 422
    assert fresh(export)[0].status == "ready_to_export"
    assert client.post(at_export(export, "erp-reject"), {"reason": "Wrong job"}).status_code == 302
    export = fresh(export)[0]
    assert (export.status, export.reason) == ("rejected", "Wrong job")
    assert not Invoice.objects.get(pk=export.invoice_id).is_locked


def test_the_rejection_opens_as_a_box_over_the_page(sage, export):
    answer = signed_in(sage.approver).get(at_export(export, "erp-reject"), headers={"HX-Request": "true"})
    assert "<html" not in text_of(answer) and "Reject invoice" in text_of(answer)


def test_two_approvers_who_reject_at_once_learn_of_each_other(sage, export):
    exports.reject(export, by=sage.new_approver(), reason="First")
    answer = signed_in(sage.approver).post(at_export(export, "erp-reject"), {"reason": "Second, with many words"})
    assert answer.status_code == 409
    assert "Second, with many words" in text_of(answer) and "Pat Okafor" in text_of(answer)


def test_voiding_needs_both_sides_and_the_word_that_sage_holds_it_no_more(sage):
    export = sage.exported()
    assert signed_in(sage.approver).get(at_export(export, "erp-void")).status_code == 403
    client = signed_in(sage.all_rights())
    answer = client.post(at_export(export, "erp-void"), {"reason": "Entered twice"})
    assert answer.status_code == 422 and "First remove it in Sage" in text_of(answer)
    typed = {"reason": "Entered twice", "sage_holds_it_no_more": "on"}
    assert client.post(at_export(export, "erp-void"), typed).status_code == 302
    assert fresh(export)[0].status == "voided"


def test_ticks_on_the_invoice_are_kept_on_the_confirmation(sage, export):
    client = signed_in(sage.approver)
    ticks = boxes(client.get(at_export(export)))
    asked = {"export": export.pk, "accounting_date": "2030-06-27", "ticked": ticks}
    page = client.post(queue_url(sage.company, "accept/"), asked).content.decode()
    assert page.count(" checked>") == len(ticks) == 1
    assert 'value="2030-06-27"' in page
    assert fresh(export)[0].status == "ready_to_export"


def test_a_cause_is_named_before_the_sums_that_it_spoils(sage, export):
    """9.6: of several errors the queue tells the one that mends the others."""
    CostCodeLink.objects.all().delete()
    rules = [finding.rule for finding in sage.findings(export) if finding.severity == "error"]
    assert "S43" in rules and rules.index("S43") < rules.index("S33")
    [row] = signed_in(sage.approver).get(queue_url(sage.company)).context["rows"]
    assert row.first.rule == "S33"


def test_an_empty_cell_says_why_it_is_empty(sage, export):
    """E-6: for every cell of the file but those that are always the same."""
    told = {cell.title: cell for cell in signed_in(sage.approver).get(at_export(export)).context["explained"].explained}
    assert told["Phase no"].text == "" and told["Phase no"].how
    assert "Ship no" not in told and "Discount" not in told and "File type" not in told


def test_rows_that_this_version_writes_otherwise_than_the_file_has_them_say_so(sage, export, monkeypatch):
    """E-6: what counts is the file."""
    sage.built(export)
    client = signed_in(sage.approver)
    assert "These rows are frozen" in text_of(client.get(at_export(export)))
    as_now = shown.build_rows
    monkeypatch.setattr(
        shown, "build_rows", lambda facts, lists: replace(rows := as_now(facts, lists), rows=rows.rows[:-1])
    )
    page = text_of(client.get(at_export(export)))
    assert "built by an older version of this program" in page and "These rows are frozen" not in page


# The list beside it is the one it was opened from (9.6)


def numbers_beside(page) -> list[str]:
    return [each.invoice.number for each in page.context["beside"].exports]


def test_an_opened_invoice_stands_in_the_list_that_it_was_opened_from(sage):
    for number in ("AC-1", "BE-2", "AC-3"):
        sage.sent(sage.approved(number=number))
    client = signed_in(sage.approver)
    page = client.get(queue_url(sage.company), {"q": "ac-", "project": "zz", "page": "1"})
    [url] = set(re.findall(r'href="([^"]*)">AC-3</a>', page.content.decode()))
    assert url.endswith("/?q=ac-"), "what makes no sense is left behind"
    opened = client.get(url)
    assert numbers_beside(opened) == ["AC-1", "AC-3"] and opened.context["beside"].count == 2
    shown, back = text_of(opened), f'href="{queue_url(sage.company)}?q=ac-"'
    assert "filtered" in shown and "BE-2" not in shown
    assert shown.count(back) == 3, "two of the breadcrumb, and the whole list"
    assert re.search(r'href="[^"]*/\?q=ac-">AC-1</a>', shown) and f'href="{url}&amp;row=2#how"' in shown
    for name in ("reject", "header"):
        assert f"/{name}/?q=ac-" in shown
    assert f'action="{queue_url(sage.company)}accept/?q=ac-"' in shown
    assert numbers_beside(client.get(url.partition("?")[0])) == ["AC-1", "BE-2", "AC-3"]


def test_the_list_beside_is_the_part_around_the_open_one(sage, monkeypatch):
    monkeypatch.setattr(queue, "BESIDE", 3)
    for n in range(5):
        sage.sent(sage.approved(number=f"N-{n}"))
    client = signed_in(sage.approver)
    around = {}
    for each in InvoiceExport.objects.select_related("invoice").order_by("sent_at"):
        page = client.get(at_export(each))
        around[each.invoice.number] = numbers_beside(page), page.context["beside"].first
        assert page.context["beside"].count == 5 and 'aria-selected="true"' in text_of(page)
    first, last = ["N-0", "N-1", "N-2"], ["N-2", "N-3", "N-4"]
    assert around == {
        "N-0": (first, 1), "N-1": (first, 1), "N-2": (["N-1", "N-2", "N-3"], 2), "N-3": (last, 3), "N-4": (last, 3),
    }  # fmt: skip
    assert "3 to 5, by when they were sent" in text_of(page)


def test_what_the_rules_say_narrows_the_list_beside_as_well(sage):
    one, two = sage.sent(), sage.sent()
    CostCodeLink.objects.all().delete()
    client = signed_in(sage.approver)
    page = client.get(at_export(one), {"problems": "blocked"})
    assert {each.pk for each in page.context["beside"].exports} == {one.pk, two.pk}
    assert "of the 2 nearest, those with the findings of the filter" in text_of(page)
    assert numbers_beside(client.get(at_export(one), {"problems": "clear"})) == []


def test_answers_lead_back_to_the_list_that_the_invoice_was_opened_from(sage, export):
    client, second = signed_in(sage.approver), sage.sent()
    kept = f"?q={export.invoice.number}"
    dialog = text_of(client.get(at_export(export, "erp-reject") + kept))
    assert f'action="{at_export(export, "erp-reject")}{kept}"' in dialog and f'{at_export(export)}{kept}"' in dialog
    answer = client.post(at_export(export, "erp-reject") + kept, {"reason": "Wrong job"})
    assert answer.url == queue_url(sage.company) + kept
    header = client.post(at_export(second, "erp-export-header") + kept, {"description": "Other words"})
    assert header.url == at_export(second) + kept
    asked = client.get(queue_url(sage.company, f"accept/{kept}"), {"export": second.pk, "q": export.invoice.number})
    assert f'href="{queue_url(sage.company)}{kept}"' in text_of(asked)
    answer = client.post(queue_url(sage.company, f"accept/{kept}"), accept_data(asked, second))
    assert answer.status_code == 302 and answer.url.endswith(f"/{kept}")
    assert f'href="{queue_url(sage.company)}{kept}">Back to the queue</a>' in text_of(client.get(answer.url))
    assert "Back to the queue" not in text_of(client.get(answer.url.partition("?")[0]))


def test_a_file_that_was_opened_from_a_narrowed_list_keeps_the_way_back_to_it(sage, export):
    """9.6: through all that is done on its page."""
    kept, client = "?tab=exported&q=inv", signed_in(sage.all_rights())
    batch, failed = sage.built(export), sage.accepted(sage.sent())
    CostCodeLink.objects.update(code="9999.000")
    exporting.build(failed.pk)
    CostCodeLink.objects.update(code=CODE)
    for page in (client.get(at_batch(batch) + kept), client.get(at_batch(failed) + kept)):
        way_back = escape(queue_url(sage.company, kept))
        assert f'href="{way_back}">Back to the queue</a>' in page.content.decode()
        there = {
            each.attrs.get("href") or each.attrs.get("action", "") for each in Page(page.content.decode()).elements
        }
        own = {address for address in there if re.search(r"/(batches|queue)/\d+/", address)}
        assert own and {address for address in own if not address.endswith(kept)} == set()
    for name in ("erp-results", "erp-cancel"):
        assert escape(at_batch(batch) + kept) in client.get(at_batch(batch, name) + kept).content.decode()
    assert client.post(at_batch(failed, "erp-retry") + kept).url == at_batch(failed) + kept
    client.get(at_batch(batch, "erp-download", "csv"))
    again = client.get(at_batch(batch, "erp-download", "csv") + kept).content.decode()
    assert escape(at_batch(batch) + kept) in again and '<input type="hidden" name="tab" value="exported">' in again
    asked = client.get(at_export(export, "erp-confirm") + kept).content.decode()
    assert escape(at_export(export, "erp-confirm") + kept) in asked
    assert client.post(at_export(export, "erp-confirm") + kept, {"record_number": "7"}).url == at_batch(batch) + kept
    assert escape(at_batch(batch) + kept) in client.get(at_export(export) + kept).content.decode()


def test_the_way_back_leads_to_the_page_and_the_stretch_of_the_list(sage, export, monkeypatch):
    """9.6: whoever answers the sixtieth of a list is not sent back to its first page."""
    monkeypatch.setattr(queue, "PAGE_SIZE", 1)
    client, other = signed_in(sage.approver), sage.sent()
    kept = "?problems=warned&page=2&from=1-1"
    as_said = kept.replace("&", "&amp;")
    listed = text_of(client.get(queue_url(sage.company, kept)))
    assert f'href="{at_export(other)}{as_said}"' in listed
    assert '<input type="hidden" name="page" value="2">' in listed and 'name="from" value="1-1"' in listed
    assert f'href="{queue_url(sage.company)}{as_said}"' in text_of(client.get(at_export(other) + kept))
    accepting = text_of(client.get(queue_url(sage.company, f"accept/{kept}&export={other.pk}")))
    assert f'href="{at_export(other)}{as_said}"' in accepting, "a look at one of them is no way out of the list"
    assert f'action="{queue_url(sage.company)}dry-run/{as_said}"' in accepting
    answer = client.post(at_export(other, "erp-reject") + kept, {"reason": "Wrong job"})
    assert answer.url == queue_url(sage.company, kept)
    for odd in ("0", "-1", "٣", "9" * 20, "x", "1"):
        assert client.get(queue_url(sage.company), {"page": odd, "from": odd}).context["came_from"].query == ""
    rejected = client.get(at_export(other) + kept).context["list_url"]
    assert rejected == queue_url(sage.company, "?tab=rejected&problems=warned"), "another list has places of its own"


def test_what_is_ticked_in_a_narrowed_list_leads_back_to_it(sage, export):
    """Rejected from the failed ones: back among them."""
    batch, client = sage.accepted(export), signed_in(sage.approver)
    CostCodeLink.objects.all().delete()
    exporting.build(batch.pk)
    listed = text_of(client.get(queue_url(sage.company), {"tab": "failed", "q": export.invoice.number}))
    form = listed.partition("accept/")[2]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    assert fields == {"tab": "failed", "q": export.invoice.number}
    back = queue_url(sage.company, f"?tab=failed&amp;q={export.invoice.number}")
    asked = text_of(client.get(queue_url(sage.company, "reject/"), {"export": export.pk, **fields}))
    assert f'href="{back}"' in asked and f"reject/?tab=failed&amp;q={export.invoice.number}" in asked
    nothing = client.get(queue_url(sage.company, "reject/"), fields)
    assert nothing.url == back.replace("&amp;", "&")
    alone = client.post(at_export(export, "erp-reject"), {"reason": "Wrong job"})
    assert alone.url == queue_url(sage.company, "?tab=failed")


def test_a_filter_costs_an_open_invoice_no_more_than_reading_what_it_names(sage, export):
    client = signed_in(sage.approver)
    few = queries(client, at_export(export))
    assert queries(client, at_export(export), {"q": export.invoice.number, "age": "2"}) == few
    named = {"project": sage.base.project.pk, "vendor": sage.base.vendor.pk}
    assert queries(client, at_export(export), named) == few + 2
