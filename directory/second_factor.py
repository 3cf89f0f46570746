"""Who must have a second factor, and who has one (R93)."""

from allauth.mfa.models import Authenticator

from directory.counts import counted
from directory.models import Company
from directory.permissions import companies_where_money_moves

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes only stand in for one


def is_required(person) -> bool:
    """By a company that asks for it: of everybody who moves its money, and of all who may open the admin."""
    asking = Company.objects.filter(needs_second_factor=True)
    if person.is_superuser or person.is_staff:
        return asking.exists()
    return companies_where_money_moves(person).filter(needs_second_factor=True).exists()


def of(person):
    return Authenticator.objects.filter(user=person, type__in=FACTORS)


def in_words(person) -> str:
    """“An app and 2 passkeys”, "" for none."""
    types = list(of(person).values_list("type", flat=True))
    keys = types.count(Authenticator.Type.WEBAUTHN)
    app = ["An app"] if Authenticator.Type.TOTP in types else []
    return " and ".join(app + ([counted(keys, "passkey")] if keys else []))


def is_owed(person) -> bool:
    """Required and not set up. `person` as a request has it; no query while no company asks for a factor."""
    return person.is_asked_for_factor and not of(person).exists() and is_required(person)


def is_last_required(authenticator) -> bool:
    """Whether removing it would leave a person without the factor they must have."""
    person = authenticator.user
    is_factor = authenticator.type in FACTORS
    return is_factor and not of(person).exclude(pk=authenticator.pk).exists() and is_required(person)
