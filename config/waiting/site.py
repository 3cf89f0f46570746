"""What waits for the site owner: requests, gaps of the set-up, and what was granted lately."""

from django.urls import reverse
from django.utils import timezone

from config.gaps import Gap, gaps
from config.ui.figures import day
from config.waiting.tasks import MOST, Task, Waiting, first_of
from directory.models import AccountingPrivilege, PrivilegeRequest


def add_site(found: Waiting) -> None:
    waiting = PrivilegeRequest.objects.waiting()
    requests, count = first_of(waiting.select_related("person", "company", "asked_by").order_by("pk"))
    found.need([_to_answer(each) for each in requests], count)
    found.need([_gap(gap) for gap in gaps()])
    month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    granted = AccountingPrivilege.objects.filter(granted_at__gte=month)
    found.lately += [_granted(each) for each in granted.select_related("person", "company", "granted_by")[:MOST]]


def _to_answer(request: PrivilegeRequest) -> Task:
    url = reverse("admin:directory_privilegerequest_change", args=[request.pk])
    return Task(
        state="waiting",
        title=f"Can Push to Accounting for {request.person.name}",
        url=url,
        words=f"{request.company} · {request.asked_by.name}: “{request.reason}”",
        verb="Answer",
        verb_url=url,
    )


def _gap(gap: Gap) -> Task:
    url = f"{reverse('admin:set-up-gaps')}#{gap.key}"
    return Task("gap", gap.title, url, gap.mend, "Open", url)


def _granted(privilege: AccountingPrivilege) -> Task:
    until = f"until {day(privilege.last_day)}" if privilege.last_day else "until withdrawn"
    since = day(privilege.company.day_of(privilege.granted_at))
    return Task(
        state="granted" if privilege.is_live else "closed",
        title=f"{privilege.person.name} can push to accounting",
        url=reverse("admin:directory_accountingprivilege_change", args=[privilege.pk]),
        words=f"{privilege.company} · {since}, by {privilege.granted_by.name}, {until}: “{privilege.reason}”",
    )
