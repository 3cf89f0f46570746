"""What the list of invoices offers beside its rows: starting, reminding, amounts, the size of a page (9.2)."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory.models import Event, Mail
from directory.permissions import read_access
from directory.refusals import Refused
from invoicing.actions import due_dates, invitations, invoices
from invoicing.models import BillingSettings, Commitment, Invoice, InvoiceType
from tests.factories import D, world
from tests.invoicing.pages import signed_in, text_of
from tests.invoicing.test_invoice_lists import ask, listed, many

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


# New invoice


def starts(w, who) -> set[str]:
    page = signed_in(who).get(reverse("invoice-new", args=[w.project.slug]))
    return {each.number for each in page.context["commitments"]}


def of_every_kind(w):
    """The open period, and commitments that stand in every way before it."""
    june = w.period()
    for number, make in (("SC-settled", w.approved), ("SC-waits", w.submitted)):
        make(w.draft(w.commitment(number=number), june))
    late = w.commitment(number="SC-later")
    july = w.period(date(2030, 7, 1))
    w.draft(w.commitment(number="SC-billed"), july)
    w.commitment(number="SC-draft", moves=())
    w.commitment(number="SC-none", contact=False)
    w.commitment(number="SC-fresh")
    due_dates.extend(july, late, july.due_date + timedelta(days=9), reason="Rain", by=w.admin)
    invitations.invite(july, [Commitment.objects.get(number="SC-fresh")], InvoiceType.WORK, by=w.admin)
    return july


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("by_invitation", [False, True])
@pytest.mark.parametrize("name", ["admin", "contact"])
def test_the_menu_holds_exactly_what_may_start(w, name, late, by_invitation):
    """I-3, I-7, B-5, V-2: what it offers starts, and nothing else does but an Admin's second one."""
    july = of_every_kind(w)
    BillingSettings.objects.update_or_create(project=w.project, defaults={"by_invitation_only": by_invitation})
    who, day = getattr(w, name), july.due_date + timedelta(days=2) if late else july.start_date
    with time_machine.travel(f"{day} 18:00Z"):
        offered, started = starts(w, who), set()
        for commitment in Commitment.objects.visible_to(read_access(who, w.company, w.project)):
            if name == "admin" and commitment.invoices.filter(billing_period=july).exists():
                continue
            try:
                started.add(invoices.create(commitment, july, by=who).commitment.number)
            except Refused:
                continue
    assert offered == started
    assert "SC-settled" in offered or late or by_invitation or name == "admin"


def test_only_who_may_bill_is_offered_to_start_one(w):
    w.commitment(is_private=False)
    w.period()
    assert "New invoice" in text_of(ask(w)) and "New bill" in text_of(ask(w, w.contact))
    assert "New invoice" not in text_of(ask(w, w.reader))
    assert signed_in(w.reader).get(reverse("invoice-new", args=[w.project.slug])).status_code == 403
    page = signed_in(w.admin).get(reverse("invoice-new", args=[w.project.slug]))
    number = Commitment.objects.get().number
    assert f'action="{reverse("invoice-start", args=[w.project.slug, number])}"' in page.content.decode()


def test_without_an_open_period_or_anything_to_start_the_page_says_so(w):
    assert "No billing period is open" in text_of(signed_in(w.admin).get(reverse("invoice-new", args=[w.project.slug])))
    w.period()
    assert "Nothing can start now" in text_of(signed_in(w.admin).get(reverse("invoice-new", args=[w.project.slug])))


def test_the_page_of_what_can_start_asks_the_same_however_many_there_are(w):
    w.period()
    client, url = signed_in(w.admin), reverse("invoice-new", args=[w.project.slug])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        return len(queries)

    w.commitment()
    asked()
    few = asked()
    for _ in range(5):
        w.commitment()
    assert asked() == few <= 8


# Reminders


def remind(w, *chosen, who=None, **query):
    address = reverse("invoices-remind", args=[w.project.slug])
    return signed_in(who or w.admin).post(address, {"invoice": [each.pk for each in chosen]} | query)


