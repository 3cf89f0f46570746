
import directory.fields
import django.core.validators
import django.db.models.deletion
import django_fsm
import invoicing.models.attachments
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('directory', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BillingPeriod',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start_date', models.DateField()),
                ('end_date', models.DateField()),
                ('due_date', models.DateField()),
                ('status', models.CharField(choices=[('open', 'Open'), ('closed', 'Closed')], default='open', max_length=10)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='billing_periods', to='directory.project')),
            ],
            options={
                'ordering': ['-start_date'],
            },
        ),
        migrations.CreateModel(
            name='BillingSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start_day', models.PositiveSmallIntegerField(default=1)),
                ('end_day', models.PositiveSmallIntegerField(default=31, help_text="31 means the month's last day.")),
                ('due_day', models.PositiveSmallIntegerField(default=25)),
                ('by_invitation_only', models.BooleanField(default=False)),
                ('invitation_text', models.TextField(blank=True)),
                ('mails_approval', models.BooleanField(default=True, verbose_name='mail contacts when an invoice is approved')),
                ('distribution_list', models.ManyToManyField(blank=True, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('project', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='billing_settings', to='directory.project')),
            ],
            options={
                'verbose_name_plural': 'billing settings',
            },
        ),
        migrations.CreateModel(
            name='Commitment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('subcontract', 'Subcontract'), ('purchase_order', 'Purchase order')], default='subcontract', max_length=20)),
                ('number', models.CharField(max_length=20, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9][A-Za-z0-9._-]*\\Z', 'Use letters, digits, dots, dashes and underscores.')])),
                ('title', models.CharField(max_length=120)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('out_for_bid', 'Out for Bid'), ('out_for_signature', 'Out for Signature'), ('processing', 'Processing'), ('submitted', 'Submitted'), ('partially_received', 'Partially Received'), ('received', 'Received'), ('approved', 'Approved'), ('complete', 'Complete'), ('terminated', 'Terminated'), ('void', 'Void'), ('closed', 'Closed')], default='draft', max_length=20)),
                ('is_private', models.BooleanField(default=True, verbose_name='private')),
                ('executed_date', models.DateField(blank=True, null=True)),
                ('start_date', models.DateField(blank=True, null=True)),
                ('completion_date', models.DateField(blank=True, null=True)),
                ('description', models.TextField(blank=True)),
                ('payment_terms', models.CharField(blank=True, max_length=40)),
                ('accounting_method', models.CharField(choices=[('amount', 'Amount'), ('unit', 'Unit and quantity')], default='amount', max_length=10)),
                ('retainage_rate', directory.fields.RateField(default=Decimal('0.00'), verbose_name='default retainage %')),
                ('bills_stored_materials', models.BooleanField(default=True, verbose_name='bills stored materials')),
                ('stored_retainage_rate', directory.fields.RateField(default=Decimal('0.00'), verbose_name='retainage % on stored materials')),
                ('allows_over_billing', models.BooleanField(default=False, verbose_name='over-billing allowed')),
                ('access_list', models.ManyToManyField(blank=True, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='commitments', to='directory.company')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='commitments', to='directory.project')),
                ('vendor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='commitments', to='directory.vendor')),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='ChangeOrder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=20)),
                ('title', models.CharField(max_length=120)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('pending', 'Pending'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('no_charge', 'No Charge'), ('void', 'Void')], default='draft', max_length=20)),
                ('approved_date', models.DateField(blank=True, null=True)),
                ('commitment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='change_orders', to='invoicing.commitment')),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='CostCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=20)),
                ('name', models.CharField(max_length=120)),
                ('is_active', models.BooleanField(default=True)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cost_codes', to='directory.company')),
            ],
            options={
                'ordering': ['code'],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('invoice_type', models.CharField(choices=[('work', 'Work and materials'), ('release', 'Retainage release'), ('work_and_release', 'Work, materials and retainage')], default='work', max_length=20)),
                ('invited_at', models.DateTimeField()),
                ('answer', models.CharField(blank=True, choices=[('', 'No answer yet'), ('accepted', 'Accepted'), ('declined', 'Declined')], default='', max_length=10)),
                ('answered_at', models.DateTimeField(null=True)),
                ('words', models.CharField(blank=True, max_length=500)),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('billing_period', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='invoicing.billingperiod')),
                ('commitment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='invoicing.commitment')),
                ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['commitment__number'],
            },
        ),
        migrations.CreateModel(
            name='Invoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='The application number: 1, 2, 3 … in the commitment.')),
                ('invoice_type', models.CharField(choices=[('work', 'Work and materials'), ('release', 'Retainage release'), ('work_and_release', 'Work, materials and retainage')], default='work', max_length=20)),
                ('number', models.CharField(blank=True, max_length=20, verbose_name='invoice number')),
                ('number_key', models.CharField(blank=True, editable=False, max_length=20)),
                ('status', django_fsm.FSMField(choices=[('draft', 'Draft'), ('under_review', 'Under Review'), ('revise_and_resubmit', 'Revise & Resubmit'), ('pending_owner_approval', 'Pending Owner Approval'), ('approved_as_noted', 'Approved as Noted'), ('approved', 'Approved')], default='draft', max_length=30, protected=True)),
                ('version', models.PositiveIntegerField(default=1, help_text='I-5: a form built on an older version is refused.')),
                ('is_locked', models.BooleanField(default=False, help_text='Sent to ERP: only attachments can be added.')),
                ('is_exported', models.BooleanField(default=False, help_text='Stands in an import file: nothing can be added.')),
                ('is_extra', models.BooleanField(default=False, help_text='I-3: a further invoice in one period, made by an Admin.')),
                ('may_finish_late', models.BooleanField(default=False, help_text='B-5: put back by an Admin after the due date.')),
                ('duties_waived', models.BooleanField(default=False, help_text='P-7 was switched off when it was approved.')),
                ('billing_date', models.DateField()),
                ('period_start_date', models.DateField()),
                ('period_end_date', models.DateField()),
                ('due_date', models.DateField()),
                ('comment', models.TextField(blank=True, verbose_name='overall comment')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('submitted_at', models.DateTimeField(null=True)),
                ('review_opened_at', models.DateTimeField(null=True)),
                ('approved_at', models.DateTimeField(null=True)),
                ('deleted_at', models.DateTimeField(null=True)),
                ('original_contract_sum', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='1 original contract sum')),
                ('net_change_orders', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='2 net change by change orders')),
                ('total_completed_and_stored', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='4 total completed and stored')),
                ('work_retainage', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='5a work retainage')),
                ('stored_retainage', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='5b stored retainage')),
                ('previous_certificates', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='7 less previous certificates')),
                ('gross_this_period', directory.fields.MoneyField(default=Decimal('0.00'))),
                ('retainage_newly_held', directory.fields.MoneyField(default=Decimal('0.00'))),
                ('retainage_released', directory.fields.MoneyField(default=Decimal('0.00'))),
                ('approved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('billing_period', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='invoicing.billingperiod')),
                ('commitment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='invoicing.commitment')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('previous', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='next', to='invoicing.invoice')),
                ('submitted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vendor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.vendor')),
            ],
            options={
                'ordering': ['commitment__number', 'position'],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=150)),
                ('size', models.PositiveIntegerField(help_text='bytes')),
                ('sha256', models.CharField(max_length=64)),
                ('file', models.FileField(max_length=200, upload_to=invoicing.models.attachments.attachment_path)),
                ('uploaded_at', models.DateTimeField(auto_now_add=True)),
                ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attachments', to='invoicing.invoice')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='InvoiceContact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('commitment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invoice_contacts', to='invoicing.commitment')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoice_contacts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['person__name'],
            },
        ),
        migrations.AddField(
            model_name='commitment',
            name='contacts',
            field=models.ManyToManyField(related_name='+', through='invoicing.InvoiceContact', through_fields=('commitment', 'person'), to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='ScheduleLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='Unique in the commitment; change-order lines come after.')),
                ('cost_type', models.PositiveSmallIntegerField(choices=[(1, 'Material'), (2, 'Labor'), (3, 'Equipment'), (4, 'Subcontract'), (5, 'Other'), (6, 'User-defined 6'), (7, 'User-defined 7'), (8, 'User-defined 8'), (9, 'User-defined 9')], default=4)),
                ('description', models.CharField(max_length=200)),
                ('amount', directory.fields.MoneyField(verbose_name='scheduled value')),
                ('quantity', directory.fields.QuantityField(blank=True, null=True)),
                ('unit', models.CharField(blank=True, max_length=20)),
                ('unit_price', directory.fields.UnitPriceField(blank=True, null=True)),
                ('retainage_rate', directory.fields.RateField(blank=True, null=True, verbose_name='retainage % of its own')),
                ('change_order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='invoicing.changeorder')),
                ('commitment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='invoicing.commitment')),
                ('cost_code', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoicing.costcode')),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='InvoiceLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scheduled_value', directory.fields.MoneyField(verbose_name='C')),
                ('work_previous', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='A')),
                ('work_this_period', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='B')),
                ('stored_previous', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='F of the previous invoice')),
                ('stored_moved', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='M')),
                ('stored_new', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='NM')),
                ('stored_balance_typed', directory.fields.MoneyField(null=True, verbose_name='PM, when an Admin typed it')),
                ('quantity_previous', directory.fields.QuantityField(default=Decimal('0.00'))),
                ('quantity_this_period', directory.fields.QuantityField(null=True)),
                ('work_retainage_previous', directory.fields.MoneyField(default=Decimal('0.00'))),
                ('work_retainage_rate', directory.fields.RateField(default=Decimal('0.00'))),
                ('work_retainage', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='WR')),
                ('work_retainage_is_typed', models.BooleanField(default=False)),
                ('stored_retainage_previous', directory.fields.MoneyField(default=Decimal('0.00'))),
                ('stored_retainage_rate', directory.fields.RateField(default=Decimal('0.00'))),
                ('stored_retainage', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='MR')),
                ('stored_retainage_is_typed', models.BooleanField(default=False)),
                ('retainage_released', directory.fields.MoneyField(default=Decimal('0.00'), verbose_name='RR')),
                ('over_billing_is_waived', models.BooleanField(default=False, help_text='N-4: an Admin lets a unit-priced line pass its scheduled value.')),
                ('note', models.CharField(blank=True, help_text='N-9: why the line is negative; or any remark.', max_length=300)),
                ('allowed_reason', models.CharField(blank=True, help_text='Why a reviewer allows another amount.', max_length=300)),
                ('verdict', models.CharField(blank=True, choices=[('', 'No action'), ('approved', 'Approved'), ('rejected', 'Rejected')], default='', max_length=10)),
                ('verdict_reason', models.CharField(blank=True, max_length=300)),
                ('verdict_at', models.DateTimeField(null=True)),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='invoicing.invoice')),
                ('verdict_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('schedule_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invoice_lines', to='invoicing.scheduleline')),
            ],
            options={
                'ordering': ['schedule_line__position'],
            },
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('submitted_at', models.DateTimeField()),
                ('header', models.JSONField()),
                ('lines', models.JSONField()),
                ('invoice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='invoicing.invoice')),
                ('submitted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.AddConstraint(
            model_name='billingperiod',
            constraint=models.UniqueConstraint(models.F('project'), condition=models.Q(('status', 'open')), name='one_period_is_open_in_a_project'),
        ),
        migrations.AddConstraint(
            model_name='billingperiod',
            constraint=models.UniqueConstraint(models.F('project'), models.F('start_date'), models.F('end_date'), name='a_period_is_made_once_in_a_project'),
        ),
        migrations.AddConstraint(
            model_name='billingperiod',
            constraint=models.CheckConstraint(condition=models.Q(('end_date__gte', models.F('start_date'))), name='a_period_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='changeorder',
            constraint=models.UniqueConstraint(models.F('commitment'), models.F('number'), name='a_change_order_number_is_used_once_in_a_commitment'),
        ),
        migrations.AddConstraint(
            model_name='costcode',
            constraint=models.UniqueConstraint(models.F('company'), models.F('code'), name='a_cost_code_is_used_once_in_a_company'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(models.F('commitment'), models.F('billing_period'), name='a_commitment_is_invited_once_in_a_period'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('answer', ''), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='an_answer_has_a_person_and_a_moment'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['billing_period', 'status'], name='invoices_of_a_period'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(models.F('commitment'), models.F('position'), condition=models.Q(('deleted_at__isnull', True)), name='a_position_is_one_invoice'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(models.F('commitment'), models.F('billing_period'), condition=models.Q(('deleted_at__isnull', True), ('is_extra', False)), name='contacts_bill_a_period_once'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.UniqueConstraint(models.F('vendor'), models.F('number_key'), condition=models.Q(('deleted_at__isnull', True), models.Q(('number_key', ''), _negated=True)), name='a_vendor_uses_an_invoice_number_once'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('approved_as_noted', 'approved')), _negated=True), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False)), _connector='OR'), name='an_approval_has_a_person_and_a_moment'),
        ),
        migrations.AddConstraint(
            model_name='invoice',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), ('duties_waived', True), models.Q(('approved_by', models.F('submitted_by')), _negated=True), _connector='OR'), name='whoever_submitted_does_not_approve'),
        ),
        migrations.AddConstraint(
            model_name='invoicecontact',
            constraint=models.UniqueConstraint(models.F('commitment'), models.F('person'), name='a_contact_is_named_once'),
        ),
        migrations.AddConstraint(
            model_name='commitment',
            constraint=models.UniqueConstraint(models.F('company'), models.F('number'), name='a_commitment_number_is_used_once_in_a_company'),
        ),
        migrations.AddConstraint(
            model_name='commitment',
            constraint=models.CheckConstraint(condition=models.Q(('retainage_rate__gte', 0), ('retainage_rate__lte', 100), ('stored_retainage_rate__gte', 0), ('stored_retainage_rate__lte', 100)), name='retainage_rates_are_between_0_and_100'),
        ),
        migrations.AddConstraint(
            model_name='scheduleline',
            constraint=models.UniqueConstraint(models.F('commitment'), models.F('position'), name='a_position_is_used_once_in_a_commitment'),
        ),
        migrations.AddConstraint(
            model_name='scheduleline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('quantity__isnull', True), ('unit_price__isnull', True)), models.Q(('quantity__isnull', False), ('unit_price__isnull', False)), _connector='OR'), name='a_quantity_comes_with_a_unit_price'),
        ),
        migrations.AddConstraint(
            model_name='scheduleline',
            constraint=models.CheckConstraint(condition=models.Q(('cost_type__gte', 1), ('cost_type__lte', 9)), name='a_cost_type_is_one_of_nine'),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.UniqueConstraint(models.F('invoice'), models.F('schedule_line'), name='a_schedule_line_is_billed_once_in_an_invoice'),
        ),
        migrations.AddConstraint(
            model_name='invoiceline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('verdict', 'rejected'), _negated=True), models.Q(('verdict_reason', ''), _negated=True), _connector='OR'), name='a_rejected_line_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(models.F('invoice'), models.F('number'), name='a_submission_number_is_used_once'),
        ),
    ]
