"""What people choose for themselves about the mail they get."""

from django.db import transaction

from directory.actions.people import record_change
from directory.models import MailPace
from directory.refusals import NotAllowed, Refused


@transaction.atomic
def choose_accounting_mail(person, pace: str) -> None:
    """How often an accounting approver hears of what is sent to ERP: at once or once a day (section 7)."""
    if not person.gets_accounting_mail:
        raise NotAllowed("the role of an accounting approver")
    if pace not in MailPace.values:
        raise Refused("Choose at once, or once a day.", field="pace")
    before, person.accounting_mail = person.accounting_mail, pace
    if before != pace:
        person.save(update_fields=["accounting_mail"])
        record_change(person, {"accounting_mail": [before, pace]}, by=person)
