from django.db import migrations

from directory.number_looks import bare_number

AT_ONCE = 500


def of_what_was_sent(apps, schema_editor):
    """As if it had been kept from the start: of each bill that has reserved a number. Some at a time, each committed."""
    invoices, last = apps.get_model("invoicing", "Invoice").objects, 0
    unfilled = invoices.exclude(number_key="").filter(bare_number=None).only("number").order_by("pk")
    while some := list(unfilled.filter(pk__gt=last)[:AT_ONCE]):
        for invoice in some:
            invoice.bare_number = bare_number(invoice.number)
        invoices.bulk_update(some, ["bare_number"])
        last = some[-1].pk


class Migration(migrations.Migration):
    """Run again after it was stopped it goes on where it was."""

    atomic = False
    dependencies = [("invoicing", "0037_numbers_that_look_alike")]
    operations = [migrations.RunPython(of_what_was_sent, migrations.RunPython.noop)]
