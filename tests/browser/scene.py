"""A small company in which every page has something to show: an invoice in each state, a file on its way."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from directory.actions import people
from directory.actions.account_links import ask_for_email, make_invitation
from directory.actions.grants import set_level
from directory.models import AccountingPrivilege, Event, Mail
from directory.permissions import Level, Tool
from erp_integrations.actions import batches, exports, reconciliations
from erp_integrations.actions.dry_runs import ask_for_dry_run
from erp_integrations.models import Download, ExportBatch, InvoiceExport, ListKind
from invoicing import making
from invoicing.actions import (
    attachments,
    change_orders,
    comments,
    invitations,
    invoices,
    made_files,
    payments,
    reviews,
    rounds,
    saved_views,
)
from invoicing.models import Invitation, Invoice, InvoiceType, MadeFile, SavedView, Verdict
from tests.directory.account_pages import give_app
from tests.erp_integrations.test_reconciliations import LIST_DAY, STRANGER, row_of
from tests.erp_integrations.world import SageWorld, sage_world
from tests.factories import payment_of
from tests.journeys.steps import D, page_of

WORK = {"work_this_period": D("12500.00")}
STORED = {"stored_new": D("4000.00")}
ADMIN_LISTS = ("accountingprivilege", "company", "event", "mail", "person", "project", "vendor")


@dataclass
class Scene:
    """Who is there, and what they look at."""

    sage: SageWorld
    draft: Invoice
    reviewed: Invoice  # under review, one line approved and one rejected
    returned: Invoice
    approved: Invoice
    waiting: InvoiceExport  # for accounting's answer
    refused: InvoiceExport
    exported: InvoiceExport
    ready: ExportBatch
    running: ExportBatch
    invitation: Invitation

    def at(self, name: str, *parts, query: str = "") -> str:
        """The address of one of the project's pages."""
        return reverse(name, args=[self.sage.base.project.slug, *parts]) + query

    def erp(self, name: str, *parts, query: str = "") -> str:
        """The address of one of accounting's pages."""
        return reverse(name, args=[self.sage.company.slug, *parts]) + query


def scene() -> Scene:
    sage = sage_world()
    base = sage.base
    set_level(base.admin, Tool.COMPANY_DIRECTORY, sage.company, Level.READ_ONLY, by=base.owner)
    waiting, refused, done, running = (sage.sent() for _ in range(4))
    exports.reject(refused, by=base.approver, reason="The curbs belong to job 2026015")
    period = base.project.billing_periods.get()
    [invited] = invitations.invite(period, [commitment(sage)], InvoiceType.WORK, by=base.admin)
    return Scene(
        sage,
        draft=drafted(sage),
        reviewed=half_reviewed(sage),
        returned=base.sent_back(base.draft(commitment(sage))),
        approved=sage.approved(commitment(sage), WORK),
        waiting=waiting,
        refused=refused,
        exported=done,
        ready=sage.built(done),
        running=sage.accepted(running),
        invitation=invited.invitation,
    )


def commitment(sage: SageWorld):
    base = sage.base
    lines = [
        base.line("Footings and grade beams", "73600.00"),
        base.line("Slab on grade with vapour barrier and welded wire reinforcement", "29002.00"),
        base.line("Steel embeds", "20000.00"),
    ]
    made = sage.commitment(lines=lines, is_private=False)
    base.change_order(made, [base.line("Added canopy", "7500.00")])
    return made


def paid(scene: Scene) -> Invoice:
    """One with a payment that stands and one that was taken back."""
    invoice, by = scene.exported.invoice, scene.sage.base.admin
    if not invoice.payments.exists():
        wrong = payments.record_payment(invoice, payment_of("40.00", "1001"), by=by)
        payments.take_back_payment(wrong, reason="The check was for another vendor’s bill", by=by)
        payments.record_payment(invoice, payment_of("100.00", "20261115-004512"), by=by)
    return invoice


