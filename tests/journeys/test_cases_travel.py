"""Worked payment applications from public sources, typed into the pages and read back from the file for Sage."""

import copy
from decimal import Decimal

from erp_integrations.actions import links
from erp_integrations.models import LineLink, ListKind
from invoicing.models import Commitment
from tests.erp_integrations.world import ACCOUNTING_DATE, CODE, JOB, VENDOR, SageWorld, sage_world
from tests.invoicing.calculations.cases import CASES
from tests.journeys import steps
from tests.journeys.steps import ImportFile

D = Decimal
DAY = ACCOUNTING_DATE.isoformat()
COLUMNS = {"total_completed_stored": "T", "balance_to_finish": "H", "retainage": "TR"}  # by the letters of 5.2
TOTALS = COLUMNS | {"scheduled_value": "C", "work_previous": "A", "work_this_period": "B", "stored_presently": "F"}


class Journey:
    """A commitment with the lines of a case, and the three people who bring its invoice into a file."""

    def __init__(self, case: str, visitor, worker, **commitment):
        found = copy.deepcopy(CASES[case])
        self.given, self.expected, self.worker = found["inputs"], found["expected"], worker
        self.sage = sage_world()
        base = self.sage.base
        lines = [base.line(each["description"], each["scheduled_value"]) for each in self.given["lines"]]
        self.commitment = self.sage.commitment(lines=lines, **commitment)
        self.contact, self.admin, self.approver = map(visitor, (base.contact, base.admin, base.approver))

    def bill_before(self, number: str) -> None:
        """What earlier applications billed, as one earlier bill; then the next month."""
        billed = [(n, each["work_previous"]) for n, each in self.numbered_lines() if D(each["work_previous"])]
        before = {n: {"This period": amount} for n, amount in billed}
        steps.start_bill(self.contact, self.commitment, number)
        steps.send_bill(steps.type_lines(self.contact, before))
        steps.approve(self.admin, steps.newest(self.commitment))
        self.sage.next_month()

    def bill(self, number: str) -> None:
        """This application: work and stored materials of each line."""
        typed = {
            n: {"This period": each["work_this_period"], "New stored": each["stored_presently"]}
            for n, each in self.numbered_lines()
        }
        steps.start_bill(self.contact, self.commitment, number)
        steps.send_bill(steps.type_lines(self.contact, typed))

    def numbered_lines(self):
        return enumerate(self.given["lines"], start=1)

    def files(self) -> list[ImportFile]:
        """Approved, sent, accepted, built: the workbook as another program reads it, and the CSV."""
        invoice = steps.newest(self.commitment)
        files = steps.travel(self.contact, self.admin, self.approver, self.worker, invoice, DAY)
        return [ImportFile.of_workbook(files["xlsx"]), ImportFile.of_csv(files["csv"])]

    def check_lines(self) -> None:
        """The bill's page shows the columns that the case expects."""
        rows = self.contact.visit(steps.page_of(steps.newest(self.commitment))).rows("Lines of bill")
        for row, line in zip(rows, self.expected["lines"], strict=False):
            assert line["description"] in row["Line"]
            assert {name: column(row, letter) for name, letter in COLUMNS.items()} == {
                name: D(line[name]) for name in COLUMNS
            }
        for name, amount in self.expected["totals"].items():
            assert sum(column(row, TOTALS[name]) for row in rows[: len(self.expected["lines"])]) == D(amount), name


def link_lines(sage: SageWorld, commitment: Commitment) -> None:
    """Sage knows every line of the commitment under its position."""
    lines = list(commitment.lines.all())
    shared = {"number": commitment.number, "vendor_number": VENDOR, "job_number": JOB, "status": 4}
    sage.load(
        ListKind.SUBCONTRACTS,
        *(
            shared | {"line_reference": n, "cost_code": CODE, "cost_type": 4, "contract": line.amount}
            for n, line in enumerate(lines, start=1)
        ),
    )
    for n, line in enumerate(lines, start=1):
        links.make(LineLink(schedule_line=line, commitment=commitment, line_reference=str(n)))


def column(row: dict[str, str], letter: str) -> Decimal:
    """The amount under the column that starts with this letter."""
    [shown] = [text for title, text in row.items() if title.split()[0] == letter and "%" not in title]
    return money(shown)


