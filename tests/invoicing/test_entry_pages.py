"""The entry sheet and the page before sending, used by a contact and by an Admin on their behalf (I-2 … I-9, U5)."""

import re
from datetime import date
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.words import changes_of
from directory.actions.grants import set_level
from directory.models import Event, Policy
from directory.permissions import Level, Tool
from invoicing.actions import amounts, attachments, invoices, reviews
from invoicing.actions.commitments import NewLine
from invoicing.models import BillingSettings, Invoice, InvoiceType, Verdict
from invoicing.proof import identities_of
from tests.factories import D, person, world
from tests.invoicing.pages import at, said_beside, sheet, signed_in, text_of

pytestmark = pytest.mark.django_db
ASKED = ("release_asked", "set_column", "set_lines", "set_to", "pick")
JUNE, JULY = date(2030, 6, 1), date(2030, 7, 1)


@pytest.fixture
def w():
    return world()


def fill(who, invoice, **typed):
    """Open the sheet, type into the first line (`work="1,250"`), and send it back; `then` is the button."""
    client = signed_in(who)
    data = sheet(client.get(at(invoice, "invoice-enter")))
    pk = invoice.lines.first().pk
    header = {name: typed.pop(name) for name in ("number", "then", "version", *ASKED) if name in typed}
    data |= {f"{stem.replace('_', '-')}-{pk}": text for stem, text in typed.items()} | header
    return client.post(at(invoice, "invoice-enter"), data)


def test_a_contact_types_amounts_as_people_do_and_they_are_kept_exactly(w):
    """U5."""
    invoice = w.draft()
    answer = fill(w.contact, invoice, work="$1,250", stored="300", number="A-77", note="first pour")
    assert (answer.status_code, answer.url) == (302, at(invoice, "invoice-enter"))
    line = invoice.lines.first()
    assert (line.work_this_period, line.stored_new, line.note) == (D("1250.00"), D("300.00"), "first pour")
    invoice.refresh_from_db()
    assert (invoice.number, invoice.total_completed_and_stored) == ("A-77", D("1550.00"))


def test_only_what_was_changed_is_saved_and_an_unchanged_sheet_leaves_no_trace(w):
    invoice = w.entered(w.draft())
    before = (invoice.version, Event.objects.about(invoice).count())
    assert fill(w.contact, invoice).status_code == 302
    invoice.refresh_from_db()
    assert (invoice.version, Event.objects.about(invoice).count()) == before


def test_without_scripts_a_typed_percentage_solves_for_the_work(w):
    """5.2: T% solves for B, with what else was typed on the line."""
    invoice = w.draft()
    fill(w.contact, invoice, percent="50", stored="600")
    line = invoice.lines.first()
    assert (line.work_this_period, line.as_line().total_completed_and_stored) == (D("36200.00"), D("36800.00"))


def test_the_percentage_that_was_shown_keeps_the_amount(w):
    """R58: 1,000.00 of 73,600.00 shows 1.36 %, which is not exactly it."""
    invoice = w.entered(w.draft())
    fill(w.contact, invoice, percent="1.36 %", note="looked again")
    assert invoice.lines.first().work_this_period == D("1000.00")


def test_an_amount_beats_a_percentage_when_both_were_changed(w):
    invoice = w.draft()
    fill(w.contact, invoice, work="10", percent="50")
    assert invoice.lines.first().work_this_period == D("10.00")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"work": "12O0"}, "is not an amount"),
        ({"work": "1e400"}, "is not an amount"),
        ({"percent": "half"}, "is not a percentage"),
        ({"stored": "1.005"}, "more than 2 decimals"),
        ({"note": "x" * 301}, "301 characters"),
    ],
)
def test_what_cannot_be_read_saves_nothing_keeps_what_was_typed_and_says_why(w, typed, words):
    """U4, U5."""
    invoice = w.draft()
    answer = fill(w.contact, invoice, moved="0.00", number="KEEP-1", **typed)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert words in said_beside(text_of(answer), f"{next(iter(typed))}-{invoice.lines.first().pk}")[0]
    assert next(iter(typed.values())) in answer.content.decode()
    assert "KEEP-1" in answer.content.decode()
    invoice.refresh_from_db()
    assert (invoice.version, invoice.number, invoice.lines.first().work_this_period) == (1, "", D("0.00"))


def test_a_number_sage_cannot_take_is_refused_beside_its_field(w):
    """I-6."""
    invoice = w.draft()
    answer = fill(w.contact, invoice, number='7,"x', work="5")
    assert answer.status_code == 422
    assert answer.context["sheet"].form.errors["number"]
    assert invoice.lines.first().work_this_period == D("0.00")


def test_a_unit_priced_line_is_entered_by_quantity(w):
    """5.2: value = quantity × unit price; the percentage follows."""
    line = NewLine(w.cost_code(), "Excavation", quantity=D("100"), unit="CY", unit_price=D("18.7525"))
    invoice = w.draft(w.commitment([line]))
    fill(w.contact, invoice, quantity="12.5", work="999")
    saved = invoice.lines.first()
    assert (saved.quantity_this_period, saved.work_this_period) == (D("12.5000"), D("234.41"))


def test_a_quantity_whose_worth_no_invoice_can_hold_is_refused(w):
    line = NewLine(w.cost_code(), "Gold", quantity=D("1"), unit="t", unit_price=D("60000000.0000"))
    answer = fill(w.contact, w.draft(w.commitment([line])), quantity="999999999")
    assert answer.status_code == 422
    assert "more than an invoice can hold" in text_of(answer)


