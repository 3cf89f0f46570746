"""What accounting gets, read from invoices and links into frozen facts, in as many queries for fifty as for one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from django.conf import settings
from django.db.models import Exists, F, OuterRef, prefetch_related_objects

from directory.models import AccountingPrivilege, Company
from erp_integrations.exporting.billed_elsewhere import billed_elsewhere
from erp_integrations.exporting.earlier_invoices import Spread, allocate_releases, bills_reduced, released_before
from erp_integrations.exporting.surroundings import Beside
from erp_integrations.models import (
    CostTypeLink,
    ErpSettings,
    ExportBatch,
    ExportItem,
    ExportStatus,
    ImportLayout,
    InvoiceExport,
    ProjectLink,
)
from erp_integrations.sage100.facts import (
    BatchFacts,
    CostTypeAccount,
    InvoiceFacts,
    JobAccount,
    LineFacts,
)
from invoicing.addresses import address
from invoicing.calculations.at_once import lines_of_bill
from invoicing.calculations.lines import Line
from invoicing.calculations.money import ZERO, format_amount
from invoicing.models import InvoiceLine


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """What accounting decides about a batch. A dry run before anybody accepts stands under the next batch's key.

    `is_day_chosen`: False while nobody has named the accounting date: it then gives way to one that Sage takes (S27).
    """

    batch_key: str
    layout: ImportLayout
    accounting_date: date
    is_day_chosen: bool = True
    accepted_by: str = ""
    accepted_date: date
    with_right: bool = True  # of a dry run nobody asks
    settings: ErpSettings | None = None  # where the company's are at hand
    being_built: ExportBatch | None = None  # once it was accepted

    @classmethod
    def of(cls, batch: ExportBatch, *, with_right: bool | None = None) -> "Acceptance":
        """`with_right`: whether the accepter held Can Push to Accounting, where the caller has read it already."""
        if with_right is None:
            with_right = AccountingPrivilege.objects.held_at(batch.accepted_at, batch.accepted_by, batch.company)
        return cls(
            batch_key=batch.key,
            layout=batch.layout,
            accounting_date=batch.accounting_date,
            accepted_by=batch.accepted_by.name,
            accepted_date=batch.company.day_of(batch.accepted_at),
            with_right=with_right,
            being_built=batch if batch.is_under_way else None,
        )

    def asking(self, company: Company) -> "Acceptance":
        """With the company's settings, read once."""
        return self if self.settings else replace(self, settings=ErpSettings.of(company))

    @classmethod
    def of_failed(cls, exports: Iterable[InvoiceExport]) -> dict[int, "Acceptance"]:
        """{export id: the one of its batch} of those whose file failed: they go on under it. One question for all."""
        held = AccountingPrivilege.objects.that_held_at(
            OuterRef("batch__accepted_at"), OuterRef("batch__accepted_by"), OuterRef("batch__company")
        )
        failed = [export.pk for export in exports if export.status == ExportStatus.FAILED]
        items = ExportItem.objects.filter(is_live=True, invoice_export__in=failed).annotate(with_right=Exists(held))
        found = items.select_related("batch__layout", "batch__accepted_by", "batch__company")
        batches, of_each = {}, {}
        for item in found.defer("batch__snapshot", "batch__findings") if failed else ():
            if item.batch_id not in batches:
                batches[item.batch_id] = cls.of(item.batch, with_right=item.with_right)
            of_each[item.invoice_export_id] = batches[item.batch_id]
        return of_each

    @cached_property
    def as_facts(self) -> dict:
        """What the facts of a batch hold of it."""
        return {
            "batch_key": self.batch_key,
            "accounting_date": self.accounting_date,
            "accepted_by": self.accepted_by,
            "accepted_date": self.accepted_date,
            "accepted_with_right": self.with_right,
            "layout": self.layout.as_layout(),
        }


def files_of(exports: Collection[InvoiceExport]) -> list[list[InvoiceExport]]:
    """What goes together: each by itself, but what failed with what else its batch holds of its commitment.

    By that alone one of a file bears on another: on the same lines of Sage (S40), and by what is held (S51). In one
    question however many they are, and in none where nothing failed.
    """
    failed = [export for export in exports if export.status == ExportStatus.FAILED]
    files = defaultdict(list)
    if failed:
        live, commitments = ExportItem.objects.filter(is_live=True), {each.invoice.commitment_id for each in failed}
        items = live.filter(batch__in=live.filter(invoice_export__in=failed).values("batch"))
        known = InvoiceExport.objects.with_context().filter(invoice__commitment__in=commitments, items__in=items)
        for export in known.annotate(file=F("items__batch")).in_file_order():
            files[export.file, export.invoice.commitment_id].append(export)
    there = {export.pk for file in files.values() for export in file}
    return [*files.values(), *([export] for export in exports if export.pk not in there)]


def collect(
    exports: list[InvoiceExport],
    acceptance: Acceptance,
    beside: Beside,
    *,
    files: Collection[list[InvoiceExport]] = (),
) -> BatchFacts:
    """The facts of these exports of one company, in the order given. `exports` come from `with_context()`.

    `files`: which of them go together, where not all do.
    """
    chosen = acceptance.asking(exports[0].company).settings
    links = _Links.of(exports, beside)
    releases = allocate_releases(exports, files=files, being_built=acceptance.being_built)
    reduced, before = bills_reduced(exports), released_before(exports)
    prefetch_related_objects([export for export in exports if export.reference_no], "reference_by")
    return BatchFacts(
        **acceptance.as_facts,
        company_name=chosen.sage_company_name,
        settings=chosen.as_settings(links.cost_type_accounts, links.job_accounts),
        billed_elsewhere=billed_elsewhere(exports, beside),
        invoices=tuple(
            _invoice_facts(
                export,
                links,
                chosen,
                links.facts_of(beside.lines.get(export.invoice_id, ())),
                releases[export.invoice_id],
                before[export.invoice_id],
                beside,
                next(iter(reduced.get(export.invoice_id, ())), None),
            )
            for export in exports
        ),
    )


