"""Dry runs of many invoices are made in the background (decision 23, 9.7): the same workbook, and how far it is."""

import io
import re
import zipfile
from datetime import date, timedelta

import openpyxl
import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed
from erp_integrations import dry_run_sizes, dry_runs
from erp_integrations.actions import exports
from erp_integrations.actions.dry_runs import ask_for_dry_run
from invoicing import making, tasks
from invoicing.models import Invoice, MadeFile
from tests.erp_integrations.pages import queries, queue_url, signed_in, text_of
from tests.erp_integrations.test_queue_filters import locked_june_and_a_failed_file
from tests.erp_integrations.test_releases import with_release
from tests.erp_integrations.world import SageWorld, sage_world
from tests.factories import person
from tests.invoicing.test_made_files import content_of, files_on_disk, fresh, made_now

ALL = {"all": "1"}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Two for five hundred, and one for a hundred."""
    monkeypatch.setattr(dry_run_sizes, "AT_ONCE", 2)
    monkeypatch.setattr(dry_runs, "BY_HUNDREDS", 1)


def of_queue(sage: SageWorld) -> str:
    return reverse("erp-dry-run", args=[sage.company.slug])


def of_project(sage: SageWorld) -> str:
    return reverse("invoices-dry-run", args=[sage.base.project.slug])


def page_of(made: MadeFile, page: str = "") -> str:
    stem = "made-file" if made.project else "erp-file"
    return reverse(stem + page, args=[made.place.slug, made.pk])


def asked(client, url: str, data: dict | None = None) -> MadeFile:
    answer = client.post(url, data or ALL)
    made = MadeFile.objects.order_by("pk").last()
    assert answer.status_code == 302 and answer.url == page_of(made)
    return made


def sheets_of(content: bytes) -> list[list[tuple]]:
    return [list(sheet.iter_rows(values_only=True)) for sheet in openpyxl.load_workbook(io.BytesIO(content))]


def marks_of(content: bytes) -> list[tuple[str, str]]:
    """Where a note stands, and what it says."""
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(content))["Dry run"].iter_rows() for cell in row]
    return [(cell.coordinate, cell.comment.text) for cell in cells if cell.comment]


@pytest.fixture
def three(sage):
    """The first and the last have numbers that look alike (R19)."""
    return [sage.sent(sage.approved(number=number)) for number in ("A-1", "A-2", "A-01")]


KINDS = pytest.mark.parametrize("url", [of_queue, of_project])


def whose(sage: SageWorld, url):
    """Of the queue: whoever may look; of a project: its invoice administrator."""
    return sage.base.staff if url is of_queue else sage.base.admin


@KINDS
def test_more_than_five_seconds_worth_is_made_in_the_background_and_is_the_same(sage, three, url, monkeypatch):
    """E-5, 9.7: by the same person, of the same invoices, cell by cell and mark by mark."""
    who = whose(sage, url)
    client = signed_in(who)
    monkeypatch.setattr(dry_run_sizes, "AT_ONCE", 3)
    at_once = client.post(url(sage), ALL)
    assert at_once["Content-Type"].endswith("sheet") and not MadeFile.objects.exists()
    monkeypatch.setattr(dry_run_sizes, "AT_ONCE", 2)
    made = asked(client, url(sage))
    assert (made.person, made.total, made.state) == (who, 6, "waiting") and not files_on_disk()
    assert made.title in ("Dry run, 3 invoices", "Dry run of the queue, 3 invoices")
    assert asked(client, url(sage)) == made, "a second click gives the one on its way"
    made = made_now(made)
    answer = client.get(page_of(made, "-download"))
    for name in ("Content-Type", "Content-Disposition", "Cache-Control"):
        assert answer[name] == at_once[name]
    content = content_of(answer)
    assert sheets_of(content) == sheets_of(at_once.content) and len(sheets_of(content)[0]) == 2 + 6
    assert marks_of(content) == marks_of(at_once.content) != []
    event = Event.objects.get(verb="downloaded a dry run")
    assert (event.by, event.company, event.project) == (who, sage.company, made.project)
    assert event.changes == {"file": ["", made.name]}


@KINDS
def test_its_page_says_how_many_are_checked_and_then_how_many_are_written(sage, three, url, monkeypatch):
    """9.7: it rises invoice by invoice, never stands on another person's page, and each step renews the lease."""
    client = signed_in(whose(sage, url))
    made, seen, leases = asked(client, url(sage)), [], []
    real = making.report

    def report(made, done):
        real(made, done)
        shown = text_of(client.get(page_of(made), headers={"HX-Request": "true"}))
        seen.append(re.search(r"\d of 3 \w+\.|All 3 are written. The file is being packed.", shown)[0])
        leases.append(fresh(made).lease_until)

    monkeypatch.setattr(making, "report", report)
    made = made_now(made)
    rising = [*(f"{n} of 3 checked." for n in range(4)), *(f"{n} of 3 written." for n in (1, 2))]
    assert list(dict.fromkeys(seen)) == [*rising, "All 3 are written. The file is being packed."]
    assert leases == sorted(leases) and len(set(leases)) == len(leases) > 6 + 4
    assert (made.state, made.done, made.total) == ("ready", 6, 6)
    assert "The file is ready" in text_of(client.get(page_of(made)))