def test_the_second_of_two_people_is_shown_both_versions_and_loses_nothing(w):
    """I-5."""
    invoice = w.entered(w.draft())
    contact = signed_in(w.contact)
    data = sheet(contact.get(at(invoice, "invoice-enter")))
    one, two = invoice.lines.all()
    theirs = {one.pk: {"work_this_period": D("2000.00")}, two.pk: {"work_this_period": D("7.00")}}
    amounts.save_lines(invoice, theirs, by=w.admin, version=invoice.version)
    answer = contact.post(at(invoice, "invoice-enter"), data | {f"work-{one.pk}": "3,000"})
    assert answer.status_code == 409
    [(row, cell)] = answer.context["sheet"].contested
    assert (row.line.pk, cell.shown, cell.now, cell.text) == (one.pk, "1,000.00", "2,000.00", "3,000")
    assert 'value="3,000"' in answer.content.decode()
    assert list(invoice.lines.values_list("work_this_period", flat=True)) == [D("2000.00"), D("7.00")]
    again = contact.post(at(invoice, "invoice-enter"), sheet(answer))
    assert again.status_code == 302
    assert list(invoice.lines.values_list("work_this_period", flat=True)) == [D("3000.00"), D("7.00")]


def test_what_cannot_be_read_on_a_page_that_went_stale_shows_both_versions_too(w):
    """I-5, U4: else the next Save would put aside unseen what the other person stored."""
    invoice = w.entered(w.draft())
    line = invoice.lines.first()
    lee, dana = signed_in(w.contact), signed_in(w.admin)
    data = sheet(lee.get(at(invoice, "invoice-enter"))) | {f"work-{line.pk}": "333.00", f"stored-{line.pk}": "12O0"}
    dana.post(at(invoice, "invoice-enter"), sheet(dana.get(at(invoice, "invoice-enter"))) | {f"work-{line.pk}": "222"})
    answer = lee.post(at(invoice, "invoice-enter"), data)
    words = text_of(answer)
    assert answer.status_code == 422 and "Somebody else saved this in between" in words and "12O0" in words
    assert "222.00" in words and "333.00" in words
    assert "Somebody else" not in text_of(lee.post(at(invoice, "invoice-enter"), sheet(answer) | {"number": "A,1"}))


def test_a_contact_cannot_type_retainage_and_an_admin_can(w):
    """1.2: retainage is the Admin's; emptied, the rate decides again."""
    invoice = w.entered(w.draft())
    fill(w.contact, invoice, held_work="1.00")
    assert invoice.lines.first().work_retainage == D("100.00")
    fill(w.admin, invoice, held_work="55.00")
    line = invoice.lines.first()
    assert (line.work_retainage, line.work_retainage_is_typed) == (D("55.00"), True)
    for who in (w.admin, w.contact):  # 5.2: the share beside the amount, here of 1,000.00
        page = signed_in(who).get(at(invoice, "invoice-enter")).content.decode()
        assert "5.5 %" in re.findall(r'data-out="held_work_rate">(.*?)<', page)
    fill(w.admin, invoice, held_work="")
    line = invoice.lines.first()
    assert (line.work_retainage, line.work_retainage_is_typed) == (D("100.00"), False)


def test_an_admin_types_another_previous_stored_balance_and_says_why(w):
    """5.2, PM: without a reason nothing is saved; emptied, it is what the previous invoice left."""
    commitment = w.commitment()
    w.approved(w.draft(commitment, w.period(JUNE)), {"stored_new": D("500.00")})
    invoice = w.draft(commitment, w.period(JULY))
    assert "left" not in signed_in(w.contact).get(at(invoice, "invoice-enter")).context["sheet"].stems
    refused = fill(w.admin, invoice, left="450")
    assert (
        refused.status_code == 422 and "say in its note why" in text_of(refused) and 'value="450"' in text_of(refused)
    )
    assert invoice.lines.first().stored_balance_typed is None
    assert fill(w.admin, invoice, left="450", note="Counted on site").status_code == 302
    assert invoice.lines.first().as_line().stored_presently == D("450.00")
    assert "Stored before, less moved: 450.00" in " ".join(
        f"{change.name}: {change.new}" for event in Event.objects.about(invoice)[:1] for change in changes_of(event)
    ).replace("Line 1, s", "S")
    fill(w.admin, invoice, left="")
    assert invoice.lines.first().as_line().stored_presently == D("500.00")


def test_the_invoice_type_decides_what_can_be_typed(w):
    """I-2."""
    invoice = w.draft()
    Invoice.objects.filter(pk=invoice.pk).update(invoice_type=InvoiceType.WORK)
    fill(w.contact, invoice, release="10", work="100")
    assert invoice.lines.first().retainage_released == D("0.00")
    Invoice.objects.filter(pk=invoice.pk).update(invoice_type=InvoiceType.RELEASE)
    answer = signed_in(w.contact).get(at(invoice, "invoice-enter"))
    assert answer.context["sheet"].stems == {"release", "note"}


def in_july(w, *figures):
    """A draft after an approved invoice with these amounts on its lines."""
    commitment = w.commitment()
    w.approved(w.draft(commitment, w.period(JUNE)), *figures)
    return w.draft(commitment, w.period(JULY))


def saved_as_shown(who, answer, invoice):
    """Press Save on a sheet that came back filled in."""
    assert answer.status_code == 200
    return signed_in(who).post(at(invoice, "invoice-enter"), sheet(answer))


