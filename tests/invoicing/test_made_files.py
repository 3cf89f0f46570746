"""Files that a worker makes for one person (decision 23): made once, kept for a week, taken by nobody else."""

import csv
import io
import os
import time
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from directory import queue
from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing import made_storage, making, packages, printing, tasks
from invoicing.actions import attachments, commitments, deleting, made_files
from invoicing.models import Attachment, MadeFile, MadeKind
from invoicing.views import invoice_lists
from tests.factories import person, world
from tests.invoicing.pages import at, signed_in, text_of
from tests.invoicing.test_invoice_lists import many

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7, minutes=1)


@pytest.fixture
def w():
    return world()


@pytest.fixture
def messages(monkeypatch) -> list:
    """(task, id) of every message that was sent."""
    sent = []
    monkeypatch.setattr(queue, "send", lambda task, row_id: sent.append((task.name, row_id)))
    monkeypatch.setattr(tasks, "send", queue.send)
    return sent


def page_of(made: MadeFile, name: str = "made-file") -> str:
    return reverse(name, args=[made.project.slug, made.pk])


def asked(who, url: str, data=None) -> MadeFile:
    """What somebody's click leads to."""
    answer = signed_in(who).post(url, data or {})
    made = MadeFile.objects.order_by("pk").last()
    assert answer.status_code == 302 and answer.url == page_of(made)
    return made


def fresh(made: MadeFile) -> MadeFile:
    return MadeFile.objects.get(pk=made.pk)


def made_now(made: MadeFile) -> MadeFile:
    """As a worker does."""
    tasks.make_file(made.pk)
    return fresh(made)


def taken(who, made: MadeFile):
    return signed_in(who).get(page_of(made, "made-file-download"))


def content_of(answer) -> bytes:
    return b"".join(answer.streaming_content)


