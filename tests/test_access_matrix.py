"""Every address × every method × every kind of person (domain 1.1, 1.2; R60, R61, R66–R69).

`DOORS` says for each address of ours who gets through; an address that is not listed fails the test. Whoever does not
meets the sign-in page, a 404 where they may not know, or a 403 where a right is missing (P-8), and writes nothing.
"""

import re
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import product

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import admin
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from directory.actions import permission_templates, vendors
from directory.actions.grants import set_level
from directory.actions.people import add_person
from directory.actions.vendors import Details
from directory.models import AccountingPrivilege, DirectoryUpload, Mail, Person, PrivilegeRequest, Project, Vendor
from directory.models.events import subject_name
from directory.permissions import Level, Tool
from erp_integrations.actions import list_uploads, reconciliations
from erp_integrations.actions.dry_runs import ask_for_dry_run
from erp_integrations.models import ErpSettings, ExportBatch, ListKind, SageListUpload
from invoicing import making
from invoicing.actions import (
    access_lists,
    attachments,
    change_orders,
    commitments,
    invitations,
    invoices,
    made_files,
    payments,
    rounds,
    saved_views,
)
from invoicing.models import InvoiceType, MadeKind
from tests.erp_integrations.world import sage_world
from tests.factories import payment_of, person
from tests.test_architecture import own_patterns

pytestmark = pytest.mark.django_db

LOGIN, MISSING, FORBIDDEN, NO_METHOD, THROUGH = "sign-in page", "404", "403", "405", "through"

# The 18 kinds of person of R60 and some more. The levels are those on the project's Commitments and Directory and on
# the company's ERP Integrations and Directory. Of the 18, "invoicing None" is here somebody who administers the
# invoices of another project, "ERP None" is everybody else, and "accounting staff" is Read Only on ERP Integrations.
OUTSIDE = {"anonymous", "deactivated"}
OWN = {
    "employee without a level",
    "commitments read only",
    "commitments standard",
    "commitments admin",
    "erp read only",
    "erp standard without the privilege",
    "erp admin without the privilege",
    "accounting approver",
    "privilege without a level",
    "commitments admin of another project",
    "project directory admin",
    "company directory admin",
}
CONTACTS = {"contact", "contact of another vendor", "former contact", "contact without a level"}
OTHERS = {"site owner without a grant", "staff of the admin", "admin of another company"}
EVERYONE = OUTSIDE | OWN | CONTACTS | OTHERS

METHODS = ("get", "post", "put")  # the door asks for the method before it asks who: one of each kind shows PUT
# One of each kind, for what is the same for all of a kind.
BUSIEST = {"anonymous", "commitments admin", "contact", "accounting approver", "company directory admin"}

# Whom PostgreSQL is asked about, where SQLite has been asked about all: who gets through is not the database's to say.
ON_POSTGRESQL = {"commitments admin", "contact", "accounting approver"}
ONCE = pytest.mark.skipif(not settings.EMBEDDED, reason="It asks a database nothing.")

READERS = {"commitments read only", "commitments standard", "commitments admin"}
ADMIN = {"commitments admin"}
WITH_LEVEL = READERS | CONTACTS - {"contact without a level"}
ERP = {"erp read only", "erp standard without the privilege", "erp admin without the privilege", "accounting approver"}


@dataclass(frozen=True)
class Door:
    """Who gets through, and who is told that a right is missing; all others are told nothing (404)."""

    through: frozenset
    forbidden: frozenset = frozenset()
    needs_login: bool = True

    def answer(self, who: str) -> str:
        if who in self.through:
            return THROUGH
        if who in OUTSIDE:
            return LOGIN if self.needs_login else MISSING
        return FORBIDDEN if who in self.forbidden else MISSING


def door(through, forbidden=(), **rest) -> Door:
    return Door(frozenset(through), frozenset(forbidden), **rest)


PUBLIC = door(EVERYONE)
SIGNED_IN = door(EVERYONE - OUTSIDE)
PROJECT = door(WITH_LEVEL)
PROJECT_ADMIN = door(ADMIN, WITH_LEVEL - ADMIN)
DRAFTS = door({"commitments standard", "commitments admin"}, WITH_LEVEL - {"commitments standard"})
COMMITMENT_ADMIN = door(ADMIN, {"commitments read only", "commitments standard", "contact"})
ATTACH_TO_COMMITMENT = door({"commitments standard", "commitments admin"}, {"commitments read only", "contact"})
COMMITMENT = door(READERS | {"contact"})
BILL = door(ADMIN | {"contact"}, READERS - ADMIN)
START = door(ADMIN | CONTACTS - {"contact without a level"}, READERS - ADMIN)
ATTACH = door({"commitments standard", "commitments admin", "contact"}, {"commitments read only"})
NOTE = door({"commitments standard", "commitments admin"}, {"commitments read only"})  # to contacts there is none
ERP_LOOK = door(ERP)
ERP_ANSWER = door({"accounting approver"}, ERP)
ERP_OWN = door({"accounting approver"})  # files made for one
ERP_EDIT = door(ERP - {"erp read only"}, ERP)
ERP_ADMIN = door({"erp admin without the privilege"}, ERP)
APPROVERS_OF_SOME_COMPANY = door({"accounting approver", "admin of another company"})
ERP_VOID = door((), ERP)  # needs Admin on Commitments as well, which nobody here holds beside it
DIRECTORY = door(ADMIN | {"company directory admin"})  # the former has Read Only there
DIRECTORY_ADMIN = door({"company directory admin"}, ADMIN)
PROJECT_DIRECTORY = door({"project directory admin"})
ASKED = door({"admin of another company"})  # whom this company's directory asked to join (R89)
ANSWER_PAGE = door({"contact", "contact without a level"} & {"contact"} | OUTSIDE)
ANSWER = door({"contact"})

