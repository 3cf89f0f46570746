"""People: one login each, employed by a company or by one of its vendors."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from directory.models.companies import Company, Vendor
from directory.permissions import Level, Tool, objects_with_level


class PersonManager(BaseUserManager):
    def create_user(self, email: str, password: str | None = None, *, name: str = ""):
        """A login without any right. `password` None: it must be set by an invitation's link or a reset's."""
        person = self.model(email=email.lower(), name=name or email.partition("@")[0])
        person.set_password(password)
        person.save()
        return person

    def create_superuser(self, email: str, password: str | None = None, *, name: str = ""):
        """A site owner: the only kind of person who grants *Can Push to Accounting* (P-4)."""
        person = self.create_user(email, password, name=name)
        person.is_staff = person.is_superuser = True
        person.save(update_fields=["is_staff", "is_superuser"])
        return person

    def site_owners(self):
        return self.filter(is_superuser=True, is_active=True)

    def employed_by(self, company):
        """The company's own active people, no vendor's."""
        places = Membership.objects.filter(company=company, vendor=None, is_active=True)
        return self.filter(pk__in=places.values("person"), is_active=True)

    def get_by_natural_key(self, email: str):
        return self.get(email__iexact=email)


class MailPace(models.TextChoices):
    AT_ONCE = "at_once", "At once"
    DAILY = "daily", "Once a day, in one mail"


class Person(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=120)
    is_staff = models.BooleanField("may open the admin", default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    uses_keys = models.BooleanField("single-letter keys", default=True, help_text="U8: they can be switched off.")
    accounting_mail = models.CharField(
        "mail about invoices sent to accounting", max_length=10, choices=MailPace, default=MailPace.AT_ONCE
    )

    objects = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name_plural = "people"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("email"), name="an_email_is_one_login")]

    def __str__(self):
        return self.name

    @property
    def first_word(self) -> str:
        return self.name.split(" ")[0]

    @property
    def gets_accounting_mail(self) -> bool:
        """An accounting approver of some company, who chooses how often to hear of what is sent there (section 7)."""
        able = objects_with_level(self, Tool.ERP_INTEGRATIONS, Level.STANDARD)
        return self.privileges.live().filter(company__in=able).exists()

    def membership_in(self, company: "Company | int") -> "Membership | None":
        return self.memberships.filter(company=company, is_active=True).select_related("vendor").first()

    def holds_push_privilege(self, company: Company) -> bool:
        """*Can Push to Accounting*: an explicit grant to this person, never a group's or a superuser's (P-4)."""
        return self.privileges.live().filter(company=company).exists()


class MembershipQuerySet(models.QuerySet):
    def in_order_of_employer(self, company: Company):
        """Active members: the company's own people first, then by vendor, by name each."""
        return (
            self.filter(company=company, is_active=True, person__is_active=True)
            .select_related("person", "vendor")
            .order_by(F("vendor__name").asc(nulls_first=True), "person__name")
        )

    def by_employer(self):
        """The company's own people first, then by vendor, by name each, in whatever state."""
        return self.select_related("person", "vendor", "company").order_by(
            F("vendor__name").asc(nulls_first=True), "person__name", "pk"
        )

    def count_by_state(self) -> dict[str, int]:
        return self.aggregate(**{state.value: models.Count("pk", filter=STATES[state]) for state in STATES})

    def in_order_of_company(self):
        return self.filter(is_active=True).select_related("company", "vendor").order_by("company__name")

    def in_state(self, state: str):
        return self.filter(STATES[state])

    def questions(self):
        """To whom a directory put the question of joining it, and who has not answered (R89)."""
        return self.in_state(Membership.State.ASKED).select_related("company", "vendor", "person")

    def matching(self, words: str):
        """Every word stands in the name, the e-mail, the vendor or the title. Who never joined is found by e-mail."""
        found = self
        for word in words.split():
            named = Q(person__name__icontains=word, joined_at__isnull=False)
            found = found.filter(
                named | Q(person__email__icontains=word) | Q(vendor__name__icontains=word) | Q(title__icontains=word)
            )
        return found


class Membership(models.Model):
    """A person's place in a company's directory; `vendor` set: employed by that vendor, so external."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        ASKED = "asked", "Asked to join"
        DECLINED = "declined", "Did not join"
        DEACTIVATED = "deactivated", "Deactivated"

    company = models.ForeignKey(Company, models.PROTECT, related_name="memberships")
    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    vendor = models.ForeignKey(Vendor, models.PROTECT, null=True, blank=True, related_name="memberships")
    title = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(
        null=True, default=timezone.now, editable=False, help_text="Empty: a login of old that has not agreed (R89)."
    )
    asked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="A login of old was asked to join and has not answered (R89)."
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["person__name"]
        constraints = [
            models.UniqueConstraint("company", "person", name="a_person_is_once_in_a_directory"),
            models.CheckConstraint(
                condition=Q(asked_at__isnull=True) | Q(is_active=False),
                name="whoever_has_not_agreed_is_not_in_the_directory",
            ),
            models.CheckConstraint(
                condition=Q(joined_at__isnull=False) | Q(is_active=False),
                name="nobody_is_in_a_directory_without_having_joined",
            ),
        ]
        indexes = [models.Index(fields=["person"], condition=Q(is_active=True), name="active_memberships")]

    def __str__(self):
        return f"{self.shown_name} at {self.vendor or self.company}"

    @property
    def state(self) -> "Membership.State":
        if self.is_active and self.person.is_active:
            return self.State.ACTIVE
        if self.asked_at:
            return self.State.ASKED
        return self.State.DEACTIVATED if self.joined_at else self.State.DECLINED

    @property
    def shown_name(self) -> str:
        """The login's name is nobody's business here before its owner has agreed to join (R76)."""
        return self.person.name if self.joined_at else self.person.email


IS_ACTIVE = Q(is_active=True, person__is_active=True)
STATES = {
    Membership.State.ACTIVE: IS_ACTIVE,
    Membership.State.ASKED: Q(asked_at__isnull=False),
    Membership.State.DECLINED: Q(is_active=False, asked_at__isnull=True, joined_at__isnull=True),
    Membership.State.DEACTIVATED: Q(joined_at__isnull=False, asked_at__isnull=True) & ~IS_ACTIVE,
}
