"""Rows that are work for one worker at a time: who has one, until when, and that nobody else writes (decision 3)."""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from directory.server_clock import server_now


class LeaseLost(Exception):
    """Another worker has the row now, or it is finished: nothing more may be written."""


class LeasedQuerySet(models.QuerySet):
    def under_way(self):
        return self.filter(state__in=(self.model.WAITING, self.model.AT_WORK))

    def claimable(self, now):
        """Waiting for a worker and for no later moment, or left behind by one whose lease ran out."""
        is_free = Q(lease_until__lt=now) | Q(state=self.model.WAITING, lease_until__isnull=True)
        return self.under_way().filter(is_free, attempts__lt=self.model.MAX_ATTEMPTS)

    def claim(self, pk: int, lease: timedelta, **begun):
        """Take it for one lease, by a single conditional UPDATE; None when there is nothing to take.

        `begun`: what else it says from now on. Whatever the query set selects along comes with it.
        """
        now, token = server_now(), uuid.uuid4()
        begun |= {"state": self.model.AT_WORK, "lease_token": token, "lease_until": now + lease, "done": 0}
        if not self.claimable(now).filter(pk=pk).update(**begun, attempts=F("attempts") + 1):
            return None
        row = self.get(pk=pk)
        return row if row.lease_token == token else None

    def held(self, row):
        """The row while the worker that was given `row` has it: every write of a worker goes through here (fencing)."""
        return self.filter(pk=row.pk, state=self.model.AT_WORK, lease_token=row.lease_token)

    def exhausted(self, now):
        """Every attempt was killed: nobody tries again by itself (R20, R21, R23)."""
        lost = self.filter(state=self.model.AT_WORK, lease_until__lt=now)
        return lost.filter(attempts__gte=self.model.MAX_ATTEMPTS)


class Leased(models.Model):
    """`WAITING` and `AT_WORK`: its two states under way. `MAX_ATTEMPTS`: killed so often, it is given up."""

    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)  # while it waits: before this moment nobody takes it up again
    attempts = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.WAITING, self.AT_WORK)

    def write_held(self, **values) -> None:
        """As the worker that has it, or LeaseLost."""
        if not type(self).objects.held(self).update(**values):
            raise LeaseLost(str(self))
