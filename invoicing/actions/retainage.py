"""Setting how a commitment holds retainage; invoices that exist keep theirs (5.6)."""

from django.db import transaction

from directory.models import Event
from directory.refusals import NotNow, Refused, Stale
from invoicing.actions.commitments import require_admin
from invoicing.calculations.money import format_percent
from invoicing.calculations.replay import RetainageRules
from invoicing.calculations.retainage import MOST_STEPS, RetainageStep, StepBasis
from invoicing.models import Commitment, ScaleStep, ScheduleLine
from invoicing.models.commitment_statuses import ENDED
from invoicing.retainage import rules_of


@transaction.atomic
def set_rules(commitment: Commitment, rules: RetainageRules, *, holds_stored: bool, version: int, by) -> Commitment:
    """New rules for the invoices to come. Refuses a scale with a step that can never hold, naming the field.

    Refuses also a commitment that takes no invoice any more.
    """
    commitment = Commitment.objects.select_for_update().get(pk=commitment.pk)
    require_admin(by, commitment.project)
    if commitment.version != version:
        raise Stale("Somebody changed this commitment in between. What you typed is still here; nothing was saved.")
    if why_not := why_no_rules(commitment):
        raise NotNow(why_not)
    _check_scale(commitment, rules.steps)
    before = _words(commitment)
    commitment.retainage_rate, commitment.stored_retainage_rate = rules.work_rate, rules.stored_rate
    commitment.holds_stored_retainage = holds_stored
    _write_scale(commitment, rules.steps)
    _write_own_rates(commitment, rules)
    after = _words(commitment)
    changes = {name: [before.get(name, ""), after.get(name, "")] for name in before | after}
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    if changes:
        commitment.version += 1
        commitment.save()
        Event.objects.record("set retainage", commitment, by=by, changes=changes)
    return commitment


def why_no_rules(commitment: Commitment) -> str:
    """Why new rules would be for nothing now, "" if they would not."""
    if commitment.status in ENDED:
        return f"The commitment is {commitment.get_status_display()}, so no invoice will follow any rule."
    return ""


def _check_scale(commitment: Commitment, steps: tuple[RetainageStep, ...]) -> None:
    if len(steps) > MOST_STEPS:
        raise Refused(f"A sliding scale has {MOST_STEPS} steps at most. Clear one.")
    original, to_date, reached = commitment.original_contract_sum, commitment.contract_sum_to_date, None
    for number, step in enumerate(steps, 1):
        if number > 1 and reached is None:
            raise Refused(
                f"Step {number - 1} lasts to the end, so step {number} never holds. Give step {number - 1} a limit.",
                field=f"step_{number - 1}_until",
            )
        _check_rate(number, step, steps)
        limit = step.limit(original, to_date)
        if original and reached is not None and limit is not None and limit <= reached:
            raise Refused(
                f"Step {number} ends where step {number - 1} has ended already. Give it a higher limit.",
                field=f"step_{number}_until",
            )
        reached = limit


def _check_rate(number: int, step: RetainageStep, steps: tuple[RetainageStep, ...]) -> None:
    """What holds nothing never comes nearer to its limit: 0 % ends a scale, and stands nowhere else."""
    if step.until_percent == 0:
        words = f"Step {number} ends before anything is held. Give it a limit above 0."
        raise Refused(words, field=f"step_{number}_until")
    if step.rate:
        return
    if number == 1:
        words = "A scale that begins with 0 % never holds anything. Give step 1 a rate, or clear the scale and type 0 "
        raise Refused(f"{words}as the rate on work.", field="step_1_rate")
    if number < len(steps):
        words = f"Step {number} holds 0 %, so its limit is never reached and step {number + 1} never holds."
        raise Refused(f"{words} Give step {number} a rate, or make it the last.", field=f"step_{number}_rate")


def _write_scale(commitment: Commitment, steps: tuple[RetainageStep, ...]) -> None:
    commitment.scale_steps.all().delete()
    ScaleStep.objects.bulk_create(
        ScaleStep(
            commitment=commitment,
            position=position,
            rate=step.rate,
            until_percent=step.until_percent,
            basis=ScaleStep.Basis.ORIGINAL if step.basis is StepBasis.ORIGINAL else ScaleStep.Basis.REVISED,
            until_amount=step.until_amount,
        )
        for position, step in enumerate(steps, 1)
    )


def _write_own_rates(commitment: Commitment, rules: RetainageRules) -> None:
    changed = []
    for line in commitment.lines.all():
        rate = rules.own_rates.get(line.key)
        if line.retainage_rate != rate:
            line.retainage_rate = rate
            changed.append(line)
    ScheduleLine.objects.bulk_update(changed, ["retainage_rate"], batch_size=200)


def _words(commitment: Commitment) -> dict[str, str]:
    rules = rules_of(commitment)
    return {
        "retainage_rate": format_percent(commitment.retainage_rate),
        "holds_stored_retainage": str(commitment.holds_stored_retainage),
        "stored_retainage_rate": format_percent(commitment.stored_retainage_rate),
        "sliding scale": ", then ".join(map(str, rules.steps)),
    } | {f"{key} own retainage": format_percent(rate) for key, rate in rules.own_rates.items()}
