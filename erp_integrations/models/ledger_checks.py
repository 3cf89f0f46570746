"""The last times our own ledgers were held against each other, and what did not agree (R17)."""

from django.db import models

from directory.models import Company


class LedgerCheckQuerySet(models.QuerySet):
    def newest(self, company):
        """The last one of a company; None when there never was one."""
        return self.filter(company=company).first()

    def newest_of_each(self):
        """The last one of every company that was ever checked."""
        newest = self.order_by().values("company").annotate(newest=models.Max("pk"))
        return self.filter(pk__in=newest.values("newest"))


class LedgerCheck(models.Model):
    """One run for one company. `differences`: [{check, about, expected, found}] in words. Triggers keep it."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="ledger_checks")
    at = models.DateTimeField(auto_now_add=True)
    difference_count = models.PositiveIntegerField()
    differences = models.JSONField(default=list)

    objects = LedgerCheckQuerySet.as_manager()

    class Meta:
        ordering = ["company", "-pk"]
        indexes = [models.Index(fields=["company", "-id"], name="ledger_checks_of_company")]

    def __str__(self):
        return f"Check of the ledgers of {self.company}"
