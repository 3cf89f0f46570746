"""What a vendor claimed, each time it was sent: numbered snapshots that never change."""

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Subquery

from invoicing.calculations.differences import COLUMNS, TOTAL
from invoicing.models.invoices import Invoice

FIGURES = (*COLUMNS, TOTAL, "quantity_this_period")


def is_other(before: dict | None, now: dict) -> bool:
    """Whether a line's figures are others than `before`; both as a submission or a record keeps them (I-8).

    What one of them lacks counts as the same: older ones kept no retainage.
    """
    return before is None or any(before[name] != now[name] for name in FIGURES if name in before and name in now)


class SubmissionQuerySet(models.QuerySet):
    def latest_one(self) -> "Submission | None":
        """Of one invoice."""
        return self.order_by("-number").first()

    def with_decided(self):
        """`decided`: the lines of its newest record; None where nobody decided on it. What `settled` asks."""
        newest = ReviewRecord.objects.filter(submission=OuterRef("pk")).order_by("-pk")
        return self.annotate(decided=Subquery(newest.values("lines")[:1], output_field=models.JSONField()))


class Submission(models.Model):
    """`lines`: one dict a line, amounts as text with two decimals, keyed by the schedule line (`line`).

    Its `note` is the claim's, too, but no figure: another one changes no verdict. Those of before 30 November 2026 kept
    none.
    `changed_lines` counts against what reviewers left of the one before (I-8).
    """

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField()
    submitted_at = models.DateTimeField()
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    header = models.JSONField()
    changed_lines = models.PositiveIntegerField(null=True, help_text="Lines that the one before claims otherwise.")
    lines = models.JSONField()

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint("invoice", "number", name="a_submission_number_is_used_once")]

    def __str__(self):
        return f"{self.invoice} submission {self.number}"

    def figures(self) -> dict[int, dict]:
        """{schedule line id: what was claimed on it}."""
        return {line["line"]: line for line in self.lines}

    def settled(self) -> dict[int, dict]:
        """{schedule line id: its figures as reviewers left them, or as claimed where nobody decided}.

        What an approval stands for, and what the next submission is compared with (I-8). Needs `with_decided`.
        """
        return {line["line"]: line for line in self.decided or self.lines}


class ReviewRecord(models.Model):
    """What reviewers made of a submission when they decided: what was allowed and said, line by line; never changes.

    `lines`: as a submission's, and for each `verdict` and `reason`. After it the contact may type other amounts, so
    nothing else knows what was allowed (I-9, I-10).
    """

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="records")
    outcome = models.CharField(max_length=30, help_text="The status it led to.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    comment = models.TextField(blank=True)
    header = models.JSONField(null=True, help_text="As a submission's; older records kept none.")
    lines = models.JSONField()

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.submission}, {self.outcome}"

    def figures(self) -> dict[int, dict]:
        """{schedule line id: what was allowed on it, its verdict and reason}."""
        return {line["line"]: line for line in self.lines}
