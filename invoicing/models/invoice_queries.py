"""Questions about many invoices, as phrases: who may see them, whether their time is over, what they come to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from django.apps import apps
from django.db import models
from django.db.models import Count, Exists, F, Func, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from directory.fields import MoneyField
from directory.kept import kept
from directory.models import Membership
from directory.number_looks import bare_number
from invoicing import permissions
from invoicing.calculations.money import ZERO
from invoicing.models.billing_periods import BillingPeriod
from invoicing.models.commitments import Commitment
from invoicing.models.invoice_statuses import APPROVALS, CERTIFIED, S

LINE_8_OF = ("total_completed_and_stored", "work_retainage", "stored_retainage", "previous_certificates")


def line_8(of: str = "") -> Func:
    """Line 8 of an invoice, for the database to sort by and to add up; in dollars. `of`: the way to it, "bill__"."""
    amounts = (F(of + name) for name in LINE_8_OF)
    return Func(*amounts, template="(%(expressions)s)", arg_joiner=" - ", output_field=MoneyField())


# Two conditions that are written out: what the database answers at once Django takes long to put together (F4). CONTACT
# is `InvoiceContactQuerySet.acting` of the commitment: who changes one changes both.
MORE_TIME = """SELECT 1 FROM invoicing_duedateextension e
    WHERE (e.commitment_id, e.billing_period_id) = (%(expressions)s)"""
CONTACT = """SELECT 1 FROM invoicing_invoicecontact k
    JOIN directory_person p ON p.id = k.person_id AND p.is_active
    JOIN directory_membership m ON m.person_id = k.person_id AND m.is_active
    WHERE (k.commitment_id, m.vendor_id) = (%(expressions)s)"""
OF_CONTACT = ("commitment", "commitment__vendor")
ONE_BY_ONE = " LIMIT 1 OFFSET 0"  # for a page of rows: without it PostgreSQL may read all that there are first


def _there_is(which: str, *asked: str) -> Func:
    template = f"EXISTS ({which})"
    return Func(*map(F, asked), template=template, output_field=models.BooleanField())


HAS_MORE_TIME = _there_is(MORE_TIME, "commitment", "billing_period")
HAS_CONTACT = _there_is(CONTACT, *OF_CONTACT)


def is_over(today: date) -> Q:
    """`Deadline.is_over` of a bill, for the database (B-5)."""
    takes_bills = Q(billing_period__status="open") | Q(billing_period__takes_bills_until_due=True) | Q(HAS_MORE_TIME)
    return Q(may_finish_late=False) & (~takes_bills | Q(due_date__lt=today))


def _count_of(lines) -> Coalesce:
    """How many of `lines` an invoice has: asked for the rows that are shown, not for all that they are chosen from."""
    return Coalesce(Subquery(lines.values("invoice").annotate(count=Count("pk")).values("count")), 0)


# What a row of a list is made of.
LISTED = (
    "number",
    "status",
    "position",
    "is_locked",
    "is_posted",
    "may_finish_late",
    "period_start_date",
    "due_date",
    *LINE_8_OF,
)
ABOUT = {
    "company_name": F("vendor__name"),
    "commitment_number": F("commitment__number"),
    "enterer_name": F("commitment__vendor__name"),
    "period_begins": F("billing_period__start_date"),
    "period_ends": F("billing_period__end_date"),
    "period_status": F("billing_period__status"),
    "takes_bills_until_due": F("billing_period__takes_bills_until_due"),
    "has_more_time": _there_is(MORE_TIME + ONE_BY_ONE, "commitment", "billing_period"),
    "has_contact": _there_is(CONTACT + ONE_BY_ONE, *OF_CONTACT),
}
FOR_A_TURN = ("period_status", "takes_bills_until_due", "has_more_time", "has_contact")  # of those
# More that a row tells, by name, read in the same query: apps above enter what is theirs when they are loaded.
READ_ALONG: dict[str, models.Expression] = {}
ERP_WORDS: dict[str, str] = {}  # {`export_status`: as people read it}
# Names of rows of theirs beside an invoice, one to one: what happened to those and was mailed of them is told with it.
TOLD_ALONG: set[str] = set()


@dataclass(frozen=True)
class CountedView:
    """A tab beside the statuses (9.2). `which` of a company are listed there, by its id.

    `told` is what the database says of the company, and `holds` whether an invoice is there by that, its status and
    whether it is locked: so the query that counts the statuses counts these too, and adds nothing up twice (F4).
    """

    words: str
    which: Callable[[int], Q]
    told: Callable[[int], models.Expression]
    holds: Callable[[str | None, str, bool], bool]


COUNTED_VIEWS: dict[str, CountedView] = {}  # by what stands in the address; entered like READ_ALONG


class InvoiceQuerySet(models.QuerySet):
    def live(self):
        return self.filter(deleted_at__isnull=True)

    def visible_to(self, access):
        """P-1, P-2. By commitment, so that no join doubles an invoice."""
        here = self.live().filter(listed_in=access.project)
        if permissions.is_project_admin(access):
            return here
        visible = Commitment.objects.filter(permissions.visible_commitments(access))
        return here.filter(commitment__in=visible.order_by().values("pk"))

    def that_may_look_like(self, numbers: Iterable[str], vendors: Iterable[int]):
        """Those of these vendors that `number_looks.look_alike` is to be asked about (R19).

        A draft says nothing, also one that was sent once and withdrawn: it is compared when it is sent again.
        """
        bare = {bare_number(number) for number in numbers}
        return self.live().filter(vendor__in=set(vendors), bare_number__in=bare).exclude(status=S.DRAFT)

    def unsettled(self):
        """Until they are approved, by an owner or not, the next invoice of their commitment can't start (I-7)."""
        return self.exclude(status__in=APPROVALS)

    def uncertified(self):
        """Those that wait for an owner are among them: each is in the way of a later certificate, and of closing."""
        return self.exclude(status__in=CERTIFIED)

    def awaiting_review(self):
        return self.live().filter(status=S.UNDER_REVIEW)

    def stranded_in(self, project):
        """Drafts that nobody can send: their period has closed, and their time is over (B-5)."""
        closed = self.live().filter(billing_period__project=project, billing_period__status="closed")
        return closed.filter(is_over(project.today), status=S.DRAFT)

    def newest(self):
        """The one of each commitment that no other builds on: its totals are those to date."""
        return self.live().filter(Q(next__isnull=True) | Q(next__deleted_at__isnull=False))

    def newest_in(self, commitment, period):
        """A commitment's bill in a period; the newest where an Admin made a further one (I-3)."""
        return self.live().filter(commitment=commitment, billing_period=period).order_by("-position").first()

    def counted(self):
        """The one of each commitment whose totals are what it has billed to date: a draft on top does not count yet.

        `Standing.counted` says the same of an invoice at hand.
        """
        is_last = Q(next__isnull=True) | Q(next__deleted_at__isnull=False) | Q(next__status=S.DRAFT)
        return self.live().exclude(status=S.DRAFT).filter(is_last)

    def with_rejected_count(self):
        return self.annotate(rejected_count=Count("lines", filter=Q(lines__verdict="rejected")))

    def with_paid(self):
        """`paid`: what was paid and stands, in dollars; and `last_paid_date`."""
        standing = Q(payments__taken_back_at__isnull=True)
        return self.annotate(
            paid=Sum("payments__amount", filter=standing, default=ZERO),
            last_paid_date=Max("payments__paid_date", filter=standing),
        )

    def with_review_counts(self):
        """`line_count`, and `open_count`: how many have no verdict yet."""
        lines = apps.get_model("invoicing", "InvoiceLine").objects.filter(invoice=OuterRef("pk")).order_by()
        found = {"line_count": lines, "open_count": lines.filter(verdict="")}
        return self.annotate(**{name: _count_of(which) for name, which in found.items()})

    def with_revision(self):
        """`revision`: the number of the newest submission; `changed_lines`: as that counted them (I-8)."""
        sent = apps.get_model("invoicing", "Submission").objects.filter(invoice=OuterRef("pk")).order_by("-number")
        newest = {"revision": "number", "changed_lines": "changed_lines"}
        return self.annotate(**{name: Subquery(sent.values(field)[:1]) for name, field in newest.items()})

    def by_period(self) -> dict[int, dict]:
        """{billing period id: {count, approved, begun, billed, gross, net}}, in one query.

        `begun` and `billed` count commitments: those with a bill, and with one that was sent. `gross` is what was sent,
        `net` line 8 of them all; in dollars.
        """
        sums = (
            self.order_by()
            .values("billing_period")
            .annotate(
                count=Count("pk"),
                approved=Count("pk", filter=Q(status__in=CERTIFIED)),
                begun=Count("commitment", distinct=True),
                billed=Count("commitment", distinct=True, filter=~Q(status=S.DRAFT)),
                gross=Sum("gross_this_period", filter=~Q(status=S.DRAFT), default=ZERO),
                net=Sum(line_8()),
            )
        )
        return {each["billing_period"]: each for each in sums.order_by()}

    def gross_by_period(self) -> list[tuple[int, str, object]]:
        """(billing period id, status, gross this period in dollars), in one query."""
        rows = self.live().order_by().values_list("billing_period", "status")
        return list(rows.annotate(Sum("gross_this_period")))

    def by_status(self, company: int | None = None) -> dict[str, tuple[int, object]]:
        """{status: (how many, the sum of their line 8 in dollars)}, in one query.

        With the id of a company the same of each of COUNTED_VIEWS, by its name; those count in a status, too.
        """
        views = COUNTED_VIEWS if company else {}
        told = {name: Max(view.told(company)) for name, view in views.items()}
        rows = self.order_by().values("status", "is_locked").annotate(count=Count("*"), due=Sum(line_8()), **told)
        found = dict.fromkeys(views, (0, ZERO))
        for row in rows:
            status, is_locked = row["status"], row["is_locked"]
            there = [name for name, view in views.items() if view.holds(row[name], status, is_locked)]
            for name in (status, *there):
                count, due = found.get(name, (0, ZERO))
                found[name] = count + row["count"], due + row["due"]
        return found

    def payment_due(self):
        """The sum of line 8, in dollars."""
        return self.order_by().aggregate(due=Sum(line_8()))["due"] or ZERO

    def with_context(self):
        """With all that a page or an action about one invoice needs to know of its surroundings."""
        return self.select_related(
            "commitment__project__company", "commitment__vendor", "vendor", "billing_period", "previous"
        )

    def with_turn(self):
        """With all that `turns.turn_of` asks of a bill, in the query that reads it."""
        asked = {name: ABOUT[name] for name in FOR_A_TURN}
        return self.annotate(**asked, export_status=READ_ALONG["export_status"])

    def for_list(self):
        """What a row of a list tells, and nothing else: few columns of few tables, one object a row (F4)."""
        return self.only(*LISTED).with_revision().annotate(**ABOUT, **READ_ALONG)

    def with_later(self):
        """`has_later`: whether another invoice builds on it; read along, so that nobody asks for it again."""
        later = self.model.objects.live().filter(commitment=OuterRef("commitment"), position__gt=OuterRef("position"))
        return self.annotate(has_later=Exists(later))

    def for_page(self):
        """All that the pages of one invoice tell of its surroundings, in the query that reads it (F7).

        `turns.turn_of` can be asked. `has_files`, `last_paid_date`; `sender_vendor_id`: whose person sent it, None for
        one of the company's own.
        """
        files = apps.get_model("invoicing", "Attachment").objects.filter(invoice=OuterRef("pk"))
        payments = apps.get_model("invoicing", "Payment").objects.standing().filter(invoice=OuterRef("pk"))
        last_paid = payments.order_by("-paid_date").values("paid_date")[:1]
        places = Membership.objects.filter(person=OuterRef("submitted_by"))  # also of one who has left since
        sender = places.filter(company=OuterRef("commitment__company")).values("vendor")[:1]
        beside = ("commitment__starting_certificate", "submitted_by", *TOLD_ALONG)
        found = self.with_context().with_later().select_related(*beside)
        return found.with_turn().annotate(
            has_files=Exists(files), last_paid_date=Subquery(last_paid), sender_vendor_id=Subquery(sender)
        )

    def locked(self, pk):
        """One invoice for writing, locked in the one global order: period, commitment, invoice (R42, R43, R45)."""
        period, commitment = self.values_list("billing_period", "commitment").get(pk=pk)
        _lock_period(pk=period)
        _lock_commitment(pk=commitment)
        _lock_invoice(pk=pk)
        [invoice] = _in_context(pk=pk)
        return invoice


@kept
def _lock_period(pk):
    return BillingPeriod.objects.select_for_update().filter(pk=pk).values("pk")


@kept
def _lock_commitment(pk):
    return Commitment.objects.select_for_update().filter(pk=pk).values("pk")


@kept
def _lock_invoice(pk):
    return _invoices().select_for_update().filter(pk=pk).values("pk")


@kept
def _in_context(pk):
    found = _invoices().with_context().with_later().filter(pk=pk)
    return found.select_related("commitment__starting_certificate")


def _invoices() -> InvoiceQuerySet:
    return apps.get_model("invoicing", "Invoice").objects.all()