def files_of(scene: Scene) -> dict[str, str]:
    """Pages of files made in the background: one that is ready, one that failed, one that waits."""
    base, pages = scene.sage.base, {"made-files": scene.at("made-files")}
    ids = [scene.reviewed.pk, scene.draft.pk, scene.returned.pk]
    for number, name in enumerate(("ready", "failed", "waiting"), start=1):
        made = made_files.ask_for_list(base.project, "csv", ids[:number], asked_on="/", by=base.admin)
        if name == "ready":
            making.make(made.pk)
            MadeFile.objects.filter(pk=made.pk).update(left_out=2)
        elif name == "failed":
            making.give_up(making.claim(made.pk), "The certificate could not be printed now.")
        pages[f"made-file-{name}"] = scene.at("made-file", made.pk)
    return pages


def dry_runs_of(scene: Scene) -> dict[str, str]:
    """The same of the queue: one that is ready, one that is being checked, and the page of both."""
    sage, pages = scene.sage, {"erp-files": scene.erp("erp-files")}
    ids = [scene.waiting.invoice_id, scene.exported.invoice_id]
    for number, name in enumerate(("ready", "making"), start=1):
        made = ask_for_dry_run(sage.company, ids[:number], asked_on=scene.erp("erp-queue"), by=sage.approver)
        if name == "ready":
            making.make(made.pk)
        else:
            making.report(making.claim(made.pk), 1)
            MadeFile.objects.filter(pk=made.pk).update(lease_until=timezone.now())  # another may be made
        pages[f"erp-file-{name}"] = scene.erp("erp-file", made.pk)
    return pages


def unagreed(scene: Scene):
    """A commitment whose schedule can still be edited."""
    return scene.sage.base.commitment(moves=(), contact=False)


def pending_change(scene: Scene) -> tuple:
    base, made = scene.sage.base, scene.draft.commitment
    order = made.change_orders.filter(status="draft").first()
    lines = [base.line("Added canopy", "7500.00"), base.line("Less curbs", "-1200.00")]
    order = order or change_orders.enter(made, "CO-90", "Canopy and curbs", lines, by=base.admin)
    return made.number, order.pk


def round_of(scene: Scene) -> str:
    """The page of a round with one that was asked again and one that could not be."""
    base, period = scene.sage.base, scene.invitation.billing_period
    chosen = [scene.invitation.commitment, base.commitment(contact=False)]
    made = rounds.invite(period, chosen, InvoiceType.WORK, by=base.admin)
    return scene.at("period-round", period.pk, made.pk)


def drafted(sage: SageWorld) -> Invoice:
    invoice = sage.base.entered(sage.base.draft(commitment(sage)), WORK, {}, STORED)
    attachments.attach(invoice, "delivery note.pdf", b"%PDF-1.4 12 embeds", by=sage.base.contact)
    return invoice


def half_reviewed(sage: SageWorld) -> Invoice:
    base = sage.base
    taken_back = invoices.withdraw(base.submitted(base.draft(commitment(sage)), WORK, STORED, STORED), by=base.contact)
    invoice = base.submitted(taken_back, WORK, WORK, STORED)
    first, second, *_ = invoice.lines.all()
    reviews.decide(first, Verdict.APPROVED, by=base.admin)
    reviews.decide(second, Verdict.REJECTED, "Half of the slab is not poured yet", by=base.admin)
    comments.comment(invoice, "Please send photos of the slab", by=base.admin)
    comments.note(invoice, "Ask the superintendent", by=base.admin)
    return invoice


def pages_of_passers_by(scene: Scene) -> dict[str, str]:
    token = reverse("invitation", args=[scene.invitation.token])
    named = reverse("invitation", args=[scene.invitation.token_for(scene.sage.base.contact)])
    return {"welcome": "/", "login": "/accounts/login/", "invitation": token, "outbox": "/demo/outbox/"} | {
        "invitation-named": named,
        "mail": reverse("demo-mail", args=[Mail.objects.first().pk]),
        "password-reset": "/accounts/password/reset/",
        "password-reset-sent": "/accounts/password/reset/done/",
        "password-reset-used": "/accounts/password/reset/key/1-abc/",
        "password-reset-done": "/accounts/password/reset/key/done/",
        "inactive": "/accounts/inactive/",
        "code-by-mail": "/accounts/login/code/",
        "first-password": first_password(scene),
    }


