"""A subcontract and the people who bill it month by month through the pages, for the worked cases of the case file."""

import copy
import re
from decimal import Decimal

from invoicing.actions.commitments import NewLine
from invoicing.models import Commitment
from tests.erp_integrations.world import ACCOUNTING_DATE, sage_world
from tests.invoicing.calculations.cases import CASES
from tests.journeys import steps
from tests.journeys.steps import ImportFile
from tests.journeys.visitor import Visitor

D = Decimal
LINES_1_TO_9 = re.compile(r"^line(\d[ab]?)(_|$)")
NOTHING_TYPED: dict = {}


class Claim:
    """`given` and `expected` are the case's; `bill` is what the contact does, `certify` what the admin does."""

    def __init__(self, case: str, visitor):
        found = copy.deepcopy(CASES[case])
        self.case, self.given, self.expected = case, found["inputs"], found["expected"]
        self.sage = sage_world()
        self.base = self.sage.base
        self.contact, self.admin, self.approver = map(visitor, (self.base.contact, self.base.admin, self.base.approver))
        self.number = 0

    def contract(self, *lines: NewLine, **fields) -> Commitment:
        self.commitment = self.sage.commitment(lines=list(lines), **fields)
        return self.commitment

    def of_case(self, **fields) -> None:
        """The lines of the case, each with the rate it holds."""
        self.contract(
            *(
                self.base.line(each["description"], each["scheduled_value"], rate=each["retainage_pct_work"])
                for each in self.given["lines"]
            ),
            **fields,
        )

    @property
    def invoice(self):
        return steps.newest(self.commitment)

    # What people do

    def enter(self, lines: dict[int, dict[str, str]], release_percent: str = "") -> Visitor:
        """Start the month's bill and type on it; nothing is sent."""
        self.number += 1
        steps.start_bill(self.contact, self.commitment, f"{self.case}-{self.number}")
        if release_percent:
            asked = f"{release_percent} %"
            self.contact.fill("Release of what is held", asked).press("Fill in the release")
        return steps.type_lines(self.contact, lines)

    def bill(self, lines: dict[int, dict[str, str]], release_percent: str = "") -> None:
        steps.send_bill(self.enter(lines, release_percent))

    def work(self, *amounts: str) -> None:
        """A bill of these amounts this period, line by line."""
        self.bill({n: {"This period": amount} for n, amount in enumerate(amounts, start=1)})

    def certify(self) -> None:
        """Approved as it stands; the next month begins."""
        steps.approve(self.admin, self.invoice)
        self.sage.next_month()

    def on_review(self, line: str) -> Visitor:
        """The admin, about to allow another amount on the line that is called so."""
        self.admin.visit(steps.page_of(self.invoice, "review/"))
        return self.admin.press("Allow another amount", near=line)

    def file(self, worker) -> ImportFile:
        """Approved, sent, accepted, built, and read as another program reads it."""
        day = ACCOUNTING_DATE.isoformat()
        files = steps.travel(self.contact, self.admin, self.approver, worker, self.invoice, day)
        return ImportFile.of_csv(files["csv"])

    # What they see

    def summary(self) -> dict[str, Decimal]:
        """{"5a": amount} of lines 1 to 9; "%" is the percent complete, "gross", "held" and "released" this period's."""
        shown = self.contact.visit(steps.page_of(self.invoice)).click("Summary and checks").facts()
        found = {name.split()[0]: money(text) for name, text in shown.items() if re.match(r"\d[ab]? ", name)}
        names = {"gross": "Gross this period", "held": "Retainage newly held", "released": "Retainage released"}
        found |= {name: money(shown[label]) for name, label in names.items()}
        return found | {"%": money(shown["Percent complete"])}

    def shows(self, expected: dict[str, str]) -> None:
        """Lines 1 to 9 of the summary page are those of the case."""
        found = self.summary()
        wanted = {match[1]: amount for name, amount in expected.items() if (match := LINES_1_TO_9.match(name))}
        assert wanted, "a case without a line of the summary checks nothing"
        assert {name: found[name] for name in wanted} == {name: D(amount) for name, amount in wanted.items()}

    def columns(self) -> list[dict[str, Decimal]]:
        """{letter of 5.2: amount} of each line of the bill's page, "%" with the one decimal it shows."""
        rows = self.contact.visit(steps.page_of(self.invoice)).rows("Lines of bill")
        return [
            {
                "%" if "%" in title else title.split()[0]: money(text)
                for title, text in row.items()
                if title not in ("#", "Line") and text
            }
            for row in rows
        ]


def money(shown: str) -> Decimal:
    return D(shown.replace(",", "").replace("−", "-").removesuffix(" %"))
