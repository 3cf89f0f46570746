"""Reviewing an invoice: verdicts by key or click, other amounts, the rest in one step, and the decision at the end."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event, Mail
from directory.permissions import Level, Tool
from invoicing.actions import amounts, commitments, invoices, reviews
from invoicing.models import BillingSettings, Invoice, Submission, Verdict
from tests.factories import D, person, world
from tests.invoicing.pages import LOOKED_NOW, looked_at, said_beside, text_of

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
S = Invoice.Status


def signed_in(who) -> Client:
    client = Client()
    client.force_login(who)
    return client


def address(invoice, name="invoice-review", *args):
    return reverse(name, args=[invoice.project.slug, invoice.commitment.number, invoice.position, *args])


def line_of(invoice, number=0):
    return invoice.lines.all()[number]


def press(client, invoice, line, decision, pressed="", htmx=False, **rest):
    data = {"decision": decision, "pressed": pressed, "seen": LOOKED_NOW} | rest
    return client.post(address(invoice, "review-line", line.pk), data, **(HTMX if htmx else {}))


def verdict(line) -> str:
    line.refresh_from_db()
    return line.verdict


# The page


def test_the_grid_shows_every_line_with_its_figures_the_totals_and_how_far_the_review_is():
    w = world()
    invoice = w.submitted(None, {"work_this_period": D("1000.00")}, {"stored_new": D("400.00")})
    page = signed_in(w.admin).get(address(invoice))
    text = page.content.decode()
    assert page.context["totals"]["total_completed_and_stored"] == D("1400.00")
    assert "0 approved · 0 rejected · 2 to do" in text
    assert text.count('aria-pressed="false"') == 4
    assert "Approve all 2" in text


@pytest.mark.parametrize(
    ("figures", "shown"),
    [({"stored_new": D("400.00"), "work_this_period": D("100.00")}, True), ({"work_this_period": D("5.00")}, False)],
)
def test_retainage_on_stored_material_has_a_column_where_there_is_some(figures, shown):
    """5.2, MR: under review, in a line that comes back alone, and on the tab of lines."""
    w = world()
    commitment = w.commitment()
    commitment.bills_stored_materials = commitment.holds_stored_retainage = True
    commitment.save()
    invoice = w.submitted(w.draft(commitment), figures)
    amounts.save_lines(
        invoice,
        {line_of(invoice).pk: {"stored_retainage": D("12.34"), "stored_retainage_is_typed": True}} if shown else {},
        by=w.admin,
        version=invoice.version,
    )
    client = signed_in(w.admin)
    alone = press(client, invoice, line_of(invoice), "approved", htmx=True)
    for page in (client.get(address(invoice)), client.get(address(invoice, "invoice") + "?show=lines")):
        assert ('<span class="col">MR</span>' in page.content.decode()) == shown
        found = page.content.decode().count(">12.34<")
        assert found == (3 if shown else 0), "on its line, in the total, and as what was allowed"
    assert (">12.34<" in alone.content.decode()) == shown


def test_lines_are_reviewed_while_the_invoice_is_under_review():
    w = world()
    invoice = w.approved()
    page = signed_in(w.admin).get(address(invoice), follow=True)
    assert page.redirect_chain[0][0] == address(invoice, "invoice")
    assert "It is Approved." in page.content.decode()


@pytest.mark.parametrize("name", ["invoice-review", "review-finish", "invoice-reopen"])
def test_who_may_not_review_is_told_which_right_is_missing_and_who_holds_it(name):
    """P-8."""
    w = world()
    invoice = w.submitted(w.draft(w.commitment(is_private=False)))
    for who in (w.reader, w.contact):
        page = signed_in(who).get(address(invoice, name))
        assert page.status_code == 403
        assert "Admin on Commitments" in page.content.decode() and "Dana Cole" in page.content.decode()
    assert signed_in(w.staff).get(address(invoice, name)).status_code == 404


def test_a_contact_with_admin_on_commitments_still_reviews_nothing():
    """1.2: reviewing is for the company's own people."""
    w = world()
    invoice = w.submitted()
    set_level(w.contact, Tool.COMMITMENTS, w.project, Level.ADMIN, by=w.owner)
    client = signed_in(w.contact)
    assert client.get(address(invoice)).status_code == 403
    assert press(client, invoice, line_of(invoice), "approved").status_code == 403
    assert client.post(address(invoice, "review-rest")).status_code == 403
    assert verdict(line_of(invoice)) == Verdict.NONE


