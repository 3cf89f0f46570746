from importlib import import_module

from django.db import migrations, transaction

from invoicing.calculations.at_once import lines_of_bill
from invoicing.calculations.summary import column_total

as_line = import_module("invoicing.migrations.0040_what_a_line_releases_at_once").as_line


def add_up_anew(apps, schema_editor):
    """N-8: newly held and released of what is not with accounting, its lines worked out together (decision 38).

    A bill at a time, locked and committed; one that says both already is left alone. What the lines alone made of the
    others is what the whole makes of them, or they could not have been sent.
    """
    invoices = apps.get_model("invoicing", "Invoice").objects
    lines = apps.get_model("invoicing", "InvoiceLine").objects
    releasing = lines.exclude(retainage_released=0).filter(invoice__is_locked=False)
    for pk in releasing.order_by("invoice").values_list("invoice", flat=True).distinct():
        with transaction.atomic():
            invoice = invoices.select_for_update().filter(pk=pk, is_locked=False).first()
            if invoice:
                worked = lines_of_bill(as_line(line) for line in lines.filter(invoice=pk))
                newly_held = column_total(worked, "retainage_held_this_period")
                released = column_total(worked, "retainage_released_this_period")
                if (newly_held, released) != (invoice.retainage_newly_held, invoice.retainage_released):
                    invoice.retainage_newly_held, invoice.retainage_released = newly_held, released
                    invoice.save(update_fields=["retainage_newly_held", "retainage_released"])


class Migration(migrations.Migration):
    """Run again after it was stopped it comes to the same."""

    atomic = False
    dependencies = [("invoicing", "0040_what_a_line_releases_at_once")]
    operations = [migrations.RunPython(add_up_anew, migrations.RunPython.noop)]
