"""Who reads mails about bills: the subcontractor's contacts, the project's Admins, its distribution list."""

from directory.audiences import audience
from directory.models import Person
from directory.permissions import Level, Tool, people_with_level, read_access
from invoicing.models import BillingSettings, Commitment, Invitation, Invoice
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


def may_be_told(project):
    """Whom a project's distribution list may hold: the company's own people with a level on its Commitments."""
    return people_with_level(project, Tool.COMMITMENTS, Level.READ_ONLY, own=True)


@audience(TEAM)
def is_told_as_admin(about, person) -> bool:
    return is_project_admin(read_access(person, about.company, about.project))


@audience(LISTED)
def is_told_as_listed(invoice: Invoice, person) -> bool:
    """On the list, and may still look into the project."""
    return people_listed(invoice).filter(pk=person.pk).exists()


def people_listed(invoice: Invoice):
    settings = BillingSettings.of(invoice.project)
    if settings.pk is None:
        return Person.objects.none()
    return settings.distribution_list.filter(pk__in=may_be_told(invoice.project).values("pk"))


def team_of(invitation: Invitation) -> list[Person]:
    if is_told_as_admin(invitation, invitation.invited_by):
        return [invitation.invited_by]
    return admins(invitation)


def admins(about) -> list[Person]:
    """Who administers the invoices of the project that this invitation or invoice belongs to."""
    return list(people_with_level(about.project, Tool.COMMITMENTS, Level.ADMIN, own=True).order_by("name"))


def told_of_bills(invoice: Invoice, by: Person) -> tuple[list[Person], str]:
    """Who hears of what `by` sends or says about a bill, and what they must still be then (R97).

    The distribution list; with nobody on it the project's other Admins, for no bill and no question is left unheard.
    """
    on_list = list(people_listed(invoice).order_by("name"))
    return (on_list, LISTED) if on_list else ([each for each in admins(invoice) if each != by], TEAM)