def test_findings_across_invoices_are_those_of_the_whole_and_every_invoice_is_told_of_once(three):
    """S11: however many stand between them; where nobody listens it says the same."""
    told = []
    [listened], [alone] = exports.preview_by_file(three, step=told.append), exports.preview_by_file(three)
    assert listened.findings == alone.findings and sum(told) == 3 and told.count(0) >= 4
    first, _, last = (str(each.invoice_id) for each in three)
    assert {each.invoice_id for each in listened.findings if each.rule == "S11"} == {first, last}


def test_of_what_failed_in_several_files_an_archive_comes_from_the_background_too(sage, monkeypatch):
    """S27: its name says so once it is known."""
    monkeypatch.setattr(dry_run_sizes, "AT_ONCE", 1)
    one, two = sage.sent(), sage.sent()
    batch = locked_june_and_a_failed_file(sage, one)
    client = signed_in(sage.base.staff)
    made = made_now(asked(client, of_queue(sage), {"export": [one.pk, two.pk]}))
    answer = client.get(page_of(made, "-download"))
    assert answer["Content-Type"] == "application/zip" and answer["Content-Disposition"].endswith('.zip"')
    books = zipfile.ZipFile(io.BytesIO(content_of(answer)))
    assert books.namelist() == ["dry-run-EXP-000002.xlsx", f"dry-run-{batch.key}.xlsx"]


def test_the_day_that_was_chosen_for_the_file_is_that_of_its_dry_run(sage, three, monkeypatch):
    """E-5: another day is another file, also while the first is on its way."""
    client, ids = signed_in(sage.base.staff), {"export": [each.pk for each in three]}
    on_a_day = ids | {"accounting_date": "2030-05-11"}
    made = asked(client, of_queue(sage), on_a_day)
    assert made.day == date(2030, 5, 11) and asked(client, of_queue(sage), ids).day is None
    sheets = sheets_of(content_of(client.get(page_of(made_now(made), "-download"))))
    monkeypatch.setattr(dry_run_sizes, "AT_ONCE", 3)
    at_once, without = (sheets_of(client.post(of_queue(sage), data).content) for data in (on_a_day, ids))
    assert sheets == at_once != without


