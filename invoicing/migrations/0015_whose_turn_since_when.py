from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone


def read_the_record(apps, schema_editor):
    """When an invoice came into the state it is in, as the record tells; else when it was made."""
    invoice, event = apps.get_model("invoicing", "Invoice"), apps.get_model("directory", "Event")
    subject = Concat(Value("invoicing.invoice:"), Cast(OuterRef("pk"), models.CharField()))
    told = event.objects.filter(subject=subject, to_state=OuterRef("status")).order_by("-pk").values("at")[:1]
    invoice.objects.update(waits_since=Coalesce(Subquery(told), F("created_at")))


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0014_cost_codes_without_regard_to_case")]
    operations = [
        migrations.AddField(
            "invoice",
            "is_posted",
            models.BooleanField(default=False, help_text="Sage holds it: nobody has anything left to do."),
        ),
        migrations.AddField(
            "invoice",
            "waits_since",
            models.DateTimeField(
                default=timezone.now, help_text="Since when whoever has to act now has it."
            ),
        ),
        migrations.RunPython(read_the_record, migrations.RunPython.noop),
    ]
