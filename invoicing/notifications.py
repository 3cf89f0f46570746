"""Who hears of what happens to a bill (section 7). One function an event; each mail is recorded on its object."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from directory.audiences import audience
from directory.models import Person
from directory.notifications import post
from directory.permissions import Level, Tool, people_with_level, read_access
from invoicing.deadlines import deadline_of
from invoicing.models import (
    BillingPeriod,
    BillingSettings,
    Comment,
    Commitment,
    DueDateExtension,
    Invitation,
    Invoice,
    Payment,
    Verdict,
)
from invoicing.permissions import is_project_admin, may_see_commitment

CONTACT = "an invoice contact of it"
TEAM = "an invoice administrator of the project"
LISTED = "on the project’s distribution list"


@audience(CONTACT)
def is_told_as_contact(about, person) -> bool:
    """Of the commitment itself, or of the one that an invite or an invoice is about; and they can open it (P-1)."""
    commitment = about if isinstance(about, Commitment) else about.commitment
    access = read_access(person, commitment.company, commitment.project)
    return access.is_external and may_see_commitment(commitment, access)


def contacts_of(commitment) -> list[Person]:
    """Whom a mail to the subcontractor goes to."""
    return [contact.person for contact in commitment.invoice_contacts.acting().select_related("person")]


def _settings(project) -> BillingSettings:
    return BillingSettings.objects.filter(project=project).first() or BillingSettings(project=project)


def may_be_told(project):
    """Whom a project's distribution list may hold: the company's own people with a level on its Commitments."""
    own = Q(memberships__company=project.company_id, memberships__vendor=None)
    return people_with_level(project, Tool.COMMITMENTS, Level.READ_ONLY).filter(own).distinct()


@audience(TEAM)
def is_told_as_admin(about, person) -> bool:
    return is_project_admin(read_access(person, about.company, about.project))


@audience(LISTED)
def is_told_as_listed(invoice: Invoice, person) -> bool:
    """On the list, and may still look into the project."""
    return _listed(invoice).filter(pk=person.pk).exists()


def _listed(invoice: Invoice):
    settings = _settings(invoice.project)
    if settings.pk is None:
        return Person.objects.none()
    return settings.distribution_list.filter(pk__in=may_be_told(invoice.project).values("pk"))


def invited(invitation: Invitation, to: list[Person], due: date, words: str) -> None:
    """To each contact: project, commitment, period, due date, type, who invites, the project's words, one link."""
    project, period = invitation.project, invitation.billing_period
    post(
        about=invitation,
        to=to,
        audience=CONTACT,
        subject=f"{project.name}: send your {period} bill by {due:%a} {due.day} {due:%b}",
        template="invoicing/emails/invited",
        context={
            "invitation": invitation,
            "project": project,
            "due_date": due,
            "words": words,
        },
        reply_to=invitation.invited_by.email,
    )


def new_link(invitation: Invitation, to: list[Person]) -> None:
    """To whoever has a link that is too old: another one."""
    due = deadline_of(invitation.commitment, invitation.billing_period).due_date
    post(
        about=invitation,
        to=to,
        audience=CONTACT,
        subject=f"{invitation.project.name}: your new link to the {invitation.billing_period} bill",
        template="invoicing/emails/invited",
        context={"invitation": invitation, "project": invitation.project, "due_date": due, "words": ""},
        reply_to=invitation.invited_by.email,
    )


def passed_on(invitation: Invitation, to: Person, words: str, by: Person) -> None:
    """To another contact of the same commitment, from one who says that it is theirs."""
    due = deadline_of(invitation.commitment, invitation.billing_period).due_date
    post(
        about=invitation,
        to=[to],
        audience=CONTACT,
        subject=f"{by.name} passes on to you: {invitation.billing_period} bill for {invitation.commitment.number}",
        template="invoicing/emails/passed_on",
        context={"invitation": invitation, "project": invitation.project, "due": due, "words": words, "by": by},
        reply_to=by.email,
    )


def not_me(invitation: Invitation, proposed: Person | None, words: str, by: Person) -> None:
    """To whoever sent the invite, while they administer the project, else to all who do: somebody else is right."""
    post(
        about=invitation,
        to=_team(invitation),
        audience=TEAM,
        subject=f"{by.name} is not the one to bill {invitation.commitment.number}",
        template="invoicing/emails/not_me",
        context={
            "invitation": invitation,
            "project": invitation.project,
            "proposed": proposed,
            "words": words,
            "by": by,
        },
        reply_to=by.email,
    )