def test_a_release_is_filled_in_and_only_save_stores_it(w):
    """5.6: all, to exactly 0.00; on stored material only by an Admin. U6: what says "fill in" does that."""
    invoice = in_july(w, {"work_this_period": D("1000.07"), "stored_new": D("50.00")})
    version = invoice.version
    answer = fill(w.contact, invoice, then="release", release_asked="100 %")
    assert "Filled in, not saved yet: 1 cell." in text_of(answer) and 'title="Not saved yet"' in text_of(answer)
    assert 'value="100.01"' in text_of(answer), "beside its line"
    invoice.refresh_from_db()
    assert (invoice.version, invoice.lines.first().retainage_released) == (version, D("0.00"))
    assert saved_as_shown(w.contact, answer, invoice).status_code == 302
    assert invoice.lines.first().as_line().total_retainage == D("5.00")
    saved_as_shown(w.admin, fill(w.admin, invoice, then="release", release_asked="100 %"), invoice)
    assert invoice.lines.first().as_line().total_retainage == D("0.00")


def test_one_amount_is_released_over_the_lines_by_what_they_hold_to_the_cent(w):
    invoice = in_july(w, {"work_this_period": D("1000.00")}, {"work_this_period": D("500.00")})
    answer = fill(w.contact, invoice, then="release", release_asked="$100.00")
    saved_as_shown(w.contact, answer, invoice)
    assert list(invoice.lines.values_list("retainage_released", flat=True)) == [D("66.67"), D("33.33")]


@pytest.mark.parametrize("asked", ["101 %", "151.24", "much", "="])
def test_a_release_of_more_than_is_held_or_of_nothing_readable_is_refused_in_words(w, asked):
    invoice = in_july(w, {"work_this_period": D("1000.00")}, {"work_this_period": D("500.00")})
    answer = fill(w.contact, invoice, then="release", release_asked=asked, work="12.34")
    assert answer.status_code == 422
    assert "Release: " in text_of(answer) and 'value="12.34"' in text_of(answer) and asked in text_of(answer)


def test_a_release_on_a_page_that_went_stale_shows_both_versions(w):
    """I-5."""
    invoice = in_july(w, {"work_this_period": D("1000.00")})
    answer = fill(w.contact, invoice, then="release", version="0")
    assert answer.status_code == 409 and "Both versions" in text_of(answer)


@pytest.mark.parametrize(
    ("typed", "then"),
    [
        ({"work": "10 %"}, {"work_this_period": "7360.00"}),
        ({"work": "rest"}, {"work_this_period": "72100.00"}),
        ({"work": "="}, {"work_this_period": "1000.00"}),
        ({"stored": "="}, {"stored_new": "500.00"}),
        ({"moved": "50%"}, {"stored_moved": "250.00"}),
        ({"moved": "rest"}, {"stored_moved": "500.00"}),
        ({"release": "50 %"}, {"retainage_released": "50.00"}),
        ({"work": "1000", "held_work": "7.5 %"}, {"work_retainage": "75.00", "work_retainage_is_typed": True}),
        ({"work": "1000", "held_work": "10 %"}, {"work_retainage": "100.00", "work_retainage_is_typed": False}),
        ({"held_stored": "5 %"}, {"stored_retainage": "25.00", "stored_retainage_is_typed": True}),
    ],
)
def test_shares_the_rest_and_last_time_are_typed_where_an_amount_goes(w, typed, then):
    """5.2: B as a share of C, WR as a share of B + M, RR of what is held; 9.4: = repeats."""
    invoice = in_july(w, {"work_this_period": D("1000.00"), "stored_new": D("500.00")})
    assert fill(w.admin, invoice, **typed).status_code == 302
    line = invoice.lines.first()
    assert {name: type(value)(getattr(line, name)) for name, value in then.items()} == then


def test_the_share_that_is_shown_keeps_the_amount_when_it_is_typed_again(w):
    """R58, for B of C and for WR of B + M."""
    invoice = in_july(w, {"work_this_period": D("1.00")})
    fill(w.admin, invoice, work="1000.07", held_work="77.77")
    fill(w.admin, invoice, work="1.36 %", held_work="7.78 %")  # each rounded
    line = invoice.lines.first()
    assert (line.work_this_period, line.work_retainage) == (D("1000.07"), D("77.77"))


def test_a_share_that_comes_to_more_than_an_invoice_can_hold_is_refused(w):
    answer = fill(w.contact, w.draft(w.commitment([w.line("Tower", "900000000000.00")])), work="99999 %")
    assert answer.status_code == 422 and "more than an invoice can hold" in text_of(answer)


def test_what_cannot_be_repeated_is_said(w):
    answer = fill(w.contact, w.draft(), work="=")
    assert answer.status_code == 422 and "nothing to repeat" in text_of(answer)


def test_a_column_is_set_on_ticked_or_all_lines_and_only_save_stores_it(w):
    """9.4."""
    invoice = w.draft()
    one, two = invoice.lines.all()
    answer = fill(w.contact, invoice, then="set", set_column="work", set_lines="all", set_to="50 %")
    assert [row.cells["work"].display for row in answer.context["sheet"].rows] == ["36,800.00", "14,501.00"]
    assert "2 cells" in text_of(answer)
    assert not invoice.lines.filter(work_this_period__gt=0).exists()
    ticked = {"set_lines": "picked", "pick": str(two.pk), "set_to": "rest", "set_column": "work", "then": "set"}
    assert saved_as_shown(w.contact, fill(w.contact, invoice, **ticked), invoice).status_code == 302
    assert list(invoice.lines.values_list("work_this_period", flat=True)) == [D("0.00"), two.scheduled_value]
    nobody = fill(w.contact, invoice, then="set", set_column="work", set_lines="picked", set_to="5")
    assert nobody.status_code == 422 and "Tick the lines" in text_of(nobody)
    assert fill(w.contact, invoice, then="set", set_column="held-work", set_lines="all").status_code == 422


