from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0014_mails_that_tell_of_several"),
    ]

    operations = [
        migrations.AddField(
            model_name="mail",
            name="held_at",
            field=models.DateTimeField(help_text="Since when a restore holds it back (R36).", null=True),
        ),
    ]
