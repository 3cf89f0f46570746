"""What Sage said about a row that it did not take: a record, not a state. The invoice stays in its file (6.2, 9.7)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from erp_integrations.models.batches import ExportItem
from erp_integrations.models.exports import ExportStatus


class SageRefusalQuerySet(models.QuerySet):
    def newest_of(self, exports) -> dict:
        """{export id: what Sage said last about its row}, of those that stand in a file and were refused there."""
        found = self.filter(item__is_live=True, item__invoice_export__in=exports).select_related("item", "by")
        return {each.item.invoice_export_id: each for each in found.order_by("pk")}

    def words_about(self, invoice: str) -> models.Subquery:
        """For a query over rows of which `invoice` is one: why Sage did not take it, as far as anybody said since.

        NULL of any other.
        """
        waits = self.filter(item__is_live=True, item__invoice_export__status=ExportStatus.EXPORTED)
        of_it = waits.filter(item__invoice_export__invoice=models.OuterRef(invoice))
        return models.Subquery(of_it.order_by("-pk").values("message")[:1])


class SageRefusal(models.Model):
    """One report by a person. What becomes of it is a move of the export: voided, or confirmed after all."""

    item = models.ForeignKey(ExportItem, models.PROTECT, related_name="refusals")
    message = models.CharField("what Sage’s import said", max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    objects = SageRefusalQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(condition=~Q(message=""), name="a_refusal_says_what_sage_said")]

    def __str__(self):
        return f"{self.item}: {self.message}"

    @property
    def company(self):
        return self.item.company