def test_reminders_go_to_the_contacts_whose_turn_it_is_and_each_other_row_says_why_not(w):
    """9.2, V-3: until it is sent; nobody of the own side is mailed (section 7)."""
    period = w.period()
    draft = w.draft(w.commitment(number="SC-1"), period)
    back = w.sent_back(w.draft(w.commitment(number="SC-2"), period))
    review = w.submitted(w.draft(w.commitment(number="SC-3"), period))
    alone = w.draft(w.commitment(number="SC-4"), period)
    alone.commitment.invoice_contacts.all().delete()
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        mails = Mail.objects.count()
        page = remind(w, draft, back, review, alone)
        assert [(each.invoice.commitment.number, each.to, each.refusal) for each in page.context["results"]] == [
            ("SC-1", ["Lee Park"], ""),
            ("SC-2", ["Lee Park"], ""),
            ("SC-3", [], "It is Under Review: it does not wait for Acme Concrete."),
            ("SC-4", [], "It has no invoice contact any more."),
        ]
        assert "Reminders: 2 sent, 2 not" in text_of(page)
        assert Mail.objects.count() == mails + 2
        again = remind(w, draft)
        assert [each.refusal for each in again.context["results"]] == ["They were written to today already."]
    first = Mail.objects.about(draft).latest("pk")
    assert first.headline.endswith("June 2030 bill for SC-1") and first.headline.startswith("Due ")
    assert first.reply_to == w.admin.email and "not sent yet" in first.text
    assert "came back to you" in Mail.objects.about(back).latest("pk").text
    assert Event.objects.about(draft).filter(verb="reminded", by=w.admin).count() == 1


def test_what_came_back_today_and_what_is_too_late_is_not_reminded_of(w):
    """V-3, B-5: once a day; until the due date, unless an Admin put it back to its contact."""
    period = w.period()
    back = w.sent_back(w.draft(w.commitment(), period))
    draft = w.draft(w.commitment(), period)
    [result] = remind(w, back).context["results"]
    assert result.refusal == "They were written to today already."
    with time_machine.travel(f"{period.due_date + timedelta(days=2)} 18:00Z"):
        late, put_back = remind(w, draft, back).context["results"]
    by_invoice = {each.invoice: each.refusal for each in (late, put_back)}
    assert by_invoice[draft].startswith("Bills were due on") and by_invoice[back] == ""
    assert Mail.objects.about(back).latest("pk").headline.startswith("Overdue: ")


def test_all_that_match_are_reminded_of_by_the_filters_of_the_address(w):
    period = w.period()
    w.submitted(w.draft(w.commitment(), period))
    drafts = {w.draft(w.commitment(), period) for _ in range(2)}
    address = reverse("invoices-remind", args=[w.project.slug]) + "?status=draft"
    page = signed_in(w.admin).post(address, {"all": "1"})
    assert {each.invoice for each in page.context["done"]} == drafts
    assert "Tick at least one" in text_of(signed_in(w.admin).post(address, {}, follow=True))
    assert remind(w, *drafts, who=w.contact).status_code == 403


# Amounts


def test_the_list_is_narrowed_by_amount_with_its_totals_tabs_and_files(w):
    """9.2, U5: as people type it."""
    for number, work in (("SC-1", "500.00"), ("SC-2", "1500.00"), ("SC-3", "2500.00")):
        w.submitted(w.draft(w.commitment(number=number)), {"work_this_period": D(work)})

    def found(**query) -> list[str]:
        return sorted(each.commitment_number for each in listed(ask(w, **query)))

    assert found(least="$1,350") == ["SC-2", "SC-3"], "line 8: less its retainage"
    assert found(least="1,350.01") == ["SC-3"]
    assert found(most="1350") == ["SC-1", "SC-2"]
    page = ask(w, least="1000", most="2000")
    assert (page.context["count"], page.context["total"]) == (1, D("1350.00"))
    assert page.context["tabs"][0]["count"] == 1 and page.context["form"].query == "least=1000.00&most=2000.00"
    assert "No invoice matches" in text_of(ask(w, least="9,000"))
    assert "Clear filters" in text_of(ask(w, least="0"))


def test_an_amount_that_is_none_says_so_beside_its_field_and_narrows_nothing(w):
    """Nothing typed is lost."""
    w.draft(w.commitment())
    page = ask(w, least="12O0")
    assert page.status_code == 200 and len(listed(page)) == 1
    text = page.content.decode()
    assert "“12O0” is not an amount. Type digits only" in text and 'value="12O0"' in text


# The size of a page


def test_a_chosen_page_size_is_remembered_and_costs_no_query(w):
    """F5: the same for 50, 100 and 200 rows."""
    many(w, 120)
    client, url = signed_in(w.admin), reverse("invoices", args=[w.project.slug])

    def shown(query: str = "") -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(url + query)
        return len(listed(page)), len(queries)

    shown()
    usual, cost = shown()
    assert usual == 50 and cost <= 8
    assert shown("?rows=100") == (100, cost)
    assert shown() == (100, cost), "the browser remembers it"
    assert shown("?rows=200") == (120, cost) and shown("?rows=50") == (50, cost)
    assert shown("?rows=7") == (50, cost), "what is not offered is left out"
    assert "rows=100" in client.get(url).content.decode()
    client.cookies["rows"] = "1000000"
    assert shown() == (50, cost)


def test_a_list_that_fits_offers_no_sizes(w):
    w.draft(w.commitment())
    assert "rows a page" not in text_of(ask(w)) and Invoice.objects.count() == 1
