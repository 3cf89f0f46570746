"""What a company sent to Sage in the days that its restored database does not know (R127)."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from directory.models import Company, Event
from directory.refusals import NotNow
from erp_integrations.models import ErpSettings, ListKind, SageListVersion

KEYS_LEFT_OUT = 1_000  # more files than any company builds between a backup and its restore


def hold(restored_to: datetime) -> None:
    """After a restore to that moment: no company sends or accepts before Sage says what it holds (S11).

    Nor is a key used again that a file of those days may bear. One that had chosen nothing by then is held as well.
    """
    restored_at = timezone.now()
    for company in Company.objects.order_by("pk"):
        with transaction.atomic():
            settings = ErpSettings.held_for(company)
            settings.restored_at, settings.restored_to = restored_at, restored_to
            settings.next_batch_number += KEYS_LEFT_OUT
            settings.save(update_fields=["restored_at", "restored_to", "next_batch_number"])
            Event.objects.record("had exports held by a restore", settings, by=None)


def require_told(company: Company) -> None:
    """Raises NotNow while a restore holds the company: a file built before the backup may be in Sage since."""
    if ErpSettings.objects.filter(company=company, restored_at__isnull=False).exists():
        raise NotNow(
            "This site was restored, and this file may have been imported since the backup. Upload Sage's list of"
            " payable invoices first, of a later day than the restore, and compare: what is found was imported."
        )


def are_settled_by(version: SageListVersion) -> None:
    """A list of Sage's payable invoices of a later day than the restore ends it: it says what Sage holds.

    One of that very day may have been made in the morning, before what was lost at noon. When the restore was stays
    known: a list may say nothing of a release (S51).
    """
    if version.kind != ListKind.PAYABLE_INVOICES:
        return
    held = ErpSettings.objects.filter(company=version.company_id, restored_at__isnull=False).first()
    if held and version.company.day_of(held.restored_at) < version.as_of_date:
        ended = {"restored_at": None, "restored_to": None, "settled_restored_at": held.restored_at}
        ErpSettings.objects.filter(pk=held.pk).update(**ended)
        Event.objects.record(
            "ended what a restore held", held, by=version.loaded_by, changes={"list": ["", str(version)]}
        )
