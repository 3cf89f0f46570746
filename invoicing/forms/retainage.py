"""How a commitment holds retainage: its rates, the steps of a sliding scale, and lines with a rate of their own."""

from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError

from invoicing.calculations.money import HUNDRED, format_amount, format_percent, parse_amount, parse_percent, parse_rate
from invoicing.calculations.replay import RetainageRules
from invoicing.calculations.retainage import MOST_STEPS, RetainageStep, StepBasis
from invoicing.models import Commitment, ScheduleLine

ENDS = {
    "original": "% of the original contract sum is held",
    "revised": "% of the revised contract sum is held",
    "amount": "dollars are held",
    "end": "the end: no limit",
}
LONGEST = 40  # of what is shown again; a percentage is far shorter
BASES = {"original": StepBasis.ORIGINAL, "revised": StepBasis.REVISED}


class RateInput(forms.CharField):
    """A percentage from 0 to 100; None when it is left empty. 0 is a rate."""

    def __init__(self, label: str, *, required: bool = False, help_text: str = ""):
        widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "n w-percent", "autocomplete": "off"})
        super().__init__(label=label, required=required, help_text=help_text, max_length=20, widget=widget)

    def clean(self, value) -> Decimal | None:
        text = super().clean(value)
        try:
            return parse_rate(text) if text else None
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None


@dataclass
class OwnRate:
    """One row of the lines that may have a rate of their own: as text, for there may be hundreds (F12)."""

    line: ScheduleLine
    text: str
    problem: str = ""

    @property
    def name(self) -> str:
        return own_name(self.line)


class RetainageForm(forms.Form):
    """`rules` and `holds_stored` are what was typed, once the form is valid."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)
    work_rate = RateInput(
        "Retainage on work", required=True, help_text="Percent of work and of materials moved into it."
    )
    holds_stored = forms.BooleanField(label="Hold retainage on stored materials", required=False)
    stored_rate = RateInput("Retainage on stored materials", help_text="Percent; counts while the tick is set.")

    def __init__(self, commitment: Commitment, lines: list[ScheduleLine], in_force: RetainageRules, data=None):
        super().__init__(data, initial=_initial(commitment, in_force))
        for number in range(1, MOST_STEPS + 1):
            self.fields[f"step_{number}_rate"] = RateInput(f"Step {number}: hold, percent")
            until = forms.TextInput(attrs={"inputmode": "decimal", "class": "n w-amount", "autocomplete": "off"})
            self.fields[f"step_{number}_until"] = forms.CharField(
                label=f"Step {number}: until", required=False, max_length=40, widget=until
            )
            self.fields[f"step_{number}_end"] = forms.ChoiceField(
                label=f"Step {number}: of what", choices=list(ENDS.items()), required=False
            )
        self.own = [OwnRate(line, _own_text(line, self.data if self.is_bound else None)) for line in lines]

    @property
    def steps(self) -> list[dict]:
        numbers = range(1, MOST_STEPS + 1)
        return [{"number": n} | {part: self[f"step_{n}_{part}"] for part in ("rate", "until", "end")} for n in numbers]

    @property
    def has_own(self) -> bool:
        """Whether a line has a rate of its own, or something that is none was typed for one."""
        return any(each.text for each in self.own)

    def clean(self) -> dict:
        steps = tuple(step for number in range(1, MOST_STEPS + 1) if (step := self._step(number)))
        cleaned, own = self.cleaned_data, self._own_rates()
        if cleaned.get("holds_stored") and cleaned.get("stored_rate") is None and "stored_rate" not in self.errors:
            self.add_error("stored_rate", "Say how much of stored materials is held, or take the tick away.")
        if not self.errors:
            self.holds_stored = cleaned["holds_stored"]
            self.rules = RetainageRules(
                work_rate=cleaned["work_rate"],
                stored_rate=cleaned["stored_rate"] or Decimal(0),
                steps=steps,
                own_rates=own,
            )
        return cleaned

    def _own_rates(self) -> dict[str, Decimal]:
        """{line: its rate in percent} where one was typed; what is none is said in its row and on top."""
        rates = {}
        for each in self.own:
            try:
                if each.text:
                    rates[each.line.key] = parse_rate(each.text)
            except ValueError as wrong:
                each.problem = str(wrong)
                self.add_error(None, f"Own rate of line {each.line.position}: {wrong}")
        return rates

    def _step(self, number: int) -> RetainageStep | None:
        rate, end = self.cleaned_data.get(f"step_{number}_rate"), self.cleaned_data.get(f"step_{number}_end") or "end"
        until = self.cleaned_data.get(f"step_{number}_until", "")
        if f"step_{number}_rate" in self.errors:
            rate = Decimal(0)  # so that its limit is looked at in the same breath
        if rate is None:
            if until:
                self.add_error(f"step_{number}_rate", "Say how much is held in this step, or clear its limit.")
            return None
        try:
            return _step(rate, until, end)
        except ValueError as wrong:
            self.add_error(f"step_{number}_until", str(wrong))
            return None


def _step(rate: Decimal, until: str, end: str) -> RetainageStep:
    """Raises ValueError with a sentence for the person."""
    if end == "end":
        if until:
            raise ValueError("This step has no limit. Clear the number, or say what it is a part of.")
        return RetainageStep(rate=rate)
    if not until:
        raise ValueError("Say until how much is held, or choose “the end”.")
    if end == "amount":
        limit = parse_amount(until)
        if limit <= 0:
            raise ValueError("A step ends at an amount above zero.")
        return RetainageStep(rate=rate, until_amount=limit)
    return RetainageStep(rate=rate, until_percent=_percent_limit(until), basis=BASES[end])


def _percent_limit(until: str) -> Decimal:
    """How much is held when the step ends, in percent of a contract sum. Raises ValueError as above."""
    limit = parse_percent(until)
    if not 0 <= limit <= HUNDRED:
        raise ValueError(f"“{until}” is no part of the contract sum. Type a percentage from 0 to 100.")
    return limit


def own_name(line: ScheduleLine) -> str:
    return f"own_{line.pk}"


def _own_text(line: ScheduleLine, data) -> str:
    """What was typed, else what is stored."""
    if data is not None:
        return " ".join(data.get(own_name(line), "").split())[:LONGEST]
    return "" if line.retainage_rate is None else format_percent(line.retainage_rate)


def _initial(commitment: Commitment, in_force: RetainageRules) -> dict:
    initial = {
        "version": commitment.version,
        "work_rate": format_percent(commitment.retainage_rate),
        "holds_stored": commitment.holds_stored_retainage,
        "stored_rate": format_percent(commitment.stored_retainage_rate),
    }
    for number, step in enumerate(in_force.steps, 1):
        initial |= {f"step_{number}_{part}": value for part, value in _parts(step).items()}
    return initial


def _parts(step: RetainageStep) -> dict[str, str]:
    rate = {"rate": format_percent(step.rate)}
    if step.until_amount is not None:
        return rate | {"until": format_amount(step.until_amount), "end": "amount"}
    if step.until_percent is None:
        return rate | {"until": "", "end": "end"}
    return rate | {"until": format_percent(step.until_percent), "end": step.basis.name.lower()}
