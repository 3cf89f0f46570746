"""Mails about decisions name who decided and answer to them, with the figures that people look for (section 10)."""

import ast
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine

from directory.models import Mail
from invoicing import notifications
from invoicing.actions import amounts, invitations, invoices, reviews
from invoicing.models import BillingSettings, Invoice, InvoiceType, Verdict
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in, text_of


@pytest.fixture
def w(db):
    return world()


def newest(to) -> Mail:
    return Mail.objects.filter(to=to).latest("pk")


def returned(w, *figures: dict, approved: bool = False) -> Invoice:
    lines = [w.line("Footings", "10000.00"), w.line("Slab", "10000.00")]
    invoice = w.submitted(w.draft(w.commitment(lines=lines)), *figures)
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "No delivery note", by=w.admin)
    if approved:
        reviews.decide(invoice.lines.last(), Verdict.APPROVED, by=w.admin)
    return invoices.send_back(Invoice.objects.with_context().get(pk=invoice.pk), by=w.admin)


def test_who_sent_it_back_is_named_and_answers(w):
    with time_machine.travel(datetime(2030, 6, 20, 18, tzinfo=UTC)):
        returned(w, {"work_this_period": D("100.00")}, {"work_this_period": D("200.00")}, approved=True)
    mail = newest(w.contact)
    assert "Dana Cole of Cascade Builders reviewed" in mail.text and "on Thu 20 Jun 2030. 1 line is fine." in mail.text
    assert mail.reply_to == w.admin.email


def test_a_line_that_nobody_decided_on_is_not_called_fine(w):
    returned(w, {"work_this_period": D("100.00")}, {"work_this_period": D("200.00")})
    assert "fine" not in newest(w.contact).text and "fine" not in newest(w.contact).html


def test_a_rejected_line_of_stored_material_says_what_was_claimed(w):
    returned(w, {"stored_new": D("500.00")}, {"work_this_period": D("200.00")})
    mail = newest(w.contact)
    assert "claimed 500.00" in mail.text and "claimed 0.00" not in mail.text and "500.00" in mail.html


def all_rejected(w, count: int, reason: str = "Photo {} is missing") -> Invoice:
    """`count` lines, each claimed and rejected for a reason with its own number."""
    lines = [w.line(f"Partition type {n}, L{n % 40}", "10000.00") for n in range(count)]
    claimed = [{"work_this_period": D(f"{1000 + n}.25")} for n in range(count)]
    invoice = w.submitted(w.draft(w.commitment(lines=lines)), *claimed)
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, reason.format(0), by=w.admin)
    others = list(invoice.lines.all())[1:]
    for n, line in enumerate(others, 1):
        line.verdict, line.verdict_reason, line.verdict_by = Verdict.REJECTED, reason.format(n), w.admin
    invoice.lines.bulk_update(others, ["verdict", "verdict_reason", "verdict_by"], batch_size=200)
    return Invoice.objects.with_context().get(pk=invoice.pk)


@pytest.mark.parametrize("count", [12, 500])
def test_the_mail_of_a_return_carries_every_rejected_line_with_reason_claimed_and_allowed(w, count):
    """5.1; ten in a table, the others in a sentence each, below 60 KB (screens 10)."""
    invoice = all_rejected(w, count)
    asked = text_of(signed_in(w.admin).get(at(invoice, "review-finish")))
    assert "gets a mail with every rejected line and its reason." in asked
    invoices.send_back(invoice, by=w.admin)
    mail = newest(w.contact)
    for words in (mail.text, mail.html, asked):
        for n in range(count):
            assert f"Partition type {n}, L{n % 40}" in words and f"{1000 + n:,}.25" in words, n
            assert f"Photo {n} is missing" in words, n
        assert words.count("not changed") >= count and "no room" not in words
    assert len(mail.html.encode()) < 60_000 and len(mail.text.encode()) < 60_000


def test_what_has_no_room_in_the_html_of_a_return_stands_in_its_text_and_is_counted(w):
    """5.1, screens 10: reasons of 300 characters on 500 lines; the HTML stays below 60 KB, the text lists them all."""
    invoice = all_rejected(w, 500, "Level {:03} & the rest <are> not framed, " + "see the photos " * 17)
    asked = text_of(signed_in(w.admin).get(at(invoice, "review-finish")))
    invoices.send_back(invoice, by=w.admin)
    mail = newest(w.contact)
    assert all(f"Level {n:03} & the rest" in mail.text for n in range(500)) and "no room" not in mail.text
    carried = sum(f"Level {n:03} &amp; the rest" in mail.html for n in range(500))
    assert 10 < carried < 500
    for words in (" ".join(mail.html.split()), asked):
        assert f"{500 - carried} more rejected lines have no room here. They stand in the plain text" in words
    assert f"with every rejected line and its reason; {500 - carried} of them in its plain text only." in asked
    assert all(f"Level {n:03} &amp; the rest" in asked for n in range(500)), "the page lists them all"
    assert len(mail.html.encode()) < 60_000


REASON = "See the photos of <Level 4> & the delivery notes " * 6