def zip_of(answer) -> zipfile.ZipFile:
    assert answer.status_code == 200 and answer["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(content_of(answer)))


def papers(w, who=None) -> MadeFile:
    return asked(who or w.contact, at(w.submitted(), "invoice-package"))


def certificates_url(w) -> str:
    return reverse("invoices-certificates", args=[w.project.slug])


def files_on_disk() -> list[Path]:
    return [path for path in made_storage.path_of("").rglob("*") if path.is_file()]


# From the click to the file


def test_the_papers_of_an_invoice_are_made_after_the_click_and_taken_from_their_own_page(w):
    """5, R104: nothing is printed while somebody waits for a page."""
    invoice = w.submitted()
    attachments.attach(invoice, "photo.png", b"\x89PNG\r\n\x1a\nbroken", by=w.contact)
    made = asked(w.contact, at(invoice, "invoice-package"))
    assert made.state == "waiting" and not files_on_disk()
    waiting = signed_in(w.contact).get(page_of(made))
    assert "Waiting for its turn" in text_of(waiting) and "Download file" not in text_of(waiting)
    assert f'<a href="{page_of(made)}">Look again</a>' in text_of(waiting), "without JavaScript"
    made = made_now(made)
    ready = text_of(signed_in(w.contact).get(page_of(made)))
    assert page_of(made, "made-file-download") in ready and "Kept until" in ready
    answer = taken(w.contact, made)
    assert answer["Content-Disposition"] == f'attachment; filename="{invoice.commitment.number}-01.zip"'
    assert answer["X-Content-Type-Options"] == "nosniff" and "no-store" in answer["Cache-Control"]
    assert [name.partition("/")[2] for name in zip_of(answer).namelist()][1:] == ["01 photo.png"]


def test_the_page_asks_how_far_it_is_and_is_drawn_anew_once_it_is_ready(w):
    made = papers(w)
    client = signed_in(w.contact)
    running = client.get(page_of(made), headers={"HX-Request": "true"})
    assert 'hx-trigger="every 700ms"' in text_of(running) and "HX-Refresh" not in running.headers
    for seconds, shown in ((0.5, (False, False)), (5, (True, False)), (15, (True, True))):  # 9.7
        with time_machine.travel(made.created_at + timedelta(seconds=seconds), tick=False):
            page = text_of(client.get(page_of(made)))
            assert ("<progress" in page, "You can leave this page; the work goes on." in page) == shown
    made_now(made)
    assert client.get(page_of(made), headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"


def test_a_file_that_no_worker_takes_up_says_so_and_one_that_waits_for_another_does_not(w):
    """9.10: worker silent."""
    made = papers(w, w.contact)
    client = signed_in(w.contact)
    assert "No worker has taken it up" not in text_of(client.get(page_of(made)))
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert "No worker has taken it up yet" in text_of(client.get(page_of(made)))
        asked_by = client.get(page_of(made), headers={"HX-Request": "true"})
        assert "No worker has taken it up yet" in asked_by.content.decode()
        making.claim(papers(w, w.contact).pk)
        assert "Waiting for its turn" in text_of(client.get(page_of(made)))


def test_a_second_click_gives_the_file_that_is_on_its_way(w):
    invoice = w.submitted()
    first, second = (asked(w.contact, at(invoice, "invoice-package")) for _ in range(2))
    assert first == second
    made_now(first)
    assert asked(w.contact, at(invoice, "invoice-package")) != first, "what is ready may be out of date"


def test_each_click_wakes_a_worker_after_the_commit(w, messages, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        made = papers(w)
    assert ("invoicing.tasks.make_file", made.pk) in messages


def test_who_took_it_away_is_written_down_each_time(w):
    """R124: the papers on the invoice, with their names; a list and certificates by what they are."""
    invoice = w.submitted()
    attachments.attach(invoice, "proof.pdf", b"%PDF-1.4 x", by=w.contact)
    made = made_now(asked(w.contact, at(invoice, "invoice-package")))
    attachments.attach(invoice, "later.pdf", b"%PDF-1.4 y", by=w.contact)
    for _ in range(2):
        taken(w.contact, made)
    events = Event.objects.about(invoice).filter(verb="downloaded all files", by=w.contact)
    assert [event.changes for event in events] == [{"files": ["", "proof.pdf"]}] * 2
    made = made_now(asked(w.admin, certificates_url(w), {"found": "1"}))
    taken(w.admin, made)
    event = Event.objects.get(verb="downloaded certificates")
    assert (event.subject_text, event.project, event.by) == ("One certificate", w.project, w.admin)


# Certificates of many


def test_the_ticked_invoices_come_as_a_pdf_each_under_names_that_are_safe_and_never_alike(w):
    """9.2, R110: a vendor called like a path."""
    w.vendor.name = "../Acme: Concrete"
    w.vendor.save()
    invoices = [w.submitted(w.draft(w.commitment(number=number))) for number in ("SC.1", "SC_1", "SC-2")]
    made = made_now(asked(w.admin, certificates_url(w), {"invoice": [each.pk for each in invoices[:2]]}))
    package = zip_of(taken(w.admin, made))
    assert package.namelist() == ["001 SC.1-01 .._Acme_ Concrete.pdf", "002 SC_1-01 .._Acme_ Concrete.pdf"]
    assert all(package.read(name).startswith(b"%PDF") for name in package.namelist())
    assert made.title == "2 certificates" and made.left_out == 0


def test_all_that_the_filters_find_come_in_the_order_of_the_list_and_nothing_hidden_among_them(w):
    """P-1, P-2: also what can't be ticked, such as a draft; for readers and contacts as well."""
    hidden = w.submitted(w.draft(w.commitment(number="SC-8")))
    shown = w.submitted(w.draft(w.commitment(number="SC-9", is_private=False)))
    w.draft(w.commitment(number="SC-7", is_private=False))
    url = certificates_url(w)
    held = {}
    for who in (w.admin, w.reader, w.contact):
        made = made_now(asked(who, f"{url}?sort=commitment", {"found": "1", "invoice": hidden.pk}))
        held[who] = [name[4:8] for name in zip_of(taken(who, made)).namelist()]
    assert held == {w.admin: ["SC-7", "SC-8", "SC-9"], w.reader: ["SC-7", "SC-9"], w.contact: ["SC-7", "SC-8", "SC-9"]}
    filtered = made_now(asked(w.reader, f"{url}?status=under_review", {"found": "1"}))
    assert fresh(filtered).invoices == [shown.pk]
    ticked = signed_in(w.reader).post(url, {"invoice": hidden.pk})
    assert ticked.url == reverse("invoices", args=[w.project.slug]), "of what was hidden nothing was chosen"


def test_of_more_than_two_hundred_come_the_first_and_the_page_says_so(w):
    many(w, 201)
    client = signed_in(w.admin)
    answer = client.post(certificates_url(w), {"found": "1"}, follow=True)
    assert "201 match. These are the first 200; narrow the list for others." in text_of(answer)
    assert len(MadeFile.objects.get().invoices) == 200
    too_many = client.post(certificates_url(w), {"invoice": list(range(1, 10_000))}, follow=True)
    assert "Those were 201. Choose 200 at most" in text_of(too_many) and MadeFile.objects.count() == 1


def test_a_certificate_that_cannot_be_printed_is_named_in_the_file_and_on_the_page(w, monkeypatch):
    bad, good = (w.submitted(w.draft(w.commitment(number=number))) for number in ("SC-1", "SC-2"))
    real = packages.certificate

    def certificate(invoice, rows):
        if invoice.pk == bad.pk:
            raise printing.NotPrinted("It could not be printed.")
        return real(invoice, rows)

    monkeypatch.setattr(packages, "certificate", certificate)
    made = made_now(asked(w.admin, certificates_url(w), {"invoice": [bad.pk, good.pk]}))
    package = zip_of(taken(w.admin, made))
    assert package.namelist() == ["002 SC-2-01 Acme Concrete.pdf", "Not printed.txt"]
    assert "001 SC-1-01 Acme Concrete.pdf" in package.read("Not printed.txt").decode()
    assert "1 of them could not be printed and is not in it" in text_of(signed_in(w.admin).get(page_of(made)))


# Long lists


def test_up_to_two_thousand_rows_come_at_once_and_more_in_the_background(w, monkeypatch):
    """9.2; with two for two thousand."""
    monkeypatch.setattr(invoice_lists, "AT_ONCE", 2)
    many(w, 2)
    client, url = signed_in(w.admin), reverse("invoices-csv", args=[w.project.slug])
    at_once = content_of(client.get(url))
    assert len(list(csv.reader(io.StringIO(at_once.decode("utf-8-sig"))))) == 3
    assert "Make a CSV" not in text_of(client.get(reverse("invoices", args=[w.project.slug])))
    many(w, 1, start=2)
    told = client.get(url, follow=True)
    assert "3 rows take a while" in text_of(told) and "Make a CSV" in text_of(told)
    made = asked(w.admin, f"{url}?sort=-commitment")
    assert made.total == 3
    answer = taken(w.admin, made_now(made))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(content_of(answer).decode("utf-8-sig"))))
    assert [row["Commitment"] for row in rows] == ["SC-90002", "SC-90001", "SC-90000"]
    workbook = made_now(asked(w.admin, reverse("invoices-xlsx", args=[w.project.slug]) + "?sort=commitment"))
    sheet = load_workbook(io.BytesIO(content_of(taken(w.admin, workbook)))).active
    assert [row[2].value for row in sheet.iter_rows(min_row=2)] == ["SC-90000", "SC-90001", "SC-90002"]
    assert workbook.title == "List as Excel, 3 rows"


def test_a_list_made_in_the_background_is_the_same_as_one_that_comes_at_once(w):
    w.approved()
    w.submitted(w.draft(w.commitment()))
    url = reverse("invoices-csv", args=[w.project.slug])
    at_once = content_of(signed_in(w.admin).get(url))
    assert content_of(taken(w.admin, made_now(asked(w.admin, url)))) == at_once


# Whose it is


def test_a_file_is_there_for_nobody_but_whoever_asked(w):
    """P-8: not for another Admin, nor for the site owner."""
    made, other = made_now(papers(w, w.admin)), world("Harbor Works")
    for who in (w.second_admin, w.contact, w.owner, other.admin):
        client = signed_in(who)
        for name in ("made-file", "made-file-download"):
            assert client.get(page_of(made, name)).status_code == 404
        assert client.post(page_of(made, "made-file-again")).status_code == 404
    assert made.title not in text_of(signed_in(w.second_admin).get(reverse("made-files", args=[w.project.slug])))
    assert made.title in text_of(signed_in(w.admin).get(reverse("made-files", args=[w.project.slug])))
    assert signed_in(w.admin).get(page_of(made)).status_code == 200
    assert not Event.objects.filter(verb="downloaded all files").exists()


def no_more_a_contact(w, invoice):
    contact = invoice.commitment.invoice_contacts.get(person=w.contact)
    commitments.remove_contact(contact, by=w.admin)


def no_level(w, invoice):
    set_level(w.contact, Tool.COMMITMENTS, w.project, Level.NONE, by=w.owner)


def deactivated(w, invoice):
    w.contact.memberships.update(is_active=False)


@pytest.mark.parametrize("lose", [no_more_a_contact, no_level, deactivated])
@pytest.mark.parametrize("when", ["before it is made", "after it is made"])
def test_who_may_not_see_an_invoice_any_more_gets_nothing_of_it(w, lose, when):
    """R102: asked when it is made, and again when it is taken."""
    invoice = w.submitted()
    made = asked(w.contact, at(invoice, "invoice-package"))
    if when == "after it is made":
        made = made_now(made)
        assert made.is_ready
    lose(w, invoice)
    if when == "before it is made":
        made = made_now(made)
        assert made.state == "failed" and not files_on_disk()
    answer = taken(w.contact, made)
    assert answer.status_code == 404
    assert signed_in(w.contact).get(page_of(made)).status_code == 404
    assert not Event.objects.filter(verb="downloaded all files").exists()


def test_one_hidden_invoice_among_many_closes_the_whole_file(w):
    invoices = [w.submitted(w.draft(w.commitment(is_private=False))) for _ in range(2)]
    made = made_now(asked(w.reader, certificates_url(w), {"found": "1"}))
    assert taken(w.reader, made).status_code == 200
    invoices[1].commitment.is_private = True
    invoices[1].commitment.save()
    assert taken(w.reader, made).status_code == 404


def test_what_is_hidden_before_the_file_is_made_is_not_in_it(w):
    invoices = [w.submitted(w.draft(w.commitment(is_private=False))) for _ in range(2)]
    made = asked(w.reader, certificates_url(w), {"found": "1"})
    invoices[1].commitment.is_private = True
    invoices[1].commitment.save()
    made = made_now(made)
    [name] = zip_of(taken(w.reader, made)).namelist()
    assert name.startswith(f"001 {invoices[0].commitment.number}-01") and made.invoices == [invoices[0].pk]


def test_an_action_alone_checks_who_asks(w):
    stranger = person("Stan Stranger", w.company)
    invoice = w.submitted()
    with pytest.raises(NotAllowed):
        made_files.ask_for_papers(invoice, by=stranger)
    made = made_files.ask_for_papers(invoice, by=w.contact)
    with pytest.raises(MadeFile.DoesNotExist):
        made_files.try_again(made, by=w.admin)


# Once, however often


def test_making_it_twice_changes_nothing(w):
    """R4."""
    made = made_now(papers(w))
    [before] = files_on_disk()
    again = made_now(made)
    assert (again.key, again.expires_at, files_on_disk()) == (made.key, made.expires_at, [before])


def test_one_worker_has_it_and_a_late_one_changes_nothing(w, monkeypatch):
    """R4, R20: while the first one packs, its lease runs out and another worker makes the file."""
    made, real = papers(w), packages.pack_papers

    def slow(out, invoice, files, access, step):
        assert making.claim(made.pk) is None, "it has its lease"
        monkeypatch.setattr(making, "pack_papers", real)
        MadeFile.objects.filter(pk=made.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        tasks.make_file(made.pk)
        assert fresh(made).state == "ready"
        real(out, invoice, files, access, lambda: None)

    monkeypatch.setattr(making, "pack_papers", slow)
    tasks.make_file(made.pk)
    ready = fresh(made)
    assert ready.state == "ready" and ready.attempts == 2
    assert files_on_disk() == [made_storage.path_of(ready.key)], "the late one leaves nothing behind"


def test_of_many_that_wait_one_is_made_at_a_time(w, messages):
    """So that a worker stays free for what accounting waits for."""
    first, second = papers(w), asked(w.contact, at(w.submitted(w.draft(w.commitment())), "invoice-package"))
    assert making.claim(first.pk)
    assert making.claim(second.pk) is None
    with time_machine.travel(timezone.now() + timedelta(seconds=11), tick=False):
        tasks.sweep_made_files()
    assert messages == []
    with time_machine.travel(timezone.now() + making.LEASE + timedelta(seconds=1), tick=False):
        tasks.sweep_made_files()
        tasks.sweep_made_files()
    assert messages == [("invoicing.tasks.make_file", first.pk), ("invoicing.tasks.make_file", second.pk)]


def test_a_file_whose_message_was_lost_is_found_by_the_sweep(w, messages):
    made = papers(w)
    tasks.sweep_made_files()
    assert messages == [], "its message may still come"
    with time_machine.travel(timezone.now() + timedelta(seconds=11), tick=False):
        tasks.sweep_made_files()
    assert messages == [("invoicing.tasks.make_file", made.pk)]


def test_a_file_that_killed_every_worker_fails_and_says_what_to_do(w):
    """R20, R21."""
    made = papers(w)
    for attempt in range(3):
        with time_machine.travel(timezone.now() + attempt * (making.LEASE + timedelta(seconds=1)), tick=False):
            assert making.claim(made.pk)
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        assert making.claim(made.pk) is None
        tasks.sweep_made_files()
    made = fresh(made)
    assert (made.state, made.error) == ("failed", "Making it was interrupted 3 times.")
    page = text_of(signed_in(w.contact).get(page_of(made)))
    assert "Try again; if it fails again, call the site’s owner" in page


# What goes wrong


def test_a_printer_that_fails_is_tried_three_times_and_then_by_the_person(w, monkeypatch, tmp_path):
    program = tmp_path / "printer.py"
    program.write_text("import sys; sys.exit('out of memory')")
    monkeypatch.setattr(printing, "PRINTER", program)
    made = papers(w)
    for state in ("waiting", "waiting", "failed"):
        made = made_now(made)
        assert made.state == state and not files_on_disk()
    page = text_of(signed_in(w.contact).get(page_of(made)))
    assert "The certificate could not be printed now" in page and page_of(made, "made-file-again") in page
    monkeypatch.undo()
    for _ in range(2):
        signed_in(w.contact).post(page_of(made, "made-file-again"))
    assert made_now(made).is_ready and taken(w.contact, made).status_code == 200
    with pytest.raises(NotNow):
        made_files.try_again(made, by=w.contact)


def test_a_printer_that_fails_for_all_is_no_file_of_nothing(w, monkeypatch):
    calls = []

    def certificate(invoice, rows):
        calls.append(invoice)
        raise printing.NotPrinted("It could not be printed.")

    monkeypatch.setattr(packages, "certificate", certificate)
    many(w, 5)
    made = asked(w.admin, certificates_url(w), {"found": "1"})
    for _ in range(3):
        made = made_now(made)
    assert made.state == "failed" and len(calls) == 9, "three in a row are enough, each time"


def test_a_mistake_of_the_program_is_told_without_its_words(w, monkeypatch):
    def broken(out, invoice, files, access, step):
        raise ValueError("secret detail")

    monkeypatch.setattr(making, "pack_papers", broken)
    made = made_now(papers(w))
    assert made.state == "failed" and "secret" not in made.error and not files_on_disk()


def test_a_full_disk_makes_no_file(w):
    made = papers(w)
    with override_settings(ATTACHMENTS_LEAVE_FREE_BYTES=10**18):
        made = made_now(made)
    assert made.state == "failed" and "disk is nearly full" in made.error


def test_a_file_that_is_gone_from_the_disk_can_be_made_again(w):
    made = made_now(papers(w))
    made_storage.path_of(made.key).unlink()
    answer = signed_in(w.contact).get(page_of(made, "made-file-download"), follow=True)
    assert "not in its place any more" in text_of(answer) and "Try again" in text_of(answer)
    assert not Event.objects.filter(verb="downloaded all files").exists()
    signed_in(w.contact).post(page_of(made, "made-file-again"))
    assert taken(w.contact, made_now(made)).status_code == 200


def test_an_attachment_that_is_gone_is_named_in_the_papers(w):
    invoice = w.submitted()
    attachments.attach(invoice, "proof.pdf", b"%PDF-1.4 x", by=w.contact)
    stored = Attachment.objects.get()
    stored.file.storage.delete(stored.file.name)
    package = zip_of(taken(w.contact, made_now(asked(w.contact, at(invoice, "invoice-package")))))
    assert "01 proof.pdf" in package.read(package.namelist()[-1]).decode()


# How many, how long


def test_somebody_with_five_on_their_way_waits_for_one(w):
    invoices = [w.submitted(w.draft(w.commitment())) for _ in range(6)]
    for invoice in invoices[:5]:
        asked(w.contact, at(invoice, "invoice-package"))
    answer = signed_in(w.contact).post(at(invoices[5], "invoice-package"), follow=True)
    assert answer.redirect_chain[-1][0] == at(invoices[5])
    assert "5 files are on their way to you already" in text_of(answer) and MadeFile.objects.count() == 5
    asked(w.admin, at(invoices[5], "invoice-package"))


def test_the_oldest_of_twenty_makes_room(w, django_capture_on_commit_callbacks, monkeypatch, messages):
    monkeypatch.setattr(made_files, "KEPT", 2)
    invoice, made = w.submitted(), []
    for _ in range(4):
        with django_capture_on_commit_callbacks(execute=True):
            made.append(asked(w.contact, at(invoice, "invoice-package")))
        made[-1] = made_now(made[-1])
    assert [fresh(each).state for each in made] == ["expired", "ready", "ready", "ready"]
    assert "Ask for it again there" in text_of(signed_in(w.contact).get(page_of(made[0])))


def test_a_file_is_gone_after_a_week_and_its_page_leads_to_where_it_can_be_asked_for(w):
    """Also in the minute before the hourly task has come by; doing it twice changes nothing."""
    invoice = w.submitted()
    made, failed = made_now(asked(w.contact, at(invoice, "invoice-package"))), papers(w, w.admin)
    making.give_up(making.claim(failed.pk), "Because.")
    assert tasks.clear_made_files() == 0 and taken(w.contact, made).status_code == 200
    with time_machine.travel(timezone.now() + WEEK, tick=False):
        assert signed_in(w.contact).get(page_of(made, "made-file-download")).url == page_of(made)
        assert "Download file" not in text_of(signed_in(w.contact).get(page_of(made)))
        assert [tasks.clear_made_files() for _ in range(2)] == [2, 0]
        page = text_of(signed_in(w.contact).get(page_of(made)))
    assert not files_on_disk() and fresh(made).invoices == [] and fresh(failed).state == "expired"
    assert f'href="{at(invoice)}"' in page and "The file was removed" in page


def test_what_no_row_names_is_removed_after_an_hour(w):
    """R112: what a killed worker left, whole or half."""
    made = made_now(papers(w))
    old, young = (made_storage.path_of(f"{made.pk}/{name}") for name in ("old.part", "young.part"))
    for path in (old, young):
        path.write_bytes(b"half")
    an_hour_ago = time.time() - 3700
    for path in (old, made_storage.path_of(made.key)):
        os.utime(path, (an_hour_ago, an_hour_ago))
    assert [made_storage.remove_orphans() for _ in range(2)] == [1, 0]
    assert sorted(files_on_disk()) == sorted([young, made_storage.path_of(made.key)])


def test_a_deleted_invoice_is_not_in_it(w):
    invoices = [w.draft(w.commitment(is_private=False)) for _ in range(2)]
    made = asked(w.reader, certificates_url(w), {"found": "1"})
    deleting.delete(invoices[0], by=w.admin, reason="Twice")
    assert made_now(made).invoices == [invoices[1].pk]


def test_an_empty_choice_is_told_what_is_missing(w):
    w.submitted()
    answer = signed_in(w.admin).post(certificates_url(w), follow=True)
    assert "None was chosen. Choose at least one." in text_of(answer) and not MadeFile.objects.exists()


def test_a_list_longer_than_anybody_reads_is_refused(w, monkeypatch):
    monkeypatch.setattr(made_files, "MOST_ROWS", 2)
    with pytest.raises(Refused, match="Narrow the list"):
        made_files.ask_for_list(w.project, MadeKind.CSV, [1, 2, 3], asked_on="/", by=w.admin)


@pytest.mark.parametrize("wrong", [{"state": "making"}, {"state": "ready"}, {"state": "failed"}, {"key": "1/a"}])
def test_no_state_is_stored_without_what_it_means(w, wrong):
    made = papers(w)
    with pytest.raises(IntegrityError), transaction.atomic():
        MadeFile.objects.filter(pk=made.pk).update(**wrong)