def money(shown: str) -> Decimal:
    return D(shown.replace(",", "").replace("−", "-"))


def test_pa_01_four_lines_with_stored_material_reach_the_file_to_the_cent(visitor, worker):
    journey = Journey("PA-01", visitor, worker)
    journey.bill_before("526836327-1")
    journey.bill("526836327-2")
    journey.check_lines()
    shown = journey.contact.facts()
    derived = journey.expected["derived"]
    assert money(shown["4 Total completed and stored"]) == D(derived["line4_total_completed_stored"])
    assert money(shown["5 Retainage held"]) == D(derived["line5_total_retainage"])
    assert money(shown["6 Earned less retainage"]) == D(derived["line6_total_earned_less_retainage"])
    done = [row["T % Done"] for row in journey.contact.rows("Lines of bill")]
    assert done == ["66.7 %", "47.2 %", "50.0 %", "69.3 %"]
    for file in journey.files():
        # gross = E + F, as nothing was stored before; 10 % of it is newly held; Demolition billed nothing (S38)
        assert file.lines == {
            "Drywall & Carpentry": D("6000.00"),
            "Doors & Hardware": D("500.00"),
            "Electrical": D("3850.00"),
        }
        assert (file.gross, file.retainage, file.net) == (D("10350.00"), D("1035.00"), D("9315.00"))


def test_pa_21_stored_material_and_a_change_order_export_the_change_of_this_period(visitor, worker):
    journey = Journey("PA-21", visitor, worker, retainage_rate=D("5"), stored_retainage_rate=D("5"))
    base = journey.sage.base
    base.change_order(journey.commitment, [base.line("Added canopy", journey.given["net_change_orders"])])
    journey.bill_before("MASSING-1")
    assert steps.newest(journey.commitment).earned_less_retainage == D("285000.00")
    journey.bill("MASSING-2")
    journey.check_lines()
    shown, summary = journey.contact.facts(), journey.expected["summary"]
    for name, label in {
        "line1_original_contract_sum": "1 Original contract sum",
        "line2_net_change_orders": "2 Net change by change orders",
        "line3_contract_sum_to_date": "3 Contract sum to date",
        "line4_total_completed_stored": "4 Total completed and stored",
        "line5_total_retainage": "5 Retainage held",
        "line6_total_earned_less_retainage": "6 Earned less retainage",
        "line7_less_previous_certificates": "7 Less previous certificates",
        "line8_current_payment_due": "8 Current payment due",
        "line9_balance_to_finish_incl_retainage": "9 Balance to finish incl. retainage",
    }.items():
        assert money(shown[label]) == D(summary[name]), label
    parts = journey.contact.click("Summary and checks").facts()
    assert money(parts["5a Retainage on work"]) == D(summary["line5a_retainage_work"])
    assert money(parts["5b Retainage on stored materials"]) == D(summary["line5b_retainage_stored"])
    [expected] = journey.expected["erp_export"]
    for file in journey.files():
        assert file.lines == {"Concrete": D("200000.00"), "Steel": D("100000.00")}
        assert file.gross == D(expected["gross_this_period"])
        assert file.retainage == D(expected["retainage_this_period"])
        assert file.net == D(expected["net_due"])


def test_pa_06_retainage_typed_by_the_admin_stands_in_the_header(visitor, worker):
    journey = Journey("PA-06", visitor, worker, retainage_rate=D("0"))
    link_lines(journey.sage, journey.commitment)
    typed = {n: {"This period": each["amount"]} for n, each in journey.numbered_lines()}
    steps.start_bill(journey.contact, journey.commitment, "REQ-06")
    steps.send_bill(steps.type_lines(journey.contact, typed))
    invoice = steps.newest(journey.commitment)
    for each in journey.given["lines"]:
        journey.admin.visit(steps.page_of(invoice, "review/")).press("Allow another amount", near=each["description"])
        journey.admin.fill("Held on work", each["retainage_this_period"]).fill("Why?", "As the contract says")
        journey.admin.press("Allow this amount")
    for file in journey.files():
        assert file.lines == {each["description"]: D(each["amount"]) for each in journey.given["lines"]}
        assert file.gross == D(journey.expected["gross"])
        assert file.retainage == D(journey.expected["retainage"])
        assert file.net == D(journey.expected["net_due"])
    assert [row[-1] for row in file.details] == ["1", "2"]