def test_a_long_invoice_asks_no_more_queries_than_a_short_one(django_assert_max_num_queries):
    w = world()
    short = w.submitted()
    long = w.submitted(w.draft(w.commitment([w.line(f"Line {n}", "2000.00") for n in range(80)])))
    client = signed_in(w.admin)
    with django_assert_max_num_queries(12) as few:
        client.get(address(short))
    with django_assert_max_num_queries(len(few)):
        client.get(address(long))
    with django_assert_max_num_queries(27):
        press(client, long, line_of(long), "approved", htmx=True)


# Verdicts


def test_a_verdict_is_kept_and_without_scripts_the_page_comes_back_at_the_line():
    w = world()
    invoice = w.submitted()
    line = line_of(invoice)
    client = signed_in(w.admin)
    page = press(client, invoice, line, "approved")
    assert page.url == f"{address(invoice)}?line={line.pk}#line-{line.pk}"
    ids = re.findall(r'id="(line-\d+)"', client.get(page.url).content.decode())
    assert ids == [f"line-{line.pk}"], "500 of them weigh"
    assert verdict(line) == Verdict.APPROVED


def test_with_htmx_the_row_and_the_counters_come_back_in_one_answer():
    w = world()
    invoice = w.submitted()
    line = line_of(invoice)
    text = press(signed_in(w.admin), invoice, line, "approved", htmx=True).content.decode()
    assert text.lstrip().startswith('<tbody class="line is-ok"') and f'id="line-{line.pk}"' in text
    assert '<span class="count" id="count-todo" hx-swap-oob="true">1</span>' in text
    assert "1 approved · 0 rejected · 1 to do" in text and "Approve the other line" in text


def test_pressing_a_pressed_button_takes_the_verdict_back_and_pressing_twice_does_not():
    w = world()
    invoice = w.submitted()
    line, client = line_of(invoice), signed_in(w.admin)
    press(client, invoice, line, "approved")
    press(client, invoice, line, "approved", htmx=True)  # the second click of a double click
    assert verdict(line) == Verdict.APPROVED
    press(client, invoice, line, "approved", pressed="approved")
    assert verdict(line) == Verdict.NONE


def test_the_cross_asks_for_a_reason_in_a_form_of_its_own():
    """U1: Enter in the reason box can only reject."""
    w = world()
    invoice = w.submitted()
    line, client = line_of(invoice), signed_in(w.admin)
    text = press(client, invoice, line, "rejected", htmx=True).content.decode()
    form = text[text.index('class="under-text"') :]
    form = form[: form.index("</form>")]
    assert 'name="decision" value="rejected"' in form and 'name="reason"' in form
    assert form.count("<button") == 1
    assert verdict(line) == Verdict.NONE
    page = press(client, invoice, line, "rejected")
    assert page.status_code == 200 and "The subcontractor sees it" in page.content.decode()


def test_a_rejection_without_a_word_is_refused_and_with_one_it_is_shown_by_name():
    w = world()
    invoice = w.submitted()
    line, client = line_of(invoice), signed_in(w.admin)
    for htmx in (True, False):
        page = press(client, invoice, line, "rejected", htmx=htmx, reason="  ")
        assert page.status_code == 422 and "Say why" in page.content.decode()
    assert '<a href="#why">' in text_of(page) and "Say why" in said_beside(text_of(page), "why")[-1]
    assert verdict(line) == Verdict.NONE
    text = press(client, invoice, line, "rejected", htmx=True, reason="Not <framed> yet").content.decode()
    assert "Rejected by Dana Cole: “Not &lt;framed&gt; yet”" in text
    assert line_of(invoice).work_this_period == D("1000.00")