def first_password(scene: Scene) -> str:
    base = scene.sage.base
    membership = people.add_person(scene.sage.company, "nia@acme.example", "Nia Next", by=base.owner)
    _, token = make_invitation(membership.person, scene.sage.company, by=base.owner)
    return reverse("welcome", args=[token])


def pages_of_ones_login(scene: Scene) -> dict[str, str]:
    give_app(scene.sage.base.admin)
    ask_for_email(scene.sage.base.admin, "dana@new.example")
    pages = ("mfa_index", "mfa_add_webauthn", "mfa_list_webauthn", "mfa_deactivate_totp", "mfa_reauthenticate")
    pages += ("account_reauthenticate", "account_change_password", "account_logout", "usersessions_list")
    pages += ("mfa_generate_recovery_codes", "email-change", "profile")
    return {name: reverse(name) for name in pages}


def pages_of_dead_links() -> dict[str, str]:
    return {name: reverse(name, args=["no-such-token"]) for name in ("welcome", "email-confirm")}


def pages_of_the_admin(scene: Scene) -> dict[str, str]:
    at, invoice = scene.at, page_of(scene.reviewed)
    number, period = scene.draft.commitment.number, scene.draft.billing_period_id
    tabs = ("lines", "summary", "submissions", "timeline", "changes", "mail")
    line = scene.reviewed.lines.last().pk
    tabbed = {f"invoice-{tab}": f"{invoice}?show={tab}" for tab in tabs} | files_of(scene)
    return tabbed | {
        "home": "/",
        "home-of-a-period": f"/?period={period}",
        "project": at("project"),
        "commitments": at("commitments"),
        "invoice-files": page_of(scene.draft, "?show=files"),
        "invoice-approved": page_of(scene.approved),
        "invoice-rejected-by-accounting": page_of(scene.refused.invoice),
        "commitment": at("commitment", number),
        "commitment-mails": at("commitment-mails", number),
        "retainage": at("commitment-retainage", scene.approved.commitment.number),
        "subcontract-new": at("subcontract-new"),
        "schedule": at("schedule", unagreed(scene).number),
        "commitments-start": at("commitments-start"),
        "change-order-new": at("change-order-new", number),
        "change-order": at("change-order", *pending_change(scene)),
        "change-order-approve": at("change-order-move", *pending_change(scene), "approve"),
        "change-order-lines": at("change-order-lines", *pending_change(scene)),
        "commitment-edit": at("commitment-edit", scene.draft.commitment_id),
        "commitment-void": at("commitment-move", number, "void"),
        "periods": at("periods"),
        "billing-settings": at("billing-settings"),
        "board": at("period", period),
        "board-invited": at("period", period, query="?state=invited"),
        "board-team": at("period", period, query="?turn=team&sort=-since"),
        "board-timeline": at("period", period, query="?show=timeline"),
        "contact-add": at("commitment-contacts", number, query=f"?period={period}"),
        "period-round": round_of(scene),
        "board-none": at("period", period, query="?state=declined"),
        "period-close": at("period-close", period),
        "period-edit": at("period-edit", period),
        "period-reopen": at("period-reopen", period),
        "period-delete": at("period-delete", period),
        "period-extend": at("period-extend", period, scene.draft.commitment_id),
        "invoices": at("invoices"),
        "invoices-wrong-amount": at("invoices", query="?least=12O0&rows=100"),
        "invoice-new": at("invoice-new"),
        "invoices-none": at("invoices", query="?q=nothing+like+it"),
        "commitments-none": at("commitments", query="?q=nothing+like+it"),
        "review": page_of(scene.reviewed, "review/"),
        "review-amount": page_of(scene.reviewed, f"review/{line}/amount/"),
        "how-line": page_of(scene.reviewed, "lines/2/?column=TR"),
        "how-totals": page_of(scene.reviewed, "lines/?column=T"),
        "reason": page_of(scene.reviewed, f"review/{line}/"),
        "finish": page_of(scene.reviewed, "review/finish/"),
        "reopen": page_of(scene.approved, "reopen/"),
        "compare": page_of(scene.reviewed, "compare/1..2/?show=all"),
        "invoice-timeline": page_of(scene.reviewed, "?show=timeline"),
        "invoice-delete": page_of(scene.draft, "delete/"),
        "invoice-payments": page_of(paid(scene), "?show=payments"),
        "invoice-pay": page_of(scene.approved, "payments/"),
        "payment-take-back": page_of(scene.exported.invoice, f"payments/{paid(scene).payments.last().pk}/take-back/"),
        "send-to-erp": page_of(scene.approved, "erp/send/"),
        "directory": scene.erp("company-directory"),
        "projects": "/projects/",
        "profile": "/me/",
        "password-change": "/accounts/password/change/",
        "sign-out": "/accounts/logout/",
    }


