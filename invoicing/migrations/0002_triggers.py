from django.db import migrations

from directory.triggers import append_only, status_moves

MOVES = (
    ("draft", "under_review"),
    ("revise_and_resubmit", "under_review"),
    ("revise_and_resubmit", "draft"),
    ("under_review", "draft"),
    ("under_review", "revise_and_resubmit"),
    ("under_review", "pending_owner_approval"),
    ("under_review", "approved_as_noted"),
    ("under_review", "approved"),
    ("pending_owner_approval", "revise_and_resubmit"),
    ("pending_owner_approval", "approved_as_noted"),
    ("pending_owner_approval", "approved"),
    ("pending_owner_approval", "under_review"),
    ("approved_as_noted", "revise_and_resubmit"),
    ("approved_as_noted", "approved"),
    ("approved_as_noted", "under_review"),
    ("approved", "revise_and_resubmit"),
    ("approved", "under_review"),
)


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0001_initial")]
    operations = [
        status_moves("invoicing_invoice", ("draft",), MOVES),
        append_only("invoicing_submission"),
    ]
