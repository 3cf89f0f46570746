"""No act without its event and no event without its act: every address that changes something, once (R119).

`ACTS` does each as a browser would, by the form its page offers; the golden words beside it are the events it writes.
An address that is not listed fails the test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from directory.actions import people
from directory.actions.grants import set_level
from directory.machines import words_of
from directory.models import Event, PermissionTemplate, Person
from directory.models.events import EventQuerySet
from directory.permissions import Level, Tool
from erp_integrations import exporting
from erp_integrations import permissions as erp_permissions
from erp_integrations.actions import exports
from erp_integrations.actions.dry_runs import ask_for_dry_run
from erp_integrations.exporting import storing
from erp_integrations.models import CostCodeLink, ImportLayout, InvoiceExport, ListKind
from invoicing import making, separation_of_duties
from invoicing.actions import (
    access_lists,
    attachments,
    change_orders,
    deleting,
    invitations,
    made_files,
    payments,
    reviews,
    rounds,
)
from invoicing.models import Invoice, InvoiceType, MadeFile
from tests.directory.account_pages import GOOD_PASSWORD, link_in_mail, sign_in
from tests.erp_integrations.pages import accept_data, at_batch, at_export, layout_data, queue_url
from tests.erp_integrations.test_reconciliations import LIST_DAY, row_of
from tests.erp_integrations.world import ACCOUNT, CODE, JOB, VENDOR, SageWorld, sage_world
from tests.factories import payment_of, person
from tests.invoicing.pages import REJECTED, at, signed_in
from tests.journeys.pages import Page
from tests.test_architecture import own_patterns
from tests.test_odd_values import fingerprint, forms_on

pytestmark = pytest.mark.django_db


@dataclass
class Stage:
    """A company ready for one act, and somebody who may do nearly everything."""

    w: SageWorld
    max: Client
    contact: Client

    @property
    def base(self):
        return self.w.base

    def company(self, name: str, *more) -> str:
        return reverse(name, args=[self.base.company.slug, *more])

    def project(self, name: str, *more) -> str:
        return reverse(name, args=[self.base.project.slug, *more])

    def template(self) -> PermissionTemplate:
        press(self.max, self.company("permission-templates"), "permission-templates", name="Site team")
        return PermissionTemplate.objects.get(company=self.base.company)


def press(client: Client, page: str, name: str, button: str = "", /, **typed):
    """Open `page`, fill in the form that goes to the address called `name`, and press its button."""
    shown = Page(client.get(page).content.decode())
    found = [form for form in forms_on(shown, page) if form.name == name]
    [chosen, *_] = [form for form in found if not button or button in [value for _, value in form.pairs]]
    data = {}
    for key, value in chosen.pairs:
        data.setdefault(key, []).append(value)
    return client.post(chosen.url, data | typed)


ACTS: dict[str, tuple[Callable, list[str]]] = {}


def act(name: str, *verbs: str):
    """`verbs`: the events that are written, in order. None where nothing of the record is touched."""

    def keep(function):
        ACTS[name] = (function, list(verbs))
        return function

    return keep


# Oneself


@act("demo-sign-in", "signed in")
def _(s: Stage):
    return lambda: Client().post(reverse("demo-sign-in"), {"email": s.base.admin.email})


@act("profile", "changed the login")
def _(s):
    return lambda: press(s.contact, reverse("profile"), "profile", name="Lee Parker")


@act("accounting-mail", "changed the login")
def _(s):
    return lambda: s.max.post(reverse("accounting-mail"), {"pace": "daily"})


# One's own login


def somebody_new(s: Stage) -> str:
    """The path of the link to a first password."""
    people.add_person(s.base.company, "nia@example.com", "Nia Next", by=s.base.owner, vendor=s.base.vendor)
    return link_in_mail()


@act("welcome", "set a first password", "signed in")
def _(s):
    link = somebody_new(s)
    return lambda: Client().post(link, {"password": GOOD_PASSWORD})


@act("welcome-again", "had a new link to set a password mailed")
def _(s):
    link = somebody_new(s)
    return lambda: Client().post(f"{link}again/")


@act("email-change", "asked for another e-mail address")
def _(s):
    return lambda: s.contact.post(reverse("email-change"), {"email": "lee@new.example"})


@act("email-stop", "kept the e-mail address")
def _(s):
    s.contact.post(reverse("email-change"), {"email": "lee@new.example"})
    return lambda: s.contact.post(reverse("email-stop"))


@act("email-confirm", "changed the e-mail address")
def _(s):
    s.contact.post(reverse("email-change"), {"email": "lee@new.example"})
    old, new = link_in_mail(s.base.contact.email), link_in_mail("lee@new.example")
    Client().post(old, {"answer": "confirm"})
    return lambda: Client().post(new, {"answer": "confirm"})


@act("session-end", "signed out of other sessions")
def _(s):
    sign_in(Client(), s.base.contact)
    session = UserSession.objects.get(user=s.base.contact)
    return lambda: s.contact.post(reverse("session-end", args=[session.pk]))


@act("confirm-by-mail")  # a code is mailed
def _(s):
    return lambda: s.contact.post(reverse("confirm-by-mail"), {"send": "1"})


@act("mfa_remove_webauthn", "removed a passkey")
def _(s):
    data = {"name": "Key", "credential": {}}
    key = Authenticator.objects.create(user=s.base.contact, type=Authenticator.Type.WEBAUTHN, data=data)
    return lambda: s.contact.post(reverse("mfa_remove_webauthn", args=[key.pk]))


# People, projects and settings of the company


def colleague(s: Stage):
    """Somebody of the company's own, as the directory lists them."""
    return person("Cole League", s.base.company).memberships.get()


