"""What only a demo site offers: whom to look around as."""

from django.conf import settings

from directory.models import Company, Person
from directory.roster import Entry, roster

PASSWORD = "demo"
CAN = {
    "Invoice administrator": "invite, review, approve, send to accounting",
    "Invoice contact": "enter and send bills",
    "Accounting approver": "accept or reject what is sent, have files built",
    "Accounting staff": "look, and download files",
    "Project team": "look at the project",
    "Site owner": "people, levels and privileges, in the admin",
}


def demo_people() -> list[dict[str, str]]:
    """The first company's own people, one contact, and the site owner: role, name, e-mail, can."""
    company = Company.objects.order_by("pk").first()
    entries = roster(company) if company else []
    own = [entry for entry in entries if entry.membership.vendor_id is None and not entry.person.is_superuser]
    own.sort(key=lambda entry: list(CAN).index(entry.role))
    outside = sorted((entry for entry in entries if entry.membership.vendor_id), key=lambda entry: entry.membership.pk)
    owners = Person.objects.site_owners().order_by("pk")[:1]
    shown = [_offer(entry) for entry in own[:1] + outside[:1] + own[1:7]]
    return shown + [_words("Site owner", person) for person in owners]


def _offer(entry: Entry) -> dict[str, str]:
    return _words(entry.role, entry.person)


def _words(role: str, person: Person) -> dict[str, str]:
    return {"role": role, "name": person.name, "email": person.email, "can": CAN[role]}


def context(request) -> dict:
    """For templates: `demo_people`, asked only where a page shows them, and the password they all have."""
    return {"demo_people": demo_people, "demo_password": PASSWORD} if settings.DEMO else {}