def _team(invitation: Invitation) -> list[Person]:
    if is_told_as_admin(invitation, invitation.invited_by):
        return [invitation.invited_by]
    return _admins(invitation)


def _admins(about) -> list[Person]:
    """Who administers the invoices of the project that this invitation or invoice belongs to."""
    holders = people_with_level(about.project, Tool.COMMITMENTS, Level.ADMIN).distinct()
    return [person for person in holders if is_told_as_admin(about, person)]


def due_date_extended(extension: DueDateExtension, bill: Invoice | None) -> None:
    """To the contacts: until when, why, and where to go on."""
    due, period = extension.due_date, extension.billing_period
    post(
        about=bill or extension.commitment,
        to=contacts_of(extension.commitment),
        audience=CONTACT,
        subject=f"You have until {due:%a} {due.day} {due:%b} for your {period} bill ({extension.commitment.number})",
        template="invoicing/emails/more_time",
        context={"extension": extension, "bill": bill, "project": extension.project},
        reply_to=extension.by.email,
    )


def moved(invoice: Invoice, before: BillingPeriod, by) -> None:
    """To the contacts: where their bill is now, and when it is due there."""
    due, where = invoice.due_date, f"{invoice.billing_period}, due {invoice.due_date:%a}"
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Bill {invoice.position} moved to {where} {due.day} {due:%b} ({invoice.commitment.number})",
        template="invoicing/emails/moved",
        context={"invoice": invoice, "before": before, "by": by, "project": invoice.project},
        reply_to=by.email,
    )


def submitted(invoice: Invoice) -> None:
    """To the project's invoice distribution list, as far as they may still look into the project (R97).

    Of a revision it carries the lines that are not as they were sent before, ten at most.
    """
    newest, *before = invoice.submissions.order_by("-number")[:2]
    changed = _changed(invoice, before[0].figures(), newest.figures()) if before else []
    sender = invoice.submitted_by.membership_in(invoice.company)
    who = invoice.vendor.name if sender and sender.vendor_id else f"{invoice.submitted_by.name}, for {invoice.vendor},"
    again = " again" if before else ""
    post(
        about=invoice,
        to=_listed(invoice),
        audience=LISTED,
        subject=f"{who} sent bill {invoice.position}{again}: {invoice.current_payment_due:,.2f}",
        template="invoicing/emails/submitted",
        context={"invoice": invoice, "project": invoice.project, "changed": changed, "is_again": bool(before)},
        reply_to=invoice.submitted_by.email,
    )


def _changed(invoice: Invoice, old: dict[int, dict], new: dict[int, dict]) -> list[dict]:
    lines = invoice.lines.select_related("schedule_line")
    return [
        {"line": line, "old": _billed(old.get(line.schedule_line_id)), "new": _billed(new[line.schedule_line_id])}
        for line in lines
        if old.get(line.schedule_line_id) != new[line.schedule_line_id]
    ]


@dataclass(frozen=True)
class Return:
    """What the mail about a bill that is sent back says: each line with claimed and allowed, in dollars.

    `cut`: lines that are not rejected, but allowed otherwise than they were claimed. `fine`: how many are approved.
    """

    subject: str
    rejected: list[dict]
    cut: list[dict]
    fine: int


def return_of(invoice: Invoice) -> Return:
    """As the verdicts stand now: for the mail, and for whoever is about to send it (U6)."""
    last = invoice.submissions.order_by("-number").first()
    claims = last.figures() if last else {}
    lines = [
        {
            "line": line,
            "claimed": _billed(claims.get(line.schedule_line_id)),
            "allowed": _billed({name: getattr(line, name) for name in BILLED}),
        }
        for line in invoice.lines.select_related("schedule_line")
    ]
    rejected = [each for each in lines if each["line"].verdict == Verdict.REJECTED]
    others = [each for each in lines if each["line"].verdict != Verdict.REJECTED]
    cut = [each for each in others if each["claimed"] not in (None, each["allowed"])]
    one = len(rejected) == 1
    count = "1 line" if one else f"{len(rejected)} lines"
    needs = f"{count} of bill {invoice.position} need{'s' if one else ''} you ({invoice.commitment.number})"
    back = f"Bill {invoice.position} came back to you ({invoice.commitment.number})"
    fine = sum(each["line"].verdict == Verdict.APPROVED for each in lines)  # of one without a verdict nobody said so
    return Return(needs if rejected else back, rejected, cut, fine)


