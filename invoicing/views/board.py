"""The billing board: where every commitment stands in one period, its amounts, and who has to act since when (9.5)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery, Sum
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from directory.csv_files import csv_answer
from directory.decorators import READ, project_view
from directory.models import Event
from directory.permissions import Level, Tool
from invoicing.actions.invitations import refusal
from invoicing.board import (
    ACCEPTED,
    DECLINED,
    INVITED,
    NO_CONTACT,
    NOT_INVITED,
    STATES,
    WORDS,
    Group,
    counted,
    groups_of,
    standing_in,
    stranded_in,
)
from invoicing.calculations.money import ZERO
from invoicing.deadlines import Deadline
from invoicing.forms.billing_periods import AskForm, InviteForm
from invoicing.forms.board_filters import BoardFilter
from invoicing.forms.saved_views import ViewForm
from invoicing.labels import LABEL_OF, NET_THIS_PERIOD, STAGES_IN_ERP, STAGES_ONWARDS, noun_for
from invoicing.models import BillingPeriod, Commitment, Invitation, Invoice, InvoiceContact, Payment, SavedView
from invoicing.models.saved_views import views_shown_to
from invoicing.permissions import is_project_admin
from invoicing.progress import progress_of
from invoicing.turns import Turn
from invoicing.views.commitments import NEXT
from invoicing.waiting import waiting_of

ASKABLE = (NOT_INVITED, INVITED, ACCEPTED, DECLINED)
CHUNK = 500


# Rows


@dataclass(frozen=True)
class Row:
    """One commitment in one period. `refusal` says why it can't be invited now; empty when it can.

    `waits_for`: an earlier invoice that has to be approved before one of this period can start (I-7).
    """

    commitment: Commitment
    contacts: list[InvoiceContact]
    deadline: Deadline
    waits_for: Invoice | None = None

    @property
    def bill(self) -> Invoice | None:
        return getattr(self.commitment, "bill", None)

    @property
    def invite(self) -> Invitation | None:
        return getattr(self.commitment, "invite", None)

    @property
    def state(self) -> str:
        return STATES[self.commitment.place]

    @property
    def badge(self) -> str:
        """What the badge says: the bill's status; that it was sent to ERP stands beside it."""
        return self.bill.status if self.bill else self.state

    @property
    def stage_in_erp(self) -> str:
        return self.bill.stage_in_erp if self.bill else ""

    @property
    def stage_onwards(self) -> str:
        """As its subcontractor reads it."""
        return STAGES_ONWARDS.get(self.stage_in_erp, "")

    @property
    def key(self) -> str:
        """The commitment's id as a form sends it."""
        return str(self.commitment.pk)

    @property
    def refusal(self) -> str:
        return refusal(
            self.deadline, self.commitment, has_contact=bool(self.contacts), is_invoiced=self.bill is not None
        )

    @property
    def is_invitable(self) -> bool:
        return not self.refusal

    @property
    def is_silent(self) -> bool:
        """Asked, and still to answer: the row itself asks again."""
        return self.state == INVITED and self.is_invitable

    @property
    def needs_contact(self) -> bool:
        """The fix that the row itself offers: name an invoice contact."""
        return self.commitment.is_billable and not self.contacts

    @property
    def lost_its_contacts(self) -> bool:
        """Somebody was asked, and nobody is left who could bill it."""
        return self.state == NO_CONTACT and self.invite is not None

    @property
    def may_be_approved(self) -> bool:
        """The other one: approve the commitment and its schedule of values."""
        return not self.bill and NEXT.get(self.commitment.status) == "approve"

    @property
    def may_have_more_time(self) -> bool:
        """Whether an extension (B-5) would let somebody send what is not sent yet."""
        return self.commitment.is_billable and self.can_still_be_billed

    @property
    def who_acts(self) -> str:
        """Whose turn it is, in a word or a name; "" when nobody's."""
        turn = Turn(self.commitment.turn)
        return "" if turn == Turn.NOBODY else turn.called(self.commitment.vendor.name)

    @property
    def is_late(self) -> bool:
        """The project team has the turn because the subcontractor's time is over."""
        is_over = replace(self.deadline, due_date=self.due_date).has_passed
        return self.commitment.turn == Turn.TEAM and self.can_still_be_billed and is_over

    @property
    def due_date(self):
        """The bill's own, once there is one (B-6)."""
        return self.bill.due_date if self.bill else self.deadline.due_date

    @property
    def can_still_be_billed(self) -> bool:
        return self.bill is None or self.bill.status in Invoice.ENTERABLE


