import django.core.validators
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """A project or a cost type that is unlinked keeps its row for the ledger account of its own (S30)."""

    dependencies = [("erp_integrations", "0025_what_a_release_sheet_counts")]
    operations = [
        # Only forms read `blank`: the column stays as it is.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "projectlink",
                    "job_number",
                    models.CharField(
                        "Sage job number",
                        blank=True,
                        max_length=10,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^\\d{1,10}\\Z", "Sage's record numbers are digits."
                            )
                        ],
                    ),
                ),
            ]
        ),
        migrations.RemoveConstraint("projectlink", "a_sage_job_is_one_project"),
        migrations.AddConstraint(
            "projectlink",
            models.UniqueConstraint(
                "company", "job_number", "phase_number", condition=~Q(job_number=""), name="a_sage_job_is_one_project"
            ),
        ),
        migrations.RemoveConstraint("costtypelink", "a_sage_cost_type_is_one_cost_type"),
        migrations.AddConstraint(
            "costtypelink",
            models.UniqueConstraint(
                "company", "number", condition=Q(number__gt=0), name="a_sage_cost_type_is_one_cost_type"
            ),
        ),
        migrations.RemoveConstraint("costtypelink", "sage_has_nine_cost_types"),
        migrations.AddConstraint(
            "costtypelink",
            models.CheckConstraint(condition=Q(number__gte=0, number__lte=9), name="sage_has_nine_cost_types"),
        ),
    ]
