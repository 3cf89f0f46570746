"""I-10: what changed since a reviewer last looked, whoever changed it, and what a resubmission changed, on lists."""

import pytest

from directory.models import Event
from directory.refusals import Stale
from invoicing.actions import amounts, invoices, looks, reviews
from invoicing.models import Commitment, Invoice, Look, Submission, Verdict
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.with_context().get(pk=invoice.pk)


def see(w, invoice: Invoice, who=None):
    """As the page sends it once it is on a screen."""
    data = {"version": fresh(invoice).version}
    return signed_in(who or w.admin).post(at(invoice, "review-seen"), data)


def allow(w, invoice: Invoice, entry: dict, by) -> None:
    line = invoice.lines.first()
    entries = {line.pk: {"allowed_reason": "Counted"} | entry}
    amounts.save_lines(fresh(invoice), entries, by=by, version=fresh(invoice).version)


def sent_again(w, invoice: Invoice) -> Invoice:
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Not poured yet", by=w.admin)
    back = invoices.send_back(fresh(invoice), by=w.admin)
    entries = {back.lines.first().pk: {"work_this_period": D("600.00")}}
    return invoices.submit(amounts.save_lines(back, entries, by=w.contact, version=back.version), by=w.contact)


def since(w, invoice: Invoice, who=None) -> int | None:
    return signed_in(who or w.admin).get(at(invoice, "invoice-review")).context["review_counts"].get("since")


def test_opening_the_page_writes_nothing_and_asks_the_page_itself_to_say_so(w):
    """A GET writes nothing; without scripts a button does it."""
    invoice = w.submitted()
    page = text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    assert not Look.objects.exists()
    assert 'hx-trigger="load"' in page and "Remember what I saw" in page and "Since I last looked" not in page


def test_whoever_opens_the_desk_has_begun_the_review_and_whoever_only_reads_has_not(w):
    """5.1: withdraw, not yet opened for review. The contact is told, and reads no step of the review."""
    invoice = w.submitted()
    Commitment.objects.update(is_private=False)
    for reader in (w.reader, w.admin, w.contact):
        assert signed_in(reader).get(at(invoice)).status_code == 200
    assert see(w, invoice, w.reader).status_code == 403 and fresh(invoice).review_opened_at is None
    see(w, invoice)
    see(w, invoice, w.second_admin)
    assert Event.objects.about(invoice).filter(verb="opened the review").count() == 1
    contact = signed_in(w.contact)
    assert "Withdraw" not in text_of(contact.get(at(invoice)))
    answer = contact.post(at(invoice, "invoice-withdraw"))
    assert answer.status_code == 409 and "Its review has begun" in text_of(answer)
    assert "opened the review" not in text_of(contact.get(at(invoice), {"show": "timeline"}))


def test_what_is_sent_again_is_opened_again_and_what_was_seen_last_time_stays(w):
    """The page sends that of itself, so it marks nothing as seen that nobody has read."""
    invoice = w.submitted()
    see(w, invoice)
    assert 'name="only_opens"' not in text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    invoice = sent_again(w, invoice)
    client, data = signed_in(w.admin), {"version": fresh(invoice).version, "only_opens": "1"}
    page = text_of(client.get(at(invoice, "invoice-review")))
    assert 'name="only_opens" value="1"' in page and 'hx-trigger="load"' in page and "Mark as seen" in page
    assert "The review has begun" in text_of(client.post(at(invoice, "review-seen"), data, follow=True))
    assert fresh(invoice).review_opened_at is not None and since(w, invoice) == 1
    assert 'hx-trigger="load"' not in text_of(client.get(at(invoice, "invoice-review")))


def test_whoever_begins_the_review_with_the_first_look_is_told_so_and_the_next_one_is_not(w):
    """5.1: without scripts it is a press of “Remember what I saw”, and the vendor can't withdraw from then on."""
    invoice = w.submitted()
    data = {"version": fresh(invoice).version}
    for person, begins in ((w.admin, True), (w.second_admin, False)):
        said = text_of(signed_in(person).post(at(invoice, "review-seen"), data, follow=True))
        assert "Marked as seen" in said and ("it can’t be withdrawn any more" in said) == begins


def test_a_look_at_what_is_not_under_review_begins_none(w):
    invoice = w.submitted()
    invoice = invoices.withdraw(invoice, by=w.contact)
    looks.keep(invoice, by=w.admin, version=invoice.version)
    assert fresh(invoice).review_opened_at is None