LOCKED = "this line was approved and is locked"


def sent_back(w) -> Invoice:
    """Line 1 rejected, line 2 approved."""
    invoice = w.submitted(w.draft(), *[{"work_this_period": D("1000.00")}] * 2)
    first, second = invoice.lines.order_by("pk")
    reviews.decide(first, Verdict.REJECTED, "Not poured yet", by=w.admin)
    reviews.decide(second, Verdict.APPROVED, by=w.admin)
    invoices.send_back(Invoice.objects.get(pk=invoice.pk), by=w.admin, comment="Look at line 1")
    return Invoice.objects.with_context().get(pk=invoice.pk)


def test_an_approved_line_of_a_bill_that_came_back_is_locked_until_changed_anyway(w):
    """9.4, I-8, I-9: without scripts; what was typed elsewhere stays; then its approval is dropped."""
    invoice, client = sent_back(w), signed_in(w.contact)
    first, second = invoice.lines.order_by("pk")
    page, address = client.get(at(invoice, "invoice-enter")), at(invoice, "invoice-enter")
    text = text_of(page)
    assert text.count("Approved and locked.") == 1 and f'value="open-{second.pk}"' in text
    typed = sheet(page) | {f"work-{first.pk}": "700.00", f"work-{second.pk}": "900.00"}
    refused = client.post(address, typed)
    assert refused.status_code == 422 and LOCKED in text_of(refused)
    assert 'value="700.00"' in text_of(refused) and 'value="900.00"' in text_of(refused), "nothing typed is lost"
    quick = client.post(address, typed | {"then": "row"})
    assert quick.status_code == 422 and LOCKED in quick.json()["message"]
    filled = client.post(address, typed | {f"work-{second.pk}": "1,000.00", "then": f"open-{second.pk}"})
    assert filled.status_code == 200 and "its approval is dropped if its figures change" in text_of(filled)
    assert 'value="700.00"' in text_of(filled) and f'name="open-{second.pk}"' in text_of(filled)
    assert client.post(address, typed | {f"open-{second.pk}": "1"}).status_code == 302
    second.refresh_from_db()
    assert second.work_this_period == D("900.00")
    assert "Approved and locked." not in text_of(client.get(address)), "it stays open once it was changed"
    assert send(w.contact, Invoice.objects.get(pk=invoice.pk)).status_code == 302
    second.refresh_from_db()
    assert second.verdict == Verdict.NONE


def test_a_rejected_line_is_set_to_0_with_one_button_and_only_save_stores_it(w):
    """9.4: beside its reason; without scripts, what was typed elsewhere stays; no other line has the button."""
    invoice, client = sent_back(w), signed_in(w.contact)
    first, second = invoice.lines.order_by("pk")
    page, address = client.get(at(invoice, "invoice-enter")), at(invoice, "invoice-enter")
    text = text_of(page)
    assert text.count(">Set to 0</button>") == 1 and f'name="then" value="zero-{first.pk}"' in text
    typed = sheet(page) | {f"note-{second.pk}": "See photo"}
    filled = client.post(address, typed | {"then": f"zero-{first.pk}"})
    assert filled.status_code == 200 and "Filled in, not saved yet: 2 cells" in text_of(filled)
    assert 'value="See photo"' in text_of(filled)
    first.refresh_from_db()
    assert first.work_this_period == D("1000.00")
    client.post(address, sheet(filled))
    first.refresh_from_db()
    assert first.work_this_period == D("0.00")
    other = client.post(address, sheet(client.get(address)) | {"then": f"zero-{second.pk}"})
    assert "Nothing to fill in" in text_of(other), "an approved line has no such button"


def test_a_rejected_line_with_a_unit_price_is_set_to_no_quantity(w):
    unit = NewLine(w.cost_code(), "Excavation", quantity=D("100"), unit="CY", unit_price=D("10.00"))
    invoice = w.submitted(
        w.draft(w.commitment([unit])), {"quantity_this_period": D("5"), "work_this_period": D("50.00")}
    )
    reviews.decide(invoice.lines.get(), Verdict.REJECTED, "Not dug yet", by=w.admin)
    invoice = invoices.send_back(Invoice.objects.get(pk=invoice.pk), by=w.admin)
    client, address = signed_in(w.contact), at(invoice, "invoice-enter")
    line = invoice.lines.get()
    filled = client.post(address, sheet(client.get(address)) | {"then": f"zero-{line.pk}"})
    client.post(address, sheet(filled))
    line.refresh_from_db()
    assert (line.quantity_this_period, line.work_this_period) == (D("0"), D("0.00"))


def test_setting_many_cells_says_which_line_is_locked_and_its_note_is_free(w):
    """9.4, U5."""
    invoice, client = sent_back(w), signed_in(w.contact)
    first, second = invoice.lines.order_by("pk")
    typed, address = sheet(client.get(at(invoice, "invoice-enter"))), at(invoice, "invoice-enter")
    setting = {"then": "set", "set_column": "work", "set_to": "500", "set_lines": "all"}
    assert text_of(client.post(address, typed | setting)).count(LOCKED) >= 1
    picked = client.post(address, typed | setting | {"set_lines": "picked", "pick": str(first.pk)})
    assert picked.status_code == 200 and LOCKED not in text_of(picked)
    assert client.post(address, typed | {f"note-{second.pk}": "See photo"}).status_code == 302


