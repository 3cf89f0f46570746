"""Where the calendar days of a company or a project begin: a moment is one day in Chicago and another in Honolulu."""

import zoneinfo
from datetime import date, datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone


def check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as America/Chicago.")


class InTimeZone(models.Model):
    """What has a place on earth, and so calendar days of its own (R24). Moments are shown in this zone (U10)."""

    time_zone = models.CharField(max_length=50, default="America/Chicago", validators=[check_time_zone])

    class Meta:
        abstract = True

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def today(self) -> date:
        return timezone.localdate(timezone=self.zone)

    def has_passed(self, day: date) -> bool:
        """Whether `day` is over here, to its last minute."""
        return self.today > day

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self.zone)

    def end_of(self, day: date) -> datetime:
        """The first moment after `day`."""
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=self.zone)

    def day_of(self, moment: datetime) -> date:
        return timezone.localdate(moment, timezone=self.zone)