def test_a_line_that_somebody_else_decided_meanwhile_is_not_overwritten():
    w = world()
    invoice = w.submitted()
    line = line_of(invoice)
    reviews.decide(line, Verdict.REJECTED, "Not poured", by=w.second_admin)
    client = signed_in(w.admin)
    page = press(client, invoice, line, "approved")
    assert page.status_code == 409 and "Ola Berg says: Rejected" in page.content.decode()
    assert "Ola Berg says: Rejected" in press(client, invoice, line, "approved", htmx=True).content.decode()
    assert verdict(line) == Verdict.REJECTED
    press(client, invoice, line, "approved", pressed=reviews.mark_of_verdict(line_of(invoice)))
    assert verdict(line) == Verdict.APPROVED


def test_a_line_of_another_invoice_is_not_found():
    """R62."""
    w = world()
    mine, other = w.submitted(), w.submitted(w.draft(w.commitment()))
    page = signed_in(w.admin).post(address(mine, "review-line", line_of(other).pk), {"decision": "approved"})
    assert page.status_code == 404
    assert verdict(line_of(other)) == Verdict.NONE


def test_an_answer_that_means_nothing_changes_nothing():
    w = world()
    invoice = w.submitted()
    for data in ({}, {"decision": "paid"}, {"decision": "approved", "pressed": "nonsense"}):
        data |= {"seen": LOOKED_NOW}
        page = signed_in(w.admin).post(address(invoice, "review-line", line_of(invoice).pk), data)
        assert page.status_code == 422
    assert verdict(line_of(invoice)) == Verdict.NONE


def test_after_the_review_was_finished_a_verdict_is_refused():
    w = world()
    invoice = w.approved()
    page = press(signed_in(w.admin), invoice, line_of(invoice), "rejected", pressed="approved", reason="Too late")
    assert page.status_code == 409
    assert verdict(line_of(invoice)) == Verdict.APPROVED


def test_approving_the_rest_skips_what_is_decided_and_what_is_over_its_value():
    w = world()
    commitment = w.commitment([w.line(x, "100.00") for x in "ABC"], allows_over_billing=True)
    over = {"work_this_period": D("150.00")}
    invoice = w.submitted(w.draft(commitment), {"work_this_period": D("10.00")}, over, {})
    reviews.decide(line_of(invoice), Verdict.REJECTED, "No", by=w.admin)
    client = signed_in(w.admin)
    page = client.get(address(invoice))
    assert page.context["review_counts"]["problems"] == 1 and "Approve the other line" in page.content.decode()
    client.post(address(invoice, "review-rest"), {"version": invoice.version})
    assert [line.verdict for line in invoice.lines.all()] == ["rejected", "", "approved"]


def test_the_button_of_the_rest_says_which_lines_it_leaves_out():
    """9.3: those that are over-billed; a line with another problem is approved with the others."""
    w = world()
    commitment = w.commitment([w.line(x, "100.00") for x in "ABC"], allows_over_billing=True)
    invoice = w.submitted(w.draft(commitment), {}, {"work_this_period": D("150.00")}, {})
    released = {line_of(invoice, 2).pk: {"retainage_released": D("5.00"), "allowed_reason": "Agreed"}}
    amounts.save_lines(invoice, released, by=w.admin, version=invoice.version)
    client = signed_in(w.admin)
    page = client.get(address(invoice))
    assert page.context["review_counts"]["problems"] == 2 and "Approve 2 not over-billed<" in text_of(page)
    client.post(address(invoice, "review-rest"), {"version": page.context["invoice"].version})
    assert [line.verdict for line in invoice.lines.all()] == ["approved", "", "approved"]


# A second round


def resubmitted(w):
    """Sent back for its first line, mended there, and sent again."""
    invoice = w.submitted(None, {"work_this_period": D("1000.00")}, {"work_this_period": D("50.00")})
    reviews.decide(line_of(invoice, 0), Verdict.REJECTED, "Not poured yet", by=w.admin)
    reviews.decide(line_of(invoice, 1), Verdict.APPROVED, by=w.admin)
    invoice = invoices.send_back(invoice, by=w.admin)
    entries = {line_of(invoice).pk: {"work_this_period": D("600.00")}}
    invoice = amounts.save_lines(invoice, entries, by=w.contact, version=invoice.version)
    return invoices.submit(invoice, by=w.contact)


