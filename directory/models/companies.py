"""The general contractor that owns a site's data, and the vendors in its directory."""

from datetime import date, timedelta

from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Lower
from django.utils import timezone

from directory.fields import MoneyField
from directory.models.matching import holding
from directory.models.zones import InTimeZone
from directory.permissions import Tool


def domain_of(email: str) -> str:
    return email.rpartition("@")[2].casefold()


class Policy(models.TextChoices):
    """What a missing paper of a vendor means for an approval (R85)."""

    IGNORE = "ignore", "Don't look"
    WARN = "warn", "Warn"
    BLOCK = "block", "Block, unless an Admin says why not"


class Company(InTimeZone):
    """A general contractor. One installation may serve several; nothing crosses between them.

    Its zone is accounting's: the day of an acceptance, of a file's name, of the age of a list.
    """

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    separate_submitter_and_approver = models.BooleanField(
        "who submits may not approve", default=True, help_text="P-7: whoever submitted an invoice may not approve it."
    )
    separate_sender_and_accepter = models.BooleanField(
        "who submits, approves or sends may not accept",
        default=True,
        help_text="P-7: whoever submitted, approved or sent an invoice may not accept it.",
    )
    separate_raiser_and_approver = models.BooleanField(
        "who allows more than was claimed may not approve",
        default=True,
        help_text="Whoever allowed more than was claimed may not approve the invoice.",
    )
    second_approval_above = MoneyField(
        null=True,
        blank=True,
        help_text="Above this payment due to one vendor in a period, two people approve. Empty: one is enough.",
    )
    needs_second_factor = models.BooleanField(
        "second factor required",
        default=False,
        help_text="Of accounting, Admins of Directory or Commitments, and site owners.",
    )
    insurance_policy = models.CharField("expired insurance", max_length=6, choices=Policy, default=Policy.WARN)
    workers_comp_policy = models.CharField(
        "missing workers' compensation proof", max_length=6, choices=Policy, default=Policy.WARN
    )
    lien_waiver_policy = models.CharField("missing lien waiver", max_length=6, choices=Policy, default=Policy.IGNORE)

    class Meta:
        verbose_name_plural = "companies"
        ordering = ["name"]
        permissions = Tool.COMPANY_DIRECTORY.codenames() + Tool.ERP_INTEGRATIONS.codenames()

    def __str__(self):
        return self.name

    @property
    def company(self):
        return self


INSURANCE_ENDS_SOON = timedelta(days=30)
DETAILS_ARE_NEW = timedelta(days=5)


class VendorQuerySet(models.QuerySet):
    def locked(self, pks):
        """These rows in the order of their ids, until the transaction ends: nobody changes their details meanwhile."""
        return list(self.select_for_update(no_key=True, of=("self",)).filter(pk__in=pks).order_by("pk"))

    def known_domains(self) -> dict[int, set[str]]:
        """{id: where the vendor has its mail, as far as its own address and its active people show} (R82)."""
        found = {pk: {domain_of(email)} if email else set() for pk, email in self.values_list("pk", "email")}
        active = {"memberships__is_active": True, "memberships__person__is_active": True}
        for pk, email in self.filter(**active).values_list("pk", "memberships__person__email"):
            found[pk].add(domain_of(email))
        return found

    def active(self):
        return self.filter(is_active=True)

    def matching(self, words: str):
        """Each word somewhere in the name, the number or the e-mail."""
        return self.filter(holding(words, "name", "number", "email"))

    def with_change_waiting(self):
        return self.filter(CHANGE_WAITS)

    def counts(self, today: date) -> dict[str, int]:
        """How many of them are what people look for, in one query; `today` is the company's."""
        kinds = {"active": Q(), "change": CHANGE_WAITS, "workers_comp": Q(needs_workers_comp=True)}
        kinds |= {insurance: insurance_is(insurance, today) for insurance in ("expired", "soon", "unknown")}
        counted = {name: Count("pk", filter=Q(is_active=True) & kind, distinct=True) for name, kind in kinds.items()}
        return self.aggregate(**counted, deactivated=Count("pk", filter=Q(is_active=False), distinct=True))


CHANGE_WAITS = Q(changes__state="waiting")


def insurance_is(what: str, today: date) -> Q:
    """`what`: expired, soon (within 30 days) or unknown."""
    soon = today + INSURANCE_ENDS_SOON
    return {
        "expired": Q(insurance_expires_date__lt=today),
        "soon": Q(insurance_expires_date__gte=today, insurance_expires_date__lte=soon),
        "unknown": Q(insurance_expires_date__isnull=True),
    }[what]


class Vendor(models.Model):
    """A subcontractor or supplier in a company's directory."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="vendors")
    name = models.CharField(max_length=120)
    number = models.CharField(max_length=20, blank=True, help_text="The company's own number for this vendor.")
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField(max_length=30, blank=True)
    remit_to = models.TextField("remit-to address", max_length=300, blank=True)
    details_changed_at = models.DateTimeField(
        null=True, editable=False, help_text="When a verified change of name, contact or remit-to took effect (R81)."
    )
    insurance_expires_date = models.DateField(null=True, blank=True)
    needs_workers_comp = models.BooleanField("workers' compensation proof missing", default=False)
    is_active = models.BooleanField(default=True)

    # Whoever changes one of these can lead a payment astray: never directly, always by a call-back (R81).
    PROTECTED = ("name", "email", "phone", "remit_to")

    objects = VendorQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("company", Lower("name"), name="a_vendor_name_is_used_once_in_a_company"),
            models.UniqueConstraint(
                "company", "number", condition=~Q(number=""), name="a_vendor_number_is_used_once_in_a_company"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def insurance_days_left(self) -> int | None:
        """Days until its insurance ends, in the company's zone; negative once it has; None when nobody knows."""
        return (self.insurance_expires_date - self.company.today).days if self.insurance_expires_date else None

    @property
    def insurance_ends_soon(self) -> bool:
        """Known, not over, and within 30 days."""
        left = self.insurance_days_left
        return left is not None and 0 <= left <= INSURANCE_ENDS_SOON.days

    details_are_new_for = DETAILS_ARE_NEW.days

    @property
    def details_are_new(self) -> bool:
        """A verified change took effect less than `DETAILS_ARE_NEW` ago (R81)."""
        return self.details_changed_at is not None and timezone.now() - self.details_changed_at < DETAILS_ARE_NEW

    def known_domains(self) -> set[str]:
        """Where this vendor has its mail, as far as its own address and its active people show (R82)."""
        return type(self).objects.filter(pk=self.pk).known_domains()[self.pk]