DOORS = {  # address name: (to read, to write)
    "home": (PUBLIC, None),
    "livez": (PUBLIC, None),
    "readyz": (PUBLIC, None),
    "metrics": (door((), needs_login=False), None),  # without the watchman's token there is no such page for anybody
    "demo-sign-in": (None, door((), needs_login=False)),  # without an e-mail it finds nobody: 404 for all
    "demo-outbox": (PUBLIC, None),
    "demo-mail": (PUBLIC, None),
    "demo-mail-html": (PUBLIC, None),
    "projects": (SIGNED_IN, None),
    "profile": (SIGNED_IN, SIGNED_IN),
    "email-change": (SIGNED_IN, SIGNED_IN),
    "email-stop": (None, SIGNED_IN),
    "email-confirm": (door((), needs_login=False), door((), needs_login=False)),  # nobody was mailed that token
    "session-end": (None, door(())),  # nobody has a session of that number
    "mfa_remove_webauthn": (door(()), door(())),  # nor such a passkey
    "confirm-by-mail": (SIGNED_IN, SIGNED_IN),
    "welcome": (door((), needs_login=False), door((), needs_login=False)),  # nor was anybody mailed that one
    "welcome-again": (None, PUBLIC),
    "company-directory": (DIRECTORY, None),
    "directory-import": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "directory-import-template": (DIRECTORY_ADMIN, None),
    "directory-upload": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "vendors": (DIRECTORY, None),
    "vendor": (DIRECTORY, None),
    "vendor-new": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "vendor-edit": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "vendor-deactivate": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "vendor-reactivate": (None, DIRECTORY_ADMIN),
    "vendor-verify": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "vendor-decline": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "company-levels": (DIRECTORY, DIRECTORY_ADMIN),
    "person-levels": (DIRECTORY, None),
    "permission-templates": (DIRECTORY, DIRECTORY_ADMIN),
    "permission-template": (DIRECTORY, DIRECTORY_ADMIN),
    "permission-template-rename": (None, DIRECTORY_ADMIN),
    "permission-template-delete": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "permission-template-add": (None, DIRECTORY_ADMIN),
    "permission-template-remove": (None, DIRECTORY_ADMIN),
    "project-directory": (PROJECT_DIRECTORY, PROJECT_DIRECTORY),
    "accounting-mail": (None, APPROVERS_OF_SOME_COMPANY),
    "accounting-approvers": (DIRECTORY, None),
    "privilege-ask": (None, DIRECTORY_ADMIN),
    "privilege-take-back": (None, DIRECTORY_ADMIN),
    "company-events": (DIRECTORY_ADMIN, None),
    "company-events-csv": (DIRECTORY_ADMIN, None),
    "company-events-about": (DIRECTORY_ADMIN, None),
    "joining": (SIGNED_IN, None),
    "joining-join": (None, ASKED),
    "joining-decline": (None, ASKED),
    "directory-person-new": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "directory-person": (DIRECTORY, None),
    "directory-person-edit": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "directory-person-move": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "directory-person-deactivate": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "directory-person-reactivate": (None, DIRECTORY_ADMIN),
    "directory-person-invite": (None, DIRECTORY_ADMIN),
    "company-projects": (DIRECTORY, None),
    "company-project-new": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "company-project": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "company-project-end": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "company-project-run": (None, DIRECTORY_ADMIN),
    "company-settings": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "bills": (SIGNED_IN, None),
    "invitation": (ANSWER_PAGE, ANSWER),
    "invitation-again": (None, PUBLIC),
    "invitation-opened": (None, PUBLIC),
    "project": (PROJECT, None),
    "commitments": (PROJECT, None),
    "commitments-csv": (PROJECT, None),
    "commitment": (COMMITMENT, None),
    "subcontract-new": (DRAFTS, DRAFTS),
    "purchase-order-new": (DRAFTS, DRAFTS),
    "commitment-edit": (COMMITMENT_ADMIN, COMMITMENT_ADMIN),
    "commitment-move": (PROJECT_ADMIN, PROJECT_ADMIN),
    "commitment-access": (None, PROJECT_ADMIN),
    "commitment-access-remove": (None, PROJECT_ADMIN),
    "commitment-attach": (None, ATTACH_TO_COMMITMENT),
    "commitment-attachment": (COMMITMENT, None),
    "commitment-contacts": (PROJECT_ADMIN, PROJECT_ADMIN),
    "commitment-contact-remove": (PROJECT_ADMIN, PROJECT_ADMIN),
    "invoice-start": (None, BILL),
    "commitment-mails": (COMMITMENT, None),
    "commitments-start": (PROJECT_ADMIN, PROJECT_ADMIN),
    "commitments-start-workbook": (PROJECT_ADMIN, None),
    "cost-codes": (DIRECTORY, DIRECTORY_ADMIN),
    "cost-codes-workbook": (DIRECTORY, None),
    "cost-codes-upload": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "cost-codes-apply": (None, DIRECTORY_ADMIN),
    "cost-types": (None, DIRECTORY_ADMIN),
    "cost-code": (DIRECTORY_ADMIN, DIRECTORY_ADMIN),
    "change-order-new": (ATTACH_TO_COMMITMENT, ATTACH_TO_COMMITMENT),
    "change-order": (COMMITMENT, COMMITMENT_ADMIN),
    "change-order-lines": (COMMITMENT_ADMIN, COMMITMENT_ADMIN),
    "change-order-move": (COMMITMENT_ADMIN, COMMITMENT_ADMIN),
    "commitment-retainage": (PROJECT_ADMIN, PROJECT_ADMIN),
    "schedule": (COMMITMENT_ADMIN, COMMITMENT_ADMIN),
    "schedule-workbook": (COMMITMENT, None),
    "schedule-upload": (COMMITMENT_ADMIN, COMMITMENT_ADMIN),
    "periods": (PROJECT, PROJECT_ADMIN),
    "billing-settings": (PROJECT_ADMIN, PROJECT_ADMIN),
    "period": (PROJECT, None),
    "period-csv": (PROJECT, None),
    "period-round": (PROJECT_ADMIN, None),
    "board-view-save": (None, PROJECT),
    "board-view-delete": (None, door(ADMIN)),  # one's own
    "invoices-view-save": (None, PROJECT),
    "invoices-view-delete": (None, door(ADMIN)),  # one's own
    "period-invite": (None, PROJECT_ADMIN),
    "period-remind": (None, PROJECT_ADMIN),
    "period-close": (PROJECT_ADMIN, PROJECT_ADMIN),
    "period-extend": (PROJECT_ADMIN, PROJECT_ADMIN),
    "period-edit": (PROJECT_ADMIN, PROJECT_ADMIN),
    "period-reopen": (PROJECT_ADMIN, PROJECT_ADMIN),
    "period-delete": (PROJECT_ADMIN, PROJECT_ADMIN),
    "invoices": (PROJECT, None),
    "invoices-csv": (PROJECT, PROJECT),
    "invoices-xlsx": (PROJECT, PROJECT),
    "invoices-certificates": (None, PROJECT),
    "made-files": (PROJECT, None),
    **dict.fromkeys(("made-file", "made-file-download"), (door(ADMIN), None)),  # one's own
    "made-file-again": (None, door(ADMIN)),
    "invoice": (COMMITMENT, None),
    "invoice-enter": (BILL, BILL),
    "invoice-upload": (BILL, BILL),
    "invoice-workbook": (COMMITMENT, None),
    **dict.fromkeys(("invoice-certificate", "invoice-csv"), (COMMITMENT, None)),
    "invoice-certificate-picture": (COMMITMENT, None),
    "invoice-package": (None, COMMITMENT),
    **dict.fromkeys(("invoice-lines", "invoice-line"), (COMMITMENT, None)),
    "invoice-change-orders": (None, BILL),
    "invoice-send": (BILL, BILL),
    "invoice-withdraw": (None, BILL),
    "invoice-save-draft": (None, BILL),
    "invoice-attach": (None, ATTACH),
    "invoice-attachment": (COMMITMENT, None),
    "invoice-comment": (None, ATTACH),
    "invoice-note": (None, NOTE),
    "invoice-review": (PROJECT_ADMIN, None),
    "review-rest": (None, PROJECT_ADMIN),
    "review-seen": (None, PROJECT_ADMIN),
    "review-rest-undo": (None, PROJECT_ADMIN),
    "review-finish": (PROJECT_ADMIN, PROJECT_ADMIN),
    "review-line": (PROJECT_ADMIN, PROJECT_ADMIN),
    "review-amount": (PROJECT_ADMIN, PROJECT_ADMIN),
    "invoice-reopen": (PROJECT_ADMIN, PROJECT_ADMIN),
    "invoice-period": (PROJECT_ADMIN, PROJECT_ADMIN),
    "invoice-pay": (COMMITMENT_ADMIN, COMMITMENT_ADMIN),
    "payment-take-back": (COMMITMENT_ADMIN, COMMITMENT_ADMIN),
    "invoice-compare": (COMMITMENT, None),
    "invoice-delete": (BILL, BILL),
    "invoices-decide": (None, PROJECT_ADMIN),
    "invoices-remind": (None, PROJECT_ADMIN),
    "invoice-new": (START, None),
    "invoice-restore": (None, PROJECT_ADMIN),
    "invoice-erp-send": (PROJECT_ADMIN, PROJECT_ADMIN),
    "invoice-erp-retrieve": (None, PROJECT_ADMIN),
    "invoices-erp-send": (None, PROJECT_ADMIN),
    "invoices-dry-run": (PROJECT_ADMIN, PROJECT_ADMIN),
    "erp-queue": (ERP_LOOK, None),
    "erp-queue-view-save": (None, ERP_LOOK),
    "erp-queue-view-delete": (None, ERP_ADMIN),  # a shared one
    "erp-export": (ERP_LOOK, None),
    "erp-export-header": (None, ERP_ANSWER),
    "erp-accept": (ERP_ANSWER, ERP_ANSWER),
    "erp-dry-run": (ERP_LOOK, ERP_LOOK),
    "erp-files": (ERP_LOOK, None),
    **dict.fromkeys(("erp-file", "erp-file-download"), (ERP_OWN, None)),
    "erp-file-again": (None, ERP_OWN),
    "erp-reject": (ERP_ANSWER, ERP_ANSWER),
    "erp-reject-many": (ERP_ANSWER, ERP_ANSWER),
    "erp-correct-record": (ERP_ANSWER, ERP_ANSWER),
    "erp-void": (ERP_VOID, ERP_VOID),
    "erp-batches": (ERP_LOOK, None),
    "erp-batch": (ERP_LOOK, None),
    "erp-retry": (None, ERP_ANSWER),
    "erp-cancel": (ERP_ANSWER, ERP_ANSWER),
    "erp-confirm": (ERP_ANSWER, ERP_ANSWER),
    "erp-download": (ERP_LOOK, None),
    "erp-results": (ERP_ANSWER, ERP_ANSWER),
    **dict.fromkeys(("erp-lists", "erp-list-version", "erp-list-headings"), (ERP_LOOK, None)),
    "erp-list": (ERP_LOOK, ERP_EDIT),
    "erp-list-upload": (ERP_EDIT, ERP_EDIT),
    "erp-list-columns": (None, ERP_EDIT),
    **dict.fromkeys(("erp-links", "erp-linking"), (ERP_LOOK, None)),
    "erp-link": (ERP_LOOK, ERP_EDIT),
    "erp-link-account": (None, ERP_EDIT),
    **dict.fromkeys(("erp-link-exact", "erp-unlink"), (ERP_EDIT, ERP_EDIT)),
    "erp-reconciliations": (ERP_LOOK, ERP_EDIT),
    "erp-reconciliation": (ERP_LOOK, None),
    "erp-confirm-found": (ERP_ANSWER, ERP_ANSWER),
    "erp-overdue": (ERP_LOOK, None),
    "erp-verify": (ERP_LOOK, ERP_LOOK),
    "erp-report": (ERP_ADMIN, None),
    "erp-settings": (ERP_ADMIN, ERP_ADMIN),
    "erp-layouts": (ERP_ADMIN, None),
    "erp-layout": (ERP_ADMIN, ERP_ADMIN),
    "erp-layout-copy": (None, ERP_ADMIN),
    "erp-layout-verify": (None, ERP_ADMIN),
    "erp-layout-unverify": (None, ERP_ADMIN),
    "erp-report-csv": (ERP_ADMIN, None),
}
NOT_STAGED = {
    "metrics",  # takes the watchman's token
    "demo-sign-in",  # takes the e-mail of a demo person
    "email-confirm",
    "welcome",  # both take a token that was mailed once
    "session-end",
    "mfa_remove_webauthn",  # both name a row of one's own
    "erp-void",  # takes the privilege and Admin on Commitments in one person
}
OURS = {pattern.name: pattern for _, pattern in own_patterns(get_resolver().url_patterns)}