def test_a_changed_line_shows_what_it_was_and_why_it_was_rejected_and_the_other_keeps_its_verdict():
    """I-8."""
    w = world()
    page = signed_in(w.admin).get(address(resubmitted(w)))
    text = page.content.decode()
    assert page.context["review_counts"]["changed"] == 1
    assert "last time <del>1,000.00</del>" in text
    assert "Last time rejected by Dana Cole: “Not poured yet”" in text
    assert "1 approved · 0 rejected · 1 to do" in text and "revision 2" in text


def test_on_the_first_round_nothing_is_changed():
    w = world()
    assert signed_in(w.admin).get(address(w.submitted())).context["review_counts"]["changed"] == 0


# Another amount


def amount_form(client, invoice, line) -> dict:
    form = client.get(address(invoice, "review-amount", line.pk)).context["amounts"]
    data = {cell.name: cell.display for cell in form.row.cells.values() if not cell.column.is_tick}
    return data | {"version": invoice.version, f"shown-{line.pk}": form.row.shown, "reason": ""}


def test_the_allowed_amount_stands_beside_the_claimed_one_which_stays():
    """I-4."""
    w = world()
    invoice = w.submitted()
    line, client = line_of(invoice), signed_in(w.admin)
    data = amount_form(client, invoice, line) | {f"work-{line.pk}": "$750", "reason": "A quarter is missing"}
    assert client.post(address(invoice, "review-amount", line.pk), data).url.endswith(f"#line-{line.pk}")
    text = client.get(address(invoice)).content.decode()
    assert "<ins>750.00</ins>" in text and "claimed <del>1,000.00</del>" in text
    assert "Another amount allowed: “A quarter is missing”" in text
    assert Submission.objects.get().figures()[line.schedule_line_id]["work_this_period"] == "1000.00"
    invoice.refresh_from_db()
    assert invoice.current_payment_due == D("675.00")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"work": "75O"}, "75O"),
        ({"reason": ""}, "Say why"),
        ({"work": "1000.00"}, "Every amount is as it was"),
    ],
)
def test_an_amount_that_cannot_be_read_or_has_no_reason_saves_nothing_and_keeps_what_was_typed(typed, words):
    """U4, U5."""
    w = world()
    invoice = w.submitted()
    line, client = line_of(invoice), signed_in(w.admin)
    data = amount_form(client, invoice, line) | {f"work-{line.pk}": "750", "reason": "Less"}
    data |= {key if key == "reason" else f"{key}-{line.pk}": value for key, value in typed.items()}
    page = client.post(address(invoice, "review-amount", line.pk), data)
    text = page.content.decode()
    assert page.status_code == 422 and words in text
    if typed != {"work": "1000.00"}:
        name = "id_reason" if "reason" in typed else f"work-{line.pk}"
        assert words in " ".join(said_beside(text_of(page), name))
    assert f'value="{data[f"work-{line.pk}"]}"' in text or typed == {"work": "1000.00"}
    assert line_of(invoice).work_this_period == D("1000.00")


def test_a_form_that_went_stale_is_refused_and_shows_both_amounts():
    """I-5."""
    w = world()
    invoice = w.submitted()
    line, client = line_of(invoice), signed_in(w.admin)
    data = amount_form(client, invoice, line) | {f"work-{line.pk}": "750", "reason": "Less"}
    amounts.save_lines(
        invoice, {line.pk: {"work_this_period": D("800.00")}}, by=w.second_admin, version=invoice.version
    )
    page = client.post(address(invoice, "review-amount", line.pk), data)
    text = page.content.decode()
    assert page.status_code == 409
    assert 'value="750"' in text and "Now stored: 800.00" in text
    assert line_of(invoice).work_this_period == D("800.00")


def test_retainage_is_typed_and_released_here():
    w = world()
    invoice = w.submitted(w.draft(w.commitment(), by=w.admin))
    line, client = line_of(invoice), signed_in(w.admin)
    data = amount_form(client, invoice, line) | {f"held-work-{line.pk}": "40", "reason": "Agreed 4 %"}
    client.post(address(invoice, "review-amount", line.pk), data)
    line.refresh_from_db()
    assert (line.work_retainage, line.work_retainage_is_typed) == (D("40.00"), True)


# The decision


