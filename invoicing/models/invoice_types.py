"""What kind of bill somebody is asked for (I-2)."""

from django.db import models


class InvoiceType(models.TextChoices):
    """Which columns may be billed: shown by `forms.columns.columns_of`, enforced by `actions.amounts`."""

    WORK = "work", "Work and materials"
    RELEASE = "release", "Retainage release"
    WORK_AND_RELEASE = "work_and_release", "Work, materials and retainage"

    @property
    def allows_work(self) -> bool:
        return self is not InvoiceType.RELEASE

    @property
    def allows_release(self) -> bool:
        return self is not InvoiceType.WORK
