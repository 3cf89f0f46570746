"""Making and editing a commitment through its pages: who may, what is refused, and what two tabs lose: nothing."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from directory.actions import vendors
from directory.actions.grants import set_level
from directory.actions.vendors import Details
from directory.models import Event, Vendor
from directory.permissions import Level, Tool
from directory.refusals import Refused
from invoicing.actions import commitments, invoices
from invoicing.models import Commitment
from tests.factories import D, person, world
from tests.invoicing.pages import signed_in, text_of
from tests.invoicing.test_starting_certificates import started
from tests.journeys.pages import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def new(w, kind="subcontract"):
    return reverse(f"{kind}-new", args=[w.project.slug])


def edit(commitment):
    return reverse("commitment-edit", args=[commitment.project.slug, commitment.pk])


def page_of(commitment):
    return reverse("commitment", args=[commitment.project.slug, commitment.number])


def typed(w, **fields) -> dict:
    return (
        {"number": "SC-100", "title": "Roofing", "vendor": w.vendor.pk, "retainage_rate": "10 %"}
        | {"accounting_method": "amount"}
        | fields
    )


def shown(client, url) -> dict:
    """What the form on this page would send as it stands."""
    page = Page(client.get(url).content.decode())
    form = next(
        f for f in page.elements if f.tag == "form" and "number" in {c.attrs.get("name") for c in page.controls(f)}
    )
    sent = {}
    for control in page.controls(form):
        name, off = control.attrs.get("name"), control.type in ("checkbox", "radio") and "checked" not in control.attrs
        if name and not off and not control.is_button and name != "csrfmiddlewaretoken":
            sent[name] = control.value if control.type != "checkbox" else "on"
    return sent


def standard(w):
    someone = person("Wim Writer", w.company)
    set_level(someone, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
    return someone


def test_a_new_subcontract_starts_as_a_private_draft_of_its_maker(w):
    """Domain 2: private is on, over-billing and stored retainage are off."""
    client = signed_in(w.admin)
    assert shown(client, new(w))["is_private"] == "on"
    page = client.post(new(w), typed(w, is_private="on", description="All roofs"), follow=True)
    made = Commitment.objects.get(number="SC-100")
    assert (made.status, made.kind, made.is_private, made.created_by) == ("draft", "subcontract", True, w.admin)
    assert (made.retainage_rate, made.holds_stored_retainage, made.allows_over_billing) == (D("10"), False, False)
    assert "SC-100 is a draft" in text_of(page)
    assert client.post(new(w, "purchase-order"), typed(w, number="PO-1")).status_code == 302
    assert Commitment.objects.get(number="PO-1").kind == "purchase_order"


def test_what_does_not_fit_is_said_at_its_field_and_all_that_was_typed_stays(w):
    w.commitment(number="SC-100", contact=False)
    client = signed_in(w.admin)
    for wrong, words in (
        ({}, "has a commitment SC-100 already"),
        ({"number": "sc-100"}, "has a commitment sc-100 already"),
        ({"number": "SC/1"}, "Use letters, digits"),
        ({"number": "S" * 21}, "at most 20 characters"),
        ({"number": "SC-2", "retainage_rate": "101"}, "less than or equal to 100"),
        ({"number": "SC-2", "retainage_rate": "ten"}, "Enter a number"),
        ({"number": "SC-2", "holds_stored_retainage": "on"}, "Give the rate"),
        ({"number": "SC-2", "start_date": "2030-02-02", "completion_date": "2030-02-01"}, "before the start"),
        ({"number": "SC-2", "executed_date": "0203-01-01"}, "greater than or equal to"),
    ):
        page = client.post(new(w), typed(w, title="Roofing, east", payment_terms="net 30", **wrong))
        assert page.status_code == 422, wrong
        assert text_of(page).count(words) == 2, (wrong, words)  # in the summary and at the field (U4)
        assert "Roofing, east" in text_of(page) and "net 30" in text_of(page)
    assert Commitment.objects.count() == 1


def test_the_database_takes_a_number_once_whatever_its_case(w):
    """Two people enter it at the same moment: the second is told, and nothing breaks."""
    w.commitment(number="SC-1", contact=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Commitment.objects.create(company=w.company, project=w.project, vendor=w.vendor, number="sc-1", title="Twin")
    with pytest.raises(Refused, match="already") as refusal:
        commitments.store(
            Commitment(company=w.company, project=w.project, vendor=w.vendor, number="sc-1", title="Twin")
        )
    assert refusal.value.field == "number"


def test_a_vendor_of_another_company_cannot_be_chosen(w):
    assert signed_in(w.admin).post(new(w), typed(w, vendor=world("Other").vendor.pk)).status_code == 422


def test_somebody_with_standard_enters_drafts_sees_their_own_and_edits_it_until_it_moves_on(w):
    """1.2: "create drafts"."""
    writer = standard(w)
    client = signed_in(writer)
    client.post(new(w), typed(w, is_private="on"))
    own = Commitment.objects.get()
    assert client.get(page_of(own)).status_code == 200  # private, and on its access list (P-2)
    assert client.post(edit(own), shown(client, edit(own)) | {"title": "Roofs"}).status_code == 302
    other = w.commitment(is_private=False, moves=(), contact=False)
    assert client.get(edit(other)).status_code == 403
    assert signed_in(w.reader).get(new(w)).status_code == 403
    assert signed_in(w.admin).post(
        reverse("commitment-move", args=[w.project.slug, own.number, "send_out_for_bid"]), {"version": 2}
    )
    assert client.get(edit(own)).status_code == 403


def test_a_contact_with_standard_enters_nothing(w):
    w.commitment()
    assert signed_in(w.contact).get(new(w)).status_code == 403
    assert signed_in(w.contact).post(new(w), typed(w)).status_code == 403


def test_an_edit_tells_old_and_new_in_one_event(w):
    commitment = w.commitment(contact=False)
    client = signed_in(w.admin)
    client.post(edit(commitment), shown(client, edit(commitment)) | {"retainage_rate": "5", "payment_terms": "net 30"})
    event = Event.objects.about(commitment).first()
    assert (event.verb, event.by) == ("edited", w.admin)
    assert event.changes["payment_terms"] == ["", "net 30"] and set(event.changes) == {
        "retainage_rate",
        "payment_terms",
    }
    told = text_of(client.get(page_of(commitment)))
    assert "Default retainage %" in told
    count = Event.objects.count()
    client.post(edit(commitment), shown(client, edit(commitment)))
    assert Event.objects.count() == count  # nothing changed, nothing told


def test_two_tabs_editing_lose_nothing(w):
    """I-5: the second save shows both versions; fields the second person left alone keep the first one's values."""
    commitment = w.commitment(contact=False)
    first, second = signed_in(w.admin), signed_in(w.second_admin)
    mine, theirs = shown(second, edit(commitment)), shown(first, edit(commitment))
    first.post(edit(commitment), theirs | {"title": "Concrete, phase 1", "payment_terms": "net 30", "number": "SC-NEW"})
    page = second.post(edit(commitment), mine | {"title": "Concrete works", "description": "With pumps"})
    assert page.status_code == 409
    stored = Commitment.objects.get(pk=commitment.pk)
    assert (stored.title, stored.description) == ("Concrete, phase 1", "")
    rows = {each.label: each for each in page.context["differences"]}
    assert (rows["Title"].theirs, rows["Title"].mine) == ("Concrete, phase 1", "Concrete works")
    assert rows["Title"].event.by == w.admin
    assert not rows["Payment terms"].is_mine and rows["Description"].mine == "With pumps"
    assert "Dana Cole" in text_of(page) and "Save on top of theirs" in text_of(page)

    again = resent(page)
    assert (again["title"], again["number"], again["payment_terms"]) == ("Concrete works", "SC-NEW", "net 30")
    assert second.post(edit(commitment), again).status_code == 302
    stored.refresh_from_db()
    assert (stored.title, stored.number, stored.payment_terms) == ("Concrete works", "SC-NEW", "net 30")
    assert stored.description == "With pumps"
    assert Event.objects.about(stored).first().changes["title"] == ["Concrete, phase 1", "Concrete works"]