def pages_of_the_contact(scene: Scene) -> dict[str, str]:
    return {
        "bills": "/bills/",
        "sheet": page_of(scene.draft, "enter/"),
        "sheet-again": page_of(scene.returned, "enter/"),
        "how-bill-line": page_of(scene.returned, "lines/1/"),
        "sheet-upload": page_of(scene.draft, "enter/upload/"),
        "send": page_of(scene.draft, "send/"),
        "bill": page_of(scene.draft),
        "bill-payments": page_of(paid(scene), "?show=payments"),
        "bill-timeline": page_of(scene.reviewed, "?show=timeline"),
        "contact-commitment": scene.at("commitment", scene.draft.commitment.number),
        "contact-commitment-mails": scene.at("commitment-mails", scene.draft.commitment.number),
        "contact-project": scene.at("project"),
        "contact-board": scene.at("period", scene.draft.billing_period_id),
        "contact-bills": scene.at("invoices"),
        "contact-commitments": scene.at("commitments"),
        "contact-periods": scene.at("periods"),
        "returned-bill": page_of(scene.returned),
        "returned-send": page_of(scene.returned, "send/"),
        "contact-invitation": reverse("invitation", args=[scene.invitation.token]),
    }


def pages_of_accounting(scene: Scene) -> dict[str, str]:
    erp = scene.erp
    return {
        "approver-home": "/",
        "queue": erp("erp-queue"),
        "queue-rejected": erp("erp-queue", query="?tab=rejected"),
        "queue-failed": erp("erp-queue", query="?tab=failed"),
        "queue-none": erp("erp-queue", query="?q=nothing+like+it"),
        "queue-view": erp("erp-queue", query=f"?{view_of_the_queue(scene).query}"),
        "export-row": erp("erp-export", scene.waiting.pk, query="?row=2"),
        "export-rejected": erp("erp-export", scene.refused.pk),
        "export": erp("erp-export", scene.waiting.pk),
        "export-done": erp("erp-export", scene.exported.pk),
        "export-left": erp("erp-export", voided(scene).pk, query="?row=2"),
        "accept": erp("erp-accept", query=f"?export={scene.waiting.pk}"),
        "reject": erp("erp-reject", scene.waiting.pk),
        "reject-many": erp("erp-reject-many", query=f"?export={scene.waiting.pk}&export={scene.refused.pk}"),
        "confirm": erp("erp-confirm", scene.exported.pk),
        "correct-record": erp("erp-correct-record", posted(scene).pk),
        "batches": erp("erp-batches"),
        "batches-to-confirm": erp("erp-batches", query=f"?state=to-confirm&q={scene.ready.key}"),
        "batches-none": erp("erp-batches", query="?q=EXP-999999"),
        "batch": erp("erp-batch", scene.ready.number),
        "batch-running": erp("erp-batch", scene.running.number),
        "batch-cancel": erp("erp-cancel", scene.ready.number),
        "batch-cancel-too-early": erp("erp-cancel", scene.running.number),
        "batch-results": erp("erp-results", scene.ready.number),
        **pages_of_reconciliation(scene),
        **dry_runs_of(scene),
    }