def test_a_change_order_approved_meanwhile_is_offered_and_taken_up(w):
    """I-7."""
    invoice = w.draft()
    client = signed_in(w.contact)
    assert "Take up" not in text_of(client.get(at(invoice, "invoice-enter")))
    w.change_order(invoice.commitment, [w.line("Deeper footings", "5000.00")])
    page = text_of(client.get(at(invoice, "invoice-enter")))
    assert "Take up the change order" in page and "Deeper footings" in page
    assert client.post(at(invoice, "invoice-change-orders")).status_code == 302
    assert invoice.lines.count() == 3


def test_a_bill_that_came_back_shows_verdict_reason_claim_and_allowance(w):
    """I-9."""
    invoice = w.submitted()
    line = invoice.lines.first()
    reviews.decide(line, Verdict.REJECTED, "Not poured yet", by=w.admin)
    allowed = {line.pk: {"work_this_period": D("400.00")}}
    invoice = amounts.save_lines(invoice, allowed, by=w.admin, version=invoice.version)
    invoices.send_back(invoice, by=w.admin, comment="Look at line 1")
    page = text_of(signed_in(w.contact).get(at(invoice, "invoice-enter")))
    assert "Rejected by Dana Cole: “Not poured yet”" in page
    assert "This period: claimed <del>1,000.00</del>, allowed <ins>400.00</ins>" in page
    assert "Look at line 1" in page
    only = signed_in(w.contact).get(at(invoice, "invoice-enter") + "?show=rejected")
    assert 'data-show="rejected"' in only.content.decode()


