"""What became of each exported invoice: compared with Sage's list, kept, and confirmed by match (E-3, E-9, 6.2)."""

from datetime import date

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.ui.figures import day as day_in_words
from config.ui.figures import money
from directory.actions import privileges
from directory.models import AccountingPrivilege, Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports, reconciliations
from erp_integrations.actions.reconciliations import Posting
from erp_integrations.exporting import building
from erp_integrations.missed_entries import missed
from erp_integrations.models import (
    InvoiceExport,
    LedgerCheck,
    ListKind,
    Outcome,
    OutcomeKind,
    ProjectLink,
    Reconciliation,
)
from erp_integrations.money_stages import stages
from erp_integrations.sage100 import list_changes
from invoicing.models import Invoice
from tests.astray import astray
from tests.erp_integrations.pages import at_batch, at_export, boxes, queries, queue_url, signed_in, text_of
from tests.erp_integrations.world import JOB, VENDOR, D, fresh, sage_world

pytestmark = pytest.mark.django_db
LIST_DAY = date(2099, 1, 1)  # after every file of the tests


def row_of(export: InvoiceExport, **rest) -> dict:
    """The invoice as Sage's list would hold it."""
    invoice, item = export.invoice, export.items.last()
    usual = {
        "vendor_number": VENDOR,
        "invoice_number": invoice.number,
        "gross": invoice.gross_this_period,
        "retention": invoice.retainage_newly_held,
        "user_def_1": item.batch.key,
        "record_number": record_of(export),
    }
    return usual | rest


def record_of(export: InvoiceExport) -> str:
    return f"7{export.pk:04d}"


def every(made: Reconciliation) -> list[int]:
    return list(made.outcomes.values_list("pk", flat=True))


def listed(sage, *rows: dict, day: date = LIST_DAY):
    return sage.load(ListKind.PAYABLE_INVOICES, *rows, as_of_date=day)


def compared(sage, *rows: dict, day: date = LIST_DAY) -> Reconciliation:
    listed(sage, *rows, day=day)
    return reconciliations.reconcile(sage.company, by=sage.approver)


def kinds(made: Reconciliation) -> dict:
    """{invoice number: kind}"""
    return dict(made.outcomes.values_list("invoice_number", "kind"))


def url_of(sage, made: Reconciliation | None = None, name: str = "erp-reconciliation") -> str:
    names = [sage.company.slug, *([made.number] if made else [])]
    return reverse(name if made else "erp-reconciliations", args=names)


STRANGER = {"vendor_number": "30001", "invoice_number": "WATER-7", "gross": "80.00", "record_number": "1"}


@pytest.fixture
def seeded(sage) -> tuple[dict, Reconciliation]:
    """One list that holds every kind of difference."""
    names = ("found", "missing", "amount", "retainage", "twice", "voided")
    some = {name: sage.exported() for name in names}
    exports.void(some["voided"], by=sage.all_rights(), reason="Wrong job", sage_holds_it_no_more=True)
    made = compared(
        sage,
        row_of(some["found"], invoice_number=f" {some['found'].invoice.number.lower()} "),
        row_of(some["amount"], gross=some["amount"].invoice.gross_this_period + D("0.01")),
        row_of(some["retainage"], retention="0.00"),
        row_of(some["twice"]),
        row_of(some["twice"], record_number="99"),
        row_of(some["voided"]),
        STRANGER,
    )
    return some, made


def test_one_list_shows_every_kind_with_what_was_expected_and_found(sage, seeded):
    some, made = seeded
    by_export = {each.item.invoice_export_id: each for each in made.outcomes.with_context()}
    assert {name: by_export[export.pk].kind for name, export in some.items()} == {name: name for name in some}
    assert (made.others_count, made.others_gross) == (1, D("80.00"))
    amount = by_export[some["amount"].pk]
    assert amount.gross_difference == D("0.01") and amount.expected_gross == some["amount"].invoice.gross_this_period
    retainage = by_export[some["retainage"].pk]
    assert retainage.retainage_difference == -some["retainage"].invoice.retainage_newly_held
    assert by_export[some["missing"].pk].found_gross is None
    assert by_export[some["voided"].pk].expected_gross is None


def test_it_is_one_event_and_the_same_list_again_gives_the_same(sage, seeded):
    _, made = seeded
    before = Event.objects.count()
    assert reconciliations.reconcile(sage.company, by=sage.approver) == made
    assert Event.objects.count() == before and Reconciliation.objects.count() == 1
    [event] = Event.objects.about(made)
    assert (event.verb, event.by, event.changes["twice"]) == ("reconciled", sage.approver, ["", 1])
    later = sage.exported()
    again = reconciliations.reconcile(sage.company, by=sage.approver)
    assert again.number == 2 and kinds(again)[later.invoice.number] == "missing", "another file, another outcome"


