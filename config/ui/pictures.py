"""Small drawings with their meaning in words beside them: a picture is not a figure."""

from decimal import Decimal

from django import template

from config.ui.figures import exact
from config.ui.statuses import STATUSES, look_of
from invoicing.calculations.money import round_half_up
from invoicing.labels import STAGES_ONWARDS
from invoicing.models import Invoice, InvoiceStatus

register = template.Library()


@register.inclusion_tag("components/bar.html")
def bar(done: Decimal | int, total: Decimal | int, label: str, tone: str = "info") -> dict:
    """A thin drawn bar with its meaning in words beside it: `{% bar 9 14 "9 of 14 billed" %}`."""
    return {"width": share(done, total), "label": label, "tone": tone}


STAGES = (
    "To answer or start",
    "Entering",
    InvoiceStatus.UNDER_REVIEW.label,
    InvoiceStatus.APPROVED.label,
    *STAGES_ONWARDS.values(),
)


@register.inclusion_tag("components/stages.html")
def stages(reached: int, state: str = "") -> dict:
    """How far a bill is, from asked (1) to confirmed in Sage (7), by its state: `{% stages 3 bill.status %}`."""
    look = look_of(state, is_export=False)
    parts = [{"x": number * 19, "is_done": number < reached} for number in range(len(STAGES))]
    label = f"Step {reached} of {len(STAGES)}: {STAGES[reached - 1]}"
    return {"parts": parts, "width": len(STAGES) * 19 - 3, "tone": look.tone, "label": label}


@register.inclusion_tag("components/stages.html")
def stages_of(bill: Invoice) -> dict:
    """How far a bill is that was sent."""
    if bill.stage_in_erp:
        return stages(5 + list(STAGES_ONWARDS).index(bill.stage_in_erp), bill.status)
    return stages(4 if bill.is_certified else 3, bill.status)


@register.inclusion_tag("components/money_picture.html")
def money_picture(parts: list[dict], label: str) -> dict:
    """Amounts of one whole side by side. `parts`: dicts of label, amount and tone.

    What is above zero is the full width; a part below has its figure and no room.
    """
    total = sum((max(exact(part["amount"]), Decimal(0)) for part in parts), Decimal(0))
    drawn, at = [], Decimal(0)
    for part in parts:
        width = share(part["amount"], total)
        drawn.append({**part, "x": at, "width": width})
        at += width
    return {"parts": drawn, "label": label}


@register.inclusion_tag("components/state_bar.html", takes_context=True)
def state_bar(context: template.Context, tabs: list, total: int, chosen: str, here: str, label: str = "States") -> dict:
    """Counted states as a bar with links: `{% state_bar tabs all chosen here %}`. `here` is the list's address.

    Two neighbours of one tone are told apart: every other one of them is faint.
    """
    parts, at = [], Decimal(0)
    for tab in tabs:
        look, width = STATUSES[tab.state], share(tab.count, total)
        is_faint = bool(parts) and parts[-1]["tone"] == look.tone and not parts[-1]["is_faint"]
        part = {"state": tab.state, "label": look.label, "count": tab.count, "tone": look.tone, "is_faint": is_faint}
        parts.append(part | {"x": at, "width": width, "url": here + _address(context, state=tab.state)})
        at += width
    return {
        "parts": parts,
        "total": total,
        "chosen": chosen,
        "label": label,
        "all_url": here + _address(context, state=None),
    }


def _address(context: template.Context, **changed) -> str:
    """The rest of this page's address with other filters, from the first page on."""
    query = context["request"].GET.copy()
    for name, value in ({"after": None, "before": None} | changed).items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    return f"?{query.urlencode()}" if query else ""


def share(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """Percent of the whole for drawing, kept between 0 and 100: a picture is not a figure."""
    if not whole:
        return Decimal(0)
    return round_half_up(min(max(exact(part) * 100 / exact(whole), Decimal(0)), Decimal(100)), 2)


@register.inclusion_tag("components/steps.html")
def steps(names: str | list[str], current: int, stopped: bool = False) -> dict:
    """Where something is on its way: `{% steps "Accepted|Building|Ready" 2 %}`. Past the last means all are done."""
    listed = names.split("|") if isinstance(names, str) else names
    state = {True: "stopped" if stopped else "now"}
    return {
        "steps": [
            {"name": name, "state": state.get(number == current, "done" if number < current else "")}
            for number, name in enumerate(listed, start=1)
        ]
    }
