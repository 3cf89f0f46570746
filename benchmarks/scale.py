"""A company of a given size, made by the database itself: what lists and benchmarks are measured on, never real work.

500 projects, 1,000 people with levels on their projects, and invoices as they lie in practice: the tenth project holds
a hundred times what the last one does, a commitment has 4 to 16 invoices of 5 to 120 lines, all but the newest
are approved. Numbers are made from numbers, so that two databases of one size hold the same.

There are no events, because nobody did any of this: the chain over events is empty, and whole. What is under review has
its submission, made by the code that freezes one.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from django.contrib.auth.models import Permission
from django.core.management.color import no_style
from django.db import connection, models, transaction

from directory.models import Company, CompanyUserPermission, Membership, Person, Project, ProjectUserPermission, Vendor
from directory.permissions import RUNGS, Level, Tool
from invoicing.actions import submissions
from invoicing.models import BillingPeriod, Commitment, CostCode, Invoice, InvoiceContact, InvoiceLine, ScheduleLine

PROJECTS, OWN_PEOPLE, VENDORS, CODES, PERIODS = 500, 400, 200, 300, 16
PEOPLE = 1000
STEP = 1000  # so many invoices hold each mixture of the below once, and 20 lines each
MOST_LINES = 120
LINES = (120, 40, 30, 25, 25, 20, 20, 15, 15, 15, 10, 10, 10, 10, 10, 5, 5, 5, 5, 5)  # of a commitment's invoices
INVOICES = (4, 7, 10, 13, 16)  # of a commitment
NEWEST = ("draft", "under_review", "revise_and_resubmit", "pending_owner_approval", "approved_as_noted", "approved")
SLUG = "scale"
ADMIN = 1  # whose login the benchmarks take: Admin everywhere


def seed(invoices: int) -> None:
    """Into an empty database; `invoices` is a multiple of `STEP`."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            _run("SET LOCAL statement_timeout = 0")  # what no page may take, these may
        _directory()
        _periods(date.today().replace(day=1))
        _commitments(invoices // 10)
        _invoices(invoices // 10)
        for invoice in Invoice.objects.with_context().filter(status="under_review").iterator(1000):
            submissions.freeze(invoice)
        _go_on_counting()
    settle()


def settle() -> None:
    """What the planner goes by; on PostgreSQL, where no transaction forbids it, rows as they lie after years, too."""
    if connection.vendor == "sqlite" or connection.in_atomic_block:
        _run("ANALYZE")
        return
    _run("SET statement_timeout = 0")  # of all, this takes longest
    _run("VACUUM FULL")
    _run("VACUUM (ANALYZE)")  # which also notes what an index alone can answer
    connection.close()  # the next one has the site's limit again


def is_empty() -> bool:
    return not (Company.objects.exists() or Person.objects.exists())


# The directory


def _directory() -> None:
    company = Company.objects.create(pk=1, name="Scale Builders", slug=SLUG)
    Project.objects.bulk_create(
        Project(pk=n, company=company, name=f"Project {n:03}", number=f"P-{n:03}", slug=f"project-{n}")
        for n in range(1, PROJECTS + 1)
    )
    Vendor.objects.bulk_create(
        Vendor(pk=n, company=company, name=f"Vendor {n:03}", number=f"V{n:03}") for n in range(1, VENDORS + 1)
    )
    CostCode.objects.bulk_create(
        CostCode(pk=n, company=company, code=f"16-{n:03}", name=f"Code {n}") for n in range(1, CODES + 1)
    )
    Person.objects.bulk_create(
        Person(pk=n, email=f"person-{n}@scale.invalid", name=f"Person {n:04}", password="!")
        for n in range(1, PEOPLE + 1)
    )
    Membership.objects.bulk_create(
        Membership(company=company, person_id=n, vendor_id=_employer(n), joined_at="2020-01-01T00:00Z")
        for n in range(1, PEOPLE + 1)
    )
    _give(CompanyUserPermission, Tool.COMPANY_DIRECTORY, ((n, 1, _level(n)) for n in range(1, OWN_PEOPLE + 1)))
    for tool in (Tool.PROJECT_DIRECTORY, Tool.COMMITMENTS):
        _give(ProjectUserPermission, tool, _on_projects())


def _employer(person: int) -> int | None:
    """None: the company itself. The first contact of vendor n is person 400 + n."""
    return None if person <= OWN_PEOPLE else 1 + (person - OWN_PEOPLE - 1) % VENDORS


def _on_projects() -> Iterator[tuple[int, int, Level]]:
    for person in range(1, OWN_PEOPLE + 1):
        for project in range(1, PROJECTS + 1):
            if person == ADMIN or (person * 7 + project) % 20 == 0:
                yield person, project, _level(person)


def _level(person: int) -> Level:
    return Level.ADMIN if person == ADMIN else RUNGS[person % 3]


def _give(model, tool: Tool, held: Iterator[tuple[int, int, Level]]) -> None:
    codenames = Permission.objects.filter(content_type__app_label="directory", content_type__model=tool.scope)
    ids = dict(codenames.values_list("codename", "pk"))
    rows = (
        model(user_id=person, content_object_id=place, permission_id=ids[tool.codename(rung)])
        for person, place, level in held
        for rung in RUNGS
        if rung <= level
    )
    model.objects.bulk_create(rows, batch_size=5000)


def _periods(this_month: date) -> None:
    """The last of each project is open; the id of the n-th of project p is (p - 1) * PERIODS + n."""
    months = [this_month]
    while len(months) < PERIODS:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    BillingPeriod.objects.bulk_create(
        BillingPeriod(
            pk=(project - 1) * PERIODS + n,
            project_id=project,
            start_date=month,
            end_date=(month + timedelta(days=31)).replace(day=1) - timedelta(days=1),
            due_date=(month + timedelta(days=31)).replace(day=10),
            status="open" if n == PERIODS else "closed",
        )
        for project in range(1, PROJECTS + 1)
        for n, month in enumerate(months, 1)
    )


# Commitments and invoices: c counts commitments, n their lines, p their invoices


def _commitments(count: int) -> None:
    project = f"1 + CAST(FLOOR({PROJECTS} * POWER((c - 0.5) / {count}, 3)) AS integer)"
    vendor = "1 + (c * 31) % 200"
    _fill(
        Commitment,
        f"{_counted('c', count)}",
        {"id": "c", "company_id": "1", "project_id": project, "vendor_id": vendor, "title": "'Work ' || c"}
        | {"number": "'SC-' || c", "retainage_rate": "100000", "is_private": "c % 20 = 0", "created_by_id": f"{ADMIN}"},
    )
    _run("UPDATE invoicing_commitment SET status = 'approved'")
    _fill(
        InvoiceContact,
        "invoicing_commitment",
        {"id": "id", "commitment_id": "id", "person_id": f"{OWN_PEOPLE} + vendor_id", "added_by_id": f"{ADMIN}"}
        | {"added_at": "CURRENT_TIMESTAMP"},
    )
    places = InvoiceContact.objects.values_list("person_id", "commitment__project_id").distinct().order_by()
    _give(ProjectUserPermission, Tool.COMMITMENTS, [(*each, Level.STANDARD) for each in places])
    _fill(
        ScheduleLine,
        f"{_counted('c', count)} JOIN {_counted('n', MOST_LINES)} ON n <= {_of('c / 5', LINES)}",
        {"id": f"(c - 1) * {MOST_LINES} + n", "commitment_id": "c", "position": "n", "cost_type": "4"}
        | {"cost_code_id": f"1 + (c + n) % {CODES}", "description": "'Level ' || n || ': branch wiring and devices'"}
        | {"amount": "100000 * (1 + (c * 7 + n * 13) % 97)"},
    )


def _invoices(count: int) -> None:
    """A twentieth of every line on each invoice, a tenth of that retained: the sums are whole cents (N-3, N-8)."""
    billed = f"""invoicing_commitment AS c JOIN {_counted("p", PERIODS)} ON p <= {_of("c.id", INVOICES)}
        JOIN invoicing_billingperiod AS period ON period.id = c.project_id * {PERIODS} - {_of("c.id", INVOICES)} + p
        JOIN (SELECT commitment_id, SUM(amount) AS total FROM invoicing_scheduleline GROUP BY commitment_id) AS schedule
        ON schedule.commitment_id = c.id ORDER BY p, c.id"""
    moments = dict.fromkeys(("created_at", "waits_since"), "period.start_date")
    _fill(
        Invoice,
        billed,
        {"id": f"(p - 1) * {count} + c.id", "commitment_id": "c.id", "vendor_id": "c.vendor_id", "position": "p"}
        | {"listed_in_id": "c.project_id"}
        | {"previous_id": f"CASE WHEN p > 1 THEN (p - 2) * {count} + c.id END", "billing_period_id": "period.id"}
        | {"number": "c.id || '-' || p", "billing_date": "period.due_date", "created_by_id": "400 + c.vendor_id"}
        | {"period_start_date": "period.start_date", "period_end_date": "period.end_date"}
        | {"due_date": "period.due_date", "original_contract_sum": "total", "gross_this_period": "total / 20"}
        | {"total_completed_and_stored": "p * total / 20", "work_retainage": "p * total / 200"}
        | {"previous_certificates": "(p - 1) * (total / 20 - total / 200)", "retainage_newly_held": "total / 200"}
        | {"number_key": "c.id || '-' || p"}
        | moments,
    )
    _fill(
        InvoiceLine,
        "invoicing_invoice AS i JOIN invoicing_scheduleline AS s ON s.commitment_id = i.commitment_id ORDER BY i.id",
        {"id": f"(i.id - 1) * {MOST_LINES} + s.position", "invoice_id": "i.id", "schedule_line_id": "s.id"}
        | {"scheduled_value": "s.amount", "work_previous": "(i.position - 1) * s.amount / 20"}
        | {"work_this_period": "s.amount / 20", "work_retainage": "s.amount / 200", "work_retainage_rate": "100000"}
        | {"work_retainage_previous": "(i.position - 1) * s.amount / 200"},
    )
    _decide()


def _decide() -> None:
    """As people would: sent, then decided (5.1). Only the newest of a commitment is anything but approved."""
    newest = "id NOT IN (SELECT previous_id FROM invoicing_invoice WHERE previous_id IS NOT NULL)"
    sent = "submitted_by_id = created_by_id, submitted_at = created_at"
    sent += ", bare_number = REPLACE(REPLACE(number, '-', ''), '0', '')"
    wanted = _of("commitment_id / 3", NEWEST)
    _run(f"UPDATE invoicing_invoice SET status = 'under_review', {sent} WHERE NOT ({newest} AND {wanted} = 'draft')")
    decided = f"CASE WHEN {newest} THEN {wanted} WHEN id % 10 = 0 THEN 'approved_as_noted' ELSE 'approved' END"
    _run(
        f"UPDATE invoicing_invoice SET status = {decided}, approved_by_id = {ADMIN}, approved_at = created_at "
        "WHERE status <> 'draft'"
    )
    _run(
        "UPDATE invoicing_invoice SET approved_by_id = NULL, approved_at = NULL "
        "WHERE status NOT IN ('approved', 'approved_as_noted')"
    )


# SQL that both databases read


def _fill(model: type[models.Model], source: str, values: dict[str, str]) -> None:
    """INSERT … SELECT: the columns named in `values` as SQL, every other one its field's default."""
    fields = model._meta.concrete_fields
    given = [field for field in fields if field.column not in values and field.get_default() is not None]
    chosen = {field.column: "%s" for field in given} | {name: sql.replace("%", "%%") for name, sql in values.items()}
    defaults = [field.get_db_prep_save(field.get_default(), connection) for field in given]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(map(connection.ops.quote_name, chosen))}) "
            f"SELECT {', '.join(chosen.values())} FROM {source.replace('%', '%%')}",
            defaults,
        )


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _counted(name: str, last: int) -> str:
    """1 … `last`, in a column of that name."""
    counting = f"WITH RECURSIVE counted({name}) AS (SELECT 1 UNION ALL SELECT {name} + 1 FROM counted"
    return f"({counting} WHERE {name} < {last}) SELECT {name} FROM counted) AS by_{name}"


def _of(number: str, values: tuple) -> str:
    """The value whose turn it is, going round."""
    turns = " ".join(f"WHEN {at} THEN {value!r}" for at, value in enumerate(values))
    return f"(CASE ({number}) % {len(values)} {turns} END)"


def _go_on_counting() -> None:
    """The next row that somebody makes gets a free id."""
    written = (Company, Project, Vendor, CostCode, Person, BillingPeriod, Commitment, InvoiceContact, ScheduleLine)
    for statement in connection.ops.sequence_reset_sql(no_style(), (*written, Invoice, InvoiceLine)):
        _run(statement)