def test_an_address_alone_asks_for_nothing_and_says_where_to_press(sage, three):
    client = signed_in(sage.base.staff)
    told = client.get(of_queue(sage), ALL, follow=True)
    assert "3 invoices take a while" in text_of(told) and not MadeFile.objects.exists()
    page = text_of(client.get(queue_url(sage.company)))
    assert "The workbook of all 3 is made in the background." in page and 'form="check-all"' in page
    assert f'href="{reverse("erp-files", args=[sage.company.slug])}"' in page
    found = client.post(f"{of_queue(sage)}?vendor={sage.base.vendor.pk}", ALL | {"vendor": sage.base.vendor.pk})
    assert MadeFile.objects.get().asked_on == queue_url(sage.company, f"?vendor={sage.base.vendor.pk}")
    assert found.url == page_of(MadeFile.objects.get())


def test_what_was_answered_meanwhile_is_not_in_it(sage, three):
    client = signed_in(sage.base.staff)
    made = asked(client, of_queue(sage))
    exports.reject(three[0], by=sage.approver, reason="Wrong job")
    made = made_now(made)
    [rows, _] = sheets_of(content_of(client.get(page_of(made, "-download"))))
    assert [row[1] for row in rows[2:]].count("H") == 2 and (made.done, made.total) == (4, 4)
    assert made.title == "Dry run of the queue, 2 invoices", "as many as are in it"
    exports.reject(three[1], by=sage.approver, reason="Wrong job")
    assert client.get(page_of(made, "-download")).status_code == 200, "it says how it was"


def test_once_one_of_them_is_deleted_it_is_no_more(sage, three):
    """Decision 23: a file can't be shown in part."""
    client = signed_in(sage.approver)
    made = made_now(asked(client, of_queue(sage)))
    assert client.get(page_of(made, "-download")).status_code == 200
    Invoice.objects.filter(pk=three[0].invoice_id).update(deleted_at=timezone.now())
    assert client.get(page_of(made, "-download")).status_code == 404