def finish(client, invoice, decision, comment="", **rest):
    invoice.refresh_from_db()
    data = {"decision": decision, "comment": comment} | looked_at(invoice) | rest
    return client.post(address(invoice, "review-finish"), data)


def options(page) -> list[str]:
    return [option.name for option in page.context["decision"].options]


def test_with_no_rejected_line_approving_is_proposed_and_nothing_is_done_by_looking():
    w = world()
    invoice = w.submitted()
    page = signed_in(w.admin).get(address(invoice, "review-finish"))
    assert options(page) == ["approve", "approve_as_noted", "hold_for_owner", "send_back"]
    assert page.context["chosen"] == "approve"
    text = page.content.decode()
    assert "2 lines have no verdict" in text and "Go to the first" in text
    assert text[text.index('class="dialog-page"') :].count("button primary") == 1
    invoice.refresh_from_db()
    assert invoice.status == S.UNDER_REVIEW


def test_with_a_rejected_line_sending_back_is_proposed_with_the_reasons_and_who_gets_the_mail():
    w = world()
    invoice = w.submitted()
    reviews.decide(line_of(invoice), Verdict.REJECTED, "Not poured yet", by=w.admin)
    client = signed_in(w.admin)
    page = client.get(address(invoice, "review-finish"))
    assert page.context["chosen"] == "send_back" and "approve" not in options(page)
    text = page.content.decode()
    assert "Not poured yet" in text and w.contact.email in text
    finish(client, invoice, "send_back")
    invoice.refresh_from_db()
    assert invoice.status == S.REVISE_AND_RESUBMIT
    assert Mail.objects.about(invoice).filter(headline__contains="need").get().to == w.contact


