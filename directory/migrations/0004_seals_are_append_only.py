from django.db import migrations

from directory.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [("directory", "0003_accounts_templates_requests_and_the_event_chain")]
    operations = [append_only("directory_eventseal")]
