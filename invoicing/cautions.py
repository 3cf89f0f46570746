"""What people should know about a commitment before it costs them something: shown as findings, never in the way."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from directory.number_looks import number_skeleton
from invoicing.calculations.money import HUNDRED, format_amount, format_percent
from invoicing.calculations.retainage import RetainageStep, out_of_reach
from invoicing.models import Commitment

LONGEST_ELSEWHERE = 12


@dataclass(frozen=True)
class Caution:
    words: str
    remedy: str = ""


def cautions_about(commitment: Commitment, access) -> list[Caution]:
    """For the company's own people; the vendor's are told nothing of this."""
    if access.is_external:
        return []
    return [*_of_number(commitment, access), *_of_vendor(commitment)]


def _of_number(commitment: Commitment, access) -> list[Caution]:
    found = []
    if len(commitment.number) > LONGEST_ELSEWHERE:
        found.append(
            Caution(
                f"{commitment.number} has {len(commitment.number)} characters.",
                "Accounting takes 20, but other bridges cut it after 12: two numbers may become one there.",
            )
        )
    alike = _look_alikes(commitment, access)
    if alike:
        found.append(Caution(f"{commitment.number} reads like {alike}.", "Make sure that it is not the same contract."))
    return found


def _look_alikes(commitment: Commitment, access) -> str:
    """Those of the company whose numbers a reader takes for this one; by name only what this person may see (P-2)."""
    plain, seen = number_skeleton(commitment.number), Commitment.objects.visible_to(access)
    others = Commitment.objects.with_number_like(commitment.number).filter(company=commitment.company_id)
    others = others.exclude(pk=commitment.pk).annotate(is_seen=Exists(seen.filter(pk=OuterRef("pk"))))
    found = others.order_by("number").values_list("number", "is_seen")
    alike = [(number, is_seen) for number, is_seen in found if number_skeleton(number) == plain]
    if not alike:
        return ""
    named = [number for number, is_seen in alike if is_seen][:3]
    return ", ".join(named) if named else "the number of another commitment of the company"


def _of_vendor(commitment: Commitment) -> list[Caution]:
    vendor = commitment.vendor
    found = []
    if not vendor.is_active:
        found.append(
            Caution(
                f"{vendor.name} is deactivated in the directory.",
                "Until a Directory Admin reactivates it, only an Admin can bill, and no commitment can be approved.",
            )
        )
    at_hand = getattr(commitment, "vendor_change_waits", None)
    if vendor.changes.waiting().exists() if at_hand is None else at_hand:
        found.append(
            Caution(
                f"A change of the details of {vendor.name} waits for a call-back.",
                "Accounting can’t accept its invoices until a Directory Admin has verified or declined it.",
            )
        )
    return found


def cautions_about_scale(commitment: Commitment, steps: Sequence[RetainageStep]) -> list[Caution]:
    """That a step would last to the end, because its limit is more than is ever held (5.6)."""
    if not steps:
        return []
    found = out_of_reach(steps, commitment.original_contract_sum, commitment.contract_sum_to_date)
    if not found:
        return []
    step, most = found.step, format_amount(found.most)
    words = f"Step {found.number} ends once {format_amount(found.limit)} is held, but {most} is the most it comes to"
    remedy = "Give it a lower limit, or let it last to the end."
    if found.number == 1 and step.until_percent is not None:
        complete, part = format_percent(step.until_percent), format_percent(step.until_percent * step.rate / HUNDRED)
        remedy = f"People often mean {complete} % complete: that is {part} % held."
    then = "it never steps down" if found.number < len(steps) else "that limit is never reached"
    return [Caution(f"{words}: {then}.", remedy)]
