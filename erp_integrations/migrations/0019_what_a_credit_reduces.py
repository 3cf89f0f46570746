from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from directory.triggers import put_back, status_moves

TABLE = "erp_integrations_invoiceexport"
MOVES = import_module("erp_integrations.migrations.0002_triggers").MOVES


class Migration(migrations.Migration):
    """An approver may name the invoice that a credit reduces; by itself it is the newest earlier bill (S45)."""

    dependencies = [
        ("erp_integrations", "0018_releases_on_a_start"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "invoiceexport",
            "reference_no",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What a credit reduces (S45).",
                max_length=20,
                verbose_name="reference no",
            ),
        ),
        migrations.AddField(
            "invoiceexport",
            "reference_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            "invoiceexport",
            models.CheckConstraint(
                condition=Q(reference_no="") | Q(reference_by__isnull=False),
                name="a_chosen_reference_has_a_person",
            ),
        ),
        put_back(status_moves(TABLE, ("not_sent",), MOVES), TABLE),
    ]