def resent(response) -> dict:
    class Again:
        def get(self, url):
            return response

    return shown(Again(), "")


def test_a_form_without_a_version_never_overwrites(w):
    commitment = w.commitment(contact=False)
    client = signed_in(w.admin)
    sent = shown(client, edit(commitment)) | {"title": "Other"}
    del sent["version"]
    assert client.post(edit(commitment), sent).status_code == 409


def test_the_vendor_changes_only_before_approval_and_takes_its_contacts_along(w):
    """C-1, P-1."""
    bolt = Vendor.objects.create(company=w.company, name="Bolt Electric")
    approved, draft = w.commitment(), w.commitment(moves=())
    client = signed_in(w.admin)
    page = client.post(edit(approved), shown(client, edit(approved)) | {"vendor": bolt.pk})
    assert page.status_code == 422 and "Reopen it as a draft first" in text_of(page)
    assert client.post(edit(draft), shown(client, edit(draft)) | {"vendor": bolt.pk}).status_code == 302
    draft.refresh_from_db()
    assert draft.vendor == bolt and not draft.invoice_contacts.exists() and not draft.access_list.exists()
    event = Event.objects.about(draft).first()
    assert event.changes["vendor"] == ["Acme Concrete", "Bolt Electric"]
    assert event.changes["invoice contacts"] == ["Lee Park", ""]


