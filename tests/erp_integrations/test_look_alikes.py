"""A number that looks like another one of the vendor's, ours or Sage's, wants a tick at every step (S11, R19, E-5)."""

import hashlib
import json
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.actions.grants import set_level
from directory.models import Project
from directory.permissions import Level, Tool
from directory.refusals import Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports
from erp_integrations.models import ExportBatch, InvoiceExport, ListKind
from erp_integrations.sage100.facts import LookAlike
from invoicing.actions import deleting
from tests.erp_integrations.pages import accept_data, queue_url, signed_in, text_of
from tests.erp_integrations.world import ACCOUNTING_DATE, VENDOR, D, SageWorld, fresh


def ours(sage: SageWorld, number: str):
    """Another bill of the vendor, under a commitment of its own, in review."""
    return sage.base.submitted(sage.base.draft(sage.commitment()), number=number)


def on_its_way(sage: SageWorld, number: str) -> InvoiceExport:
    return sage.sent(sage.approved(number=number))


def listed(sage: SageWorld, *numbers: str, **more):
    rows = [{"vendor_number": VENDOR, "invoice_number": number} | more for number in numbers]
    return sage.load(ListKind.PAYABLE_INVOICES, *rows)


def said(sage: SageWorld, export: InvoiceExport) -> list[str]:
    return [each.message for each in sage.findings(export) if each.rule == "S11"]


def built(batch: ExportBatch) -> ExportBatch:
    exporting.build(batch.pk)
    batch.refresh_from_db()
    return batch


def test_the_dry_run_the_sending_and_the_acceptance_name_the_other_bill(sage):
    other = ours(sage, "INV-12")
    invoice = sage.approved(number="INV 0012")
    words = f"INV 0012 looks like INV-12 of {other.commitment.number}, dated 2030-06-25, 1,000.00."
    for proposal in (
        exports.preview([InvoiceExport(invoice=invoice, sent_by=sage.sender)]),
        *exports.preview_each([InvoiceExport(invoice=invoice, sent_by=sage.sender)]),
    ):
        assert [(each.severity, each.message) for each in proposal.findings if each.rule == "S11"] == [
            ("warning", words)
        ]
    export = sage.sent(invoice)
    assert words in [each["message"] for each in export.findings]
    page = text_of(signed_in(sage.approver).get(queue_url(sage.company, "accept/"), {"export": export.pk}))
    assert words in page and "I have seen this and it may go on" in page
    with pytest.raises(Refused, match=f"Tick each warning that you have seen: .*S11: {words}"):
        batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE)
    batch = built(sage.accepted(export))
    assert batch.state == "ready" and words in [each["message"] for each in batch.findings]
    assert batch.facts.invoices[0].look_alikes == (
        LookAlike(
            invoice_id=str(other.pk),
            number="INV-12",
            commitment_number=other.commitment.number,
            invoice_date=other.billing_date,
            gross=D("1000.00"),
        ),
    )


def test_each_of_two_in_one_file_is_told_of_the_other(sage):
    some = [on_its_way(sage, "INV-12"), on_its_way(sage, "INV12")]
    found = {each.invoice_id: each.message for each in sage.findings(*some) if each.rule == "S11"}
    assert "looks like INV12 of" in found[str(some[0].invoice_id)]
    assert "looks like INV-12 of" in found[str(some[1].invoice_id)]
    assert built(sage.accepted(*some)).state == "ready"


def test_what_sage_holds_under_such_a_number_is_named_with_what_its_list_says(sage):
    export = on_its_way(sage, "INV 12")
    listed(sage, "INV-0012", "INV-120", invoice_date="2030-05-01", gross="1200.00", job_number="2026014")
    words = "INV 12 looks like INV-0012 on job 2026014, dated 2030-05-01, 1,200.00, which Sage holds."
    assert said(sage, export) == [words]
    listed(sage, "INV-0012")
    assert said(sage, export) == ["INV 12 looks like INV-0012, which Sage holds."]
    listed(sage, "INV-0012", status=5)
    assert said(sage, export) == [], "it is void there"


def test_a_bill_of_ours_that_sage_holds_by_now_is_told_once(sage):
    export, other = on_its_way(sage, "INV 12"), ours(sage, "INV-12")
    listed(sage, "inv-12", "INV.12")
    assert said(sage, export) == [
        f"INV 12 looks like INV-12 of {other.commitment.number}, dated 2030-06-25, 1,000.00.",
        "INV 12 looks like INV.12, which Sage holds.",
    ]