@act("directory-person-new", "added to the directory")
def _(s):
    page = s.company("directory-person-new")
    return lambda: press(s.max, page, "directory-person-new", name="Nia Next", email="nia@example.com")


@act("directory-person-edit", "changed in the directory")
def _(s):
    page = s.company("directory-person-edit", colleague(s).pk)
    return lambda: press(s.max, page, "directory-person-edit", title="Superintendent")


@act("directory-person-move", "moved to another employer")
def _(s):
    page = s.company("directory-person-move", colleague(s).pk)
    typed = {"vendor": s.base.vendor.pk, "reason": "Hired by them", "address_is_checked": "on"}
    return lambda: press(s.max, page, "directory-person-move", **typed)


@act("directory-person-deactivate", "taken out of the directory")
def _(s):
    page = s.company("directory-person-deactivate", colleague(s).pk)
    return lambda: press(s.max, page, "directory-person-deactivate", reason="Retired")


@act("directory-person-reactivate", "put back in the directory")
def _(s):
    member = colleague(s)
    s.max.post(s.company("directory-person-deactivate", member.pk), {"reason": "Retired"})
    return lambda: s.max.post(s.company("directory-person-reactivate", member.pk))


@act("directory-person-invite", "had a new link to set a password mailed")
def _(s):
    s.max.post(s.company("directory-person-new"), {"name": "Nia Next", "email": "nia@example.com"})
    member = Person.objects.get(email="nia@example.com").memberships.get()
    return lambda: press(s.max, s.company("directory-person", member.pk), "directory-person-invite")


def asked(s: Stage):
    """A login of another company that this one asks to join."""
    return people.add_person(s.base.company, person("Otto Other").email, "Otto", by=s.base.owner)


@act("joining-join", "joined the directory")
def _(s):
    otto = signed_in(asked(s).person)
    return lambda: press(otto, reverse("joining"), "joining-join")


@act("joining-decline", "did not join the directory")
def _(s):
    otto = signed_in(asked(s).person)
    return lambda: press(otto, reverse("joining"), "joining-decline")


@act("company-project-new", "entered")
def _(s):
    typed = {"name": "Harbor School", "number": "2026021", "slug": "harbor-school"}
    return lambda: press(s.max, s.company("company-project-new"), "company-project-new", **typed)


@act("company-project", "changed")
def _(s):
    page = s.company("company-project", s.base.project.pk)
    return lambda: press(s.max, page, "company-project", name="Riverside Towers")


@act("company-project-end", "ended the project")
def _(s):
    page = s.company("company-project-end", s.base.project.pk)
    return lambda: press(s.max, page, "company-project-end", reason="Handed over")


@act("company-project-run", "runs the project again")
def _(s):
    s.max.post(s.company("company-project-end", s.base.project.pk), {"reason": "Handed over"})
    return lambda: s.max.post(s.company("company-project-run", s.base.project.pk))


@act("company-settings", "changed the settings")
def _(s):
    return lambda: press(s.max, s.company("company-settings"), "company-settings", name="Cascade Builders and Sons")


# Vendors


@act("vendor-new", "entered")
def _(s):
    return lambda: press(s.max, s.company("vendor-new"), "vendor-new", name="Bolt Electric", number="V-9")


@act("vendor-edit", "changed")
def _(s):
    page = s.company("vendor-edit", s.base.vendor.pk)
    return lambda: s.max.post(page, {"name": s.base.vendor.name, "number": "V-77"})


@act("vendor-deactivate", "taken out of the directory", "deactivated")
def _(s):
    return lambda: s.max.post(s.company("vendor-deactivate", s.base.vendor.pk), {"reason": "Went out of business"})


@act("vendor-reactivate", "reactivated")
def _(s):
    s.max.post(s.company("vendor-deactivate", s.base.vendor.pk), {"reason": "Went out of business"})
    return lambda: s.max.post(s.company("vendor-reactivate", s.base.vendor.pk))


def change_that_waits(s: Stage) -> None:
    """Asked for by somebody else, because nobody verifies their own."""
    other = person("Dora Directory", s.base.company)
    set_level(other, Tool.COMPANY_DIRECTORY, s.base.company, Level.ADMIN, by=s.base.owner)
    page = s.company("vendor-edit", s.base.vendor.pk)
    press(signed_in(other), page, "vendor-edit", email="new@acme.example", reason="Their letter of 1 June")


@act("vendor-verify", "verified the change of details")
def _(s):
    change_that_waits(s)
    called_at = f"{timezone.localtime(timezone=s.base.company.zone):%Y-%m-%dT%H:%M}"
    call = {"called_number": "775 555 0100", "spoke_with": "Lee Park", "called_at": called_at}
    return lambda: s.max.post(s.company("vendor-verify", s.base.vendor.pk), call)


@act("vendor-decline", "declined the change of details")
def _(s):
    change_that_waits(s)
    return lambda: s.max.post(s.company("vendor-decline", s.base.vendor.pk), {"note": "They know nothing of it"})


def upload(s: Stage):
    file = SimpleUploadedFile("vendors.csv", b"Name,Number\nBolt Electric,V-9\n")
    return s.max.post(s.company("directory-import", "vendors"), {"file": file})