def _invoice_facts(export, links, chosen, lines, release: Spread, before, beside, reference_no) -> InvoiceFacts:
    invoice, commitment, project = export.invoice, export.invoice.commitment, export.project
    job = links.projects.get(project.pk)
    chosen_reference = export.reference_no if invoice.gross_this_period < 0 else ""
    return InvoiceFacts(
        invoice_id=str(invoice.pk),
        version=invoice.version,
        number=invoice.number,
        application_number=invoice.position,
        company_name=chosen.sage_company_name,
        vendor_name=invoice.vendor.name,
        vendor_number=links.vendors.get(invoice.vendor_id),
        commitment_kind=commitment.kind,
        commitment_number=commitment.number,
        sage_commitment_number=links.commitments.get(commitment.pk),
        commitment_title=commitment.title,
        project_name=project.name,
        job_number=job.job_number if job else None,
        phase_number=(job.phase_number or None) if job else None,
        period_start=invoice.period_start_date,
        period_end=invoice.period_end_date,
        invoice_date=invoice.billing_date,
        description=export.description or None,
        due_date=export.due_date,
        discount_date=export.discount_date,
        status=str(invoice.status),
        approved_by=invoice.approved_by.name if invoice.approved_by else "",
        invoice_link=settings.SITE_URL + address(invoice),
        lines=lines,
        releases=tuple(part.as_facts() for part in release.parts),
        counted=release.counted,
        released_before=before,
        gross=invoice.gross_this_period,
        retainage_held=invoice.retainage_newly_held,
        retainage_released=invoice.retainage_released,
        net=invoice.current_payment_due,
        insurance_expires_date=invoice.vendor.insurance_expires_date,
        workers_comp_flag=invoice.vendor.needs_workers_comp,
        is_canadian=chosen.is_canadian,
        reference_no=(chosen_reference or reference_no),
        reference_by=export.reference_by.name if chosen_reference else "",
        exported_in=beside.exported_in(invoice, links.vendors.get(invoice.vendor_id)),
        look_alikes=beside.look_alikes(invoice),
        linked_changes=beside.linked_changes(invoice),
    )


@dataclass(frozen=True)
class _Links:
    """Every link that a collection of invoices needs, read once."""

    vendors: dict[int, str]
    projects: dict[int, ProjectLink]
    commitments: dict[int, str]
    cost_types: dict[int, CostTypeLink]
    cost_type_names: dict[int, str]

    @classmethod
    def of(cls, exports, beside: Beside) -> "_Links":
        invoices = [export.invoice for export in exports]
        vendors = (getattr(invoice.vendor, "sage_link", None) for invoice in invoices)
        projects = (getattr(invoice.project, "sage_link", None) for invoice in invoices)
        commitments = (getattr(invoice.commitment, "sage_link", None) for invoice in invoices)
        return cls(
            {link.vendor_id: link.number for link in vendors if link},
            {link.project_id: link for link in projects if link and link.job_number},
            {link.commitment_id: link.number for link in commitments if link},
            beside.cost_types,
            beside.cost_type_names,
        )

    @property
    def cost_type_accounts(self) -> tuple[CostTypeAccount, ...]:
        links = sorted(self.cost_types.values(), key=lambda link: (link.number, link.account, link.sub_account))
        return tuple(
            CostTypeAccount(cost_type=link.number, account=link.as_account()) for link in links if link.account
        )

    @property
    def job_accounts(self) -> tuple[JobAccount, ...]:
        links = sorted(self.projects.values(), key=lambda link: (link.job_number, link.phase_number))
        return tuple(
            JobAccount(job_number=link.job_number, phase_number=link.phase_number or None, account=link.as_account())
            for link in links
            if link.account
        )

    def facts_of(self, lines: Sequence[InvoiceLine]) -> tuple[LineFacts, ...]:
        """Of all lines of an invoice: what each newly holds is settled together (S46, S47)."""
        figures = lines_of_bill(line.as_line() for line in lines)
        return tuple(self._line_facts(*pair) for pair in zip(lines, figures, strict=True))

    def _line_facts(self, line: InvoiceLine, figures: Line) -> LineFacts:
        ours = line.schedule_line
        code, own = getattr(ours.cost_code, "sage_link", None), getattr(ours, "sage_link", None)
        cost_type = self.cost_types.get(ours.cost_type)
        return LineFacts(
            key=ours.key,
            description=ours.description,
            our_cost_code=ours.cost_code.code,
            cost_code=code.code if code else None,
            our_cost_type=self.cost_type_names[ours.cost_type],
            cost_type=cost_type.number if cost_type else None,
            amount=figures.gross_this_period,
            retainage_held=figures.retainage_held_this_period,
            line_reference=(own.line_reference or None) if own else None,
            line_account=own.as_account() if own else None,
            change_order=ours.change_order.number if ours.change_order else None,
            change_order_amount=ours.amount if ours.change_order else ZERO,
            how=_in_words(figures),
        )


def _in_words(line: Line) -> str:
    """How the exported amount follows from the invoice's columns (6.3), with the numbers."""
    shown = [
        format_amount(amount)
        for amount in (line.work_this_period, line.stored_moved, line.stored_presently, line.stored_previous)
    ]
    return "work {} + moved {} + stored {} − stored before {} = {}".format(
        *shown, format_amount(line.gross_this_period)
    )
