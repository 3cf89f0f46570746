"""Who of the company sees a private commitment besides its Admins (P-2)."""

from django.db import transaction

from directory.models import Event
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotAllowed, Refused
from invoicing.models import Commitment
from invoicing.permissions import ADMIN_RIGHT, may_move_commitment


@transaction.atomic
def add_person(commitment: Commitment, person, *, by) -> None:
    """Only the company's own people who hold a level: the list shows what a level opens, it gives none."""
    commitment = _locked(commitment, by)
    access = read_access(person, commitment.company, commitment.project)
    if access.membership is None or access.is_external:
        raise Refused(
            f"{person.name} does not work for {commitment.company.name}. A vendor’s people are named as contacts.",
            field="colleague",
        )
    if not access.allows(Tool.COMMITMENTS, Level.READ_ONLY):
        raise Refused(
            f"{person.name} has no level on Commitments of {commitment.project.name}. Give them one first.",
            field="colleague",
        )
    if commitment.access_list.filter(pk=person.pk).exists():
        raise Refused(f"{person.name} is on the access list already.", field="colleague")
    commitment.access_list.add(person)
    Event.objects.record("added to the access list", commitment, by=by, changes={"access list": ["", person.name]})


@transaction.atomic
def remove_person(commitment: Commitment, person, *, by) -> None:
    commitment = _locked(commitment, by)
    if commitment.invoice_contacts.filter(person=person).exists():
        raise Refused(f"{person.name} is an invoice contact. Remove them there.")
    if not commitment.access_list.filter(pk=person.pk).exists():
        return  # a second click
    commitment.access_list.remove(person)
    Event.objects.record("removed from the access list", commitment, by=by, changes={"access list": [person.name, ""]})


def _locked(commitment: Commitment, by) -> Commitment:
    commitment = Commitment.objects.select_for_update(of=("self",)).select_related("company").get(pk=commitment.pk)
    if not may_move_commitment(commitment, read_access(by, commitment.company, commitment.project)):
        raise NotAllowed(ADMIN_RIGHT)
    return commitment