def test_what_a_comparison_said_is_never_changed(sage, seeded):
    _, made = seeded
    for rows in (Reconciliation.objects.all(), Outcome.objects.all()):
        for change in (lambda rows=rows: rows.update(**{"digest" if rows.model is Reconciliation else "note": "x"}),
                       lambda rows=rows: rows._raw_delete(rows.db)):  # fmt: skip
            with pytest.raises(IntegrityError), transaction.atomic():
                change()


def test_what_was_found_is_posted_by_match_and_what_differs_never_is(sage, seeded):
    some, made = seeded
    postings = reconciliations.confirm_found(made, every(made), by=sage.approver)
    assert [(each.outcome.item.invoice_export, each.refusal) for each in postings] == [(some["found"], None)]
    [found] = fresh(some["found"])
    assert (found.status, found.sage_record_number) == ("posted", f"7{found.pk:04d}")
    assert (found.posted_by, Event.objects.about(found).first().verb) == (sage.approver, "confirmed in Sage")
    others = fresh(*(export for name, export in some.items() if name not in ("found", "voided")))
    assert {export.status for export in others} == {"exported"}
    assert reconciliations.confirm_found(made, every(made), by=sage.approver) == [], "a second click finds nothing"


def test_one_that_cannot_be_posted_does_not_hold_up_the_others(sage):
    first, second, third = sage.exported(), sage.exported(), sage.exported()
    exports.confirm(first, by=sage.approver, record_number="55")
    made = compared(sage, row_of(first), row_of(second, record_number="55"), row_of(third))
    postings = reconciliations.confirm_found(made, every(made), by=sage.approver)
    said = {each.outcome.invoice_number: each.refusal and each.refusal.message for each in postings}
    assert said[third.invoice.number] is None
    assert said[second.invoice.number].startswith("Sage’s record 55 is")
    assert [each.status for each in fresh(second, third)] == ["exported", "posted"]


def test_a_match_is_enough_where_the_list_gives_no_record_number(sage):
    """6.2: it is posted as found in that list, and the number may be entered later."""
    export, client = sage.exported(), signed_in(sage.approver)
    made = compared(sage, row_of(export, record_number=""))
    asked = client.get(url_of(sage, made, "erp-confirm-found"))
    assert "<strong>1</strong> of them without a record number, as found in that list" in text_of(asked)
    done = client.post(url_of(sage, made, "erp-confirm-found"), {"outcome": asked.context["to_confirm"]})
    assert f"{export.invoice.number}: found in Sage’s list, which gives no record number" in text_of(done)
    [found] = fresh(export)
    assert (found.status, found.sage_record_number, found.listed_date) == ("posted", "", LIST_DAY)
    assert Event.objects.about(found).first().changes["listed_date"] == ["", LIST_DAY.isoformat()]
    words = f"ound in Sage’s list of {day_in_words(LIST_DAY)}"
    pages = (at_export(export), at_batch(export.live_item.batch), queue_url(sage.company) + "?tab=posted")
    assert [words in text_of(client.get(page)) for page in pages] == [True] * 3
    LedgerCheck.objects.create(company=sage.company, difference_count=1)  # as an older worker's check says
    call_command("reconcile")
    assert LedgerCheck.objects.newest(sage.company).difference_count == 0
    exports.correct_record(found, by=sage.approver, record_number="71", reason="Seen in 4-2")
    assert fresh(export)[0].sage_record_number == "71"


def test_by_hand_nobody_posts_without_a_record_number(sage):
    with pytest.raises(Refused, match="Enter the record number"):
        exports.confirm(sage.exported(), by=sage.approver, record_number="")


def test_only_the_newest_comparison_with_the_newest_list_confirms(sage):
    export = sage.exported()
    made = compared(sage, row_of(export))
    listed(sage, STRANGER)
    with pytest.raises(NotNow, match="A newer list"):
        reconciliations.confirm_found(made, every(made), by=sage.approver)
    client, address = signed_in(sage.approver), url_of(sage, made, "erp-confirm-found")
    assert "A newer list of payable" in text_of(client.get(address, follow=True)), "and nobody is asked first"
    reconciliations.reconcile(sage.company, by=sage.approver)
    told = client.get(address, follow=True)
    assert told.redirect_chain[0][0] == url_of(sage, made) and "is newer than this one" in text_of(told)
    with pytest.raises(NotNow, match="is newer than this one"):
        reconciliations.confirm_found(made, every(made), by=sage.approver)
    assert fresh(export)[0].status == "exported"


