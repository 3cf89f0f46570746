"""What people should know about a commitment before it costs them something: shown as findings, never in the way."""

from dataclasses import dataclass

from directory.lookalikes import number_skeleton
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
                "Sage takes 20, but other bridges cut it after 12: two numbers may become one there.",
            )
        )
    alike = _look_alikes(commitment, access)
    if alike:
        found.append(Caution(f"{commitment.number} reads like {alike}.", "Make sure that it is not the same contract."))
    return found


def _look_alikes(commitment: Commitment, access) -> str:
    """Those of the company whose numbers a reader takes for this one; by name only what this person may see (P-2)."""
    plain = number_skeleton(commitment.number)
    others = Commitment.objects.filter(company=commitment.company_id).exclude(pk=commitment.pk)
    alike = [pk for pk, number in others.values_list("pk", "number") if number_skeleton(number) == plain]
    if not alike:
        return ""
    seen = list(Commitment.objects.visible_to(access).filter(pk__in=alike).values_list("number", flat=True)[:3])
    return ", ".join(seen) if seen else "the number of another commitment of the company"


def _of_vendor(commitment: Commitment) -> list[Caution]:
    vendor = commitment.vendor
    found = []
    if not vendor.is_active:
        found.append(
            Caution(
                f"{vendor.name} is deactivated in the directory.",
                "It can’t be approved or billed until a Directory Admin reactivates the vendor.",
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