def test_what_a_colleague_allows_after_my_look_is_shown_with_what_i_saw(w):
    invoice = w.submitted()
    see(w, invoice)
    assert since(w, invoice) == 0
    allow(w, invoice, {"work_this_period": D("750.00")}, by=w.second_admin)
    page = signed_in(w.admin).get(at(invoice, "invoice-review") + "?show=since")
    assert page.context["review_counts"]["since"] == 1 and page.context["show"] == "since"
    assert "<ins>750.00</ins>" in text_of(page) and "claimed <del>1,000.00</del>" in text_of(page)
    assert text_of(page).count('data-since="1"') == 1 and "you saw" not in text_of(page), "it says it once"
    assert "Held on work" not in text_of(page), "that follows from the amount"
    see(w, invoice)
    allow(w, invoice, {"work_this_period": D("700.00")}, by=w.second_admin)
    assert "you saw <del>750.00</del>" in text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    assert since(w, invoice, w.second_admin) is None, "Ola never said that she looked"


def test_other_amounts_than_work_stand_under_the_line(w):
    invoice = w.submitted()
    see(w, invoice)
    allow(w, invoice, {"stored_new": D("25.00")}, by=w.second_admin)
    page = text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    assert "Since you last looked: New stored <del>0.00</del> → <ins>25.00</ins>" in page


def test_marking_as_seen_begins_anew_and_only_for_oneself(w):
    invoice = w.submitted()
    see(w, invoice)
    see(w, invoice, w.second_admin)
    allow(w, invoice, {"work_this_period": D("750.00")}, by=w.second_admin)
    assert "Mark as seen" in text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    assert see(w, invoice).url == at(invoice, "invoice-review")
    assert (since(w, invoice), since(w, invoice, w.second_admin)) == (0, 0), (
        "nobody is told of what they did themselves"
    )
    allow(w, invoice, {"work_this_period": D("700.00")}, by=w.admin)
    assert (since(w, invoice), since(w, invoice, w.second_admin)) == (0, 1)


def test_whoever_decides_has_seen_it_so_a_resubmission_shows_what_is_new_without_any_script(w):
    invoice = sent_again(w, w.submitted())
    page = signed_in(w.admin).get(at(invoice, "invoice-review"))
    assert page.context["review_counts"]["since"] == 1
    assert "you saw" not in text_of(page), "the cell says it once: last time 1,000.00"


def test_a_line_of_a_change_order_that_came_later_is_new(w):
    invoice = w.submitted()
    see(w, invoice)
    w.change_order(invoice.commitment, [w.line("Extra", "100.00")])
    amounts.take_up_change_orders(fresh(invoice), by=w.second_admin)
    page = signed_in(w.admin).get(at(invoice, "invoice-review"))
    assert page.context["review_counts"]["since"] == 1 and "Added since you last looked" in text_of(page)


def test_what_nobody_saw_is_not_kept_as_seen(w):
    """I-5: the page is older than the amounts."""
    invoice = w.submitted()
    seen = fresh(invoice).version
    allow(w, invoice, {"work_this_period": D("750.00")}, by=w.second_admin)
    with pytest.raises(Stale):
        looks.keep(invoice, by=w.admin, version=seen)
    for version in (str(seen), "", "x", "9" * 30):
        assert signed_in(w.admin).post(at(invoice, "review-seen"), {"version": version}).status_code == 409
    assert not Look.objects.exists()


def test_a_filter_for_what_is_new_without_a_look_shows_every_line(w):
    page = signed_in(w.admin).get(at(w.submitted(), "invoice-review") + "?show=since")
    assert page.context["show"] == "all"


def test_from_the_review_to_the_comparison_and_back(w):
    """9.3: the stored-before view."""
    invoice = w.submitted()
    assert "Compare with submission" not in text_of(signed_in(w.admin).get(at(invoice, "invoice-review")))
    invoice = sent_again(w, invoice)
    there, back = at(invoice, "invoice-compare", 1, 2), at(invoice, "invoice-review")
    assert f'href="{there}"' in text_of(signed_in(w.admin).get(back))
    assert f'href="{back}"' in text_of(signed_in(w.admin).get(there))
    for who in (w.reader, w.contact):
        invoice.commitment.access_list.add(w.reader)
        assert f'href="{back}"' not in text_of(signed_in(who).get(there))


def test_lists_say_how_many_lines_a_resubmission_changed(w):
    """9.1, 9.2."""
    invoice = w.submitted()
    assert Submission.objects.get().changed_lines is None
    assert "resubmitted" not in text_of(signed_in(w.admin).get("/"))
    sent_again(w, invoice)
    assert "resubmitted, 1 line changed" in text_of(signed_in(w.admin).get("/"))
    assert "resubmitted, 1 line changed" in text_of(signed_in(w.admin).get(f"/p/{w.project.slug}/invoices/"))