def each_by_itself(monkeypatch, then) -> None:
    """One invoice a transaction; `then` comes after the first."""
    confirm, left = reconciliations._post, [then]

    def confirmed_then(*given):
        answers = confirm(*given)
        while left:
            left.pop()()
        return answers

    monkeypatch.setattr(reconciliations, "TOGETHER", 1)
    monkeypatch.setattr(reconciliations, "_post", confirmed_then)


def told(postings) -> list[str]:
    return [str(each.refusal or "") for each in postings]


def test_a_list_that_comes_while_many_are_posted_ends_it(sage, monkeypatch):
    """E-3: of two hundred and one, the rest may not be there any more."""
    some = [sage.exported(), sage.exported()]
    made = compared(sage, *map(row_of, some))
    each_by_itself(monkeypatch, lambda: listed(sage, STRANGER))
    first, second = told(reconciliations.confirm_found(made, every(made), by=sage.approver))
    assert first == "" and "A newer list" in second
    assert [each.status for each in fresh(*some)] == ["posted", "exported"]


def test_a_right_that_is_taken_while_many_are_posted_ends_it(sage, monkeypatch):
    """R66: the right is asked anew by each transaction, and what is posted stays posted."""
    some = [sage.exported() for _ in range(3)]
    made, held = compared(sage, *map(row_of, some)), AccountingPrivilege.objects.get(person=sage.approver)
    each_by_itself(monkeypatch, lambda: privileges.withdraw(held, by=sage.base.owner, reason="Left"))
    first, *others = told(reconciliations.confirm_found(made, every(made), by=sage.approver))
    assert first == "" and len(others) == 2 and all("Can Push to Accounting" in each for each in others)
    assert [each.status for each in fresh(*some)] == ["posted", "exported", "exported"]


def test_a_record_number_that_somebody_took_meanwhile_is_told_of_its_own_invoice(sage, monkeypatch):
    """E-3: one record is one invoice; the rest of its part is posted."""
    some = [sage.exported() for _ in range(3)]
    made = compared(sage, *(row_of(each, record_number=f"A{n}") for n, each in enumerate(some)))
    other, last = sage.exported(), sage.exported()
    each_by_itself(monkeypatch, lambda: exports.confirm(other, by=sage.approver, record_number="a1"))
    listed_as = f"By Sage’s list of {day_in_words(LIST_DAY)}, record a1 is invoice"
    with pytest.raises(Refused, match=listed_as):
        reconciliations.confirm_found(made, every(made), by=sage.approver)
    InvoiceExport.objects.filter(pk=last.pk).update(sage_record_number="a2")
    exports.move(fresh(last)[0], InvoiceExport.confirm, access=read_access(sage.approver, sage.company))
    assert [each.status for each in fresh(*some)] == ["posted", "exported", "exported"]
    monkeypatch.setattr(reconciliations, "TOGETHER", 200)
    second, third = told(reconciliations.confirm_found(made, every(made), by=sage.approver))
    assert second == "" and third.startswith(f"Sage’s record A2 is {last.invoice.number}")


def test_two_found_under_one_record_number_are_one_posted_and_one_told(sage):
    """E-3: within one transaction too."""
    some = [sage.exported(), sage.exported()]
    made = compared(sage, *(row_of(each, record_number="B7") for each in some))
    first, second = told(reconciliations.confirm_found(made, every(made), by=sage.approver))
    assert first == "" and second.startswith(f"Sage’s record B7 is {some[0].invoice.number}")
    assert [each.status for each in fresh(*some)] == ["posted", "exported"]


def test_whoever_confirms_what_another_just_did_is_told_and_posts_the_rest(sage, monkeypatch):
    """Two at once: the second of them waited for the locks, and finds what is posted no longer to be posted."""
    some = [sage.exported() for _ in range(3)]
    made, second = compared(sage, *map(row_of, some)), sage.new_approver()
    each_by_itself(monkeypatch, lambda: exports.confirm(some[1], by=second, record_number=record_of(some[1])))
    assert [bool(each) for each in told(reconciliations.confirm_found(made, every(made), by=sage.approver))] == [
        False, True, False,
    ]  # fmt: skip
    assert [each.posted_by for each in fresh(*some)] == [sage.approver, second, sage.approver]
    events = Event.objects.filter(verb="confirmed in Sage")
    assert events.count() == 3 and all(event.changes["sage_record_number"] for event in events)