@act("directory-import")  # only looked at: what it would change waits to be applied
def _(s):
    return lambda: upload(s)


@act("directory-upload", "entered", "applied an upload")
def _(s):
    page = upload(s).url
    return lambda: press(s.max, page, "directory-upload")


# The directory


@act("company-levels", "set level")
def _(s):
    cell = f"person-{s.base.reader.pk}-erp_integrations-{s.base.company.pk}"
    data = {f"level-{cell}": "1", f"seen-{cell}": "0"}
    return lambda: s.max.post(s.company("company-levels"), data)


@act("project-directory", "set level")
def _(s):
    cell = f"person-{s.base.reader.pk}-commitments-{s.base.project.pk}"
    data = {f"level-{cell}": "2", f"seen-{cell}": "1"}
    return lambda: s.max.post(s.project("project-directory"), data)


@act("permission-templates", "made the permission template")
def _(s):
    page = s.company("permission-templates")
    return lambda: press(s.max, page, "permission-templates", name="Site team")


@act("permission-template", "set level")
def _(s):
    template = s.template()
    cell = f"template-{template.pk}-commitments-{s.base.project.pk}"
    page = s.company("permission-template", template.pk)
    return lambda: s.max.post(page, {f"level-{cell}": "1", f"seen-{cell}": "0"})


@act("permission-template-rename", "renamed the permission template")
def _(s):
    page = s.company("permission-template", s.template().pk)
    return lambda: press(s.max, page, "permission-template-rename", name="Night shift")


@act("permission-template-delete", "deleted the permission template")
def _(s):
    page = s.company("permission-template-delete", s.template().pk)
    return lambda: s.max.post(page)


@act("permission-template-add", "added to the permission template")
def _(s):
    page = s.company("permission-template", s.template().pk)
    return lambda: press(s.max, page, "permission-template-add", person=s.base.reader.pk)


@act("permission-template-remove", "taken out of the permission template")
def _(s):
    page = s.company("permission-template", s.template().pk)
    press(s.max, page, "permission-template-add", person=s.base.reader.pk)
    return lambda: press(s.max, page, "permission-template-remove")


@act("privilege-ask", "asked for Can Push to Accounting")
def _(s):
    page = s.company("accounting-approvers")
    return lambda: press(s.max, page, "privilege-ask", person=s.base.staff.pk, reason="Month end")


@act("privilege-take-back", "took back the request")
def _(s):
    page = s.company("accounting-approvers")
    press(s.max, page, "privilege-ask", person=s.base.staff.pk, reason="Month end")
    return lambda: press(s.max, page, "privilege-take-back")


@act("company-events-csv", "downloaded the record")
def _(s):
    return lambda: s.max.get(s.company("company-events-csv"))


# Commitments and periods


@act("subcontract-new", "entered")
def _(s):
    typed = {"number": "SC-900", "title": "Roofing", "vendor": s.base.vendor.pk, "retainage_rate": "10"}
    return lambda: press(s.max, s.project("subcontract-new"), "subcontract-new", **typed)


@act("purchase-order-new", "entered")
def _(s):
    typed = {"number": "PO-900", "title": "Steel", "vendor": s.base.vendor.pk, "retainage_rate": "0"}
    return lambda: press(s.max, s.project("purchase-order-new"), "purchase-order-new", **typed)


@act("commitment-edit", "edited")
def _(s):
    page = s.project("commitment-edit", s.base.commitment().pk)
    return lambda: press(s.max, page, "commitment-edit", title="Roofing, east wing")


@act("schedule", "changed the schedule of values")
def _(s):
    made = s.base.commitment(moves=(), contact=False)
    page = s.project("schedule", made.number)
    return lambda: press(s.max, page, "schedule", amount=["1.00", "2.00", "", "", ""])


@act("schedule-upload")
def _(s):
    made = s.base.commitment(moves=(), contact=False)
    page = s.project("schedule-upload", made.number)
    return lambda: s.max.post(
        page, {"file": SimpleUploadedFile("a.csv", b"Cost code,Description,Amount\n03-100,Slab,5\n")}
    )


@act("commitments-start", "entered", "approved", "started in the middle of the job")
def _(s):
    s.base.cost_code()
    head = "Commitment,Vendor,Retainage %,Cost code,Description,Scheduled value,Work completed,Work retainage"
    content = f"{head}\nSC-900,{s.base.vendor.name},10,03-100,Roof,100.00,50.00,5.00\n".encode()
    books = {"as_of": "2026-05-31", "scheduled": "100.00", "billed": "50.00", "retained": "5.00"}
    page = s.project("commitments-start")
    shown = s.max.post(page, books | {"file": SimpleUploadedFile("open.csv", content)})
    return lambda: s.max.post(page, books | {"rows": shown.context["rows"]})


@act("cost-codes", "added")
def _(s):
    return lambda: press(s.max, s.company("cost-codes"), "cost-codes", code="99-100", name="Cleaning")


@act("cost-code", "changed")
def _(s):
    return lambda: press(s.max, s.company("cost-code", s.base.cost_code().pk), "cost-code", name="Another name")


@act("cost-codes-upload")
def _(s):
    return lambda: s.max.post(s.company("cost-codes-upload"), {"file": codes_file()})


def codes_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("codes.csv", b"Cost code,Name\n99-100,Cleaning\n")