def words_of(html: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def test_before_sending_back_the_mail_stands_there_as_it_will_be_sent_and_to_whom():
    """U6, 9.3: subject and every word of it; a contact who left the vendor is not named, for they get none."""
    w = world()
    invoice = w.submitted()
    gone = person("Mia Gone", w.company, w.vendor)
    commitments.add_contact(invoice.commitment, gone, by=w.admin)
    gone.membership_in(w.company).delete()
    reviews.decide(line_of(invoice), Verdict.REJECTED, "Not <poured> yet", by=w.admin)
    client = signed_in(w.admin)
    page = client.get(address(invoice, "review-finish")).content.decode()
    letter = page[page.index('class="letter"') :]
    letter = letter[: letter.index("</details>")]
    assert 'class="letter" open' in page and "Mia Gone" not in page
    finish(client, invoice, "send_back")
    mail = Mail.objects.about(invoice).get(headline__contains="need")
    assert mail.to == w.contact and w.contact.email in letter and mail.headline in letter
    shown = words_of(letter[letter.index('aria-label="The mail">') + 22 : letter.index("</div>")])
    assert "Not &lt;poured&gt; yet" in shown and shown in words_of(mail.html)


def test_what_an_approval_locks_and_who_is_told_stands_beside_it():
    """U6."""
    w = world()
    invoice = w.submitted()
    client = signed_in(w.admin)
    text = words_of(client.get(address(invoice, "review-finish")).content.decode())
    assert text.count("Its amounts and verdicts are locked then, until the review is reopened.") == 2
    assert f"Lee Park ({w.contact.email}) gets a mail." in text
    BillingSettings.objects.create(project=w.project, mails_approval=False)
    assert "Nobody gets a mail: the project" in words_of(client.get(address(invoice, "review-finish")).content.decode())


def test_the_dialog_and_the_page_are_the_same_words():
    """U6."""
    w = world()
    client, invoice = signed_in(w.admin), w.submitted()
    page = client.get(address(invoice, "review-finish")).content.decode()
    dialog = client.get(address(invoice, "review-finish"), **HTMX).content.decode()
    assert "<html" not in dialog and 'class="dialog"' in dialog
    assert "What should happen?" in dialog and "What should happen?" in page


@pytest.mark.parametrize(
    ("decision", "comment", "status"),
    [
        ("approve", "", S.APPROVED),
        ("approve_as_noted", "Send the test reports", S.APPROVED_AS_NOTED),
        ("hold_for_owner", "", S.PENDING_OWNER_APPROVAL),
        ("send_back", "The backup is missing", S.REVISE_AND_RESUBMIT),
    ],
)
def test_each_decision_is_carried_out(decision, comment, status):
    w = world()
    invoice = w.submitted()
    assert finish(signed_in(w.admin), invoice, decision, comment).url == address(invoice, "invoice")
    invoice.refresh_from_db()
    assert invoice.status == status


@pytest.mark.parametrize("decision", ["approve_as_noted", "send_back"])
def test_a_decision_that_needs_a_comment_says_so_at_the_comment(decision):
    w = world()
    invoice = w.submitted()
    page = finish(signed_in(w.admin), invoice, decision)
    assert page.status_code == 422 and page.context["form"].errors["comment"]
    invoice.refresh_from_db()
    assert invoice.status == S.UNDER_REVIEW


def test_choosing_nothing_or_nonsense_decides_nothing():
    w = world()
    invoice = w.submitted()
    for decision in ("", "pay", "submit"):
        assert finish(signed_in(w.admin), invoice, decision).status_code == 422
    invoice.refresh_from_db()
    assert invoice.status == S.UNDER_REVIEW


def test_whoever_submitted_is_told_that_someone_else_approves():
    """P-7."""
    w = world()
    invoice = w.submitted(by=w.admin)
    client = signed_in(w.admin)
    page = client.get(address(invoice, "review-finish"))
    text = page.content.decode()
    assert "You submitted this invoice, so someone else approves it (separation of duties). Who can: Ola Berg" in text
    assert options(page) == ["hold_for_owner", "send_back"] and not page.context["chosen"]
    assert finish(client, invoice, "approve").status_code == 422
    assert "approve" in options(signed_in(w.second_admin).get(address(invoice, "review-finish")))


def test_an_invoice_that_changed_since_the_page_was_opened_is_not_decided():
    """I-5: nobody approves an amount they have not seen."""
    w = world()
    invoice = w.submitted()
    client, seen = signed_in(w.admin), invoice.version
    entries = {line_of(invoice).pk: {"work_this_period": D("900.00")}}
    amounts.save_lines(invoice, entries, by=w.second_admin, version=invoice.version)
    page = finish(client, invoice, "approve", version=seen)
    assert page.status_code == 409 and "after you opened this page" in page.content.decode()
    invoice.refresh_from_db()
    assert invoice.status == S.UNDER_REVIEW


def test_what_was_held_for_the_owner_is_approved_from_the_same_page():
    w = world()
    invoice = invoices.hold_for_owner(w.submitted(), by=w.admin)
    client = signed_in(w.admin)
    assert options(client.get(address(invoice, "review-finish"))) == ["approve", "approve_as_noted", "send_back"]
    finish(client, invoice, "approve")
    invoice.refresh_from_db()
    assert invoice.status == S.APPROVED


def test_on_a_draft_there_is_nothing_to_decide():
    w = world()
    page = signed_in(w.admin).get(address(w.draft(), "review-finish"), follow=True)
    assert "there is nothing to decide" in page.content.decode()


def test_reopening_needs_a_reason_and_brings_the_review_back():
    w = world()
    invoice = w.approved()
    client = signed_in(w.admin)
    assert client.post(address(invoice, "invoice-reopen"), {"reason": " "}).status_code == 422
    page = client.post(address(invoice, "invoice-reopen"), {"reason": "The quantity was wrong"})
    assert page.url == address(invoice)
    assert Event.objects.about(invoice).first().reason == "The quantity was wrong"
    assert client.post(address(invoice, "invoice-reopen"), {"reason": "Again"}).status_code == 409


def test_the_dialog_has_its_focus_on_the_proposal_only_where_nothing_is_to_be_read_first():
    """U3, screens 11: there Enter confirms; with an open line the heading is what is read first."""
    w = world()
    bill, dana = w.submitted(), signed_in(w.admin)
    ask = lambda **headers: text_of(dana.get(address(bill, "review-finish"), headers=headers))  # noqa: E731
    dialog = {"HX-Request": "true", "HX-Target": "dialog"}
    assert 'value="approve" checked required' in ask(**dialog)
    reviews.approve_the_rest(bill, by=w.admin)
    assert 'value="approve" checked autofocus' in ask(**dialog) and "autofocus" not in ask()
