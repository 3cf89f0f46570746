"""An Invite to Bill: asking a commitment's contacts to bill a period, and their answer."""

from datetime import datetime, time, timedelta

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from invoicing.models.billing_periods import BillingPeriod
from invoicing.models.commitments import Commitment
from invoicing.models.invoice_types import InvoiceType

SALT = "invitation"


class InvitationQuerySet(models.QuerySet):
    def in_force(self):
        """Without those that ended with the vendor they asked."""
        return self.filter(ended_at=None)

    def without_bill(self):
        bills = apps.get_model("invoicing", "Invoice").objects.live()
        billed = bills.filter(commitment=OuterRef("commitment"), billing_period=OuterRef("billing_period"))
        return self.exclude(Exists(billed))

    def unanswered(self):
        """To a period that is open, or that gives its commitment more time, with neither an answer nor a bill.

        More time counts while it is that day anywhere on earth; `Deadline.has_passed` knows the project's own clock.
        """
        day = (timezone.now() - timedelta(hours=12)).date()
        extensions = apps.get_model("invoicing", "DueDateExtension").objects
        more_time = extensions.filter(commitment=OuterRef("commitment"), billing_period=OuterRef("billing_period"))
        later = Q(due_date__gte=day) | Q(billing_period__due_date__gte=day)
        kept = Q(billing_period__takes_bills_until_due=True, billing_period__due_date__gte=day)
        takes_bills = Q(billing_period__status="open") | kept | Exists(more_time.filter(later))
        return self.in_force().filter(takes_bills, answer="").without_bill()

    def silent(self):
        """Unanswered, and somebody could answer: the commitment is billed, has contacts, and no earlier bill is in the
        way (I-7)."""
        contacts = apps.get_model("invoicing", "InvoiceContact").objects.acting()
        bills = apps.get_model("invoicing", "Invoice").objects
        of_it = {"commitment": OuterRef("commitment")}
        return self.unanswered().filter(
            Exists(contacts.filter(**of_it)),
            ~Exists(bills.live().filter(**of_it).unsettled()),
            commitment__status__in=Commitment.BILLABLE,
        )

    def written_today(self, projects):
        """Those whose contacts were written to today, by the clock of each of `projects`: nobody is twice (V-3).

        `reminding` asks the same of one, and of one that it has locked.
        """
        return self.filter(_written_today(projects))

    def not_written_today(self, projects):
        return self.exclude(_written_today(projects))

    def expected_by_period(self) -> dict[int, int]:
        """{billing period id: how many commitments were asked and neither billed nor declined}, in one query.

        From what has ended since no bill will come.
        """
        billable = self.in_force().filter(commitment__status__in=Commitment.BILLABLE)
        silent = billable.without_bill().exclude(answer=Invitation.Answer.DECLINED)
        return dict(silent.order_by().values_list("billing_period").annotate(Count("commitment", distinct=True)))


def _written_today(projects) -> Q:
    begun = {project.time_zone: datetime.combine(project.today, time.min, project.zone) for project in projects}
    found = Q(pk__in=[])
    for zone, midnight in begun.items():
        written = Q(invited_at__gte=midnight) | Q(reminded_at__gte=midnight)
        found |= Q(billing_period__project__time_zone=zone) & written
    return found


class Invitation(models.Model):
    class Answer(models.TextChoices):
        NONE = "", "No answer yet"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"

    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="invitations")
    billing_period = models.ForeignKey(BillingPeriod, models.PROTECT, related_name="invitations")
    invoice_type = models.CharField(max_length=20, choices=InvoiceType, default=InvoiceType.WORK)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, help_text="When a link of a mail was first looked at.")
    reminded_at = models.DateTimeField(null=True)
    reminders = models.PositiveSmallIntegerField(default=0, help_text="How many were sent, by hand or by the task.")
    answer = models.CharField(max_length=10, choices=Answer, default=Answer.NONE, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    words = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(
        null=True, help_text="When the commitment went to another vendor: kept for the record, it asks nobody any more."
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["commitment__number"]
        constraints = [
            models.UniqueConstraint(
                "commitment",
                "billing_period",
                condition=Q(ended_at=None),
                name="a_commitment_is_invited_once_in_a_period",
            ),
            models.CheckConstraint(
                condition=Q(answer="") | Q(answered_by__isnull=False, answered_at__isnull=False),
                name="an_answer_has_a_person_and_a_moment",
            ),
        ]

    def __str__(self):
        return f"Invite to bill {self.commitment.number} for {self.billing_period}"

    @property
    def company(self):
        return self.commitment.company

    @property
    def project(self):
        return self.commitment.project

    addressee = None  # the person a link was made for, on an invitation that a link named

    @property
    def token(self) -> str:
        """What a link on a page of the contact's own carries (V-4): signed, expiring, and never a sign-in."""
        return signing.dumps(self.pk, salt=SALT)

    def token_for(self, person) -> str:
        """What the link in a mail carries: it says to whom it was sent as well, which fills in the sign-in."""
        return signing.dumps([self.pk, person.pk], salt=SALT)

    @classmethod
    def named_by(cls, token: str, *, however_old: bool = False) -> "Invitation | None":
        """The invitation a link names, with its `addressee`; None when that is false or too old, or it ended."""
        try:
            said = signing.loads(token, salt=SALT, max_age=None if however_old else settings.INVITATION_LINK_AGE)
        except signing.BadSignature:
            return None
        pk, person = said if isinstance(said, list) else (said, None)
        here = cls.objects.in_force().filter(commitment__project__is_active=True)
        found = here.select_related("commitment__project__company", "billing_period").filter(pk=pk).first()
        if found and person:
            found.addressee = get_user_model().objects.filter(pk=person).first()
        return found