def rows_of(period: BillingPeriod, commitments: Iterable[Commitment]) -> list[Row]:
    """Of these of `detailed`, in their order, in one query at most."""
    commitments = list(commitments)
    unbilled = [each for each in commitments if each.is_billable and not each.has_bill]
    for commitment in unbilled:
        commitment.project = period.project
    waiting = waiting_of(unbilled) if unbilled else {}
    rows = []
    for commitment in commitments:
        if bill := getattr(commitment, "bill", None):
            bill.paid = commitment.paid or ZERO
        extension = getattr(commitment, "extension", None)
        deadline = Deadline.of(period, extension and extension.due_date)
        rows.append(Row(commitment, list(commitment.invoice_contacts.all()), deadline, waiting.get(commitment.pk)))
    return rows


def detailed(standing: QuerySet[Commitment]) -> QuerySet[Commitment]:
    """With all that a row tells, in two queries however many."""
    contacts = InvoiceContact.objects.acting().select_related("person")
    paid = Payment.objects.standing().filter(invoice=OuterRef("bill__pk")).order_by().values("invoice")
    joined = standing.select_related("vendor", "invite__answered_by", "extension", "bill")
    joined = joined.annotate(paid=Subquery(paid.annotate(sum=Sum("amount")).values("sum")))
    return joined.prefetch_related(Prefetch("invoice_contacts", contacts))


# What is told of all of them


@dataclass(frozen=True)
class Tab:
    """A state that occurs: its words, how many are in it, how much they bill, and its part of the whole."""

    state: str
    count: int
    net: Decimal = ZERO

    @property
    def label(self) -> str:
        return WORDS[self.state]


def tabs_of(groups: list[Group], chosen: str = "") -> list[Tab]:
    """The states that occur, in their order; and the chosen one in any case."""
    tabs = []
    for state in STATES:
        here = [group for group in groups if group.state == state]
        if here or state == chosen:
            tabs.append(Tab(state, counted(here, state), sum((group.net for group in here), ZERO)))
    return tabs


def board_groups(period: BillingPeriod, access) -> list[Group]:
    """Of all that this person may see, in one query."""
    return groups_of(standing_in(period, Commitment.objects.visible_to(access)))


# The page


def period_of(project, pk) -> BillingPeriod:
    """It says, too, whether the project has closed periods with drafts that nobody can send: they are rarely there."""
    stranded = Invoice.objects.stranded_in(project)
    return get_object_or_404(project.billing_periods.annotate(has_stranded=Exists(stranded)), pk=pk)


def filter_of(request, project) -> BoardFilter:
    visible = Commitment.objects.visible_to(request.access).order_by()
    vendors = project.company.vendors.filter(pk__in=visible.values("vendor")).order_by("name")
    return BoardFilter(request.GET, vendors=vendors.none() if request.access.is_external else vendors)


def may_ask_all(asked: BoardFilter) -> bool:
    """Whether all that match can be asked at once: where a state is chosen in which somebody can be."""
    return asked.asked.get("state") in ASKABLE


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def board(request, project, pk):
    period = period_of(project, pk)
    if request.GET.get("show") == "timeline" and is_project_admin(request.access):
        context = {"project": project, "period": period, "is_admin": True, "tab": "timeline"}
        return render(request, "invoicing/period.html", context | {"events": Event.objects.about(period)[:100]})
    return show(request, period)