def test_who_may_not_bill_is_told_which_right_is_missing_or_finds_nothing(w):
    """P-1, P-8."""
    invoice = w.draft(w.commitment(is_private=False))
    stranger = person("Una Other", w.company, w.vendor)
    set_level(stranger, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
    for name in ("invoice-enter", "invoice-send"):
        refused = signed_in(w.reader).get(at(invoice, name))
        assert refused.status_code == 403
        assert "Admin on Commitments" in text_of(refused)
        assert signed_in(stranger).get(at(invoice, name)).status_code == 404
    for name in ("invoice-withdraw", "invoice-save-draft", "invoice-change-orders"):
        assert signed_in(w.reader).post(at(invoice, name)).status_code == 403
        assert signed_in(w.contact).get(at(invoice, name)).status_code == 405


@pytest.mark.parametrize("then", ["stay", "row", "check"])
@pytest.mark.parametrize("name", ["contact", "admin"])
def test_a_bill_under_review_cannot_be_entered(w, name, then):
    """I-4, 9.3: also from a sheet opened before, and by an Admin, who allows amounts on the desk and says why."""
    invoice = w.submitted()
    who, line = getattr(w, name), invoice.lines.first()
    client, typed = signed_in(who), {"number": invoice.number, "billing_date": str(invoice.billing_date), "then": then}
    assert client.get(at(invoice, "invoice-enter")).url == at(invoice)
    typed |= {"version": str(invoice.version), f"work-{line.pk}": "9"}
    answer = client.post(at(invoice, "invoice-enter"), typed)
    assert answer.status_code == 409 and "It is Under Review by now" in answer.content.decode()
    assert then == "row" or 'value="9"' in answer.content.decode()
    line.refresh_from_db()
    assert (line.work_this_period, line.allowed_by) == (D("1000.00"), None)


def test_sheet_desk_and_page_ask_as_often_for_500_lines_as_for_20_and_no_more_than_12_times():
    """F7; of a second bill that came back, where they ask most."""

    def asked(who, invoice, name: str) -> int:
        client = signed_in(who)
        with CaptureQueriesContext(connection) as found:
            assert client.get(at(invoice, name)).status_code == 200
        return len(found)

    def of_lines(count: int) -> list[int]:
        w = world()
        commitment = w.commitment([w.line(f"Line {n}", "5000.00") for n in range(count)])
        w.approved(w.draft(commitment))
        back = w.sent_back(w.draft(commitment, w.period(JULY)))
        sheet = asked(w.contact, back, "invoice-enter")
        again = w.submitted(back, {"work_this_period": D("20.00")}, number="A-2")
        return [sheet, asked(w.admin, again, "invoice-review"), asked(w.admin, again, "invoice")]

    few = of_lines(20)
    assert max(few) <= 12 and of_lines(500) == few


# Sending


def send(who, invoice, **more):
    return signed_in(who).post(at(invoice, "invoice-send"), {"version": str(invoice.version)} | more)


def test_before_sending_the_page_says_what_is_asked_and_what_follows(w):
    page = text_of(signed_in(w.contact).get(at(w.entered(w.draft()), "invoice-send")))
    assert "You ask for 900.00" in page
    assert "cannot change it unless it is sent back" in page
    assert "Send bill</button>" in page


def test_before_sending_the_page_names_who_gets_the_mail(w):
    """U6: as notifications.submitted sends it, and nobody where nobody gets one."""
    invoice = w.entered(w.draft())
    told = [text_of(signed_in(w.contact).get(at(invoice, "invoice-send")))]
    BillingSettings.objects.create(project=w.project).distribution_list.add(w.reader)
    told.append(text_of(signed_in(w.contact).get(at(invoice, "invoice-send"))))
    w.project.billing_settings.distribution_list.clear()
    for admin in (w.admin, w.second_admin):
        set_level(admin, Tool.COMMITMENTS, w.project, Level.READ_ONLY, by=w.owner)
    told.append(text_of(signed_in(w.contact).get(at(invoice, "invoice-send"))))
    for page, words in zip(
        told, ("Dana Cole, Ola Berg get a mail.", "Rae Reader gets a mail.", "Nobody gets a mail"), strict=True
    ):
        assert words in page and f"The project team of {w.project.name} reviews it line by line." in page


def test_before_sending_page_1_of_the_certificate_is_seen_with_its_mark_in_words(w):
    """9.4: a picture that is missing keeps nobody from sending; the page says so where it would stand."""
    invoice = w.entered(w.draft())
    page = signed_in(w.contact).get(at(invoice, "invoice-send")).content.decode()
    assert f'src="{at(invoice, "invoice-certificate-picture")}"' in page and 'loading="lazy"' in page
    assert 'alt="Page 1 of the certificate, marked DRAFT: bill 1 of ' in page and "asks for 900.00" in page
    assert "could not be printed now" in page and page.index("Send bill</button>") < page.index("<img ")


def test_everything_in_the_way_is_listed_together_the_number_too(w):
    """9.4, I-6: a number that clashes shows before sending is tried, beside a line over its value."""
    w.submitted(number="INV-7")
    invoice = w.entered(w.draft(w.commitment()), {"work_this_period": D("99999.00")}, number="inv-7")
    page = text_of(signed_in(w.contact).get(at(invoice, "invoice-send")))
    assert "2 things to mend first" in page and "has the number inv-7 already" in page
    assert "over its scheduled value" in page and "2 things above block sending" in page
    nameless = w.entered(w.draft(w.commitment()))
    Invoice.objects.filter(pk=nameless.pk).update(number="")
    page = text_of(signed_in(w.contact).get(at(nameless, "invoice-send")))
    assert "1 thing to mend first" in page and "Enter the invoice number your own books use" in page
    assert "Send bill</button>" not in page


def test_a_contact_sends_the_bill(w):
    invoice = w.entered(w.draft())
    assert send(w.contact, invoice).url == at(invoice)
    invoice = Invoice.objects.get(pk=invoice.pk)
    assert (invoice.status, invoice.submitted_by) == (Invoice.Status.UNDER_REVIEW, w.contact)


def test_a_warning_that_comes_between_the_tick_and_the_sending_is_shown_before_it_is_sent(w, monkeypatch):
    """5.5: what was ticked is compared with what there is while nothing else can change; ticks stay."""
    invoice = w.entered(w.draft(), {"stored_new": D("10.00")})
    submit = invoices.submit

    def late(*args, **more):
        w.change_order(invoice.commitment, [w.line("Extra work", "120.00")])
        return submit(*args, **more)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(invoices, "submit", late)
        answer = send(w.contact, invoice, seen=["N-10"])
    page = text_of(answer)
    assert answer.status_code == 422 and "Tick that you have seen it." in page
    assert 'value="N-10" checked' in page and 'value="N-2">' in page
    assert Invoice.objects.get(pk=invoice.pk).status == Invoice.Status.DRAFT
    assert send(w.contact, invoice, seen=["N-10", "N-2"]).url == at(invoice)


def test_an_admin_sends_it_on_behalf(w):
    invoice = w.entered(w.draft(by=w.admin), by=w.admin)
    assert "Acme Concrete asks for 900.00" in text_of(signed_in(w.admin).get(at(invoice, "invoice-send")))
    assert send(w.admin, invoice).status_code == 302


def test_an_error_blocks_and_leads_to_its_line(w):
    """N-4."""
    invoice = w.entered(w.draft(), {"work_this_period": D("99999.00")})
    page = text_of(signed_in(w.contact).get(at(invoice, "invoice-send")))
    assert "over its scheduled value" in page and "#line-SOV-001" in page
    assert "Send bill</button>" not in page
    assert send(w.contact, invoice).status_code == 422
    assert Invoice.objects.get(pk=invoice.pk).status == Invoice.Status.DRAFT


def test_a_broken_check_leads_to_its_line_from_the_sheet_and_from_the_summary(w):
    """5.5: beside what was expected, found and the difference."""
    invoice = w.entered(w.draft(), {"work_this_period": D("99999.00")})
    client = signed_in(w.contact)
    sheet = text_of(client.get(at(invoice, "invoice-enter")))
    summary, lines = (text_of(client.get(f"{at(invoice)}?show={tab}")) for tab in ("summary", "lines"))
    assert '<a href="#line-SOV-001">Go to the line</a>' in sheet and 'id="line-SOV-001"' in sheet
    assert '<a href="?show=lines#line-SOV-001">Go to the line</a>' in summary
    assert 'id="line-SOV-001"' in lines and sheet.count("Go to the line") == 1


def test_a_warning_needs_its_tick(w):
    """5.5, N-10: stored material without a file."""
    invoice = w.entered(w.draft(), {"stored_new": D("500.00")})
    refused = send(w.contact, invoice)
    assert refused.status_code == 422
    assert "Tick each check below that you have seen: N-10" in text_of(refused)
    assert send(w.contact, invoice, seen=["N-10"]).status_code == 302


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ([{"note": "No work in June"}], "nothing is billed and nothing is released"),
        (
            [{"work_this_period": D("100.00")}, {"work_this_period": D("-100.00"), "note": "Credit"}],
            "what is billed or released is taken back or held in full",
        ),
    ],
)
def test_a_bill_that_asks_for_nothing_is_sent_only_after_a_look(w, figures, words):
    """A remark with a name of its own; it is none of the identities."""
    commitment = w.commitment()
    w.approved(w.draft(commitment), *[{"work_this_period": D("500.00")}] * 2)
    w.period(JULY)
    invoice = w.entered(w.draft(commitment), *figures)
    page = text_of(signed_in(w.contact).get(at(invoice, "invoice-send")))
    assert words in page and "Send bill</button>" in page
    refused = send(w.contact, invoice)
    assert refused.status_code == 422
    assert "Tick each check below that you have seen: Nothing due" in text_of(refused)
    assert Invoice.objects.get(pk=invoice.pk).status == Invoice.Status.DRAFT
    assert send(w.contact, invoice, seen=["Nothing due"]).status_code == 302
    assert Event.objects.about(invoice).first().changes["warnings seen"] == ["", "Nothing due"]
    assert not [each for each in identities_of(invoice) if each.number == "Nothing due"]


