"""Mail about who owns the site (R119)."""

from collections.abc import Iterable, Mapping

from directory.audiences import SITE_OWNER
from directory.models import Person
from directory.notifications import post


def changed(person: Person, owners: Iterable[Person], changes: Mapping, reason: str, by: Person) -> None:
    """To every site owner, and to whose login it is, who may be one no more."""
    told = [{"label": name.capitalize(), "old": old, "new": new} for name, (old, new) in changes.items()]
    mail = {
        "about": person,
        "subject": f"The login of {person.name} was changed by {by.name}",
        "template": "directory/emails/standing",
        "context": {"person": person, "changes": told, "reason": reason, "by": by},
        "reply_to": by.email,
    }
    post(to=[owner for owner in owners if owner != person], audience=SITE_OWNER, **mail)
    if person.is_active:
        post(to=[person], **mail)