@dataclass
class Site:
    """A company with one of everything an address can name, and the 18 kinds of person around it."""

    people: dict
    names: dict  # what any address can be told
    special: dict  # {address name: what it alone needs}

    def address(self, name: str, **other) -> str:
        names = {key for key in re.findall(r"<(?:\w+:)?(\w+)>", str(route_of(name)))}
        values = self.names | self.special.get(name, {}) | other
        return reverse(name, kwargs={key: values[key] for key in names})

    def client(self, who: str, **rest) -> Client:
        client = Client(**rest)
        if self.people[who]:
            client.force_login(self.people[who])
        if who == "deactivated":
            someone = self.people[who]
            someone.is_active = False
            someone.save()
        return client


TEMPLATE = [f"permission-template{act}" for act in ("", "-rename", "-delete", "-add")]
ROUTES = {pattern.name: route for route, pattern in own_patterns(get_resolver().url_patterns)}


def route_of(name: str) -> str:
    return ROUTES[name]


def build_site() -> Site:
    w = sage_world()
    base = w.base
    exported = w.exported(w.approved(w.commitment(is_private=False)))
    waiting = w.sent(w.approved(w.commitment(is_private=False)))
    compared = reconciliations.reconcile(w.company, by=base.approver)
    commitment = base.commitment(is_private=False)
    base.period(base.project.billing_periods.first().start_date.replace(year=2031))
    [invited] = invitations.invite(
        base.project.billing_periods.get(status="open"), [commitment], InvoiceType.WORK_AND_RELEASE, by=base.admin
    )
    invoice = base.submitted(invoices.withdraw(base.submitted(base.draft(commitment)), by=base.contact))
    payment = payments.record_payment(waiting.invoice, payment_of("1.00"), by=base.admin)
    paid = {"number": waiting.invoice.commitment.number, "position": waiting.invoice.position}
    attachment = attachments.attach(invoice, "proof.pdf", b"%PDF-1.4 proof", by=base.contact)
    contract = attachments.attach_to_commitment(commitment, "contract.pdf", b"%PDF-1.4 contract", by=base.admin)
    access_lists.add_person(commitment, base.reader, by=base.admin)
    people = build_people(base, commitment)
    request = PrivilegeRequest.objects.create(
        person=base.reader, company=base.company, asked_by=base.admin, reason="Test"
    )
    asked = add_person(base.company, people["admin of another company"].email, "Asked", by=base.owner)
    listed = {"pk": base.staff.memberships.get().pk}
    period, batch = {"pk": invoice.billing_period_id}, exported.items.get().batch
    template = permission_templates.create(base.company, "Readers", by=base.owner)
    names = {
        "project": base.project.slug,
        "company": base.company.slug,
        "number": commitment.number,
        "position": invoice.position,
        "token": invited.invitation.token,
        "line": invoice.lines.first().pk,
        "place": 1,
        "old": 1,
        "new": 2,
        "which": "xlsx",
        "kind": "vendors",
        "pair": "vendors",
        "subject": subject_name(invoice),
    }
    change_order = change_orders.enter(commitment, "CO-9", "Canopy", [base.line("Canopy", "10.00")], by=base.admin)
    change_orders.move(change_order, "send_for_approval", by=base.admin)  # a draft is hidden from contacts
    upload = DirectoryUpload.objects.create(company=base.company, kind="vendors", rows=[], uploaded_by=base.owner)
    current = base.project.billing_periods.get(pk=period["pk"])
    made = rounds.invite(current, [commitment], InvoiceType.WORK, by=base.admin)
    view = saved_views.save(base.project, "Silent", "state=invited", by=people["commitments admin"])
    of_invoices = saved_views.save(
        base.project, "Sent", "status=under_review", page="invoices", by=people["commitments admin"]
    )
    of_queue = saved_views.save(
        base.company, "All", "tab=posted", page="queue", is_shared=True, by=people["erp admin without the privilege"]
    )
    file = made_files.ask_for_list(
        base.project, MadeKind.CSV, [invoice.pk], asked_on="/", by=people["commitments admin"]
    )
    dry_run = ask_for_dry_run(base.company, [waiting.invoice_id], asked_on="/", by=people["accounting approver"])
    for each in (file, dry_run):
        making.make(each.pk)
    special = {
        **dict.fromkeys(("erp-file", "erp-file-again", "erp-file-download"), {"pk": dry_run.pk}),
        **dict.fromkeys(("made-file", "made-file-again", "made-file-download"), {"pk": file.pk}),
        "invoices-view-delete": {"view": of_invoices.pk},
        "erp-queue-view-delete": {"view": of_queue.pk},
        "demo-mail": {"pk": Mail.objects.first().pk},
        "demo-mail-html": {"pk": Mail.objects.first().pk},
        "commitment-edit": {"pk": commitment.pk},
        "commitment-move": {"name": "complete"},
        "commitment-access-remove": {"pk": base.reader.pk},
        **dict.fromkeys(("change-order", "change-order-lines"), {"pk": change_order.pk}),
        "cost-code": {"pk": base.cost_code().pk},
        "change-order-move": {"pk": change_order.pk, "name": "approve"},
        "commitment-attachment": {"pk": contract.pk},
        "commitment-contact-remove": {"pk": commitment.invoice_contacts.first().pk},
        "invoice-attachment": {"pk": attachment.pk},
        "invoice-restore": {"pk": invoice.pk},
        "invoice-pay": paid,
        "payment-take-back": paid | {"pk": payment.pk},
        "privilege-take-back": {"pk": request.pk},
        **dict.fromkeys((name for name in DOORS if name.startswith("vendor-")), {"pk": base.vendor.pk}),
        "vendor": {"pk": base.vendor.pk},
        **dict.fromkeys(("vendor-verify", "vendor-decline"), {"pk": vendor_in_question(base).pk}),
        "directory-upload": {"pk": upload.pk},
        **dict.fromkeys(("joining-join", "joining-decline"), {"pk": asked.pk}),
        **dict.fromkeys((name for name in DOORS if name.startswith("directory-person")), listed),
        **dict.fromkeys((name for name in DOORS if name.startswith("company-project")), {"pk": base.project.pk}),
        **dict.fromkeys((name for name in DOORS if name.startswith("period")), period),
        **dict.fromkeys(
            ("erp-export", "erp-export-header", "erp-reject", "erp-void", "erp-correct-record"), {"pk": waiting.pk}
        ),
        **dict.fromkeys(
            ("erp-batch", "erp-retry", "erp-cancel", "erp-download", "erp-results"), {"number": batch.number}
        ),
        "period-extend": period | {"commitment": commitment.pk},
        "period-round": period | {"made": made.pk},
        "board-view-save": period,
        "board-view-delete": period | {"view": view.pk},
        "erp-confirm": {"pk": exported.pk},
        **dict.fromkeys(("erp-list-upload", "erp-list-columns"), {"pk": list_upload(base).pk}),
        **dict.fromkeys(("erp-reconciliation", "erp-confirm-found"), {"number": compared.number}),
        **dict.fromkeys((name for name in DOORS if name.startswith("erp-layout-")), {"name": "apinv-r1", "version": 1}),
        "erp-layout": {"name": "apinv-r1", "version": 1},
        "erp-list-version": {"pk": base.company.sage_lists.first().pk},
        **dict.fromkeys(("erp-link", "erp-unlink"), {"pk": base.vendor.pk}),
        "erp-link-account": {"pair": "jobs", "pk": base.project.pk},
        "person-levels": {"pk": base.contact.pk},
        "permission-template-remove": {"pk": template.pk, "person": base.reader.pk},
        **dict.fromkeys(TEMPLATE, {"pk": template.pk}),
        **dict.fromkeys(("session-end", "mfa_remove_webauthn"), {"pk": 999_999}),
    }
    return Site(people, names, special)