def test_many_are_posted_in_as_many_questions_as_two(sage):
    """F16, F18: locks, right, list, records and events are asked and written for all of a part at once."""
    asked = []
    for count in (2, 6):
        some = [sage.exported() for _ in range(count)]
        made = compared(sage, *map(row_of, some))
        with CaptureQueriesContext(connection) as questions:
            assert told(reconciliations.confirm_found(made, every(made), by=sage.approver)) == [""] * count
        asked.append(len(questions))
        assert {each.sage_record_number for each in fresh(*some)} == {record_of(each) for each in some}
        assert not Invoice.objects.filter(export__in=some, is_posted=False).exists()
    assert asked[0] == asked[1] <= 40


def test_comparing_takes_standard_and_confirming_an_approver(sage):
    export = sage.exported()
    with pytest.raises(NotAllowed):
        reconciliations.reconcile(sage.company, by=sage.base.staff)
    made = compared(sage, row_of(export))
    with pytest.raises(NotAllowed):
        reconciliations.confirm_found(made, every(made), by=sage.base.staff)


def test_a_void_is_refused_as_long_as_the_newest_comparison_finds_it(sage):
    export, max_power = sage.exported(), sage.all_rights()
    compared(sage, row_of(export))
    listed(sage, STRANGER)  # gone from the newest list, which nobody has compared yet
    with pytest.raises(NotNow, match="Reconciliation 1 still finds invoice"):
        exports.void(export, by=max_power, reason="Twice", sage_holds_it_no_more=True)
    reconciliations.reconcile(sage.company, by=sage.approver)
    assert exports.void(export, by=max_power, reason="Twice", sage_holds_it_no_more=True).status == "voided"


def test_a_void_is_refused_while_the_list_holds_it_unless_sage_keeps_it_as_void(sage):
    export, max_power = sage.exported(), sage.all_rights()
    listed(sage, row_of(export))
    with pytest.raises(NotNow, match="still holds invoice"):
        exports.void(export, by=max_power, reason="Twice", sage_holds_it_no_more=True)
    listed(sage, row_of(export, status=5))
    assert exports.void(export, by=max_power, reason="Twice", sage_holds_it_no_more=True).status == "voided"


def test_what_was_voided_here_and_in_sage_can_be_sent_again(sage):
    export = sage.exported()
    listed(sage, row_of(export, status=5))
    exports.void(export, by=sage.all_rights(), reason="Wrong job", sage_holds_it_no_more=True)
    assert sage.sent(export.invoice).status == "ready_to_export"


def test_what_sage_keeps_as_void_is_counted_nowhere(sage):
    """E-9, decision 30: a bill of ours and a stranger's row with status 5 are no "Not ours", and in no sum."""
    export = sage.exported()
    void = {**STRANGER, "invoice_number": "WATER-6", "status": 5}
    made = compared(sage, row_of(export, status=5), STRANGER, void)
    assert kinds(made) == {export.invoice.number: "missing"}
    assert (made.others_count, made.others_gross) == (1, D("80.00"))
    page = signed_in(sage.approver).get(url_of(sage, made), {"kind": "not_ours"})
    assert [row.number for row in page.context["others"]] == ["WATER-7"]
    assert page.context["tabs"][-1].count == 1 and page.context["tabs"][-1].found == D("80.00")


def test_a_comparison_that_counted_the_void_shows_them_as_it_counted(sage):
    """An older program made it, and no comparison is changed."""
    void = {**STRANGER, "invoice_number": "WATER-6", "status": 5}
    version = listed(sage, STRANGER, void)
    told = {"number": 1, "by": sage.approver, "digest": "0" * 64, "others_count": 2, "others_gross": D("160.00")}
    made = Reconciliation.objects.create(company=sage.company, list_version=version, **told)
    page = signed_in(sage.approver).get(url_of(sage, made), {"kind": "not_ours"})
    assert page.context["others"].paginator.count == page.context["tabs"][-1].count == 2


