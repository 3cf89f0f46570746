"""A commitment of 500 lines with an open bill, made by the acts people use, in a transaction that leaves nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import uuid4

from django.db import transaction

from directory.actions.grants import set_level
from directory.models import Company, Membership, Person, Project, Vendor
from directory.permissions import Level, Tool
from invoicing.actions import billing_periods, commitment_moves, commitments, invoices
from invoicing.actions.commitments import NewLine
from invoicing.models import Commitment, CostCode, Invoice

LINES = 500


@dataclass(frozen=True)
class LongJob:
    admin: Person
    draft: Commitment  # its schedule can still be edited
    invoice: Invoice


@contextmanager
def long_job() -> Iterator[LongJob]:
    with transaction.atomic():
        yield _made()
        transaction.set_rollback(True)


def _made() -> LongJob:
    key = uuid4().hex[:8]
    company = Company.objects.create(name=f"Bench {key}", slug=f"bench-{key}")
    project = Project.objects.create(company=company, name="Tower", number=key, slug=f"tower-{key}")
    vendor = Vendor.objects.create(company=company, name="Acme")
    owner, admin = (Person.objects.create_user(f"{name}-{key}@bench.invalid", name=name) for name in ("Pat", "Dana"))
    Membership.objects.create(company=company, person=admin)
    set_level(admin, Tool.COMMITMENTS, project, Level.ADMIN, by=owner)
    codes = [CostCode.objects.create(company=company, code=f"16-{n:03}", name=f"Code {n}") for n in range(300)]
    lines = [
        NewLine(codes[n % 300], f"Level {n % 20} room {n}: branch wiring and devices", Decimal(900 + n))
        for n in range(LINES)
    ]
    draft, agreed = (
        commitments.enter(
            Commitment(project=project, vendor=vendor, number=f"{name}-{key}", title=name), lines, by=admin
        )
        for name in ("DRAFT", "AGREED")
    )
    agreed = commitment_moves.move(agreed, "approve", by=admin)
    days = date(2190, 1, 1), date(2190, 1, 31), date(2190, 1, 25)
    period = billing_periods.open_period(project, *days, by=admin)
    return LongJob(admin, draft, invoices.create(agreed, period, by=admin))