@pytest.mark.parametrize("number", ["INV-120", "INV-21", "BILL-12"])
def test_another_number_is_no_matter(sage, number):
    export = on_its_way(sage, number)
    ours(sage, "INV-12")
    listed(sage, "INV-0012")
    assert said(sage, export) == []


def test_of_another_project_no_commitment_is_named(sage):
    """P-2: a project reads what the rules say of its invoices."""
    project = Project.objects.create(company=sage.company, name="Harbor", number="P-9", slug="harbor-9")
    for who, level in ((sage.sender, Level.ADMIN), (sage.base.contact, Level.STANDARD)):
        set_level(who, Tool.COMMITMENTS, project, level, by=sage.base.owner)
    there = replace(sage.base, project=project)
    there.submitted(there.draft(), number="INV-12")
    assert said(sage, on_its_way(sage, "INV 12")) == [
        "INV 12 looks like INV-12 of another project, dated 2030-06-25, 1,000.00."
    ]


def test_what_looks_so_since_the_acceptance_stops_the_build_until_it_is_ticked(sage):
    """S60, as a newer list's warning does."""
    export = on_its_way(sage, "INV 12")
    batch = sage.accepted(export)
    ours(sage, "INV-12")
    assert built(batch).state == "dead" and "S60: nobody has seen this yet: S11: INV 12 looks like" in batch.error
    with pytest.raises(Refused, match="Tick each warning"):
        batches.retry(batch, by=sage.approver)
    batches.retry(batch, by=sage.approver, ticked=sage.warnings(export))
    assert built(batch).state == "ready", batch.error
    assert "S11" in {each["rule"] for each in batch.findings}
    assert "S60" not in {each["rule"] for each in batch.findings}, "it is no change of the facts"


def test_what_looked_so_and_is_gone_stops_nothing(sage):
    export, other = on_its_way(sage, "INV 12"), ours(sage, "INV-12")
    batch = sage.accepted(export)
    deleting.delete(other, reason="Twice", by=sage.sender)
    assert built(batch).state == "ready", batch.error


def forget_look_alikes(batch: ExportBatch) -> None:
    """As a program froze it that asked for none."""
    plain = json.loads(batch.snapshot)
    for invoice in plain["invoices"]:
        del invoice["look_alikes"]
    snapshot = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    sha256 = hashlib.sha256(snapshot.encode()).hexdigest()
    ExportBatch.objects.filter(pk=batch.pk).update(snapshot=snapshot, snapshot_sha256=sha256)


def test_a_batch_of_an_older_program_is_built_unless_one_looks_so(sage):
    """S60: that the program was updated is no reason; what nobody was asked about is one."""
    batch = sage.accepted(on_its_way(sage, "INV 12"))
    forget_look_alikes(batch)
    assert built(batch).state == "ready", batch.error
    batch = sage.accepted(on_its_way(sage, "BILL 7"))
    forget_look_alikes(batch)
    ours(sage, "BILL-7")
    assert built(batch).state == "dead" and "S11: BILL 7 looks like BILL-7" in batch.error


def the_acceptance(sage: SageWorld, client, some: list[InvoiceExport]) -> int:
    url = queue_url(sage.company, "accept/")
    page = client.get(url, {"export": [export.pk for export in some]})
    data = accept_data(page, *some)
    with CaptureQueriesContext(connection) as asked:
        assert client.post(url, data).status_code == 302
    assert {each.status for each in fresh(*some)} == {"exporting"}
    return sum(not each["sql"].startswith(("SAVEPOINT", "RELEASE")) for each in asked)


def test_it_costs_no_question_of_its_own(sage):
    """F13, F16: it goes along with what stands beside a check, whether some look so or none."""
    client = signed_in(sage.approver)
    counts = [the_acceptance(sage, client, [on_its_way(sage, f"PLAIN-{n}{n}" if n else "PLAIN")]) for n in range(2)]
    for n in range(3):
        ours(sage, f"LIKE-{n}")
    listed(sage, *(f"LIKE/{n}" for n in range(3)))
    counts += [the_acceptance(sage, client, [on_its_way(sage, f"LIKE {n}") for n in ns]) for ns in ((0,), (1, 2))]
    assert len(set(counts)) == 1 and counts[0] <= 15, counts