def test_what_was_rejected_out_of_a_failed_batch_never_left_its_file(sage):
    """E-9: it was never in it; somebody keyed it by hand, and nobody is to remove it in Sage."""
    first, second = sage.sent(), sage.sent()
    batch = sage.accepted(first, second)
    building.give_up(building.claim(batch.pk), "The disk was full")
    exports.reject(fresh(first)[0], by=sage.approver, reason="Wrong job")
    batches.retry(batch, by=sage.approver, ticked=boxes(signed_in(sage.approver).get(at_batch(batch))))
    exporting.build(batch.pk)
    exports.void(fresh(second)[0], by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    made = compared(sage, row_of(first, user_def_1=""), row_of(second))
    assert kinds(made) == {second.invoice.number: "voided"} and made.others_count == 1


def test_no_posting_and_no_look_at_a_new_list_reads_whole_batches(sage):
    export = sage.exported()
    made = compared(sage, row_of(export))
    changes = list_changes.compare(sage.lists().payable_invoices, ())
    with CaptureQueriesContext(connection) as asked:
        [gone] = missed(sage.company, ListKind.PAYABLE_INVOICES, changes)
        [posting] = reconciliations.confirm_found(made, [made.outcomes.get().pk], by=sage.approver)
    assert gone.stands == f"exported in {export.items.get().batch.key}" and not posting.refusal
    assert not [each["sql"] for each in asked if '"snapshot"' in each["sql"]]


def test_released_retainage_is_explained_by_its_release_sheet(sage):
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment, {"work_this_period": D("1000.00")}))
    held = first.invoice.retainage_newly_held
    assert held > 0
    assert kinds(compared(sage, row_of(first, retention="0.00")))[first.invoice.number] == "retainage"
    sage.next_month()
    figures = {"work_this_period": D("0.00"), "retainage_released": held}
    second = sage.exported(sage.approved(commitment, figures))
    made = compared(sage, row_of(first, retention="0.00"))
    assert kinds(made) == {first.invoice.number: "found"}, "and the release itself is nothing that Sage lists"
    assert second.status == "exported"


def test_a_list_older_than_the_file_is_said(sage):
    with time_machine.travel("2030-06-10 12:00Z"):
        export = sage.exported()
        made = compared(sage, day=date(2030, 6, 9))
    page = text_of(signed_in(sage.base.staff).get(url_of(sage, made)))
    assert "The list can’t know of 1 file." in page and "The list is older than its file." in page
    assert export.invoice.number in page
    fresh_one = compared(sage, row_of(export))
    assert "can’t know of" not in text_of(signed_in(sage.base.staff).get(url_of(sage, fresh_one)))


def test_what_a_list_of_the_day_of_the_file_misses_may_not_have_been_imported_yet(sage):
    """E-9: a list has no time of day; what was confirmed was imported, so it is missed."""
    with time_machine.travel("2030-06-10 12:00Z"):
        export = sage.exported()
    with time_machine.travel("2030-06-10 12:05Z"):
        made = compared(sage, day=date(2030, 6, 10))
        page = text_of(signed_in(sage.approver).get(url_of(sage, made)))
        assert "The list can’t know of 1 file." in page and "The list is of the day of its file" in page
        assert kinds(made) == {export.invoice.number: "missing"} and not made.outcomes.differing().exists()
        exports.confirm(export, by=sage.approver, record_number="70400")
        again = reconciliations.reconcile(sage.company, by=sage.approver)
        page = text_of(signed_in(sage.approver).get(url_of(sage, again)))
        assert again.outcomes.differing().get().note == "" and "can’t know of" not in page


def test_what_an_older_list_than_the_file_holds_is_looked_at_and_never_posted(sage):
    """Keyed by hand on the day before: the file may still be imported, and Sage would hold it twice."""
    with time_machine.travel("2030-06-10 12:00Z"):
        export = sage.exported()
        made = compared(sage, row_of(export), day=date(2030, 6, 9))
        client = signed_in(sage.approver)
        page = text_of(client.get(url_of(sage, made)))
        assert "may have stood in Sage before, so it is not posted" in page and "not posted by this: export 4-2" in page
        assert export.invoice.number in page and "found as exported, not posted yet" not in page
        told = client.get(url_of(sage, made, "erp-confirm-found"), follow=True)
        assert "Nothing of what was found is left to post" in text_of(told)
        assert reconciliations.confirm_found(made, [made.outcomes.get().pk], by=sage.approver) == []
        assert fresh(export)[0].status == "exported"
        newer = compared(sage, row_of(export), day=date(2030, 6, 10))
        assert len(reconciliations.confirm_found(newer, [newer.outcomes.get().pk], by=sage.approver)) == 1
    assert fresh(export)[0].status == "posted"