def test_a_line_that_holds_no_retainage_although_its_rate_does_is_pointed_out_before_sending(w):
    """9.4: typed by an Admin, so no identity is broken (N-5); a rate of 0 % is a rate, and a release is no lack."""
    bill = w.draft(w.commitment([w.line("Slab", "5000.00"), w.line("Free", "5000.00", rate="0")]), by=w.admin)
    nothing = {"work_this_period": D("500.00"), "work_retainage": D("0.00"), "work_retainage_is_typed": True}
    w.entered(bill, nothing, {"work_this_period": D("500.00")}, by=w.admin)
    bill = Invoice.objects.with_context().get(pk=bill.pk)
    page = text_of(signed_in(w.contact).get(at(bill, "invoice-send")))
    assert "holds no retainage, where its rate would hold 50.00" in page and "Slab" in page
    assert "Tick each check below that you have seen: Retainage missing" in text_of(send(w.contact, bill))
    assert send(w.contact, bill, seen=["Retainage missing"]).status_code == 302
    assert Event.objects.about(bill).first().changes["warnings seen"] == ["", "Retainage missing"]
    finish = text_of(signed_in(w.second_admin).get(at(bill, "review-finish")))
    assert "holds no retainage, where its rate would hold 50.00" in finish, "whoever approves should have seen it, too"
    held = w.entered(w.draft())
    assert "holds no retainage" not in text_of(signed_in(w.contact).get(at(held, "invoice-send")))


@pytest.mark.parametrize("policy", Policy)
def test_a_lien_waiver_that_the_approval_waits_for_is_asked_of_the_sender(w, policy):
    """9.4, R85: before sending, not after the review; an insurance is the directory's, so no contact is asked."""
    w.company.lien_waiver_policy, w.company.insurance_policy = policy, Policy.BLOCK
    w.company.save()
    w.vendor.insurance_expires_date = date(2020, 1, 31)
    w.vendor.save()
    bill = w.entered(w.draft())
    page = text_of(signed_in(w.contact).get(at(bill, "invoice-send")))
    assert ("No lien waiver is attached" in page) == ("Attach a file" in page) == (policy != Policy.IGNORE)
    assert ("does not approve a bill without it" in page) == (policy == Policy.BLOCK)
    assert "insurance" not in page
    if policy == Policy.IGNORE:
        return
    assert "Tick each check below that you have seen: Lien waiver missing" in text_of(send(w.contact, bill))
    attachments.attach(bill, "waiver.pdf", b"%PDF-1.4", by=w.contact, is_lien_waiver=True)
    assert "No lien waiver" not in text_of(signed_in(w.contact).get(at(bill, "invoice-send")))
    assert send(w.contact, bill).status_code == 302


def test_a_bill_without_its_lien_waiver_is_sent_once_that_was_seen(w):
    w.company.lien_waiver_policy = Policy.BLOCK
    w.company.save()
    bill = w.entered(w.draft())
    assert send(w.contact, bill, seen=["Lien waiver missing"]).status_code == 302
    assert Event.objects.about(bill).first().changes["warnings seen"] == ["", "Lien waiver missing"]


def test_a_bill_that_asks_for_something_gets_no_such_remark(w):
    assert "asks for 0.00" not in text_of(signed_in(w.contact).get(at(w.entered(w.draft()), "invoice-send")))


def test_a_missing_or_used_number_is_named_with_the_way_to_mend_it(w):
    """I-6."""
    w.submitted(number="INV-7")
    invoice = w.entered(w.draft(w.commitment()), number=" inv-7 ".strip())
    answer = send(w.contact, invoice)
    assert answer.status_code == 422
    assert "has the number" in text_of(answer) and "#id_number" in answer.content.decode()


def test_what_was_changed_since_the_page_was_opened_is_not_sent(w):
    """I-5: the amount that is sent is the amount that was shown."""
    invoice = w.entered(w.draft())
    line = invoice.lines.first()
    amounts.save_lines(invoice, {line.pk: {"work_this_period": D("1.00")}}, by=w.admin, version=invoice.version)
    answer = send(w.contact, invoice)
    assert answer.status_code == 409
    assert "You ask for 0.90" in text_of(answer)
    assert Invoice.objects.get(pk=invoice.pk).status == Invoice.Status.DRAFT