@act("cost-codes-apply", "took in a list of cost codes")
def _(s):
    page = s.max.post(s.company("cost-codes-upload"), {"file": codes_file()})
    typed = {"plan": page.context["digest"], "code": ["99-100"], "name": ["Cleaning"]}
    return lambda: s.max.post(s.company("cost-codes-apply"), typed)


@act("cost-types", "named its cost types")
def _(s):
    named = {"type_6": "", "type_7": "Permits", "type_8": "", "type_9": ""}
    return lambda: press(s.max, s.company("cost-codes"), "cost-types", **named)


@act("change-order-new", "entered")
def _(s):
    page = s.project("change-order-new", s.base.commitment().number)
    return lambda: press(s.max, page, "change-order-new", title="Canopy")


def drafted_change(s):
    made = s.base.commitment()
    order = change_orders.enter(made, "CO-1", "Canopy", [s.base.line("Canopy", "100.00")], by=s.base.admin)
    return made.number, order.pk


@act("change-order", "edited")
def _(s):
    page = s.project("change-order", *drafted_change(s))
    return lambda: press(s.max, page, "change-order", title="Longer canopy")


@act("change-order-lines", "changed the schedule of values")
def _(s):
    page = s.project("change-order-lines", *drafted_change(s))
    return lambda: press(s.max, page, "change-order-lines", amount=["120.00", "", "", ""])


@act("change-order-move", "approved")
def _(s):
    page = s.project("change-order-move", *drafted_change(s), "approve")
    return lambda: press(s.max, page, "change-order-move")


@act("commitment-move", "marked as complete")
def _(s):
    page = s.project("commitment", s.base.commitment().number)
    return lambda: press(s.max, page, "commitment-move")


@act("commitment-access", "added to the access list")
def _(s):
    page = s.project("commitment", s.base.commitment().number)
    return lambda: press(s.max, page, "commitment-access", colleague=s.base.reader.pk)


@act("commitment-access-remove", "removed from the access list")
def _(s):
    commitment = s.base.commitment()
    access_lists.add_person(commitment, s.base.reader, by=s.base.admin)
    page = s.project("commitment", commitment.number)
    return lambda: press(s.max, page, "commitment-access-remove")


@act("commitment-attach", "attached a file")
def _(s):
    page = s.project("commitment-attach", s.base.commitment().number)
    return lambda: s.max.post(page, {"file": SimpleUploadedFile("contract.pdf", b"%PDF-1.4 contract")})


@act("commitment-attachment", "downloaded a file")
def _(s):
    commitment = s.base.commitment()
    file = attachments.attach_to_commitment(commitment, "contract.pdf", b"%PDF-1.4 contract", by=s.base.admin)
    return lambda: s.contact.get(s.project("commitment-attachment", commitment.number, file.pk))


@act("commitment-contacts", "added invoice contact")
def _(s):
    commitment, someone = s.base.commitment(), person("New Contact", s.base.company, s.base.vendor)
    set_level(someone, Tool.COMMITMENTS, s.base.project, Level.STANDARD, by=s.base.owner)
    page = s.project("commitment", commitment.number)
    return lambda: press(s.max, page, "commitment-contacts", person=someone.pk)


@act("commitment-contact-remove", "removed invoice contact")
def _(s):
    contact = s.base.commitment().invoice_contacts.get()
    page = s.project("commitment-contact-remove", contact.commitment.number, contact.pk)
    return lambda: s.max.post(page)


@act("periods", "closed", "opened")
def _(s):
    days = {"start_date": "2031-03-01", "end_date": "2031-03-31", "due_date": "2031-03-25"}
    return lambda: press(s.max, s.project("periods"), "periods", **days)


@act("billing-settings", "changed the billing settings")
def _(s):
    return lambda: press(s.max, s.project("billing-settings"), "billing-settings", reminder_days="3")


@act("period-invite", "invited to bill", "invited several to bill")
def _(s):
    s.base.commitment()
    page = s.project("period", s.base.project.billing_periods.get().pk)
    return lambda: press(s.max, page, "period-invite")


@act("board-view-save", "saved a view of the board")
def _(s):
    page = s.project("period", s.base.project.billing_periods.get().pk) + "?turn=team"
    return lambda: press(s.max, page, "board-view-save", name="For us", is_shared="")


@act("board-view-delete", "deleted a view of the board")
def _(s):
    page = s.project("period", s.base.project.billing_periods.get().pk)
    press(s.max, f"{page}?turn=team", "board-view-save", name="For us", is_shared="")
    return lambda: press(s.max, page, "board-view-delete")


@act("invoices-view-save", "shared a view of the invoices")
def _(s):
    page = s.project("invoices") + "?sort=-net"
    return lambda: press(s.max, page, "invoices-view-save", name="For all", is_shared="on")


@act("invoices-view-delete", "deleted a shared view of the invoices")
def _(s):
    page = s.project("invoices")
    press(s.max, f"{page}?sort=-net", "invoices-view-save", name="For all", is_shared="on")
    return lambda: press(s.max, page, "invoices-view-delete")


@act("period-close", "closed")
def _(s):
    page = s.project("period-close", s.base.project.billing_periods.get().pk)
    return lambda: s.max.post(page)


@act("period-edit", "changed the dates")
def _(s):
    period = s.base.project.billing_periods.get()
    later = period.due_date.replace(year=2039).isoformat()
    return lambda: press(s.max, s.project("period-edit", period.pk), "period-edit", due_date=later)