def list_upload(base) -> SageListUpload:
    content = b"PO number,Vendor number,Job number,Status\n"
    today = base.company.today
    return list_uploads.read(
        base.company, ListKind.PURCHASE_ORDERS, "orders.csv", content, as_of_date=today, by=base.approver
    )


def vendor_in_question(base) -> Vendor:
    """One whose new address waits for somebody's call (R81)."""
    clerk = person("Clerk", base.company)
    set_level(clerk, Tool.COMPANY_DIRECTORY, base.company, Level.ADMIN, by=base.owner)
    vendor = Vendor.objects.create(company=base.company, name="Kerr Plumbing", email="office@kerr.example")
    vendors.change(vendor, replace(Details.of(vendor), email="new@kerr.example"), by=clerk, reason="A letter")
    return vendor


def build_people(base, commitment) -> dict:
    owner, company, project = base.owner, base.company, base.project

    def own(tool=None, level=Level.NONE, on=None):
        someone = person("Somebody", company)
        if tool:
            set_level(someone, tool, on, level, by=owner)
        return someone

    other_vendor = Vendor.objects.create(company=company, name="Bolt Electric")
    other_contact = person("Other Contact", company, other_vendor)
    set_level(other_contact, Tool.COMMITMENTS, project, Level.STANDARD, by=owner)
    former, without = (person(name, company, base.vendor) for name in ("Former", "Without"))
    for someone in (former, without):
        commitments.add_contact(commitment, someone, by=base.admin)
    commitments.remove_contact(commitment.invoice_contacts.get(person=former), by=base.admin)
    set_level(without, Tool.COMMITMENTS, project, Level.NONE, by=owner)
    admin = own(Tool.COMMITMENTS, Level.ADMIN, project)
    set_level(admin, Tool.COMPANY_DIRECTORY, company, Level.READ_ONLY, by=owner)
    with_privilege = own()
    AccountingPrivilege.objects.create(person=with_privilege, company=company, granted_by=owner, reason="Test")
    staff = person("Admin Staff")
    staff.is_staff = True
    staff.save()
    deactivated = own(Tool.COMMITMENTS, Level.ADMIN, project)
    elsewhere = Project.objects.create(company=company, name="Elsewhere", number="P-E", slug=f"elsewhere-{project.pk}")
    return {
        "anonymous": None,
        "deactivated": deactivated,
        "employee without a level": own(),
        "commitments read only": own(Tool.COMMITMENTS, Level.READ_ONLY, project),
        "commitments standard": own(Tool.COMMITMENTS, Level.STANDARD, project),
        "commitments admin": admin,
        "erp read only": base.staff,
        "erp standard without the privilege": own(Tool.ERP_INTEGRATIONS, Level.STANDARD, company),
        "erp admin without the privilege": own(Tool.ERP_INTEGRATIONS, Level.ADMIN, company),
        "accounting approver": base.approver,
        "privilege without a level": with_privilege,
        "commitments admin of another project": own(Tool.COMMITMENTS, Level.ADMIN, elsewhere),
        "project directory admin": own(Tool.PROJECT_DIRECTORY, Level.ADMIN, project),
        "company directory admin": own(Tool.COMPANY_DIRECTORY, Level.ADMIN, company),
        "contact": base.contact,
        "contact of another vendor": other_contact,
        "former contact": former,
        "contact without a level": without,
        "site owner without a grant": owner,
        "staff of the admin": staff,
        "admin of another company": neighbour(),
    }