def test_a_bill_is_withdrawn_until_its_review_begins(w):
    invoice = w.submitted()
    assert signed_in(w.contact).post(at(invoice, "invoice-withdraw")).url == at(invoice, "invoice-enter")
    invoice = w.submitted(Invoice.objects.get(pk=invoice.pk))
    reviews.decide(invoice.lines.first(), Verdict.APPROVED, by=w.admin)
    answer = signed_in(w.contact).post(at(invoice, "invoice-withdraw"))
    assert answer.status_code == 409
    assert "Its review has begun" in text_of(answer)


def test_a_bill_that_came_back_can_be_put_aside_as_a_draft(w):
    invoice = w.sent_back()
    assert signed_in(w.contact).post(at(invoice, "invoice-save-draft")).status_code == 302
    assert Invoice.objects.get(pk=invoice.pk).status == Invoice.Status.DRAFT


def test_500_lines_that_change_are_saved_in_one_statement(w):
    """F11."""
    lines = [w.line(f"Room {number}", "100.00") for number in range(500)]
    invoice = w.draft(w.commitment(lines=lines))
    client = signed_in(w.contact)
    data = sheet(client.get(at(invoice, "invoice-enter")))
    data |= {f"work-{line.pk}": "12.50" for line in invoice.lines.all()} | {"number": "B-500"}
    with CaptureQueriesContext(connection) as asked:
        assert client.post(at(invoice, "invoice-enter"), data).status_code == 302
    writing = [each["sql"] for each in asked if re.match(r'(INSERT INTO|UPDATE) "invoicing_invoice', each["sql"])]
    assert len(writing) == 2, "the lines, and the invoice with its sums"
    invoice.refresh_from_db()
    assert invoice.lines.filter(work_this_period=D("12.50"), work_retainage=D("1.25")).count() == 500
    assert invoice.total_completed_and_stored == D("6250.00")


def test_a_line_that_was_judged_keeps_when_and_by_whom(w):
    """Lines are written whole, so what nobody typed must come through as it was."""
    invoice = w.sent_back(w.draft(w.commitment()))
    before = invoice.lines.values().first()
    assert before["verdict_at"] and before["verdict_by_id"]
    client = signed_in(w.contact)
    data = sheet(client.get(at(invoice, "invoice-enter"))) | {f"note-{before['id']}": "Poured on Friday"}
    client.post(at(invoice, "invoice-enter"), data)
    after = invoice.lines.values().get(pk=before["id"])
    assert after == before | {"note": "Poured on Friday"}


def test_1000_lines_of_six_fields_can_be_sent(w):
    """F12."""
    lines = [w.line(f"Room {number}", "100.00") for number in range(1000)]
    invoice = w.draft(w.commitment(lines=lines))
    client = signed_in(w.contact)
    data = sheet(client.get(at(invoice, "invoice-enter")))
    data |= {f"work-{line.pk}": "1" for line in invoice.lines.all()}
    data |= {f"note-{line.pk}": "€" * 300 for line in invoice.lines.all()}  # nine bytes each, as a form sends them
    assert len(data) > 6000
    sent = urlencode(data)
    assert len(sent) > 2_621_440, "more than Django takes unless told otherwise"
    answer = client.post(at(invoice, "invoice-enter"), sent, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 302
    assert invoice.lines.filter(work_this_period=D("1.00"), note="€" * 300).count() == 1000


def test_a_number_that_only_somebody_else_changed_is_never_put_back_unseen():
    """I-5: the header as the lines; what both changed is shown with both versions."""
    w = world()
    draft = w.entered(w.draft(), number="A-1")
    lee, dana = signed_in(w.contact), signed_in(w.admin)
    mine, theirs = sheet(lee.get(at(draft, "invoice-enter"))), sheet(dana.get(at(draft, "invoice-enter")))
    assert dana.post(at(draft, "invoice-enter"), theirs | {"number": "A-2"}).status_code == 302
    work = f"work-{draft.lines.first().pk}"
    stale = lee.post(at(draft, "invoice-enter"), mine | {work: "77.00"})
    assert stale.status_code == 409 and "A-1" not in stale.context["sheet"].form["number"].value()
    again = {**sheet(stale), work: "77.00", f"shown-{draft.lines.first().pk}": stale.context["sheet"].rows[0].shown}
    assert lee.post(at(draft, "invoice-enter"), again).status_code == 302
    draft.refresh_from_db()
    assert draft.number == "A-2" and draft.lines.first().work_this_period == D("77.00")

    both = lee.post(at(draft, "invoice-enter"), mine | {"number": "A-3"})
    words = text_of(both)
    assert both.status_code == 409 and "stored now <strong>A-2</strong>, you typed <strong>A-3</strong>" in words
    draft.refresh_from_db()
    assert draft.number == "A-2"


def test_the_bar_under_the_sheet_says_what_this_bill_asks_for_by_itself(w):
    """9.4: gross − the change in retainage = what is to be paid; a bill before it counts in none of them."""
    commitment = w.commitment(retainage_rate=D("10"))
    w.approved(w.draft(commitment), {"work_this_period": D("500.00")})
    w.period(JULY)
    bill = w.entered(w.draft(commitment), {"work_this_period": D("1000.00"), "retainage_released": D("25.00")})
    bar = re.sub(r"<[^>]+>", "", text_of(signed_in(w.contact).get(at(bill, "invoice-enter"))))
    assert "This bill 1,000.00 · retainage 7.5 % 75.00 · to be paid 925.00" in bar
    assert bill.current_payment_due == D("925.00")
