"""People: one login each, employed by a company or by one of its vendors."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

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

    def in_order_of_company(self):
        return self.filter(is_active=True).select_related("company", "vendor").order_by("company__name")


class Membership(models.Model):
    """A person's place in a company's directory; `vendor` set: employed by that vendor, so external."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="memberships")
    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    vendor = models.ForeignKey(Vendor, models.PROTECT, null=True, blank=True, related_name="memberships")
    title = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
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
        ]
        indexes = [models.Index(fields=["person"], condition=Q(is_active=True), name="active_memberships")]

    def __str__(self):
        return f"{self.person} at {self.vendor or self.company}"