def neighbour():
    """Somebody who may do everything, in another company."""
    other = sage_world("Other Builders")
    someone = other.all_rights()
    set_level(someone, Tool.ERP_INTEGRATIONS, other.company, Level.ADMIN, by=other.base.owner)
    return someone


@contextmanager
def counting_writes():
    """The tables written to inside the block, sessions and their list aside."""
    written = []

    def watch(execute, sql, params, many, context):
        found = re.match(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', sql)
        if found and found[1] not in ("django_session", "usersessions_usersession"):
            written.append(found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield written


@pytest.fixture(scope="module")
def _own_folder(tmp_path_factory):
    """The module's, since its site has files."""
    folder = tmp_path_factory.mktemp("site")
    with override_settings(MEDIA_ROOT=folder / "files", EXPORTS_ROOT=folder / "exports"):
        yield folder


@pytest.fixture(scope="module")
def built(standing, _own_folder) -> tuple[Site, Site]:
    """Two companies, acted out once; whatever a test does to them is taken back at its end."""
    with standing():
        return build_site(), build_site()


@pytest.fixture
def site(built) -> Site:
    return deepcopy(built[0])


@pytest.fixture
def other(built) -> Site:
    return deepcopy(built[1])


def answer_of(response) -> str:
    if response.status_code == 302 and response.url.startswith("/accounts/login/"):
        return LOGIN
    return {404: MISSING, 403: FORBIDDEN, 405: NO_METHOD}.get(response.status_code, THROUGH)


def test_every_address_of_ours_has_its_door():
    assert set(DOORS) == set(OURS)


def test_every_door_opens_for_somebody():
    """Else the matrix would only ever see refusals there; what it can't stage is tested beside its page."""
    closed = {name for name, doors in DOORS.items() if not any(each and each.through for each in doors)}
    assert closed == NOT_STAGED


@pytest.mark.parametrize("who", sorted(EVERYONE) if settings.EMBEDDED else sorted(ON_POSTGRESQL))
def test_each_door_opens_for_those_and_only_those(who, site):
    assert set(site.people) == EVERYONE
    client = site.client(who)
    unexpected = []
    for name in sorted(DOORS):
        read, write = DOORS[name]
        for method, opened in (("get", read), ("post", write), *([("put", None)] if who in BUSIEST else [])):
            expected = opened.answer(who) if opened else NO_METHOD
            with transaction.atomic(), counting_writes() as written:
                response = getattr(client, method)(site.address(name))
                found = answer_of(response)
                transaction.set_rollback(True)
            if found != expected or response.status_code >= 500:
                unexpected.append((name, method, f"expected {expected}", f"found {found} ({response.status_code})"))
            if expected != THROUGH and written:
                unexpected.append((name, method, "wrote to", written))
    assert not unexpected


# Taking a file away is written down (E-2, R70); everything else that is only read stays as it was.
WRITTEN_DOWN = {
    "erp-download",
    "invoice-attachment",
    "made-file-download",
    "erp-file-download",
    "commitment-attachment",
    "company-events-csv",
}


def test_reading_writes_nothing_not_even_on_a_companys_first_look(site):
    """By everybody who gets through, with a company that has never chosen how it exports."""
    ErpSettings.objects.all().delete()
    wrote = []
    for who in ("commitments admin", "contact", "accounting approver", "erp read only", "site owner without a grant"):
        client = site.client(who)
        for name, (read, _) in sorted(DOORS.items()):
            if read and read.answer(who) == THROUGH and name not in WRITTEN_DOWN:
                with counting_writes() as written:
                    assert client.get(site.address(name)).status_code < 500, name
                if written:
                    wrote.append((who, name, written))
    assert not wrote


def test_every_page_of_accounting_tells_of_a_silent_worker_while_something_waits(site):
    """R30, screens 9.10: whichever page somebody waits on."""
    built = ExportBatch.objects.get(company__slug=site.names["company"])
    accepted = ("company", "layout", "accounting_date", "accepted_at", "accepted_by", "snapshot")
    ExportBatch.objects.create(number=built.number + 1, **{name: getattr(built, name) for name in accepted})
    told = {}
    for who in ("accounting approver", "erp admin without the privilege"):
        client = site.client(who)
        for name in (name for name in DOORS if name.startswith("erp-") and name not in WRITTEN_DOWN):
            answer = client.get(site.address(name))
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                told[name] = "No worker is building files" in answer.content.decode()
    assert {name for name, is_told in told.items() if not is_told} == set()
    assert len(told) > 20


MANY_QUERIES = {  # the first page puts eight lists side by side; a finish proves what it is about to do
    "home": 22,
    "review-finish": 19,
    "erp-export": 17,
    "company-events": 16,
}


def test_no_page_asks_the_database_more_than_fifteen_times(site):
    """F18, as PostgreSQL and SQLite alike count them; what still asks more often may only come down."""
    asked = {}
    for who in ("commitments admin", "contact", "accounting approver", "erp admin without the privilege",
                "company directory admin", "site owner without a grant"):  # fmt: skip
        client = site.client(who)
        for name, (read, _) in sorted(DOORS.items()):
            if read and read.answer(who) == THROUGH and name not in WRITTEN_DOWN:
                with CaptureQueriesContext(connection) as queries:
                    shown = client.get(site.address(name)).status_code == 200
                asked[name] = max(asked.get(name, 0), len(queries) if shown else 0)
    assert {name: count for name, count in asked.items() if count > 15} == MANY_QUERIES
    assert len([count for count in asked.values() if count]) > 100


OF_A_COMPANY = re.compile("<slug:(company|project)>|^bills/|^invit")
SAME_FOR_ALL = {"invitation-again", "invitation-opened"}  # one answer, whatever the link
ABOUT_ONE_COMPANY = sorted(
    name for name, route in ROUTES.items() if "<" in route and OF_A_COMPANY.search(route) and name not in SAME_FOR_ALL
)


@pytest.mark.parametrize(
    "who",
    [
        "commitments admin",
        "accounting approver",
        *(["contact", "site owner without a grant"] if settings.EMBEDDED else []),
    ],
)
def test_what_is_another_companys_looks_like_what_does_not_exist(who, site, other):
    """R61: the same status and the same page, whoever asks."""
    client = site.client(who)
    for name in ABOUT_ONE_COMPANY:
        foreign = other.address(name)
        missing = re.sub(r"/(riverside|company)-\d+/", r"/\1-nowhere/", foreign)
        missing = missing.replace(other.names["token"], "no-such-token")
        for method, opened in zip(("get", "post"), DOORS[name], strict=True):
            if opened is None:
                continue
            theirs, nothing = (getattr(client, method)(address) for address in (foreign, missing))
            assert theirs.status_code == nothing.status_code == 404, (name, method)
            if name != "invitation":  # a false link gets a page of its own that explains links
                assert plain(theirs, foreign) == plain(nothing, missing), (name, method)


def plain(response, address: str) -> str:
    """The page without what differs by itself: the address asked for, tokens, the request's number."""
    text = response.content.decode().replace(address, "")
    return re.sub(r'(value|content)="[A-Za-z0-9]{64}"|"x-csrftoken": "\w+"|Request [0-9a-f]{8}|[0-9a-f-]{36}', "", text)


# Not ids: the place of the address, a word out of a few, a token nobody can guess.
NO_IDS = {"pair", "project", "company", "kind", "which", "name", "token", "subject"}
COUNTED = {
    "number",
    "position",
    "place",
    "old",
    "new",
    "version",
}  # each company and commitment counts its own, so another's number may be one's own too
IDS = {
    name: sorted(set(re.findall(r"<(?:\w+:)?(\w+)>", route)) - NO_IDS)
    for name, route in ROUTES.items()
    if OF_A_COMPANY.search(route)
}


@pytest.mark.parametrize("who", sorted(BUSIEST - {"anonymous"} if settings.EMBEDDED else ON_POSTGRESQL))
def test_an_id_of_another_company_in_an_address_of_ones_own_finds_nothing(who, site, other):
    """R61, R62: every id of every address, read and written, is looked up inside what the person may see."""
    client, unexpected, tried = site.client(who), [], 0
    for name, key in ((name, key) for name, keys in IDS.items() for key in keys):
        theirs = 999_999 if key in COUNTED else (other.names | other.special.get(name, {}))[key]
        for method, opened in zip(("get", "post"), DOORS[name], strict=True):
            if opened is None:
                continue
            with transaction.atomic(), counting_writes() as written:
                found = answer_of(getattr(client, method)(site.address(name, **{key: theirs})))
                transaction.set_rollback(True)
            tried += 1
            if found not in (MISSING, FORBIDDEN) or (found == FORBIDDEN and opened.answer(who) != FORBIDDEN) or written:
                unexpected.append((name, key, method, found, written))
    assert not unexpected
    assert tried > 90


def test_a_private_commitment_is_seen_by_admins_its_access_list_and_its_contacts():
    """P-2."""
    w = sage_world()
    hidden = w.commitment()
    listed, reader = (person(name, w.company) for name in ("Listed", "Reader"))
    for someone in (listed, reader):
        set_level(someone, Tool.COMMITMENTS, w.base.project, Level.STANDARD, by=w.base.owner)
    hidden.access_list.add(listed)
    seen = {}
    for name, who in {"admin": w.base.admin, "contact": w.base.contact, "listed": listed, "reader": reader}.items():
        client = Client()
        client.force_login(who)
        page = client.get(reverse("commitment", args=[w.base.project.slug, hidden.number])).status_code
        listing = client.get(reverse("commitments", args=[w.base.project.slug])).content.decode()
        seen[name] = (page, hidden.number in listing)
    assert seen == {"admin": (200, True), "contact": (200, True), "listed": (200, True), "reader": (404, False)}


def test_a_right_taken_away_ends_with_the_next_request():
    """R66, R67: with the session still alive."""
    w = sage_world()
    export = w.sent()
    client = Client()
    client.force_login(w.approver)
    address = reverse("erp-reject", args=[w.company.slug, export.pk])
    assert client.get(address).status_code == 200
    w.approver.privileges.update(withdrawn_at=export.sent_at, withdrawn_by=w.base.owner)
    assert client.get(address).status_code == 403
    set_level(w.approver, Tool.ERP_INTEGRATIONS, w.company, Level.NONE, by=w.base.owner)
    assert client.get(address).status_code == 404
    w.approver.memberships.update(is_active=False)
    assert client.get(reverse("erp-queue", args=[w.company.slug])).status_code == 404


@ONCE
def test_a_post_without_a_token_is_refused_everywhere(site):
    """R95: also at signing in and in Django's admin, whose views are not ours."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(site.people["commitments admin"])
    for name, (_, write) in DOORS.items():
        if write:
            assert client.post(site.address(name)).status_code == 403, name
    for who in ("anonymous", SITE_OWNER):
        client = Client(enforce_csrf_checks=True)
        if who == SITE_OWNER:
            client.force_login(site.people[who])
        for address in (*others_routes("accounts/"), *others_routes("admin/")):
            assert client.post(address).status_code in (403, NO_METHOD), (who, address)


def test_a_form_of_a_thousand_fields_is_answered_everywhere(site):
    """G8: whatever its state, no page that takes a form fails of one that no browser would send."""
    fields = [
        {f"field-{n}": "1" for n in range(1000)},
        {name: [str(n) for n in range(1000)] for name in ("state", "export", "invoice", "line", "reason", "version")},
        dict.fromkeys(("reason", "name", "version", "email", "level", "decision", "number", "title"), "a\x00b"),
    ]
    shapes = fields if settings.EMBEDDED else fields[2:]  # NUL alone means anything to PostgreSQL
    for name, (_, write) in DOORS.items():
        for who in [each for each in sorted(BUSIEST) if write and write.answer(each) == THROUGH][:2]:
            client = site.client(who)
            for data in shapes:
                with transaction.atomic():
                    assert client.post(site.address(name), data).status_code < 500, (name, who)
                    transaction.set_rollback(True)


def others_routes(start: str) -> list[str]:
    """Every address without an id under `start`, whose views are not ours."""
    [under] = [pattern for pattern in get_resolver().url_patterns if str(pattern.pattern) == start]
    return [f"/{route}" for route in routes_in(under.url_patterns, start) if not re.search(r"[<(^$]", route)]


def routes_in(patterns, prefix: str):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        yield from routes_in(pattern.url_patterns, route) if hasattr(pattern, "url_patterns") else [route]


STAFF, SITE_OWNER = "staff of the admin", "site owner without a grant"
OF_EACH_KIND = {STAFF, SITE_OWNER, *(BUSIEST if settings.EMBEDDED else ())}
ADMIN_FOR_ALL = {"/admin/login/", "/admin/logout/", "/admin/jsi18n/"}  # the way in, the way out, and words for scripts
PASSWORD = {"/admin/password_change/", "/admin/password_change/done/"}
NEVER_ADDED = {
    f"/admin/{name}/add/"
    for name in (
        *("directory/event", "directory/mail", "directory/privilegerequest", "directory/permissiontemplate"),
        *("erp_integrations/exportbatch", "erp_integrations/invoiceexport", "erp_integrations/download"),
    )
}


def addresses_of_the_admin() -> list[str]:
    """Without and with an id; ids are of rows that are there."""
    with_ids = []
    for model, page in admin.site._registry.items():
        row = model._base_manager.order_by("pk").first()
        if row and model._meta.app_label in ("directory", "erp_integrations"):
            start = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{row.pk}"
            own = [str(each.pattern).partition(">")[2] for each in page.get_urls() if "<int:pk>" in str(each.pattern)]
            with_ids += [f"{start}{end}" for end in ("/change/", "/delete/", "/history/", *own)]
    return [each for each in others_routes("admin/") if each not in ADMIN_FOR_ALL] + with_ids


def test_the_admin_is_closed_to_everybody_but_its_staff_who_see_the_index_alone(site):
    """R71; what staff with permissions to look may see: test_no_other_way. One of each kind asks for every address."""
    addresses, unexpected = addresses_of_the_admin(), []
    assert len(addresses) > 45
    for who in sorted(EVERYONE):
        client, is_of_a_kind = site.client(who), who in OF_EACH_KIND
        for address, method in product(addresses if is_of_a_kind else ["/admin/"], METHODS):
            with transaction.atomic(), counting_writes() as written:
                found = getattr(client, method)(address).status_code
                transaction.set_rollback(True)
            if found not in expected_of_the_admin(who, address) or (written and who != SITE_OWNER):
                unexpected.append((who, address, method, found, written))
    assert not unexpected


def expected_of_the_admin(who: str, address: str) -> set[int]:
    if who not in (STAFF, SITE_OWNER):
        return {302}  # to the sign-in page
    if address in PASSWORD:
        return {302}  # to the page of the account
    if address == "/admin/autocomplete/":
        return {403, 405}  # without a field to complete
    if who == STAFF:
        return {200} if address == "/admin/" else {403}
    if address.endswith("/delete/") or address in NEVER_ADDED:
        return {403}
    return {200, 302, 403} if "/change/" in address else {200, 302}


TO_SIGN_IN, HOME = "/accounts/login/", "/"
# Address: ((to read, to write) for who is outside, the same for who is in). A word is where it leads.
ACCOUNT = {
    "login/": ((200, 200), (HOME, HOME)),
    "login/code/": ((200, 200), (HOME, HOME)),
    "login/code/confirm/": (("/accounts/login/code/",) * 2, (HOME, HOME)),
    "logout/": ((HOME, HOME), (200, HOME)),
    "inactive/": ((200, 405), (200, 405)),
    "reauthenticate/": ((TO_SIGN_IN,) * 2, (200, 200)),
    "password/change/": ((TO_SIGN_IN,) * 2, (200, 200)),
    "password/set/": ((TO_SIGN_IN,) * 2, ("/accounts/password/change/",) * 2),
    "password/reset/": ((200, 200), (200, 200)),
    "password/reset/done/": ((200, 405), (200, 405)),
    "password/reset/key/done/": ((200, 405), (200, 405)),
    "sessions/": ((TO_SIGN_IN,) * 2, (200, "/accounts/sessions/")),
    "2fa/": ((TO_SIGN_IN,) * 2, (200, 405)),
    "2fa/authenticate/": ((TO_SIGN_IN,) * 2, (HOME, HOME)),
    "2fa/reauthenticate/": ((TO_SIGN_IN,) * 2, ("/accounts/reauthenticate/",) * 2),
    "2fa/app/add/": ((TO_SIGN_IN,) * 2, (200, 200)),
    "2fa/app/remove/": ((TO_SIGN_IN,) * 2, (404, 404)),
    "2fa/recovery-codes/": ((TO_SIGN_IN,) * 2, (404, 405)),
    "2fa/recovery-codes/new/": ((TO_SIGN_IN,) * 2, (200, 200)),
    "2fa/passkeys/": ((TO_SIGN_IN,) * 2, (200, 405)),
    "2fa/passkeys/add/": ((TO_SIGN_IN,) * 2, (200, 200)),
    "2fa/passkeys/sign-in/": ((TO_SIGN_IN,) * 2, (HOME, HOME)),
    "2fa/passkeys/reauthenticate/": ((TO_SIGN_IN,) * 2, ("/accounts/reauthenticate/",) * 2),
}


def test_the_pages_of_an_account_are_ones_own(site):
    assert {f"/accounts/{name}" for name in ACCOUNT} == set(others_routes("accounts/"))
    unexpected = []
    for who in sorted(OF_EACH_KIND | OUTSIDE):
        cache.clear()  # limits on tries are not this test's affair
        for name, answers in ACCOUNT.items():
            client = site.client(who)
            with transaction.atomic():
                found = tuple(_led(getattr(client, method)(f"/accounts/{name}")) for method in ("get", "post"))
                transaction.set_rollback(True)
            if found != answers[who not in OUTSIDE]:
                unexpected.append((who, name, found))
    assert not unexpected


def _led(response) -> int | str:
    return response.url.partition("?")[0] if response.status_code == 302 else response.status_code


def test_nobody_signs_up_and_what_is_not_offered_is_not_there(client):
    for gone in ("signup/", "email/", "confirm-email/", "social/", "2fa/trust/", "2fa/recovery-codes/download/"):
        made = {"email": "new@example.com", "password1": "A long enough one"}
        assert client.get(f"/accounts/{gone}").status_code == client.post(f"/accounts/{gone}", made).status_code == 404
    assert not Person.objects.filter(email="new@example.com").exists()


def test_signed_in_pages_are_kept_in_no_cache(site):
    """R74."""
    client = site.client("commitments admin")
    for name, (read, _) in DOORS.items():
        if read and read.answer("commitments admin") == THROUGH:
            assert "no-store" in client.get(site.address(name)).headers.get("Cache-Control", ""), name


def test_an_account_page_about_a_row_that_is_not_ones_own_finds_nothing(site):
    """The addresses of allauth's that end in an id; a reset's link is tried in test_signing_in."""
    theirs = Authenticator.objects.create(user=site.people["contact"], type=Authenticator.Type.WEBAUTHN, data={})
    with_id = [each for each in routes_in(get_resolver().url_patterns, "") if re.match("accounts/.*<int:pk>", each)]
    assert len(with_id) == 2
    for who, route in product(sorted(EVERYONE - {"contact"}), with_id):
        client, address = site.client(who), f"/{route.replace('<int:pk>', str(theirs.pk))}"
        answers = {_led(getattr(client, method)(address)) for method in ("get", "post")}
        assert answers == {TO_SIGN_IN if who in OUTSIDE else 404}, (who, address)
    theirs.refresh_from_db()
