import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Apart from the one before: PostgreSQL doesn't alter a table whose rows were just changed."""

    dependencies = [("erp_integrations", "0004_under_what_number_sage_gets_it")]
    operations = [
        migrations.AlterField(
            "exportitem",
            "company",
            models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="directory.company"),
        ),
        migrations.AddConstraint(
            "exportitem",
            models.UniqueConstraint(
                models.F("company"),
                models.F("vendor_number"),
                models.F("number_key"),
                condition=Q(is_live=True) & ~Q(vendor_number=""),
                name="a_number_of_a_sage_vendor_is_in_one_live_batch",
            ),
        ),
    ]