def show(
    request,
    period: BillingPeriod,
    form: AskForm | None = None,
    *,
    naming: ViewForm | None = None,
    status: int = 200,
):
    """The board; with `form` or `naming`, what was sent and why it was refused."""
    project, is_admin = period.project, is_project_admin(request.access)
    asked = filter_of(request, project)
    standing = standing_in(period, Commitment.objects.visible_to(request.access))
    groups = groups_of(asked.among(standing))
    page = asked.page(detailed(asked.narrowed(standing)))
    rows = rows_of(period, page.rows)
    found = [group for group in groups if asked.includes(group)]
    chosen = asked.asked.get("state", "")
    views = views_shown_to(request.access, SavedView.Page.BOARD)
    context = {
        "project": project,
        "period": period,
        "tab": "board",
        "asked": asked,
        "page": page,
        "rows": rows,
        "tabs": tabs_of([group for group in groups if asked.has_turn(group)], chosen),
        "all": sum(group.count for group in groups if asked.has_turn(group)),
        "chosen": chosen,
        "headings": asked.headings(),
        "totals": {name: sum((getattr(group, name) for group in found), ZERO) for name in ("gross", "net")},
        "count": sum(group.count for group in found),
        "progress": progress_of(period, groups),
        "stranded": stranded_in(project) if is_admin and period.has_stranded else [],
        "is_admin": is_admin,
        "is_silent": any(group.state == INVITED for group in found),
        "may_ask_all": bool(page.after or page.before) and may_ask_all(asked),
        "invitable": any(row.is_invitable for row in rows),
        "views": views,
        "views_at": reverse("board-view-save", args=[project.slug, period.pk]),
        "is_saved": any(view.query == asked.query for view in views),
        "naming": naming or ViewForm(),
        "form": form or InviteForm(Commitment.objects.none()),
        "ask": form if isinstance(form, InviteForm) else InviteForm(Commitment.objects.none()),
        "ticked": set(form.data.getlist("commitment")) if form else set(),
        "noun": noun_for(request.access),
    }
    return render(request, "invoicing/period.html", context, status=status)


# The same rows as a file


HEADINGS = (
    "Number",
    "Title",
    "Company",
    "State",
    "In ERP",
    "Who must act",
    "Since",
    "Due",
    "Invoice contacts",
    LABEL_OF["gross_this_period"],
    NET_THIS_PERIOD,
    "Answer of the subcontractor",
    "Why it can’t be invited",
)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def board_csv(request, project, pk):
    """All that the filters find, in the order of the page."""
    period, asked = period_of(project, pk), filter_of(request, project)
    standing = standing_in(period, Commitment.objects.visible_to(request.access))
    ids = list(asked.in_order(asked.narrowed(standing)).values_list("pk", flat=True))
    name = f"board-{project.slug}-{period.start_date:%Y%m%d}-{project.today:%Y%m%d}.csv"
    return csv_answer(name, HEADINGS, _csv_rows(period, standing, ids, is_external=request.access.is_external))


def _csv_rows(
    period: BillingPeriod, standing: QuerySet[Commitment], ids: list[int], *, is_external: bool
) -> Iterator[list]:
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        found = {each.pk: each for each in detailed(standing.filter(pk__in=chunk))}
        for row in rows_of(period, [found[pk] for pk in chunk if pk in found]):
            yield cells_of(row, is_external=is_external)


def cells_of(row: Row, *, is_external: bool) -> list:
    """In the words of the page (U9)."""
    commitment, invite = row.commitment, row.invite
    since = commitment.since.astimezone(row.deadline.period.project.zone).date() if commitment.since else None
    return [
        commitment.number,
        commitment.title,
        commitment.vendor.name,
        WORDS[row.badge],
        row.stage_onwards if is_external else STAGES_IN_ERP.get(row.stage_in_erp, ""),
        row.who_acts,
        since if row.who_acts else None,
        row.due_date,
        ", ".join(contact.person.name for contact in row.contacts),
        commitment.gross,
        commitment.net,
        invite.words if invite else "",
        "" if row.bill else row.refusal,
    ]
