"""Mails before there is a bill: invites, reminders, and more time."""

from datetime import date

from directory.models import Person
from directory.notifications import post
from invoicing.deadlines import deadline_of
from invoicing.models import DueDateExtension, Invitation, Invoice
from invoicing.notifications.recipients import CONTACT, TEAM, contacts_of, team_of


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
        to=team_of(invitation),
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


def reminded(invitation: Invitation) -> None:
    """To each contact of a commitment that has not answered (V-3); how near the due date is stands in the subject."""
    project = invitation.project
    due = deadline_of(invitation.commitment, invitation.billing_period).due_date
    post(
        about=invitation,
        to=contacts_of(invitation.commitment),
        audience=CONTACT,
        subject=f"{_how_near(due, project)}: {invitation.billing_period} bill for {invitation.commitment.number}",
        template="invoicing/emails/reminded",
        context={"invitation": invitation, "project": project, "due": due},
        reply_to=invitation.invited_by.email,
    )


def reminded_about(invoice: Invoice, to: list[Person], by: Person) -> None:
    """To each contact of a bill that was begun, or came back, and was not sent (V-3)."""
    project, due = invoice.project, invoice.due_date
    post(
        about=invoice,
        to=to,
        audience=CONTACT,
        subject=f"{_how_near(due, project)}: {invoice.billing_period} bill for {invoice.commitment.number}",
        template="invoicing/emails/reminded_about",
        context={"invoice": invoice, "project": project, "due": due, "by": by},
        reply_to=by.email,
    )


def _how_near(due: date, project) -> str:
    left = (due - project.today).days
    if left < 0:
        return "Overdue"
    return {0: "Due today", 1: "Due tomorrow"}.get(left, f"Due {due:%A}" if left < 7 else f"Due {due.day} {due:%b}")