def test_the_accounting_method_stays_once_something_was_billed(w):
    billed, unbilled = w.draft().commitment, w.commitment()
    client = signed_in(w.admin)
    page = client.post(edit(billed), shown(client, edit(billed)) | {"accounting_method": "unit"})
    assert page.status_code == 422 and "billed by this method" in text_of(page)
    assert client.post(edit(unbilled), shown(client, edit(unbilled)) | {"accounting_method": "unit"}).status_code == 302


def test_the_accounting_method_stays_from_a_start_in_the_middle_of_the_job_on(w):
    """C-1: what was billed elsewhere was billed by it."""
    commitment, client = started(w), signed_in(w.admin)
    page = client.post(edit(commitment), shown(client, edit(commitment)) | {"accounting_method": "unit"})
    assert page.status_code == 422 and "billed by this method" in text_of(page)
    assert client.post(edit(commitment), shown(client, edit(commitment)) | {"title": "Roof"}).status_code == 302


@pytest.mark.parametrize(("kind", "end"), [("subcontract", "terminate"), ("purchase_order", "close")])
def test_the_rates_of_one_that_is_over_stay(w, kind, end):
    commitment = w.commitment(kind=kind, moves=("approve", end), contact=False)
    client = signed_in(w.admin)
    for changes in ({"retainage_rate": "3"}, {"holds_stored_retainage": "on", "stored_retainage_rate": "3"}):
        page = client.post(edit(commitment), shown(client, edit(commitment)) | changes)
        assert page.status_code == 422 and "so no invoice will follow any rule. It stays." in text_of(page)
    assert client.post(edit(commitment), shown(client, edit(commitment)) | {"title": "Roof"}).status_code == 302


def test_the_number_stays_once_accounting_has_an_invoice_under_it(w):
    invoice = w.approved()
    client = signed_in(w.admin)
    assert client.post(edit(invoice.commitment), shown(client, edit(invoice.commitment)) | {"number": "SC-B"}).url
    invoices.lock(invoice)
    page = client.post(edit(invoice.commitment), shown(client, edit(invoice.commitment)) | {"number": "SC-C"})
    assert page.status_code == 422 and "Accounting knows its invoices under this number" in text_of(page)


def test_a_void_one_is_restored_before_it_is_edited(w):
    commitment = w.commitment(moves=("void",), contact=False)
    client = signed_in(w.admin)
    page = client.post(edit(commitment), shown(client, edit(commitment)) | {"title": "Anything"})
    assert page.status_code == 409 and "Restore it first" in text_of(page) and "Anything" in text_of(page)


