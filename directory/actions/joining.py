"""A login of old is asked before a directory lists it, and answers while signed in as that login (R89)."""

from django.db import transaction
from django.utils import timezone

from directory.actions.grants import lock_holders
from directory.models import Event, Membership, Vendor
from directory.refusals import NotAllowed, NotNow


@transaction.atomic
def join(membership: Membership, *, by) -> Membership:
    """From now on the person is in the directory; they hold nothing there yet."""
    lock_holders([], by)
    vendors = Vendor.objects.locked([membership.vendor_id]) if membership.vendor_id else []
    membership = _asked(membership, by)
    if not all(vendor.is_active for vendor in vendors):
        raise NotNow(f"{membership.vendor} is no longer a vendor of {membership.company}. Ask them what changed.")
    membership.is_active, membership.asked_at, membership.joined_at = True, None, timezone.now()
    return _answered(membership, "joined the directory", by)


@transaction.atomic
def decline(membership: Membership, *, by) -> Membership:
    """“Not me”: they stay out, and only a new question could change that."""
    membership = _asked(membership, by)
    membership.asked_at = None
    return _answered(membership, "did not join the directory", by)


def _asked(membership: Membership, by) -> Membership:
    membership = (
        Membership.objects.select_for_update(of=("self",)).select_related("company", "vendor").get(pk=membership.pk)
    )
    if membership.person_id != by.pk or not by.is_active:
        raise NotAllowed("the login that was asked")
    if membership.asked_at is None:
        raise NotNow(f"You have answered {membership.company.name} already.")
    return membership


def _answered(membership: Membership, verb: str, by) -> Membership:
    before = Membership.State.ASKED
    membership.save(update_fields=["is_active", "asked_at", "joined_at"])
    Event.objects.record(verb, membership, by=by, from_state=before, to_state=membership.state)
    return membership
