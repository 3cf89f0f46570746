"""Retainage held is a figure of a line like the others: approved, compared and told (I-8, I-9, I-10, 9.4)."""

import pytest

from directory.models import Mail
from directory.permissions import read_access
from invoicing.actions import amounts, invoices, reviews
from invoicing.allowed_amounts import figures_apart, is_reduced, pays_more
from invoicing.certificates import content_of
from invoicing.grid import lines_shown
from invoicing.models import Invoice, Verdict, is_other
from tests.factories import D, world
from tests.invoicing.pages import at, sheet, signed_in, text_of

WORK = {"work_retainage": D("300.00"), "work_retainage_is_typed": True}
STORED = {"stored_retainage": D("400.00"), "stored_retainage_is_typed": True}
TOLD = ((WORK, "Held on work", "100.00", "300.00"), (STORED, "Held on stored", "50.00", "400.00"))


@pytest.fixture
def w(db):
    return world()


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.with_context().get(pk=invoice.pk)


def sent(w, **more) -> Invoice:
    """Two lines of 1,000.00 work and 500.00 stored, at 10 %."""
    figures = {"work_this_period": D("1000.00"), "stored_new": D("500.00")}
    commitment = w.commitment(bills_stored_materials=True)
    return w.submitted(w.draft(commitment, by=w.admin), figures, figures, by=w.admin, **more)


def allow(w, invoice: Invoice, typed: dict, reason: str = "Punch list") -> Invoice:
    invoice, entries = fresh(invoice), {invoice.lines.first().pk: dict(typed) | {"allowed_reason": reason}}
    amounts.save_lines(invoice, entries, by=w.second_admin, version=invoice.version)
    return fresh(invoice)


def returned_and_opened(w) -> tuple[Invoice, int]:
    """Line 1 rejected, line 2 approved; and the id of line 2, on which the retainage alone is typed anew."""
    invoice = sent(w)
    first, second = invoice.lines.all()
    reviews.decide(first, Verdict.REJECTED, "Not poured yet", by=w.second_admin)
    reviews.decide(second, Verdict.APPROVED, by=w.second_admin)
    back = fresh(invoices.send_back(fresh(invoice), by=w.second_admin))
    dana = signed_in(w.admin)
    typed = sheet(dana.get(at(back, "invoice-enter")))
    dana.post(at(back, "invoice-enter"), typed | {f"held-work-{second.pk}": "0.00", f"open-{second.pk}": "1"})
    return fresh(invoices.submit(fresh(back), by=w.admin)), second.pk


def test_an_approval_falls_with_the_retainage_it_stood_for(w):
    """I-8, 9.4: 1,900.00 are not what was approved at 1,800.00."""
    again, pk = returned_and_opened(w)
    line = again.lines.get(pk=pk)
    assert (line.work_retainage, line.verdict, line.verdict_by) == (D("0.00"), Verdict.NONE, None)
    assert again.submissions.last().changed_lines == 1
    desk = signed_in(w.second_admin).get(at(again, "invoice-review"))
    assert desk.context["review_counts"]["changed"] == 1
    assert "Since last time: Held on work <del>100.00</del> → <ins>0.00</ins>" in text_of(desk)


def test_two_claims_that_differ_in_retainage_alone_say_where(w):
    """I-10."""
    again, _ = returned_and_opened(w)
    page = text_of(signed_in(w.admin).get(at(again, "invoice-compare", 1, 2)))
    assert "1 of 2 lines claimed otherwise" in page
    assert "Held on work: <del>100.00</del> <ins>0.00</ins>" in page


