from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('invoicing', '0021_rounds_stay'),
    ]

    operations = [
        migrations.AddField(
            model_name='billingsettings',
            name='due_month',
            field=models.CharField(choices=[('first', 'The first such day from the first day of work on'), ('end', 'In the month of the last day of work'), ('after', 'In the month after the last day of work')], default='first', max_length=10, verbose_name='that day'),
        ),
        migrations.AddField(
            model_name='billingperiod',
            name='takes_bills_until_due',
            field=models.BooleanField(default=False, help_text='It closed before its bills were due: until then it takes them all the same (B-5).'),
        ),
    ]