def sent_back(invoice: Invoice, by) -> None:
    """To the contacts, with every rejected line: reason, claimed, allowed."""
    letter = return_of(invoice)
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=letter.subject,
        template="invoicing/emails/sent_back",
        context={
            "invoice": invoice,
            "comment": invoice.comment,
            "project": invoice.project,
            "rejected": letter.rejected,
            "cut": letter.cut,
            "fine": letter.fine,
            "by": by,
        },
        reply_to=by.email,
    )


BILLED = ("work_this_period", "stored_new", "retainage_released")


def _billed(figures: dict | None) -> Decimal | None:
    """What a line asks for this period, in dollars: work and new stored material, or the release where it is one."""
    if figures is None:
        return None
    work = Decimal(figures["work_this_period"]) + Decimal(figures["stored_new"])
    return work or Decimal(figures["retainage_released"])


def approved(invoice: Invoice, by) -> None:
    """To the contacts, where the project's setting says so."""
    if not _settings(invoice.project).mails_approval:
        return
    noted = " as noted" if invoice.status == Invoice.Status.APPROVED_AS_NOTED else ""
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Bill {invoice.position} approved{noted}: {invoice.current_payment_due:,.2f}",
        template="invoicing/emails/approved",
        context={"invoice": invoice, "project": invoice.project, "by": by},
        reply_to=by.email,
    )


def mails_payments(invoice: Invoice) -> bool:
    """Whether contacts hear of its payments: the project's setting."""
    return _settings(invoice.project).mails_payments


def paid(payment: Payment, by) -> None:
    """To the contacts, that a payment was recorded or taken back, where the project's setting says so."""
    invoice = payment.invoice
    if not mails_payments(invoice):
        return
    said = "taken back" if payment.is_taken_back else "recorded"
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Payment {said} on bill {invoice.position} ({invoice.commitment.number}): {payment.amount:,.2f}",
        template="invoicing/emails/paid",
        context={"payment": payment, "invoice": invoice, "project": invoice.project, "by": by},
        reply_to=by.email,
    )


def commented(said: Comment, *, from_contact: bool) -> None:
    """To the contacts what the team says, to the distribution list what a contact says. Of a note nobody hears.

    With nobody on the list the project's Admins are told: a contact who asks something is not left unheard.
    """
    invoice = said.invoice
    to, whom = contacts_of(invoice.commitment), CONTACT
    if from_contact:
        listed = _listed(invoice)
        to, whom = (listed, LISTED) if listed else (_admins(invoice), TEAM)
    noun = "invoice" if from_contact else "bill"
    post(
        about=invoice,
        to=to,
        audience=whom,
        subject=f"{said.by.name} wrote about {noun} {invoice.position} ({invoice.commitment.number})",
        template="invoicing/emails/commented",
        context={
            "said": said,
            "invoice": invoice,
            "project": invoice.project,
            "noun": noun,
            "from_contact": from_contact,
        },
        reply_to=said.by.email,
    )


def reopened(invoice: Invoice, reason: str, by) -> None:
    """To the contacts, with the reason."""
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Bill {invoice.position} is under review again ({invoice.commitment.number})",
        template="invoicing/emails/reopened",
        context={"invoice": invoice, "project": invoice.project, "reason": reason, "by": by},
        reply_to=by.email,
    )


def deleted(invoice: Invoice, reason: str, by) -> None:
    """To the contacts, with the reason."""
    post(
        about=invoice,
        to=contacts_of(invoice.commitment),
        audience=CONTACT,
        subject=f"Bill {invoice.position} was deleted ({invoice.commitment.number})",
        template="invoicing/emails/deleted",
        context={"invoice": invoice, "project": invoice.project, "reason": reason, "by": by},
        reply_to=by.email,
    )


def reminded(invitation: Invitation) -> None:
    """To each contact of a commitment that has not answered (V-3); how near the due date is stands in the subject."""
    project = invitation.project
    due = deadline_of(invitation.commitment, invitation.billing_period).due_date
    left = (due - project.today).days
    when = {0: "Due today", 1: "Due tomorrow"}.get(left, f"Due {due:%A}" if left < 7 else f"Due {due.day} {due:%b}")
    post(
        about=invitation,
        to=contacts_of(invitation.commitment),
        audience=CONTACT,
        subject=f"{when}: {invitation.billing_period} bill for {invitation.commitment.number}",
        template="invoicing/emails/reminded",
        context={"invitation": invitation, "project": project, "due": due},
        reply_to=invitation.invited_by.email,
    )