@pytest.mark.parametrize(("typed", "label", "asked", "left"), TOLD)
@pytest.mark.parametrize("is_rejected", [True, False])
def test_retainage_that_a_reviewer_typed_is_told_wherever_its_reason_is(w, typed, label, asked, left, is_rejected):
    """I-9, I-4."""
    invoice = allow(w, sent(w), typed)
    if is_rejected:
        reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Not poured yet", by=w.second_admin)
    desk = text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    rows = lines_shown(invoice, read_access(w.admin, w.company, w.project))
    [difference] = content_of(invoice, rows)["differences"]
    assert label in difference["column"] and (difference["claimed"], difference["allowed"]) == (asked, left)
    assert "Punch list" in difference["reason"]
    invoices.send_back(fresh(invoice), by=w.second_admin, comment="See line 1")
    mail = Mail.objects.filter(to=w.contact).latest("pk")
    assert f"{label}: claimed {asked}, allowed {left}" in mail.text and "Punch list" in mail.text
    lee = signed_in(w.contact)
    for page in (desk, text_of(lee.get(at(invoice))), text_of(lee.get(at(invoice, "invoice-enter")))):
        assert f"{label}: claimed <del>{asked}</del>, allowed <ins>{left}</ins>" in page


def test_how_it_was_computed_says_what_was_claimed_to_be_held(w):
    """9.3."""
    invoice = allow(w, sent(w), WORK)
    page = text_of(signed_in(w.admin).get(at(invoice, "invoice-line", 1)))
    assert "Claimed was 100.00. “Punch list”" in page


def test_retainage_that_only_follows_is_no_difference_of_its_own(w):
    """The cut is told; that a tenth of it less is held follows from the rate."""
    invoice = allow(w, sent(w), {"work_this_period": D("800.00"), "stored_new": D("400.00")})
    assert invoice.lines.first().work_retainage == D("80.00")
    invoices.send_back(invoice, by=w.second_admin, comment="See line 1")
    mail = Mail.objects.filter(to=w.contact).latest("pk")
    assert "This period: claimed 1,000.00, allowed 800.00" in mail.text and "Held on" not in mail.text


CLAIM = {
    "work_this_period": "1000.00",
    "stored_moved": "0.00",
    "stored_new": "500.00",
    "work_retainage": "100.00",
    "stored_retainage": "50.00",
    "retainage_released": "0.00",
    "work_retainage_is_typed": False,
    "stored_retainage_is_typed": False,
    "total_completed_and_stored": "1500.00",
    "quantity_this_period": None,
}


def apart(**allowed) -> list[str]:
    return [figure.name for figure in figures_apart(CLAIM, CLAIM | allowed)]


def test_what_follows_and_what_was_typed():
    cut = {"work_this_period": "800.00", "total_completed_and_stored": "1300.00"}
    assert apart(**cut, work_retainage="80.00") == ["work_this_period"]
    typed = {"work_retainage": "0.00", "work_retainage_is_typed": True}
    assert apart(**cut, **typed) == ["work_this_period", "work_retainage"]
    assert apart(work_retainage="50.00") == ["work_retainage"], "nothing else moved it: another rate"
    left = {"total_completed_and_stored": "1400.00", "stored_retainage": "40.00"}
    assert apart(**left) == ["total_completed_and_stored"], "it follows what is left of stored material too"


def test_a_claim_from_before_retainage_was_kept_is_no_other_than_the_same_one_now():
    old = {name: figure for name, figure in CLAIM.items() if "_retainage" not in name}
    assert not is_other(old, CLAIM) and not is_other(CLAIM, old)
    assert figures_apart(old, CLAIM) == figures_apart(CLAIM, old) == []
    assert not pays_more(old, CLAIM) and pays_more(old, CLAIM | {"total_completed_and_stored": "1500.01"})
    assert is_other(CLAIM, CLAIM | {"work_retainage": "0.00"})


def test_holding_more_does_not_reduce_the_amount_that_was_billed():
    """5.1: a rejected line passes as noted with a smaller amount; retainage is held of it, and is paid later."""
    assert not is_reduced(CLAIM, CLAIM | {"work_retainage": "500.00", "work_retainage_is_typed": True})