def cut_everywhere(w, rejected: int, cut: int) -> Invoice:
    """Every figure of each line is allowed otherwise than it was claimed: work, moved, stored and held of both."""
    lines = [w.line(f"Pour {n:02}", "10000.00") for n in range(rejected + cut)]
    commitment = w.commitment(lines=lines)
    w.approved(w.draft(commitment), *[{"stored_new": D("500.00")}] * len(lines))
    period = w.period(date(2030, 7, 1))
    claim = {"work_this_period": D("500.00"), "stored_moved": D("300.00"), "stored_new": D("200.00")}
    invoice = w.submitted(w.draft(commitment, period), *[claim] * len(lines))
    held = {"work_retainage": D("1.00"), "stored_retainage": D("2.00")}
    held |= {f"{name}_is_typed": True for name in held}
    allowed = {name: amount - 100 for name, amount in claim.items()} | held | {"allowed_reason": REASON}
    entries = {line.pk: dict(allowed) for line in invoice.lines.all()}
    invoice = amounts.save_lines(invoice, entries, by=w.admin, version=invoice.version)
    some = list(invoice.lines.order_by("pk")[:rejected])
    for line in some:
        line.verdict, line.verdict_reason, line.verdict_by = Verdict.REJECTED, REASON, w.admin
    invoice.lines.bulk_update(some, ["verdict", "verdict_reason", "verdict_by"])
    return Invoice.objects.with_context().get(pk=invoice.pk)


@pytest.mark.parametrize(("rejected", "cut"), [(10, 10), (20, 0), (0, 20), (40, 20), (1, 0)])
def test_a_mail_of_lines_with_every_figure_changed_stays_below_60_kb_and_counts_the_rest(w, rejected, cut):
    """Screens 10: fewer rows in the tables rather than a mail that is cut off."""
    invoices.send_back(cut_everywhere(w, rejected, cut), by=w.admin, comment="See the lines")
    mail = newest(w.contact)
    assert len(mail.html.encode()) < 60_000
    assert all(f"Pour {n:02}" in mail.text for n in range(rejected))
    told = sum(f"Pour {n:02}" in mail.html for n in range(rejected))
    assert told == rejected or f"{rejected - told} more rejected line" in mail.html
    shown = sum(f"Pour {n:02}" in mail.text for n in range(rejected, rejected + cut))
    assert shown == cut or "The others are marked on the sheet." in mail.text or f"{cut} lines are allowed" in mail.text


def test_a_mail_of_an_approval_with_every_figure_changed_stays_below_60_kb(w):
    invoices.approve(cut_everywhere(w, 0, 20), by=w.second_admin)
    mail = newest(w.contact)
    assert len(mail.html.encode()) < 60_000 and "The others are marked on the bill." in mail.text


def test_of_lines_that_were_only_cut_the_mail_shows_ten(w):
    lines = [w.line(f"Pour {n}", "10000.00") for n in range(12)]
    invoice = w.submitted(w.draft(w.commitment(lines=lines)), *[{"work_this_period": D("500.00")}] * 12)
    cut = {line.pk: {"work_this_period": D("400.00"), "allowed_reason": "Counted"} for line in invoice.lines.all()}
    invoice = amounts.save_lines(invoice, cut, by=w.admin, version=invoice.version)
    invoices.send_back(invoice, by=w.admin, comment="See the sheet")
    mail = newest(w.contact)
    for words in (mail.text, mail.html):
        assert "Pour 9" in words and "Pour 10" not in words and "The others are marked on the sheet." in words


def test_approved_and_reopened_name_who_did_it_and_answer_to_them(w):
    invoice = invoices.approve(w.submitted(), by=w.admin)
    assert "Dana Cole of Cascade Builders approved" in newest(w.contact).text
    assert newest(w.contact).reply_to == w.admin.email
    invoices.reopen(invoice, by=w.second_admin, reason="Counted again")
    assert f"{w.second_admin.name} of Cascade Builders reopened" in newest(w.contact).text
    assert newest(w.contact).reply_to == w.second_admin.email


def test_a_revision_carries_the_lines_that_changed(w):
    BillingSettings.objects.create(project=w.project).distribution_list.add(w.reader)
    back = returned(w, {"work_this_period": D("100.00")}, {"work_this_period": D("200.00")})
    assert "again" not in newest(w.reader).headline
    w.submitted(back, {"work_this_period": D("80.00")}, number="A-2")
    mail = newest(w.reader)
    assert "sent bill 1 again" in mail.headline
    assert "This period: the review left 100.00, now 80.00" in mail.text and "200.00" not in mail.text


def test_a_bill_sent_on_behalf_says_by_whom(w):
    BillingSettings.objects.create(project=w.project).distribution_list.add(w.reader)
    w.submitted(by=w.admin)
    assert newest(w.reader).headline.startswith("Dana Cole, for Acme Concrete, sent bill 1")


def test_an_invite_says_until_when_on_which_clock_in_the_mail_and_on_the_page(w):
    """U10."""
    [invited] = invitations.invite(w.period(), [w.commitment()], InvoiceType.WORK, by=w.admin)
    until = "the end of Tue 25 Jun 2030, Chicago time"
    mail = newest(w.contact)
    assert until in mail.text and until in mail.html
    assert until in text_of(signed_in(w.contact).get(f"/invitations/{invited.invitation.token}/"))
    assert (
        "Your settings: " in mail.text and "/me/" in mail.html and f"Your answer goes to {w.admin.email}" in mail.text
    )


def test_every_mail_about_a_bill_answers_to_a_person():
    """Section 10: Reply-To is the person, not a robot."""
    nodes = [node for file in Path(notifications.__file__).parent.glob("*.py") for node in _nodes_of(file)]
    posts = [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "post"]
    assert len(posts) > 10
    assert [node.lineno for node in posts if "reply_to" not in {word.arg for word in node.keywords}] == []


def _nodes_of(file: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(file.read_text())))
