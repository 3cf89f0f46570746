
import directory.fields
import django.core.validators
import django.db.models.deletion
import django_fsm
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('directory', '0001_initial'),
        ('invoicing', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='WorkerPulse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True)),
                ('seen_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-seen_at'],
            },
        ),
        migrations.CreateModel(
            name='ExportBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('accounting_date', models.DateField()),
                ('accepted_at', models.DateTimeField()),
                ('snapshot', models.TextField(help_text='The accepted facts as canonical JSON.')),
                ('snapshot_sha256', models.CharField(max_length=64)),
                ('accepted_rows_sha256', models.CharField(help_text='The rows as the approver saw them.', max_length=64)),
                ('list_versions', models.JSONField(default=dict, help_text="{kind: id} of Sage's lists it was accepted on.")),
                ('findings', models.JSONField(default=list, help_text='What the rules said, each warning ticked.')),
                ('state', models.CharField(choices=[('pending', 'Accepted'), ('building', 'Building'), ('ready', 'Ready'), ('dead', 'Failed'), ('void', 'Void')], default='pending', max_length=10)),
                ('lease_token', models.UUIDField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('enqueued_at', models.DateTimeField(null=True)),
                ('step', models.CharField(blank=True, max_length=40)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('file_name', models.CharField(blank=True, max_length=80)),
                ('file_key', models.CharField(blank=True, max_length=120)),
                ('file_sha256', models.CharField(blank=True, max_length=64)),
                ('csv_key', models.CharField(blank=True, max_length=120)),
                ('csv_sha256', models.CharField(blank=True, max_length=64)),
                ('rows_sha256', models.CharField(blank=True, max_length=64)),
                ('invoice_count', models.PositiveIntegerField(default=0)),
                ('row_count', models.PositiveIntegerField(default=0)),
                ('gross', directory.fields.MoneyField(default=Decimal('0.00'))),
                ('retainage', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='retainage newly held')),
                ('net', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='gross less retainage newly held')),
                ('totals_by_job', models.JSONField(default=list)),
                ('built_at', models.DateTimeField(null=True)),
                ('accepted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='export_batches', to='directory.company')),
            ],
            options={
                'verbose_name_plural': 'export batches',
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='Download',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('which', models.CharField(choices=[('xlsx', 'Workbook'), ('csv', 'CSV')], max_length=4)),
                ('sha256', models.CharField(max_length=64)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('remote_address', models.GenericIPAddressField(null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='downloads', to='erp_integrations.exportbatch')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ImportLayout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('version', models.PositiveIntegerField(default=1)),
                ('is_verified', models.BooleanField(default=False, verbose_name="compared with the maker's template")),
                ('columns', models.JSONField()),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='import_layouts', to='directory.company')),
            ],
            options={
                'ordering': ['name', '-version'],
            },
        ),
        migrations.AddField(
            model_name='exportbatch',
            name='layout',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='erp_integrations.importlayout'),
        ),
        migrations.CreateModel(
            name='ErpSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sage_company_name', models.CharField(max_length=120)),
                ('next_batch_number', models.PositiveIntegerField(default=1)),
                ('sendable', models.CharField(choices=[('approvals', 'Approved and approved as noted'), ('approved_only', 'Approved only'), ('with_pending', 'Also pending owner approval')], default='approvals', max_length=20, verbose_name='what may be sent')),
                ('default_status', models.PositiveSmallIntegerField(choices=[(1, 'Open'), (2, 'Review')], default=1, verbose_name='status in Sage')),
                ('terms_days', models.PositiveSmallIntegerField(default=30, help_text='When the vendor has no terms.', validators=[django.core.validators.MaxValueValidator(365)], verbose_name='due after, in days')),
                ('subcontract_account', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")], verbose_name='ledger account for subcontracts')),
                ('subcontract_sub_account', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")])),
                ('purchase_order_account', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")], verbose_name='ledger account for purchase orders')),
                ('purchase_order_sub_account', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")])),
                ('over_remaining', models.CharField(choices=[('warning', 'Warn'), ('error', 'Block')], default='warning', max_length=10, verbose_name="a line above Sage's remaining")),
                ('tax_is_inside_amounts', models.BooleanField(default=False)),
                ('is_canadian', models.BooleanField(default=False, verbose_name='a Canadian Sage company')),
                ('company', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='erp_settings', to='directory.company')),
                ('layout', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='erp_integrations.importlayout')),
            ],
            options={
                'verbose_name_plural': 'ERP settings',
            },
        ),
        migrations.CreateModel(
            name='InvoiceExport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', django_fsm.FSMField(choices=[('not_sent', 'Not sent'), ('ready_to_export', 'Ready to export'), ('exporting', 'Exporting'), ('exported', 'Exported'), ('posted', 'Posted'), ('retrieved', 'Taken back'), ('rejected', 'Rejected by accounting'), ('failed', 'Failed'), ('voided', 'Voided')], default='not_sent', max_length=20, protected=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('duties_waived', models.BooleanField(default=False, help_text='P-7 was switched off when it was accepted.')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='why accounting rejected or voided it')),
                ('error', models.CharField(blank=True, max_length=500, verbose_name='why the file could not be built')),
                ('description', models.CharField(blank=True, max_length=50)),
                ('due_date', models.DateField(blank=True, null=True)),
                ('discount_date', models.DateField(blank=True, null=True)),
                ('sage_record_number', models.CharField(blank=True, max_length=20)),
                ('posted_at', models.DateTimeField(null=True)),
                ('findings', models.JSONField(default=list, help_text='What the rules said when it was sent.')),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('invoice', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='export', to='invoicing.invoice')),
                ('posted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sent_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-sent_at'],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='ExportItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='Its place in the file.')),
                ('is_live', models.BooleanField(default=True)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='erp_integrations.exportbatch')),
                ('replaced_by', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaces', to='erp_integrations.exportitem')),
                ('invoice_export', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='erp_integrations.invoiceexport')),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='LineLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")], verbose_name='ledger account')),
                ('sub_account', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")])),
                ('line_reference', models.CharField(blank=True, max_length=10, verbose_name='Sage line')),
                ('commitment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoicing.commitment')),
                ('schedule_line', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sage_link', to='invoicing.scheduleline')),
            ],
            options={
                'ordering': ['schedule_line__position'],
            },
        ),
        migrations.CreateModel(
            name='ProjectLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")], verbose_name='ledger account')),
                ('sub_account', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")])),
                ('job_number', models.CharField(max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")], verbose_name='Sage job number')),
                ('phase_number', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")], verbose_name='Sage phase number')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.company')),
                ('project', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sage_link', to='directory.project')),
            ],
            options={
                'ordering': ['job_number'],
            },
        ),
        migrations.CreateModel(
            name='RetainageRelease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('held', directory.fields.MoneyField(verbose_name='held before it')),
                ('released', directory.fields.MoneyField()),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='erp_integrations.exportitem')),
                ('on_invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases_on_it', to='invoicing.invoice')),
            ],
            options={
                'ordering': ['on_invoice__position'],
            },
        ),
        migrations.CreateModel(
            name='SageListVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('vendors', 'Vendors 4-4'), ('jobs', 'Jobs 3-5'), ('cost_codes', 'Cost codes 6-5'), ('ledger_accounts', 'Ledger accounts 1-7'), ('subcontracts', 'Subcontracts 6-7'), ('purchase_orders', 'Purchase orders 6-6'), ('fiscal_periods', 'Fiscal periods 1-6'), ('payable_invoices', 'Payable invoices 4-2')], max_length=20)),
                ('as_of_date', models.DateField(help_text='The day the list was made in Sage.')),
                ('file_name', models.CharField(blank=True, max_length=150)),
                ('loaded_at', models.DateTimeField(auto_now_add=True)),
                ('is_current', models.BooleanField(default=True)),
                ('record_count', models.PositiveIntegerField()),
                ('records_json', models.TextField()),
                ('records_sha256', models.CharField(max_length=64)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sage_lists', to='directory.company')),
                ('loaded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['kind', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='VendorLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")], verbose_name='Sage vendor number')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.company')),
                ('vendor', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sage_link', to='directory.vendor')),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='CommitmentLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('subcontract', 'Subcontract'), ('purchase_order', 'Purchase order')], max_length=20)),
                ('number', models.CharField(max_length=20, verbose_name='Sage number')),
                ('commitment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sage_link', to='invoicing.commitment')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.company')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(models.F('company'), models.F('kind'), models.F('number'), name='a_sage_commitment_is_one_commitment')],
            },
        ),
        migrations.CreateModel(
            name='CostCodeLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,6}\\.\\d{3}\\Z', 'Write 2310.000.')], verbose_name='Sage cost code')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.company')),
                ('cost_code', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sage_link', to='invoicing.costcode')),
            ],
            options={
                'ordering': ['code'],
                'constraints': [models.UniqueConstraint(models.F('company'), models.F('code'), name='a_sage_cost_code_is_one_cost_code')],
            },
        ),
        migrations.CreateModel(
            name='CostTypeLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")], verbose_name='ledger account')),
                ('sub_account', models.CharField(blank=True, max_length=10, validators=[django.core.validators.RegexValidator('^\\d{1,10}\\Z', "Sage's record numbers are digits.")])),
                ('cost_type', models.PositiveSmallIntegerField(choices=[(1, 'Material'), (2, 'Labor'), (3, 'Equipment'), (4, 'Subcontract'), (5, 'Other'), (6, 'User-defined 6'), (7, 'User-defined 7'), (8, 'User-defined 8'), (9, 'User-defined 9')])),
                ('number', models.PositiveSmallIntegerField(verbose_name='Sage cost type')),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cost_type_links', to='directory.company')),
            ],
            options={
                'ordering': ['cost_type'],
                'constraints': [models.UniqueConstraint(models.F('company'), models.F('cost_type'), name='a_cost_type_is_linked_once'), models.UniqueConstraint(models.F('company'), models.F('number'), name='a_sage_cost_type_is_one_cost_type'), models.CheckConstraint(condition=models.Q(('number__gte', 1), ('number__lte', 9)), name='sage_has_nine_cost_types')],
            },
        ),
        migrations.AddConstraint(
            model_name='importlayout',
            constraint=models.UniqueConstraint(models.F('company'), models.F('name'), models.F('version'), name='a_layout_version_is_made_once'),
        ),
        migrations.AddIndex(
            model_name='exportbatch',
            index=models.Index(condition=models.Q(('state__in', ('pending', 'building'))), fields=['state', 'lease_until'], name='batches_to_build'),
        ),
        migrations.AddConstraint(
            model_name='exportbatch',
            constraint=models.UniqueConstraint(models.F('company'), models.F('number'), name='a_batch_number_is_used_once_in_a_company'),
        ),
        migrations.AddConstraint(
            model_name='exportbatch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), models.Q(('built_at__isnull', False), models.Q(('file_key', ''), _negated=True), models.Q(('file_sha256', ''), _negated=True), models.Q(('csv_sha256', ''), _negated=True)), _connector='OR'), name='a_ready_batch_has_its_file'),
        ),
        migrations.AddConstraint(
            model_name='exportbatch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'building'), _negated=True), models.Q(('lease_token__isnull', False), ('lease_until__isnull', False)), _connector='OR'), name='a_batch_being_built_has_a_lease'),
        ),
        migrations.AddConstraint(
            model_name='exportbatch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'dead'), _negated=True), models.Q(('error', ''), _negated=True), _connector='OR'), name='a_failed_batch_says_why'),
        ),
        migrations.AddConstraint(
            model_name='erpsettings',
            constraint=models.CheckConstraint(condition=models.Q(('default_status__in', (1, 2))), name='sage_status_is_open_or_review'),
        ),
        migrations.AddIndex(
            model_name='invoiceexport',
            index=models.Index(fields=['status', 'sent_at'], name='exports_by_status'),
        ),
        migrations.AddConstraint(
            model_name='invoiceexport',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'not_sent'), models.Q(('sent_at__isnull', False), ('sent_by__isnull', False)), _connector='OR'), name='a_sent_invoice_has_a_sender_and_a_moment'),
        ),
        migrations.AddConstraint(
            model_name='invoiceexport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('exporting', 'failed', 'exported', 'posted')), _negated=True), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='an_accepted_invoice_has_a_person_and_a_moment'),
        ),
        migrations.AddConstraint(
            model_name='invoiceexport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('exporting', 'failed', 'exported', 'posted')), _negated=True), ('duties_waived', True), models.Q(('answered_by', models.F('sent_by')), _negated=True), _connector='OR'), name='whoever_sent_does_not_accept'),
        ),
        migrations.AddConstraint(
            model_name='invoiceexport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('rejected', 'voided')), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='a_rejection_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='invoiceexport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'posted'), _negated=True), models.Q(('sage_record_number', ''), _negated=True), _connector='OR'), name='a_posted_invoice_has_sages_record_number'),
        ),
        migrations.AddConstraint(
            model_name='exportitem',
            constraint=models.UniqueConstraint(models.F('batch'), models.F('invoice_export'), name='an_invoice_is_once_in_a_batch'),
        ),
        migrations.AddConstraint(
            model_name='exportitem',
            constraint=models.UniqueConstraint(models.F('invoice_export'), condition=models.Q(('is_live', True)), name='an_invoice_is_in_one_live_batch'),
        ),
        migrations.AddConstraint(
            model_name='exportitem',
            constraint=models.CheckConstraint(condition=models.Q(('replaced_by__isnull', True), ('is_live', False), _connector='OR'), name='only_an_ended_item_is_replaced'),
        ),
        migrations.AddConstraint(
            model_name='linelink',
            constraint=models.UniqueConstraint(models.F('commitment'), models.F('line_reference'), condition=models.Q(('line_reference', ''), _negated=True), name='a_sage_line_is_one_schedule_line'),
        ),
        migrations.AddConstraint(
            model_name='projectlink',
            constraint=models.UniqueConstraint(models.F('company'), models.F('job_number'), models.F('phase_number'), name='a_sage_job_is_one_project'),
        ),
        migrations.AddConstraint(
            model_name='retainagerelease',
            constraint=models.UniqueConstraint(models.F('item'), models.F('on_invoice'), name='a_release_names_an_invoice_once'),
        ),
        migrations.AddConstraint(
            model_name='retainagerelease',
            constraint=models.CheckConstraint(condition=models.Q(('released__gt', 0), ('released__lte', models.F('held'))), name='a_release_is_not_above_what_is_held'),
        ),
        migrations.AddConstraint(
            model_name='sagelistversion',
            constraint=models.UniqueConstraint(models.F('company'), models.F('kind'), condition=models.Q(('is_current', True)), name='one_version_of_a_list_is_current'),
        ),
        migrations.AddConstraint(
            model_name='vendorlink',
            constraint=models.UniqueConstraint(models.F('company'), models.F('number'), name='a_sage_vendor_is_one_vendor'),
        ),
    ]