@act("period-reopen", "closed", "reopened")
def _(s):
    first = s.base.project.billing_periods.get()
    s.base.period(first.start_date.replace(year=2039))
    return lambda: press(s.max, s.project("period-reopen", first.pk), "period-reopen")


@act("period-delete", "deleted")
def _(s):
    page = s.project("period-delete", s.base.project.billing_periods.get().pk)
    return lambda: press(s.max, page, "period-delete")


@act("period-extend", "extended the due date")
def _(s):
    period = s.base.project.billing_periods.get()
    page = s.project("period-extend", period.pk, s.base.commitment().pk)
    later = period.due_date.replace(year=2039).isoformat()
    return lambda: press(s.max, page, "period-extend", due_date=later)


@act("period-remind", "reminded", "reminded several")
def _(s):
    commitment, period = s.base.commitment(), s.base.project.billing_periods.get()
    invitations.invite(period, [commitment], InvoiceType.WORK_AND_RELEASE, by=s.base.admin)
    commitment.invitations.update(invited_at=timezone.now() - timedelta(days=2))
    return lambda: s.max.post(s.project("period-remind", period.pk), {"commitment": commitment.pk})


@act("invoice-period", "moved to another period")
def _(s):
    invoice = s.base.draft()
    s.base.period(invoice.period_start_date.replace(year=2039))
    return lambda: press(s.max, at(invoice, "invoice-period"), "invoice-period")


@act("invoices-remind", "reminded")
def _(s):
    invoice = s.base.draft()
    return lambda: s.max.post(s.project("invoices-remind"), {"invoice": invoice.pk})


@act("invoices-decide", "approved", "approved")
def _(s):
    chosen = [s.base.submitted(s.base.draft(s.base.commitment())) for _ in range(2)]
    data = {"invoice": [each.pk for each in chosen], "asked": "1", "decision": "approve"}
    return lambda: s.max.post(s.project("invoices-decide"), data)


@act("invoice-delete", "deleted")
def _(s):
    invoice = s.base.draft()
    return lambda: press(s.contact, at(invoice, "invoice-delete"), "invoice-delete")


@act("invoice-restore", "restored")
def _(s):
    invoice = deleting.delete(s.base.draft(), reason="By mistake", by=s.base.admin)
    return lambda: s.max.post(s.project("invoice-restore", invoice.commitment.number, invoice.pk))


@act("invitation", "accepted the invite", "started")
def _(s):
    commitment, period = s.base.commitment(), s.base.project.billing_periods.get()
    [invited] = invitations.invite(period, [commitment], InvoiceType.WORK_AND_RELEASE, by=s.base.admin)
    page = reverse("invitation", args=[invited.invitation.token])
    return lambda: s.contact.post(page, {"answer": "accept"})


@act("invitation-again", "mailed a new link")
def _(s):
    commitment, period = s.base.commitment(), s.base.project.billing_periods.get()
    [invited] = invitations.invite(period, [commitment], InvoiceType.WORK_AND_RELEASE, by=s.base.admin)
    with time_machine.travel(timezone.now() - timedelta(days=90)):
        token = invited.invitation.token_for(s.base.contact)
    return lambda: Client().post(reverse("invitation-again", args=[token]))


@act("invitation-opened", "saw the link opened")
def _(s):
    commitment, period = s.base.commitment(), s.base.project.billing_periods.get()
    [invited] = invitations.invite(period, [commitment], InvoiceType.WORK_AND_RELEASE, by=s.base.admin)
    return lambda: Client().post(reverse("invitation-opened", args=[invited.invitation.token_for(s.base.contact)]))


# Billing


@act("commitment-retainage", "set retainage")
def _(s):
    made = s.base.commitment()
    page = s.project("commitment-retainage", made.number)
    return lambda: s.max.post(page, {"version": made.version, "work_rate": "5"})


@act("invoice-start", "started")
def _(s):
    page = s.project("invoice-start", s.base.commitment().number)
    return lambda: s.contact.post(page)


@act("invoice-enter", "entered amounts")
def _(s):
    invoice = s.base.draft()
    line = invoice.lines.first()
    return lambda: press(
        s.contact,
        at(invoice, "invoice-enter"),
        "invoice-enter",
        "stay",
        **{f"work-{line.pk}": "500.00", "number": "A-1"},
    )


@act("invoice-upload")
def _(s):
    invoice = s.base.draft()
    content = s.contact.get(at(invoice, "invoice-workbook")).content
    return lambda: s.contact.post(at(invoice, "invoice-upload"), {"file": SimpleUploadedFile("a.xlsx", content)})


@act("invoice-change-orders", "added change orders")
def _(s):
    invoice = s.base.draft()
    s.base.change_order(invoice.commitment, [s.base.line("Extra", "100.00")])
    return lambda: s.contact.post(at(invoice, "invoice-change-orders"))


@act("invoice-send", "sent for review")
def _(s):
    invoice = s.base.entered()
    return lambda: press(s.contact, at(invoice, "invoice-send"), "invoice-send")


@act("invoice-withdraw", "withdrew")
def _(s):
    invoice = s.base.submitted()
    return lambda: s.contact.post(at(invoice, "invoice-withdraw"))


@act("invoice-save-draft", "saved as a draft")
def _(s):
    invoice = s.base.sent_back()
    return lambda: s.contact.post(at(invoice, "invoice-save-draft"))