def test_what_only_releases_retainage_counts_among_what_is_written(sage):
    """S50: it has no row of its own."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    some, told = [sage.sent(with_release(sage, commitment, "40.00")), sage.sent()], []
    dry_runs.write_dry_run(io.BytesIO(), some, told.append, by=sage.approver)
    assert sum(told) == 2 * len(some)


def test_nothing_that_waits_any_more_is_no_file(sage, three):
    made = asked(signed_in(sage.base.staff), of_queue(sage))
    for export in three:
        exports.reject(export, by=sage.approver, reason="Wrong job")
    made = made_now(made)
    assert made.state == "failed" and "None of them waits for an answer any more" in made.error
    page = text_of(signed_in(sage.base.staff).get(page_of(made)))
    assert f'<a class="button primary" href="{made.asked_on}">Choose again</a>' in page
    assert "Try again" not in page, "it would fail again (9.10)"


# Whose it is


def no_erp(sage):
    set_level(sage.base.staff, Tool.ERP_INTEGRATIONS, sage.company, Level.NONE, by=sage.base.owner)


def only_standard(sage):
    set_level(sage.base.admin, Tool.COMMITMENTS, sage.base.project, Level.STANDARD, by=sage.base.owner)


@pytest.mark.parametrize(("url", "lose"), [(of_queue, no_erp), (of_project, only_standard)])
@pytest.mark.parametrize("when", ["before it is made", "after it is made"])
def test_whoever_lost_the_right_gets_nothing_of_it(sage, three, url, lose, when):
    """R102: neither the file nor its page nor how far it is."""
    who = whose(sage, url)
    client = signed_in(who)
    made = asked(client, url(sage))
    if when == "after it is made":
        made = made_now(made)
        assert made.is_ready
    lose(sage)
    if when == "before it is made":
        made = made_now(made)
        assert made.state == "failed" and not files_on_disk()
    for page in ("", "-download"):
        assert client.get(page_of(made, page)).status_code == 404
    assert client.get(page_of(made), headers={"HX-Request": "true"}).status_code == 404
    assert client.post(page_of(made, "-again")).status_code == 404
    assert not Event.objects.filter(verb="downloaded a dry run").exists()
    place = sage.company if url is of_queue else sage.base.project
    with pytest.raises(NotAllowed):
        ask_for_dry_run(place, [each.invoice_id for each in three], asked_on="/", by=who)


@KINDS
def test_it_is_there_for_nobody_but_whoever_asked(sage, three, url):
    """P-8: not for another person of the same rights, of another company, nor by an address of the other kind."""
    made = made_now(asked(signed_in(whose(sage, url)), url(sage)))
    elsewhere = sage_world("Harbor Works")
    for who in (sage.all_rights(), sage.base.owner, sage.base.contact, elsewhere.base.staff, elsewhere.base.admin):
        client = signed_in(who)
        for page in ("", "-download"):
            assert client.get(page_of(made, page)).status_code == 404
        assert client.post(page_of(made, "-again")).status_code == 404
    files = reverse("erp-files" if url is of_queue else "made-files", args=[made.place.slug])
    assert made.title not in text_of(signed_in(sage.approver if url is of_queue else sage.base.second_admin).get(files))
    mine = signed_in(made.person)
    assert made.title in text_of(mine.get(files))
    other = ("made-file", sage.base.project) if url is of_queue else ("erp-file", sage.company)
    both = sage.base.staff if url is of_queue else sage.base.admin
    set_level(both, Tool.COMMITMENTS, sage.base.project, Level.ADMIN, by=sage.base.owner)
    set_level(both, Tool.ERP_INTEGRATIONS, sage.company, Level.ADMIN, by=sage.base.owner)
    assert mine.get(reverse(other[0], args=[other[1].slug, made.pk])).status_code == 404
    other_place = elsewhere.company if url is of_queue else elsewhere.base.project
    stem = "erp-file" if url is of_queue else "made-file"
    assert mine.get(reverse(stem, args=[other_place.slug, made.pk])).status_code == 404


def test_a_worker_that_is_killed_while_it_checks_leaves_the_file_to_the_next(sage, three, monkeypatch):
    """R4, R20: its lease runs out, another makes the file, and a late one changes nothing."""
    client = signed_in(sage.base.staff)
    made, real = asked(client, of_queue(sage)), dry_runs.marked_workbook
    assert making.claim(made.pk), "and then it is killed"
    with time_machine.travel(timezone.now() + making.LEASE + timedelta(seconds=1), tick=False):

        def slow(*args):
            monkeypatch.setattr(dry_runs, "marked_workbook", real)
            assert making.claim(made.pk) is None, "it has its lease"
            MadeFile.objects.filter(pk=made.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
            tasks.make_file(made.pk)
            assert fresh(made).state == "ready"
            return real(*args)

        monkeypatch.setattr(dry_runs, "marked_workbook", slow)
        tasks.make_file(made.pk)
    ready = fresh(made)
    assert (ready.state, ready.attempts) == ("ready", 3) and len(files_on_disk()) == 1


def test_it_is_tried_again_from_its_page_and_gone_after_a_week(sage, three):
    client = signed_in(sage.base.staff)
    made = asked(client, of_queue(sage))
    making.give_up(making.claim(made.pk), "The disk was full.")
    page = text_of(client.get(page_of(made)))
    assert "The disk was full." in page and page_of(made, "-again") in page
    assert client.post(page_of(made, "-again")).url == page_of(made)
    assert made_now(made).is_ready
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False):
        client = signed_in(sage.base.staff)
        assert client.get(page_of(made, "-download")).url == page_of(made)
        tasks.clear_made_files()
        assert "The file was removed" in text_of(client.get(page_of(made)))


def test_the_pages_ask_no_more_of_the_database_for_more_invoices(sage, three):
    """F18."""
    client = signed_in(sage.base.staff)
    made = made_now(asked(client, of_queue(sage)))
    assert queries(client, page_of(made)) <= 15
    assert queries(client, reverse("erp-files", args=[sage.company.slug])) <= 15


def test_a_stranger_asks_for_none(sage, three):
    with pytest.raises(NotAllowed):
        ask_for_dry_run(sage.company, [three[0].invoice_id], asked_on="/", by=person("Stan Stranger", sage.company))
