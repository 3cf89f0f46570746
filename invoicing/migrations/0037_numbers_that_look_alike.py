from django.db import migrations, models


class Migration(migrations.Migration):
    """What numbers that look alike have in common (R19); 0038 fills it, 0039 lays the index to find them by.

    Three migrations, so that no lock on the bills lasts while all of them are read. It may be null, so that SQLite adds
    it to the table as it is; made anew, the table would lose its triggers.
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
    ]
