"""The general contractor that owns a site's data, and the vendors in its directory."""

from django.db import models
from django.db.models.functions import Lower

from directory.permissions import Tool


class Company(models.Model):
    """A general contractor. One installation may serve several; nothing crosses between them."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    separate_submitter_and_approver = models.BooleanField(
        default=True, help_text="P-7: whoever submitted an invoice may not approve it."
    )
    separate_sender_and_accepter = models.BooleanField(
        default=True, help_text="P-7: whoever sent an invoice to ERP may not accept it."
    )

    class Meta:
        verbose_name_plural = "companies"
        ordering = ["name"]
        permissions = Tool.COMPANY_DIRECTORY.codenames() + Tool.ERP_INTEGRATIONS.codenames()

    def __str__(self):
        return self.name

    @property
    def company(self):
        return self


class Vendor(models.Model):
    """A subcontractor or supplier in a company's directory."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="vendors")
    name = models.CharField(max_length=120)
    insurance_expires_date = models.DateField(null=True, blank=True)
    needs_workers_comp = models.BooleanField("workers' compensation proof missing", default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("company", Lower("name"), name="a_vendor_name_is_used_once_in_a_company")
        ]

    def __str__(self):
        return self.name