def test_stored_retainage_counts_only_while_it_is_switched_on(w):
    off = w.commitment(holds_stored_retainage=False)
    assert {line.stored_retainage_rate for line in w.draft(off).lines.all()} == {D("0")}


# Worth knowing: findings that need no tick


def test_a_long_number_is_cut_elsewhere_and_a_look_alike_is_named(w):
    w.commitment(number="SC-0014", contact=False)
    hidden = w.commitment(number="SC-77", contact=False)
    client = signed_in(w.admin)
    assert "Worth knowing" not in client.get(page_of(hidden)).content.decode()
    client.post(new(w), typed(w, number="SC-14"))
    assert "SC-14 reads like SC-0014" in text_of(client.get(page_of(Commitment.objects.get(number="SC-14"))))
    long = w.commitment(number="SC-2030-00001", contact=False)
    told = text_of(client.get(page_of(long)))
    assert "has 13 characters" in told and "other bridges cut it" in told
    writer = signed_in(standard(w))
    writer.post(new(w), typed(w, number="SC-077", is_private="on"))
    told = text_of(writer.get(page_of(Commitment.objects.get(number="SC-077"))))
    assert "reads like the number of another commitment of the company" in told and "SC-77" not in told  # P-2


def test_a_vendor_whose_details_wait_or_who_is_deactivated_is_said(w):
    """R81."""
    commitment = w.commitment(is_private=False, moves=())
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    vendors.change(w.vendor, Details(name="Acme Concrete", email="new@example.com"), by=w.admin, reason="A letter")
    client = signed_in(w.admin)
    assert "waits for a call-back" in text_of(client.get(page_of(commitment)))
    assert "waits for a call-back" in text_of(client.get(edit(commitment)))
    assert "Acme Concrete (a change of its details waits for a call-back)" in text_of(client.get(new(w)))
    assert "waits for a call-back" not in text_of(signed_in(w.contact).get(page_of(commitment)))
    Vendor.objects.filter(pk=w.vendor.pk).update(is_active=False)
    assert "Acme Concrete is deactivated" in text_of(client.get(page_of(commitment)))


# Its status, by its buttons


def test_the_head_offers_the_next_step_and_more_offers_the_rest(w):
    commitment = w.commitment(moves=())
    client = signed_in(w.admin)
    page = client.get(page_of(commitment))
    assert page.context["next_move"]["name"] == "approve"
    assert {"Send out for bid", "Void…", "Edit commitment"} <= {
        words for words in ("Send out for bid", "Void…", "Edit commitment") if words in text_of(page)
    }
    assert not signed_in(w.contact).get(page_of(commitment)).context["moves"]


def test_approving_asks_first_and_a_reason_is_asked_for_where_it_is_needed(w):
    commitment = w.commitment(moves=(), contact=False)
    client = signed_in(w.admin)
    at = lambda name: reverse("commitment-move", args=[w.project.slug, commitment.number, name])  # noqa: E731
    assert "change only by change order" in text_of(client.get(at("approve")))
    assert client.post(at("approve"), {"version": 1}).status_code == 302
    page = client.post(at("terminate"), {"version": 2})
    assert page.status_code == 422 and text_of(page).count("Say why") == 2
    page = client.post(at("terminate"), {"version": 1, "reason": "They left"})
    assert page.status_code == 409 and "in between" in text_of(page)
    page = client.post(at("submit"), {"version": 2})
    assert page.status_code == 409 and "no longer possible" in text_of(page)
    assert client.get(at("explode")).status_code == 404
    assert client.post(at("terminate"), {"version": 2, "reason": "They left"}).status_code == 302
    assert Commitment.objects.get(pk=commitment.pk).status == "terminated"
    assert "They left" in text_of(client.get(page_of(commitment)))


def test_approving_without_a_schedule_says_what_is_missing(w):
    client = signed_in(w.admin)
    client.post(new(w), typed(w))
    page = client.post(reverse("commitment-move", args=[w.project.slug, "SC-100", "approve"]), {"version": 1})
    assert page.status_code == 409 and "Add at least one line" in text_of(page)
