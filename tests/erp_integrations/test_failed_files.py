"""What the rules say of an invoice whose file failed: as it goes on, with what is in that file (S40, S51)."""

from directory.models import Mail
from erp_integrations.actions import exports
from erp_integrations.exporting import building
from erp_integrations.models import ExportBatch, InvoiceExport
from tests.erp_integrations.pages import at_export, queries, queue_url, signed_in
from tests.erp_integrations.test_releases import TOLD, with_release
from tests.erp_integrations.world import fresh


def failed(sage, *some: InvoiceExport) -> ExportBatch:
    batch = sage.accepted(*some)
    building.give_up(building.claim(batch.pk), "The disk was full")
    return batch


def in_queue(client, sage) -> dict[int, list[tuple[str, str]]]:
    page = client.get(queue_url(sage.company), {"tab": "failed"})
    return {
        row.export.pk: said_in((found.rule, found.message) for found in row.findings) for row in page.context["rows"]
    }


def on_page(client, export: InvoiceExport) -> list[tuple[str, str]]:
    shown = client.get(at_export(export)).context["shown"]
    return said_in((found["rule"], found["message"]) for found in shown.findings)


def said_in(found) -> list[tuple[str, str]]:
    return [each for each in found if each[0] in ("S40", "S51")]


def test_a_release_on_a_bill_of_the_same_failed_file_is_blocked_by_nothing(sage):
    """S51: the bill left its file, was sent again, and both go on in one that failed."""
    commitment = sage.commitment()
    bill = sage.exported(sage.approved(commitment))
    release = sage.sent(with_release(sage, commitment, "40.00"))
    exports.void(bill, by=sage.all_rights(), **TOLD)
    failed(sage, sage.sent(fresh(bill)[0].invoice), release)
    client = signed_in(sage.approver)
    assert on_page(client, release) == []
    assert in_queue(client, sage)[release.pk] == []
    shown = client.get(at_export(release)).context["shown"]
    assert {row.number for row in shown.rows} <= {1, 2} and shown.facts.number == release.invoice.number


def test_neither_its_workbook_nor_the_mail_of_its_rejection_says_otherwise(sage):
    """S51, E-5: it is checked with its file wherever it is checked; the workbook has its own rows alone."""
    commitment = sage.commitment()
    bill = sage.exported(sage.approved(commitment))
    release = sage.sent(with_release(sage, commitment, "40.00"))
    exports.void(bill, by=sage.all_rights(), **TOLD)
    failed(sage, sage.sent(fresh(bill)[0].invoice), release)
    [release] = fresh(release)
    [alone] = exports.preview_by_file([release], by=sage.approver)
    assert [each.rule for each in alone.findings if each.rule in ("S40", "S51")] == []
    assert {row.invoice_id for row in alone.rows.rows} <= {str(release.invoice_id)}
    exports.reject(release, by=sage.approver, reason="Not now")
    [mail] = Mail.objects.about(release).filter(headline__startswith="Accounting rejected", to=sage.sender)
    assert "S51" not in mail.text


def test_of_two_failed_files_each_counts_what_the_other_releases(sage):
    """S51: 60.00 and 40.00 on one bill; the queue says of each what its page says."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    some = [sage.sent(with_release(sage, commitment, amount)) for amount in ("60.00", "40.00")]
    batches = [failed(sage, each) for each in some]
    client = signed_in(sage.approver)
    told = in_queue(client, sage)
    assert [told[each.pk] for each in some] == [on_page(client, each) for each in some]
    for export, other in zip(some, reversed(batches), strict=True):
        assert other.key in told[export.pk][0][1]


def test_more_of_failed_files_ask_the_database_no_more(sage):
    """F16: one question more than of what waits, in however many files it failed."""
    client, url = signed_in(sage.approver), queue_url(sage.company)
    waiting = some(sage, 2)
    ready = queries(client, url)
    failed(sage, *waiting)
    assert queries(client, url, {"tab": "failed"}) == ready + 1
    failed(sage, *some(sage, 2))
    failed(sage, *some(sage, 3))
    assert queries(client, url, {"tab": "failed"}) == ready + 1


def some(sage, count: int) -> list[InvoiceExport]:
    """Bills with a release each, on what a file holds of their commitments."""
    found = []
    for _ in range(count):
        commitment = sage.commitment()
        sage.exported(sage.approved(commitment))
        found.append(sage.sent(with_release(sage, commitment, "40.00", "500.00")))
    return found
