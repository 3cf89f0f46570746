"""How the record of a company is narrowed down: the address is the view."""

from datetime import datetime, time, timedelta

from django import forms
from django.db.models import Q

from directory.models import Project
from directory.moments import FIRST_DAY, LAST_DAY
from directory.typed import DayInput


class EventFilter(forms.Form):
    """What makes no sense in an address is left out. Days are the company's."""

    who = forms.CharField(label="Who", required=False, max_length=120)
    project = forms.ModelChoiceField(queryset=None, required=False, empty_label="Any project")
    what = forms.CharField(label="What was done", required=False, max_length=60)
    about = forms.CharField(label="To what", required=False, max_length=120)
    from_day = forms.DateField(label="From", required=False, widget=DayInput)
    to_day = forms.DateField(label="To", required=False, widget=DayInput)
    has_reason = forms.BooleanField(
        label="Reason", required=False, widget=forms.Select(choices=[("", "Or none"), ("on", "With a reason")])
    )

    def __init__(self, data, *, company):
        super().__init__(data)
        self.company = company
        self.fields["project"].queryset = Project.objects.filter(company=company)
        self.is_valid()

    @property
    def is_narrow(self) -> bool:
        return any(self.cleaned_data.values())

    def in_words(self) -> str:
        """For the record: which part of it somebody took away."""
        named = ((self.fields[name].label or name.capitalize(), value) for name, value in self.cleaned_data.items())
        return "; ".join(f"{label}: {'yes' if value is True else value}" for label, value in named if value)

    def narrowed(self, events):
        given = self.cleaned_data
        found = events.filter(*(self._texts() + self._days()))
        if given.get("project"):
            found = found.filter(project=given["project"])
        return found.exclude(reason="") if given.get("has_reason") else found

    def _texts(self) -> list[Q]:
        pairs = (("who", "by_name"), ("what", "verb"), ("about", "subject_text"))
        words = ((column, word) for name, column in pairs for word in self.cleaned_data.get(name, "").split())
        return [Q(**{f"{column}__icontains": word}) for column, word in words]

    def _days(self) -> list[Q]:
        first, last = self.cleaned_data.get("from_day"), self.cleaned_data.get("to_day")
        bounds = [Q(at__gte=self._midnight(first))] if self._is_sane(first) else []
        return bounds + ([Q(at__lt=self._midnight(last + timedelta(days=1)))] if self._is_sane(last) else [])

    def _midnight(self, day) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.company.zone)

    def _is_sane(self, day) -> bool:
        return day is not None and FIRST_DAY <= day <= LAST_DAY
