"""Who hears of a newcomer in a directory, and of a protection that was loosened. One function an event."""

from collections.abc import Iterable, Sequence

from directory.audiences import COLLEAGUE, DIRECTORY_ADMIN
from directory.models import Person
from directory.notifications import post


def entered(membership, by: Person) -> None:
    """To the newcomer: how to get in; to the owner of a login of old: the question whether they join (R89)."""
    company, is_asked = membership.company, membership.asked_at is not None
    post(
        about=membership,
        to=[membership.person],
        subject=f"{company} asks you to join its directory" if is_asked else f"You are in the directory of {company}",
        template="directory/emails/asked" if is_asked else "directory/emails/added",
        context={"membership": membership, "by": by},
        reply_to=by.email,
    )


def colleagues_entered(newcomers: Sequence, colleagues: Iterable[Person], by: Person) -> None:
    """To a vendor's people so far, so that a stranger among them is noticed (R82): one mail for all newcomers."""
    first, vendor = newcomers[0], newcomers[0].vendor
    names = first.shown_name if len(newcomers) == 1 else f"{len(newcomers)} people"
    post(
        about=first if len(newcomers) == 1 else vendor,
        to=colleagues,
        subject=f"{first.company} added {names} for {vendor}",
        template="directory/emails/colleague",
        audience=COLLEAGUE,
        context={"newcomers": newcomers, "vendor": vendor, "by": by},
        reply_to=by.email,
    )


def settings_loosened(company, to: Iterable[Person], loosened: list[dict], reason: str, by: Person) -> None:
    """To the site owners and the company's Directory Admins: what protects less now, and why (P-7)."""
    post(
        about=company,
        to=to,
        subject=f"{by.name} loosened a protection of {company}",
        template="directory/emails/loosened",
        audience=DIRECTORY_ADMIN,
        context={"loosened": loosened, "reason": reason, "by": by},
        reply_to=by.email,
    )
