"""What is said about an invoice between the two sides, and what the company's own people say among themselves."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from invoicing.models.invoices import Invoice


class CommentQuerySet(models.QuerySet):
    def visible_to(self, access):
        """Of invoices that this person may see: everything to the company's own people, no note to anybody else."""
        return self.filter(only_team=False) if access.is_external else self

    def notes(self):
        return self.filter(only_team=True)


class Comment(models.Model):
    """Written once and never changed; triggers refuse it. With `only_team` it is a note, which no contact ever gets.

    The event of a comment is about its invoice; that of a note is about the note, so that it stands in no contact's
    timeline.
    """

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="comments")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    words = models.TextField()
    only_team = models.BooleanField()

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=~Q(words=""), name="a_comment_has_words")]

    def __str__(self):
        return f"{'note on' if self.only_team else 'comment on'} {self.invoice}"

    @property
    def company(self):
        return self.invoice.company

    @property
    def project(self):
        return self.invoice.project
