"""Mail that was given up is sent after all, once whatever stood in its way is mended (R98)."""

from collections import Counter
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from directory.actions.logins import places_of_record
from directory.actions.privileges import require_site_owner
from directory.counts import counted
from directory.models import Event, Mail, Person
from directory.notifications import SEND_MAIL
from directory.queue import wake


@transaction.atomic
def send_again(mails: Iterable[Mail], *, by: Person) -> int:
    """Those of `mails` that failed wait for their first try once more; how many. Others stay what they are.

    One event in each company whose mails they are, and for mail about a login in each place that lists it. Whether a
    mail is still meant for its reader is asked when it is sent (R97). Raises NotAllowed unless `by` is a site owner.
    """
    require_site_owner(by)
    chosen = [mail.pk for mail in mails]
    failed = Mail.objects.select_for_update(of=("self",)).select_related("company", "to")
    failed = list(failed.filter(pk__in=chosen, state=Mail.State.FAILED).order_by("pk"))
    waiting = {"state": Mail.State.WAITING, "attempts": 0, "due_at": timezone.now()}
    Mail.objects.filter(pk__in=[mail.pk for mail in failed]).update(**waiting)
    places = Counter(place for mail in failed for place in _places(mail))
    for place, count in places.items():
        Event.objects.record("had failed mail sent again", place, by=by, changes={"mail": ["", counted(count, "mail")]})
    for mail in failed:
        wake(SEND_MAIL, mail.pk)
    return len(failed)


def _places(mail: Mail) -> list:
    return [mail.company] if mail.company else places_of_record(mail.to)
