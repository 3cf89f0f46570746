"""Mail that was given up, or that a restore held back, is sent after all when somebody says so (R36, R98)."""

from collections import Counter
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from directory.actions.logins import places_of_record
from directory.actions.privileges import require_site_owner
from directory.counts import counted
from directory.models import Event, Mail, Person
from directory.notifications import SEND_MAIL
from directory.queue import wake

HELD_BACK = "Held back: it waited when the backup was made that this database comes from, and may have gone out since."


@transaction.atomic
def send_again(mails: Iterable[Mail], *, by: Person) -> int:
    """Those of `mails` that failed wait for their first try once more; how many. Others stay what they are.

    One event in each company whose mails they are, and for mail about a login in each place that lists it. Whether a
    mail is still meant for its reader is asked when it is sent (R97). Raises NotAllowed unless `by` is a site owner.
    """
    require_site_owner(by)
    chosen = Mail.objects.filter(pk__in=[mail.pk for mail in mails], state=Mail.State.FAILED)
    waiting = {"state": Mail.State.WAITING, "attempts": 0, "due_at": timezone.now()}
    failed = _changed(chosen, waiting, "had failed mail sent again", by=by)
    for mail in failed:
        wake(SEND_MAIL, mail.pk)
    return len(failed)


@transaction.atomic
def hold_back() -> int:
    """In a database that was restored: what waits there has waited once before (R36). How many; recorded as above."""
    held = {"state": Mail.State.WITHHELD, "result": HELD_BACK, "held_at": timezone.now()}
    return len(_changed(Mail.objects.filter(state__in=Mail.UNDERWAY), held, "had mail held back by a restore"))


@transaction.atomic
def release(mails: QuerySet) -> int:
    """Those of `mails` that a restore held back go out after all, to whoever is still meant; how many.

    The sweep finds them. Recorded as above.
    """
    waiting = {"state": Mail.State.WAITING, "result": "", "attempts": 0, "due_at": timezone.now(), "held_at": None}
    return len(_changed(mails.held_back(), waiting, "had mail released that a restore held back"))


def _changed(chosen: QuerySet, values: dict, verb: str, *, by: Person | None = None) -> list[Mail]:
    """What of `chosen` has these values now, with an event in each place that it concerns."""
    found = list(chosen.select_for_update(of=("self",)).select_related("company", "to").order_by("pk"))
    Mail.objects.filter(pk__in=[mail.pk for mail in found]).update(**values)
    places = Counter(place for mail in found for place in _places(mail))
    for place, count in places.items():
        Event.objects.record(verb, place, by=by, changes={"mail": ["", counted(count, "mail")]})
    return found


def _places(mail: Mail) -> list:
    return [mail.company] if mail.company else places_of_record(mail.to)
