"""Setting how a company exports to Sage: what may be sent, the usual accounts and terms, the layout of its files."""

from collections.abc import Mapping

from django.db import transaction

from directory.models import Company, Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, Refused, Stale
from directory.refused_faults import faults_refused
from erp_integrations.models import ErpSettings, ImportLayout
from erp_integrations.permissions import SET_UP_RIGHT, may_set_up
from erp_integrations.sage100.accounts import why_not_a_pair

FIELDS = (
    "sage_company_name",
    "layout",
    "sendable",
    "default_status",
    "terms_days",
    "subcontract_account",
    "subcontract_sub_account",
    "purchase_order_account",
    "purchase_order_sub_account",
    "over_remaining",
    "tax_is_inside_amounts",
    "is_canadian",
    "closed_days",
)


@transaction.atomic
def change(company: Company, wanted: Mapping[str, object], *, by, version: int) -> ErpSettings:
    """Set some of FIELDS, `layout` by its key; one event with old and new, none if nothing changed.

    Raises Stale when somebody saved since `version`.

    What is set counts for whatever is sent or accepted from now on. A batch that was accepted and is not built yet
    goes back to the queue if it would come out otherwise (S60); built files stay as they are (E-2).
    """
    require_set_up(company, by)
    settings = ErpSettings.held_for(company)
    if settings.version != version:
        raise Stale("Somebody saved these settings while you had them open.")
    before = told(settings)
    for name in FIELDS:
        if name in wanted and name != "layout":
            setattr(settings, name, wanted[name])
    if "layout" in wanted:
        settings.layout = layout_of(company, str(wanted["layout"]))
    _must_fit(settings)
    after = told(settings)
    changes = {name: [before[name], after[name]] for name in FIELDS if before[name] != after[name]}
    if not changes:
        return settings
    settings.version += 1
    settings.save(update_fields=[*FIELDS, "version"])
    Event.objects.record("changed the ERP settings", settings, by=by, changes=changes)
    return settings


def require_set_up(company: Company, by) -> None:
    if not may_set_up(read_access(by, company)):
        raise NotAllowed(SET_UP_RIGHT)


def layout_of(company: Company, key: str) -> ImportLayout:
    """The company's own layout of this key, for a change of what follows it."""
    found = [layout for layout in ImportLayout.objects.filter(company=company) if layout.key == key]
    if not found:
        raise Refused("There is no such layout any more. Choose another one.", field="layout")
    return found[0]


def _must_fit(settings: ErpSettings) -> None:
    if problems := settings.layout.as_layout().problems():
        raise Refused(f"{settings.layout} can't be used yet. {problems[0]}", field="layout")
    for kind in ("subcontract", "purchase_order"):
        number, sub_account = getattr(settings, f"{kind}_account"), getattr(settings, f"{kind}_sub_account")
        if why := why_not_a_pair(number, sub_account):
            raise Refused(why, field=f"{kind}_account")
    with faults_refused():
        settings.clean_fields(exclude=["company", "layout"])


def told(settings: ErpSettings) -> dict[str, str]:
    """As an event keeps it."""
    return {name: str(getattr(settings, name)).replace("\n", ", ") for name in FIELDS}