@pytest.mark.parametrize(("day", "key", "to_post"), [(10, "", 0), (10, "typed by hand", 0), (10, None, 1), (11, "", 1)])
def test_a_row_of_the_day_of_the_file_is_posted_by_the_key_of_the_file_only(sage, day, key, to_post):
    """E-3: a list has no time of day, so the row may have been keyed by hand before the import."""
    with time_machine.travel("2030-06-10 12:00Z"):
        export = sage.exported()
    with time_machine.travel("2030-06-11 12:00Z"):
        other = {} if key is None else {"user_def_1": key}
        made = compared(sage, row_of(export, **other), day=date(2030, 6, day))
        assert made.outcomes.get().kind == "found"
        assert len(reconciliations.confirm_found(made, [made.outcomes.get().pk], by=sage.approver)) == to_post
        page = text_of(signed_in(sage.approver).get(url_of(sage, made)))
        assert ("The list is of the day of its file" in page) is not to_post
        assert ("The list can’t know of 1 file." in page) is not to_post
        if not to_post:
            exports.confirm(export, by=sage.approver, record_number="70400")
            again = reconciliations.reconcile(sage.company, by=sage.approver)
    assert to_post or [each.is_too_new for each in again.outcomes.all()] == [False], "typed by hand it is known"


def test_a_record_number_that_the_list_has_for_another_invoice_is_refused(sage):
    mine, other = sage.exported(), sage.exported()
    listed(sage, row_of(mine, record_number="A71"), row_of(other, record_number="72"))
    with pytest.raises(Refused, match=f"record a71 is invoice {mine.invoice.number} of vendor {VENDOR}") as refused:
        exports.confirm(other, by=sage.approver, record_number="a71")
    assert refused.value.field == "record_number" and fresh(other)[0].status == "exported"
    assert exports.confirm(other, by=sage.approver, record_number="73").status == "posted", "the list may be older"
    assert exports.confirm(mine, by=sage.approver, record_number="a71").status == "posted"


def test_what_was_confirmed_as_another_record_than_the_list_has_differs(sage):
    export = sage.exported()
    exports.confirm(export, by=sage.approver, record_number="72")
    made = compared(sage, row_of(export, record_number="71"))
    assert kinds(made) == {export.invoice.number: "differs"} and made.outcomes.differing().exists()
    assert made.outcomes.get().note == "It was confirmed as record 72."


def test_an_invoice_on_another_job_is_never_posted_by_match(sage):
    right, wrong = sage.exported(), sage.exported()
    made = compared(sage, row_of(right, job_number=JOB), row_of(wrong, job_number="9999999"))
    assert kinds(made) == {right.invoice.number: "found", wrong.invoice.number: "differs"}
    reconciliations.confirm_found(made, every(made), by=sage.approver)
    assert [each.status for each in fresh(right, wrong)] == ["posted", "exported"]


def test_a_project_that_was_linked_anew_is_compared_by_the_job_of_its_file(sage):
    """E-9: Sage holds it where the file put it."""
    export = sage.exported()
    ProjectLink.objects.filter(project=sage.base.project).update(job_number="777")
    made = compared(sage, row_of(export, job_number=JOB))
    assert kinds(made) == {export.invoice.number: "found"}


def test_a_release_that_sage_holds_as_an_invoice_is_to_look_at_and_no_stranger(sage):
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    sage.next_month()
    figures = {"work_this_period": D("0.00"), "retainage_released": D("100.00")}
    release = sage.exported(sage.approved(commitment, figures))
    made = compared(sage, row_of(first), row_of(release, gross="100.00", retention="0.00"))
    assert kinds(made) == {first.invoice.number: "found", release.invoice.number: "differs"}
    assert made.others_count == 0 and made.outcomes.get(kind="differs").gross_difference == D("100.00")
    page = text_of(signed_in(sage.base.staff).get(url_of(sage, made)))
    assert "Differs otherwise" in page and "Sage must not hold it" in page and "holds no such invoice" not in page


# The pages


def test_without_a_list_the_page_says_what_to_do(sage):
    sage.company.sage_lists.filter(kind=ListKind.PAYABLE_INVOICES).delete()
    client = signed_in(sage.approver)
    assert "The list was never uploaded." in text_of(client.get(url_of(sage)))
    answer = client.post(url_of(sage))
    assert answer.status_code == 409 and "was never uploaded. Upload it first" in text_of(answer)