@act("invoice-attach", "attached a file")
def _(s):
    invoice = s.base.draft()
    return lambda: s.contact.post(
        at(invoice, "invoice-attach"), {"file": SimpleUploadedFile("proof.pdf", b"%PDF-1.4 proof")}
    )


@act("invoice-attachment", "downloaded a file")
def _(s):
    attachment = attachments.attach(s.base.draft(), "proof.pdf", b"%PDF-1.4 proof", by=s.base.contact)
    return lambda: s.contact.get(at(attachment.invoice, "invoice-attachment", attachment.pk))


@act("invoice-package")  # written down when it is taken away
def _(s):
    page = at(s.base.draft())
    return lambda: press(s.contact, page, "invoice-package")


@act("invoices-certificates")
def _(s):
    s.base.submitted()
    return lambda: press(s.max, s.project("invoices"), "invoices-certificates")


@act("invoices-csv")
def _(s):
    s.base.submitted()
    return lambda: s.max.post(s.project("invoices-csv"))


@act("invoices-xlsx")
def _(s):
    s.base.submitted()
    return lambda: s.max.post(s.project("invoices-xlsx"))


def papers(s) -> MadeFile:
    attachment = attachments.attach(s.base.draft(), "proof.pdf", b"%PDF-1.4 proof", by=s.base.contact)
    return made_files.ask_for_papers(attachment.invoice, by=s.base.contact)


@act("made-file-download", "downloaded all files")
def _(s):
    made = papers(s)
    making.make(made.pk)
    return lambda: s.contact.get(s.project("made-file-download", made.pk))


@act("made-file-again")
def _(s):
    made = papers(s)
    making.give_up(making.claim(made.pk), "The disk was full.")
    return lambda: press(s.contact, s.project("made-file", made.pk), "made-file-again")


@act("invoice-comment", "commented")
def _(s):
    page = at(s.base.submitted()) + "?show=timeline"
    return lambda: press(s.contact, page, "invoice-comment", **{"comment-words": "The reports come on Friday"})


@act("invoice-note", "left a note for the team")
def _(s):
    page = at(s.base.submitted()) + "?show=timeline"
    return lambda: press(s.max, page, "invoice-note", **{"note-words": "Count the anchors"})


# Reviewing


@act("review-line", "reviewed a line")
def _(s):
    invoice = s.base.submitted()
    page = at(invoice, "review-line", invoice.lines.first().pk)
    return lambda: s.max.post(page, REJECTED | {"reason": "Not poured yet"})


@act("review-amount", "entered amounts")
def _(s):
    invoice = s.base.submitted()
    line = invoice.lines.first()
    page = at(invoice, "review-amount", line.pk)
    return lambda: press(s.max, page, "review-amount", **{f"work-{line.pk}": "900.00", "reason": "Counted"})


@act("review-seen", "opened the review")
def _(s):
    invoice = s.base.submitted()
    return lambda: s.max.post(at(invoice, "review-seen"), {"version": invoice.version})


@act("review-rest", "approved the other lines")
def _(s):
    invoice = s.base.submitted()
    return lambda: s.max.post(at(invoice, "review-rest"), {"version": invoice.version})


@act("review-rest-undo", "took back approving the other lines")
def _(s):
    invoice = s.base.submitted()
    s.max.post(at(invoice, "review-rest"), {"version": invoice.version})
    return lambda: press(s.max, at(invoice, "invoice-review"), "review-rest-undo")


@act("review-finish", "approved")
def _(s):
    invoice = s.base.submitted()
    s.max.post(at(invoice, "review-rest"), {"version": invoice.version})
    return lambda: press(s.max, at(invoice, "review-finish"), "review-finish", decision="approve")


@act("invoice-reopen", "reopened")
def _(s):
    invoice = s.base.approved()
    return lambda: s.max.post(at(invoice, "invoice-reopen"), {"reason": "Counted again"})


@act("invoice-pay", "recorded a payment")
def _(s):
    invoice = s.base.approved()
    return lambda: press(s.max, at(invoice, "invoice-pay"), "invoice-pay", number="1001", amount="400.00")


@act("payment-take-back", "took back a payment")
def _(s):
    payment = payments.record_payment(s.base.approved(), payment_of("400.00"), by=s.base.admin)
    page = at(payment.invoice, "payment-take-back", payment.pk)
    return lambda: press(s.max, page, "payment-take-back", reason="Another vendor's check")


# Accounting


@act("invoice-erp-send", "sent to ERP")
def _(s):
    invoice = s.w.approved()
    return lambda: s.max.post(at(invoice, "invoice-erp-send"))


@act("invoices-erp-send", "sent to ERP", "sent to ERP")
def _(s):
    chosen = [s.w.approved().pk, s.w.approved().pk]
    return lambda: s.max.post(s.project("invoices-erp-send"), {"invoice": chosen, "asked": "1"})


@act("invoices-dry-run")
def _(s):
    chosen = s.w.approved().pk
    return lambda: s.max.post(s.project("invoices-dry-run"), {"invoice": [chosen]})


@act("invoice-erp-retrieve", "took back")
def _(s):
    export = s.w.sent()
    return lambda: s.max.post(at(export.invoice, "invoice-erp-retrieve"))


@act("erp-queue-view-save", "saved a view of the queue")
def _(s):
    page = s.company("erp-queue") + "?tab=posted"
    return lambda: press(s.max, page, "erp-queue-view-save", name="Mine", is_shared="")