def view_of_the_queue(scene: Scene) -> SavedView:
    """One's own, as the approver looks at it."""
    where, page = scene.sage.company, SavedView.Page.QUEUE
    return saved_views.save(where, "In a file", "tab=exported", page=page, by=scene.sage.approver)


def posted(scene: Scene) -> InvoiceExport:
    """One that Sage holds, in a file of its own."""
    there = InvoiceExport.objects.filter(status="posted").first()
    return there or exports.confirm(scene.sage.exported(), by=scene.sage.approver, record_number="70001")


def voided(scene: Scene) -> InvoiceExport:
    """One that left its file."""
    there = InvoiceExport.objects.filter(status="voided").first()
    return there or exports.void(
        scene.sage.exported(), by=scene.sage.all_rights(), reason="Wrong sums", sage_holds_it_no_more=True
    )


def taken(scene: Scene) -> str:
    """Where a file that somebody took is asked for again."""
    batches.download(scene.ready, Download.Which.XLSX, by=scene.sage.base.staff, reason="Lost it")
    return scene.erp("erp-download", scene.ready.number, "xlsx")


def pages_of_reconciliation(scene: Scene) -> dict[str, str]:
    """With one as it was exported, one whose amount differs, and a row of Sage's own."""
    held = {**row_of(scene.exported), "gross": "1.00"}
    found = row_of(scene.sage.exported())
    scene.sage.load(ListKind.PAYABLE_INVOICES, held, found, STRANGER, as_of_date=LIST_DAY)
    number = reconciliations.reconcile(scene.sage.company, by=scene.sage.approver).number
    return {
        "overdue": scene.erp("erp-overdue"),
        "verify": scene.erp("erp-verify"),
        "take-again": taken(scene),
        "reconciliations": scene.erp("erp-reconciliations"),
        "reconciliation": scene.erp("erp-reconciliation", number),
        "confirm-found": scene.erp("erp-confirm-found", number),
        "reconciliation-not-ours": scene.erp("erp-reconciliation", number, query="?kind=not_ours"),
    }


def pages_of_the_staff(scene: Scene) -> dict[str, str]:
    pages = {"staff-home": "/", "staff-queue": scene.erp("erp-queue"), "staff-batch": scene.erp("erp-batch", 1)}
    return pages | {
        "staff-lists": scene.erp("erp-lists"),
        "staff-list": scene.erp("erp-list", "vendors"),
        "staff-links": scene.erp("erp-links"),
        "staff-linking": scene.erp("erp-linking", "lines"),
    }


def pages_of_the_owner(scene: Scene) -> dict[str, str]:
    base, privilege = scene.sage.base, AccountingPrivilege.objects.live().first().pk
    lists = {f"admin-{name}": reverse(f"admin:directory_{name}_changelist") for name in ADMIN_LISTS}
    return lists | {
        "owner-home": "/",
        "admin": reverse("admin:index"),
        "admin-grant": reverse("admin:directory_accountingprivilege_add"),
        "admin-privilege": reverse("admin:directory_accountingprivilege_change", args=[privilege]),
        "admin-withdraw": reverse("admin:directory_accountingprivilege_withdraw", args=[privilege]),
        "admin-person": reverse("admin:directory_person_change", args=[base.admin.pk]),
        "admin-new-person": reverse("admin:directory_person_add"),
        "admin-levels": reverse("admin:directory_person_levels", args=[base.admin.pk]),
        "admin-one-company": reverse("admin:directory_company_change", args=[scene.sage.company.pk]),
        "admin-one-event": reverse("admin:directory_event_change", args=[Event.objects.first().pk]),
    }