def test_compare_look_and_confirm_with_two_clicks(sage):
    export, other = sage.exported(), sage.exported()
    listed(sage, row_of(export), row_of(other, gross="1.00"), STRANGER)
    client = signed_in(sage.approver)
    answer = client.post(url_of(sage), follow=True)
    page = text_of(answer)
    assert "<strong>1</strong> found as exported, not posted yet" in page
    made = Reconciliation.objects.get()
    address = url_of(sage, made, "erp-confirm-found")
    assert f'href="{address}" data-dialog' in page and f'action="{address}"' not in page
    asked = client.get(address)
    assert f'retainage newly held <strong class="n">{money(export.invoice.retainage_newly_held)}<' in text_of(asked)
    assert "without a record number" not in text_of(asked)
    for words in ("Post 1 invoice as found?", "1,000.00", "Only a void takes that back", "Nobody gets a mail."):
        assert words in text_of(asked)
    assert fresh(export)[0].status == "exported", "being asked posts nothing"
    data = {"outcome": [str(pk) for pk in asked.context["to_confirm"]]}
    done = client.post(address, data)
    assert f"{export.invoice.number}: Sage record" in text_of(done) and "1 invoice posted." in text_of(done)
    assert [each.status for each in fresh(export, other)] == ["posted", "exported"]
    assert "Nothing has changed since" in text_of(client.post(url_of(sage), follow=True))


def test_one_press_posts_all_that_was_found_whatever_its_parts(sage, monkeypatch):
    """9.6: one question, one press, one answer."""
    some = [sage.exported() for _ in range(3)]
    made, client = compared(sage, *map(row_of, some)), signed_in(sage.approver)
    monkeypatch.setattr(reconciliations, "TOGETHER", 2)
    assert "Confirm 3 as posted…" in text_of(client.get(url_of(sage, made)))
    asked = client.get(url_of(sage, made, "erp-confirm-found"))
    assert "Post 3 invoices as found?" in text_of(asked)
    done = client.post(url_of(sage, made, "erp-confirm-found"), {"outcome": asked.context["to_confirm"]})
    assert "3 invoices posted." in text_of(done) and {each.status for each in fresh(*some)} == {"posted"}


@pytest.mark.parametrize("count", [20, 21])
def test_what_a_press_posted_and_could_not_is_folded_where_it_is_much(sage, monkeypatch, count):
    """9.6, 9.10: the first reason stands outside, and what is below is not pushed away."""
    made, client = compared(sage, row_of(sage.exported()), row_of(sage.exported())), signed_in(sage.approver)
    found, other = made.outcomes.order_by("pk")
    postings = [Posting(found, None)] * count + [Posting(other, Refused("The month is locked."))] * count
    monkeypatch.setattr(reconciliations, "confirm_found", lambda *_, **__: postings)
    page = text_of(client.post(url_of(sage, made, "erp-confirm-found"), {"outcome": [found.pk]}))
    told = f"{other.invoice_number}: The month is locked."
    assert f"{count} invoices posted." in page and f"{count} could not be posted" in page
    for kind in ("were", "could not be"):
        assert (f"<details><summary>Which {kind} posted</summary><ul><li>" in page) == (count > 20)
    folded = page.partition("<summary>Which could not be posted</summary>")
    assert page.count(told) == count + (count > 20) and folded[0].count(told) == (1 if count > 20 else count)


def test_after_a_posting_tabs_and_pages_lead_to_the_comparison(sage, monkeypatch):
    """Not to the next confirmation, at whose address the answer stands."""
    monkeypatch.setattr("erp_integrations.views.reconciliations.PAGE_SIZE", 1)
    made, client = compared(sage, *(row_of(sage.exported(), gross="1.00") for _ in range(2))), signed_in(sage.approver)
    answer = client.post(url_of(sage, made, "erp-confirm-found"), {"outcome": []})
    assert not astray(answer) and f'href="{url_of(sage, made)}?page=2"' in answer.content.decode()


def test_what_is_not_ours_is_counted_whole_and_each_of_its_lists_has_pages_of_its_own(sage, monkeypatch):
    monkeypatch.setattr("erp_integrations.views.reconciliations.PAGE_SIZE", 1)
    key = sage.exported().items.get().batch.key
    ours = [STRANGER | {"invoice_number": f"OURS-{n}", "user_def_1": key} for n in range(2)]
    made = compared(sage, *ours, *(STRANGER | {"invoice_number": f"WATER-{n}"} for n in range(3)))
    page = signed_in(sage.base.staff).get(url_of(sage, made), {"kind": "not_ours", "others": "3"})
    shown = text_of(page)
    assert 'Not ours <span class="count">5</span></h2>' in shown
    assert "OURS-0" in shown and "WATER-2" in shown and "WATER-0" not in shown
    assert "?kind=not_ours&amp;others=2" in shown and "?kind=not_ours&amp;others=3&amp;page=2" in shown


