"""A login is found by its address in small letters, which is how it is kept from now on."""

from django.db import migrations
from django.db.models.functions import Lower


def lower(apps, schema_editor):
    apps.get_model("directory", "Person").objects.update(email=Lower("email"))


class Migration(migrations.Migration):
    dependencies = [("directory", "0008_vendor_changes_name_their_call")]
    operations = [migrations.RunPython(lower, migrations.RunPython.noop)]
