import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from directory.triggers import append_only


class Migration(migrations.Migration):
    """What Sage said stays as it was reported."""

    dependencies = [
        ('erp_integrations', '0011_why_a_file_is_taken_again'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SageRefusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.CharField(max_length=500, verbose_name='what Sage’s import said')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refusals', to='erp_integrations.exportitem')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('message', ''), _negated=True), name='a_refusal_says_what_sage_said')],
            },
        ),
        append_only("erp_integrations_sagerefusal"),
    ]