@pytest.mark.parametrize("kind", OutcomeKind.values)
def test_each_kind_is_a_filter(sage, seeded, kind):
    some, made = seeded
    page = text_of(signed_in(sage.base.staff).get(url_of(sage, made), {"kind": kind}))
    rows = page.partition("Sage record")[2]
    shown = {name for name, export in some.items() if export.invoice.number in rows}
    assert shown == {kind} & set(some)
    assert ("WATER-7" in page) == (kind == "not_ours")


@pytest.mark.parametrize("kind", OutcomeKind.values)
def test_a_kind_without_a_row_says_what_would_stand_there(sage, kind):
    """9.10."""
    made = compared(sage)
    page = text_of(signed_in(sage.base.staff).get(url_of(sage, made), {"kind": kind}))
    assert "stand here" in page and "This comparison found none." in page


def test_a_row_whose_retainage_differs_says_by_how_much(sage, seeded):
    """E-9: the list holds none of it."""
    some, made = seeded
    page = signed_in(sage.base.staff).get(url_of(sage, made), {"kind": "retainage"}).content.decode()
    held = some["retainage"].invoice.retainage_newly_held
    assert f'data-label="Retainage difference">{money(-held)}</td>' in page and held


def test_the_pages_ask_the_same_whatever_they_hold(sage, seeded):
    _, made = seeded
    client = signed_in(sage.base.staff)
    few = [queries(client, url_of(sage, made)), queries(client, url_of(sage))]
    more = compared(sage, *(row_of(sage.exported(), gross="1.00") for _ in range(4)))
    assert [queries(client, url_of(sage, more)) + 1, queries(client, url_of(sage))] == few, "nobody is named there"
    assert max(few) <= 15


def test_another_companys_comparison_is_not_there(sage, seeded):
    _, made = seeded
    other = sage_world("Other Builders")
    stranger = signed_in(other.approver)
    assert stranger.get(url_of(other, made)).status_code == 404
    assert stranger.get(url_of(sage, made)).status_code == 404


@pytest.mark.parametrize("page", ["erp-reconciliations", "erp-overdue"])
def test_the_money_is_counted_once_and_adds_up(sage, seeded, page):
    some, _ = seeded
    sage.sent()
    approved = sage.approved()
    client = signed_in(sage.base.staff)
    stages = {
        each.label: (each.count, each.amount)
        for each in client.get(reverse(page, args=[sage.company.slug])).context["stages"]
    }
    gross = approved.gross_this_period
    assert stages == {
        "Approved, not sent": (0, 0),  # staff see no project
        "With accounting": (1, gross),
        "Exported": (1, gross),
        "Posted": (0, 0),
        "Differing": (4, gross * 4),
    }
    seen = signed_in(sage.all_rights()).get(reverse(page, args=[sage.company.slug])).context["stages"][0]
    assert (seen.count, seen.amount) == (2, gross * 2), "the approved one and the voided one, which can go again"


def test_a_file_that_the_list_can_not_know_counts_as_exported_and_differs_once_a_newer_one_misses_it(sage):
    with time_machine.travel("2030-06-10 12:00Z"):
        gross = sage.exported().invoice.gross_this_period
        compared(sage, day=date(2030, 6, 9))
        assert stands(sage) == {"Exported": (1, gross)}
        compared(sage, STRANGER, day=date(2030, 6, 10))
        assert stands(sage) == {"Exported": (1, gross)}, "it may have been made before the import"
        compared(sage, STRANGER | {"gross": "81.00"}, day=date(2030, 6, 11))
        assert stands(sage) == {"Differing": (1, gross)}


def stands(sage) -> dict:
    return {each.label: (each.count, each.amount) for each in stages(sage.company, sage.approver) if each.count}


def test_the_page_of_the_list_leads_to_the_comparison_and_no_other_lists_page_does(sage):
    client = signed_in(sage.base.staff)
    pages = {kind: client.get(reverse("erp-list", args=[sage.company.slug, kind])) for kind in ListKind.values}
    leading = [kind for kind, page in pages.items() if "Compare with our files" in text_of(page)]
    assert leading == ["payable_invoices"]


def test_what_was_keyed_by_hand_beside_the_import_is_not_posted_by_the_list(sage):
    """E-3."""
    one, two = sage.sent(), sage.sent()
    sage.built(one, two)
    made = compared(sage, row_of(one), row_of(two, user_def_1=""))
    assert [each.item.invoice_export for each in made.outcomes.to_confirm()] == [one]
    [told] = made.outcomes.to_look_at()
    assert "keyed by hand" in told.note
    page = text_of(signed_in(sage.approver).get(url_of(sage, made)))
    assert "has rows with and without" in page and "keyed by hand" in page
