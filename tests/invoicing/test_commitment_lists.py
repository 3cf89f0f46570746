"""The list of commitments: the address is the view; page, totals and file are of the same rows, however many."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from directory.models import Vendor
from invoicing.models import Commitment, ScheduleLine
from tests.factories import D, world
from tests.invoicing.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def ask(w, who=None, name="commitments", **query):
    return signed_in(who or w.admin).get(reverse(name, args=[w.project.slug]), query)


def numbers(page) -> list[str]:
    return [each.commitment.number for each in page.context["standings"]]


def rows_of(answer) -> list[dict]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def many(w, count: int) -> None:
    """Drafts with a line of 100.00 each, quicker than people could."""
    made = Commitment.objects.bulk_create(
        Commitment(company=w.company, project=w.project, vendor=w.vendor, number=f"SC-9{n:04d}", title=f"Part {n % 7}")
        for n in range(count)
    )
    ScheduleLine.objects.bulk_create(
        ScheduleLine(commitment=each, position=1, cost_code=w.cost_code(), description="All", amount=D("100.00"))
        for each in made
    )


def test_it_is_narrowed_by_status_kind_company_and_words_and_totals_what_it_shows(w):
    bolt = Vendor.objects.create(company=w.company, name="Bolt Electric")
    Vendor.objects.create(company=w.company, name="Never Here")
    w.commitment(number="SC-1", title="Concrete", lines=[w.line("A", "100.00")])
    w.commitment(number="SC-2", title="Roofing", lines=[w.line("B", "40.00")], moves=())
    w.commitment(
        number="PO-1", title="Cable", lines=[w.line("C", "7.00")], kind="purchase_order", vendor=bolt, contact=False
    )
    for query, found, total in (
        ({}, ["PO-1", "SC-1", "SC-2"], "147.00"),
        ({"status": "draft"}, ["SC-2"], "40.00"),
        ({"kind": "purchase_order"}, ["PO-1"], "7.00"),
        ({"vendor": w.vendor.pk}, ["SC-1", "SC-2"], "140.00"),
        ({"q": "ROOF acme"}, ["SC-2"], "40.00"),
        ({"kind": "subcontract", "status": "approved", "q": "conc"}, ["SC-1"], "100.00"),
        ({"status": "nonsense", "vendor": "x", "sort": "amount", "after": "-1"}, ["PO-1", "SC-1", "SC-2"], "147.00"),
    ):
        page = ask(w, **query)
        assert (numbers(page), page.context["totals"]["contract"]) == (found, D(total)), query
    assert [each.name for each in page.context["form"].fields["vendor"].queryset] == ["Acme Concrete", "Bolt Electric"]
    nothing = ask(w, q="nowhere", status="draft")
    assert "No commitment matches" in text_of(nothing) and 'value="nowhere"' in nothing.content.decode()


def test_totals_count_what_was_sent_and_leave_drafts_out(w):
    w.approved(None, {"work_this_period": D("1000.00")})
    w.submitted(w.draft(w.commitment()), {"work_this_period": D("500.00")})
    w.entered(w.draft(w.commitment()), {"work_this_period": D("70.00")})
    page = ask(w)
    totals, standings = page.context["totals"], page.context["standings"]
    assert (totals["contract"], totals["billed"], totals["retainage"]) == (D("307806.00"), D("1500.00"), D("150.00"))
    assert totals["billed"] == sum(each.billed for each in standings)
    assert totals["retainage"] == sum(each.retainage for each in standings)


def test_a_heading_sorts_and_says_so(w):
    for number, title in (("SC-1", "Roofing"), ("SC-2", "Concrete"), ("SC-3", "Concrete")):
        w.commitment(number=number, title=title, contact=False)
    page = ask(w)
    assert 'aria-sort="ascending"' in page.content.decode() and "sort=-number" in page.content.decode()
    assert numbers(ask(w, sort="title")) == ["SC-2", "SC-3", "SC-1"]
    assert numbers(ask(w, sort="-title")) == ["SC-1", "SC-3", "SC-2"]
    assert 'aria-sort="descending"' in ask(w, sort="-number").content.decode()


@pytest.mark.parametrize("sort", ["number", "-number", "title", "-title", "status"])
def test_pages_of_fifty_follow_each_other_without_a_gap_and_lead_back(w, sort):
    many(w, 120)
    first = ask(w, sort=sort)
    second = ask(w, sort=sort, after=first.context["page"].after)
    third = ask(w, sort=sort, after=second.context["page"].after)
    read = numbers(first) + numbers(second) + numbers(third)
    assert [len(numbers(page)) for page in (first, second, third)] == [50, 50, 20]
    assert len(set(read)) == 120 and third.context["page"].after == first.context["page"].before == ""
    assert numbers(ask(w, sort=sort, before=third.context["page"].before)) == numbers(second)
    back = ask(w, sort=sort, before=second.context["page"].before)
    assert numbers(back) == numbers(first) and back.context["page"].before == ""
    assert first.context["totals"]["contract"] == D("12000.00")
    assert [row["Number"] for row in rows_of(ask(w, name="commitments-csv", sort=sort))] == read


def test_five_hundred_cost_no_more_queries_than_ten(w):
    """R75: nine of them are the door's and the top bar's."""
    many(w, 10)
    client, url = signed_in(w.admin), reverse("commitments", args=[w.project.slug])

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    few = asked()
    Commitment.objects.bulk_create(
        Commitment(company=w.company, project=w.project, vendor=w.vendor, number=f"SC-8{n:04d}", title="More")
        for n in range(490)
    )
    assert asked() == few <= 15
    url += "?after=" + client.get(url).context["page"].after
    assert asked() <= 15


def test_the_file_holds_what_is_shown_and_no_formula(w):
    """R100, S58."""
    w.commitment(number="SC-1", title="=cmd|'/c calc'!A1", lines=[w.line("A", "100.00")], contact=False)
    credit = w.commitment(number="SC-2", title="+Credit", lines=[w.line("B", "50.00")], contact=False, is_private=False)
    w.change_order(credit, [w.line("Taken off", "-41.50")])
    w.commitment(number="SC-3", title="Else", contact=False)
    rows = rows_of(ask(w, name="commitments-csv", q="SC-", status="approved"))
    assert [row["Title"] for row in rows] == ["'=cmd|'/c calc'!A1", "'+Credit", "Else"]
    assert [row["Contract sum to date"] for row in rows] == ["100.00", "8.50", "102602.00"]
    assert [row["Number"] for row in rows_of(ask(w, name="commitments-csv", q="credit"))] == ["SC-2"]
    assert [row["Number"] for row in rows_of(ask(w, w.reader, "commitments-csv"))] == ["SC-2"]  # P-2


def test_contacts_find_their_own_and_no_other_company_in_the_filter(w):
    """P-1."""
    mine = w.commitment()
    w.commitment(contact=False)
    page = ask(w, w.contact)
    assert numbers(page) == [mine.number] and "New subcontract" not in page.content.decode()
    assert len(rows_of(ask(w, w.contact, "commitments-csv"))) == 1


def test_an_empty_list_says_what_to_do_next(w):
    assert "No commitments yet" in text_of(ask(w))
    assert "New subcontract" in text_of(ask(w)) and "New subcontract" not in text_of(ask(w, w.reader))
