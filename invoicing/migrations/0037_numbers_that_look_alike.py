from django.db import migrations, models

from directory.number_looks import bare_number

AT_ONCE = 500


def of_what_was_sent(apps, schema_editor):
    """As if it had been kept from the start: of each bill that has reserved a number."""
    invoices, some = apps.get_model("invoicing", "Invoice").objects, []
    for invoice in invoices.exclude(number_key="").only("number").order_by("pk").iterator(AT_ONCE):
        invoice.bare_number = bare_number(invoice.number)
        some.append(invoice)
        if len(some) == AT_ONCE:
            invoices.bulk_update(some, ["bare_number"])
            some.clear()
    invoices.bulk_update(some, ["bare_number"])


class Migration(migrations.Migration):
    """What numbers that look alike have in common, with an index to find them by (R19).

    It may be null, so that SQLite adds it to the table as it is; made anew, the table would lose its triggers.
    """

    dependencies = [("invoicing", "0036_the_retainage_rule_of_an_invoice")]
    operations = [
        migrations.AddField(
            "invoice",
            "bare_number",
            models.CharField(
                editable=False, help_text="What its look-alikes have in common (R19).", max_length=20, null=True
            ),
        ),
        migrations.AddIndex(
            "invoice",
            models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["vendor", "bare_number"],
                name="numbers_that_look_alike",
            ),
        ),
        migrations.RunPython(of_what_was_sent, migrations.RunPython.noop),
    ]