@act("erp-queue-view-delete", "deleted a view of the queue")
def _(s):
    page = s.company("erp-queue")
    press(s.max, f"{page}?tab=posted", "erp-queue-view-save", name="Mine", is_shared="")
    return lambda: press(s.max, page, "erp-queue-view-delete")


@act("erp-export-header", "changed the header")
def _(s):
    export = s.w.sent()
    return lambda: s.max.post(at_export(export, "erp-export-header"), {"description": "Slab"})


@act("erp-accept", "accepted", "accepted")
def _(s):
    export = s.w.sent()
    page = s.max.get(queue_url(s.base.company, f"accept/?export={export.pk}"))
    data = accept_data(page, export)
    return lambda: s.max.post(s.company("erp-accept"), data)


@act("erp-dry-run")
def _(s):
    export = s.w.sent()
    return lambda: s.max.post(s.company("erp-dry-run"), {"export": export.pk})


@act("erp-reject", "rejected")
def _(s):
    export = s.w.sent()
    return lambda: s.max.post(at_export(export, "erp-reject"), {"reason": "Wrong job"})


@act("erp-reject-many", "rejected", "rejected")
def _(s):
    chosen = [s.w.sent().pk, s.w.sent().pk]
    page = s.company("erp-reject-many") + "?" + "&".join(f"export={pk}" for pk in chosen)
    return lambda: press(s.max, page, "erp-reject-many", reason="Wrong job")


@act("erp-download", "downloaded")
def _(s):
    batch = s.w.exported().items.get().batch
    return lambda: s.max.get(at_batch(batch, "erp-download", "xlsx"))


def dry_run(s) -> MadeFile:
    return ask_for_dry_run(s.base.company, [s.w.sent().invoice_id], asked_on="/", by=s.base.staff)


@act("erp-file-download", "downloaded a dry run")
def _(s):
    made, staff = dry_run(s), signed_in(s.base.staff)
    making.make(made.pk)
    return lambda: staff.get(s.company("erp-file-download", made.pk))


@act("erp-file-again")
def _(s):
    made, staff = dry_run(s), signed_in(s.base.staff)
    making.give_up(making.claim(made.pk), "The disk was full.")
    return lambda: press(staff, s.company("erp-file", made.pk), "erp-file-again")


@act("erp-retry", "tried again", "tried again")
def _(s):
    batch = s.w.accepted(s.w.sent())
    CostCodeLink.objects.update(code="9999.000")
    exporting.build(batch.pk)
    CostCodeLink.objects.update(code=CODE)
    return lambda: press(s.max, at_batch(batch), "erp-retry")


@act("erp-cancel", "voided", "voided", "voided")  # two invoices and then the batch
def _(s):
    page = at_batch(s.w.built(s.w.sent(), s.w.sent()), "erp-cancel")
    return lambda: press(s.max, page, "erp-cancel", reason="Imported into the wrong company")


@act("erp-confirm", "confirmed in Sage")
def _(s):
    export = s.w.exported()
    return lambda: press(s.max, at_export(export, "erp-confirm"), "erp-confirm", record_number="70001")


@act("erp-results", "confirmed in Sage")
def _(s):
    export = s.w.exported()
    page = at_batch(export.live_item.batch, "erp-results")
    return lambda: s.max.post(page, {f"record-{export.pk}": "70001"})


@act("erp-correct-record", "corrected Sage’s record number")
def _(s):
    export = exports.confirm(s.w.exported(), by=s.base.approver, record_number="70001")
    page = at_export(export, "erp-correct-record")
    return lambda: press(s.max, page, "erp-correct-record", record_number="70002", reason="A slip of the keys")


@act("erp-void", "voided", "voided")
def _(s):
    export = s.w.exported()
    return lambda: s.max.post(at_export(export, "erp-void"), {"reason": "Twice", "sage_holds_it_no_more": "on"})


def orders() -> SimpleUploadedFile:
    headings = b"PO number,Vendor number,Job number,Status"
    return SimpleUploadedFile("orders.csv", headings + f"\nPO-1,{VENDOR},{JOB},4\n".encode())


def read_orders(s) -> str:
    """The preview's page of a file with purchase orders, of which no list is there yet."""
    data = {"file": orders(), "as_of_date": s.base.company.today.isoformat()}
    return s.max.post(s.company("erp-list", "purchase_orders"), data).url


@act("erp-list")  # nothing is in force yet
def _(s):
    return lambda: s.max.post(
        s.company("erp-list", "purchase_orders"), {"file": orders(), "as_of_date": s.base.company.today.isoformat()}
    )


@act("erp-list-columns")
def _(s):
    page = read_orders(s)
    return lambda: press(s.max, page, "erp-list-columns")


@act("erp-list-upload", "took in")
def _(s):
    page = read_orders(s)
    return lambda: press(s.max, page, "erp-list-upload")


@act("erp-unlink", "unlinked")
def _(s):
    page = s.company("erp-unlink", "vendors", s.base.vendor.pk)
    return lambda: press(s.max, page, "erp-unlink")


@act("erp-link", "linked")
def _(s):
    s.max.post(s.company("erp-unlink", "vendors", s.base.vendor.pk), {"was": VENDOR})
    page = s.company("erp-link", "vendors", s.base.vendor.pk)
    return lambda: press(s.max, page, "erp-link")


