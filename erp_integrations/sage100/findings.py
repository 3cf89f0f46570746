"""What a rule has to say about a batch: which rule, where, what is wrong, against what it was checked, what to do."""

from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An error blocks; a warning needs a tick (E-5). `row` is the row of the file, 1 for the first; None without one.

    `checked_against` names the list and its date, empty when no list was needed. `nearest` is the closest entry of
    that list, to help a person spot a slip; it is never applied.
    """

    rule: str
    severity: str
    invoice_id: str
    row: int | None = None
    field: str = ""
    value: str = ""
    message: str
    remedy: str
    checked_against: str = ""
    nearest: str | None = None

    @property
    def sentence(self) -> str:
        """All of it in words, as whatever is refused or stopped because of it says it."""
        return f"{self.rule}: {self.message} {self.remedy}".strip()


def errors(findings) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.severity == ERROR)


def warnings(findings) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.severity == WARNING)
