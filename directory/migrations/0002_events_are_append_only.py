from django.db import migrations

from directory.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [("directory", "0001_initial")]
    operations = [append_only("directory_event")]