@act("erp-link-exact", "linked")
def _(s):
    s.max.post(s.company("erp-unlink", "vendors", s.base.vendor.pk), {"was": VENDOR})
    page = s.company("erp-link-exact", "vendors")
    return lambda: press(s.max, page, "erp-link-exact")


@act("erp-link-account", "set the ledger account")
def _(s):
    page = s.company("erp-link-account", "jobs", s.base.project.pk)
    return lambda: s.max.post(page, {"account": ACCOUNT})


@act("erp-settings", "changed the ERP settings")
def _(s):
    data = {"layout": "apinv-r2/1", "sage_company_name": "Cascade", "sendable": "approvals", "default_status": "1"}
    data |= {"version": "0", "terms_days": "30", "over_remaining": "warning"}
    return lambda: s.max.post(s.company("erp-settings"), data)


@act("erp-reconciliations", "reconciled")
def _(s):
    s.w.exported()
    return lambda: press(s.max, s.company("erp-reconciliations"), "erp-reconciliations")


@act("erp-confirm-found", "confirmed in Sage")
def _(s):
    export = s.w.exported()
    s.w.load(ListKind.PAYABLE_INVOICES, row_of(export), as_of_date=LIST_DAY)
    page = press(s.max, s.company("erp-reconciliations"), "erp-reconciliations").url
    return lambda: press(s.max, f"{page}confirm/", "erp-confirm-found")


@act("erp-verify")
def _(s):
    content = storing.path_of(s.w.built().file_key).read_bytes()
    file = SimpleUploadedFile("file.xlsx", content)
    return lambda: press(s.max, s.company("erp-verify"), "erp-verify", file=file)


def at_layout(s, name: str = "erp-layout", layout: str = "apinv-r1") -> str:
    return s.company(name, layout, 1)


def compared(s) -> dict[str, str]:
    layout = ImportLayout.objects.get(company=s.base.company, name="apinv-r1")
    return {"compared_with": "The template of May", "seen": layout.fingerprint}


@act("erp-layout", "changed the layout")
def _(s):
    data = layout_data(ImportLayout.objects.get(company=s.base.company, name="apinv-r1"))
    return lambda: s.max.post(at_layout(s), data | {"header-5-title": "Words"})


@act("erp-layout-copy", "copied the layout")
def _(s):
    return lambda: s.max.post(at_layout(s, "erp-layout-copy"), {"name": "apinv-ours"})


@act("erp-layout-verify", "verified the layout")
def _(s):
    return lambda: s.max.post(at_layout(s, "erp-layout-verify"), compared(s))


@act("erp-layout-unverify", "took back that the layout is verified")
def _(s):
    s.max.post(at_layout(s, "erp-layout-verify"), compared(s))
    return lambda: s.max.post(at_layout(s, "erp-layout-unverify"))


# The tests


@pytest.fixture
def stage(monkeypatch):
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *_, **__: None)
    w = sage_world()
    someone = w.all_rights()
    set_level(someone, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.base.owner)
    set_level(someone, Tool.PROJECT_DIRECTORY, w.base.project, Level.ADMIN, by=w.base.owner)
    set_level(someone, Tool.ERP_INTEGRATIONS, w.company, Level.ADMIN, by=w.base.owner)
    return Stage(w, signed_in(someone), signed_in(w.base.contact))


CHANGING = {
    pattern.name
    for _, pattern in own_patterns(get_resolver().url_patterns)
    if "POST" in pattern.callback.requires.methods
}
# Read, and written down that it was (R124).
TAKING_AWAY = {
    "invoice-attachment",
    "made-file-download",
    "commitment-attachment",
    "erp-download",
    "erp-file-download",
    "company-events-csv",
}


def test_every_address_that_changes_something_stands_in_the_golden_table():
    assert set(ACTS) == CHANGING | TAKING_AWAY


def test_the_record_is_asked_by_words_that_an_act_writes():
    """P-7, R78: a word that nobody writes any more would ask for nothing, and say so to nobody."""
    asked = {*separation_of_duties.APPROVED, erp_permissions.SENT, *storing.ACCEPTANCES, *reviews.AMOUNTS_CHANGE_BY}
    asked |= {*reviews.VERDICTS, *rounds.VERBS.values()}
    moves = [move for of in (Invoice, InvoiceExport) for move in vars(of).values() if hasattr(move, "_django_fsm")]
    written = {words_of(move)["done"] for move in moves} | {verb for _, verbs in ACTS.values() for verb in verbs}
    assert asked <= written


def verbs_after(newest) -> list[str]:
    return list(Event.objects.filter(pk__gt=newest.pk).order_by("pk").values_list("verb", flat=True))


class NoRoom(Exception):
    """The database takes no event."""


def no_room(self, *args, **rest):
    raise NoRoom


@pytest.mark.parametrize("name", sorted(ACTS))
def test_an_act_writes_its_events_and_does_not_happen_without_them(stage, name, monkeypatch):
    prepare, golden = ACTS[name]
    perform = prepare(stage)
    newest, before = Event.objects.order_by("pk").last(), fingerprint()
    if golden:
        with monkeypatch.context() as patch, pytest.raises(NoRoom):
            for door in ("record", "record_all"):
                patch.setattr(EventQuerySet, door, no_room)
            perform()
        assert fingerprint() == before
    response = perform()
    assert response.status_code in (200, 204, 302), response.content.decode()[-2000:]
    assert verbs_after(newest) == golden
    after = fingerprint()
    assert {label for label in after if after[label] != before[label]} - {"directory.Person"} or not golden
