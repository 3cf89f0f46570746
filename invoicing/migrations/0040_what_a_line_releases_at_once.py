from django.db import migrations, transaction
from django.db.models import F

from invoicing.calculations.lines import Line
from invoicing.calculations.money import ZERO

AMOUNTS = (
    "scheduled_value", "work_previous", "work_this_period", "stored_previous", "stored_moved", "stored_new",
    "work_retainage_previous", "stored_retainage_previous", "work_retainage_rate", "stored_retainage_rate",
    "retainage_released",
)


def as_line(line):
    return Line(
        **{name: getattr(line, name) for name in AMOUNTS},
        stored_balance_override=line.stored_balance_typed,
        work_retainage_typed=line.work_retainage if line.work_retainage_is_typed else None,
        stored_retainage_typed=line.stored_retainage if line.stored_retainage_is_typed else None,
    )


def leave_out_what_is_released_at_once(apps, schema_editor):
    """N-8: of what is not with accounting, newly held and released are the sums of the lines as worked out now.

    A bill at a time, locked and committed. What was sent is added up anew once it comes back; what stands in a file
    says what the file says.
    """
    invoices = apps.get_model("invoicing", "Invoice").objects
    lines = apps.get_model("invoicing", "InvoiceLine").objects
    beyond = lines.filter(retainage_released__gt=0).filter(retainage_released__gt=F("work_retainage_previous"))
    for pk in beyond.filter(invoice__is_locked=False).order_by("invoice").values_list("invoice", flat=True).distinct():
        with transaction.atomic():
            invoice = invoices.select_for_update().filter(pk=pk, is_locked=False).first()
            if invoice:
                worked_out = [as_line(line) for line in lines.filter(invoice=pk)]
                invoice.retainage_newly_held = sum((line.retainage_held_this_period for line in worked_out), ZERO)
                invoice.retainage_released = sum((line.retainage_released_this_period for line in worked_out), ZERO)
                invoice.save(update_fields=["retainage_newly_held", "retainage_released"])


class Migration(migrations.Migration):
    """Run again after it was stopped it comes to the same."""

    atomic = False
    dependencies = [("invoicing", "0039_found_by_bare_numbers")]
    operations = [migrations.RunPython(leave_out_what_is_released_at_once, migrations.RunPython.noop)]
