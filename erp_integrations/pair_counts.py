"""How far every pair of a company is linked, in as many queries for a large company as for a small one."""

from django.db.models import Count, IntegerField, Subquery, Value
from django.db.models.functions import Coalesce

from directory.models import Company
from erp_integrations.pairing import COST_TYPES, PAIRS, Pair, Standing


def standings(company: Company) -> list[tuple[Pair, Standing]]:
    """In the order in which they are linked: vendors first, lines last."""
    counted = {pair.slug: pair for pair in PAIRS.values() if pair is not COST_TYPES}
    numbers = {}
    for slug, pair in counted.items():
        name = slug.replace("-", "_")
        needed = pair.all_ours(company).filter(pair.needed()).select_related(None).order_by()
        numbers[f"{name}_needed"] = _number_of(needed)
        numbers[f"{name}_gaps"] = _number_of(needed.filter(pair.gap()))
    row = Company.objects.filter(pk=company.pk).values(**numbers).get()
    found = {COST_TYPES.slug: COST_TYPES.standing(company)}
    for slug in counted:
        name = slug.replace("-", "_")
        found[slug] = Standing(row[f"{name}_needed"] - row[f"{name}_gaps"], row[f"{name}_needed"])
    return [(pair, found[slug]) for slug, pair in PAIRS.items()]


def _number_of(rows) -> Coalesce:
    counted = rows.annotate(all_of_them=Value(1)).values("all_of_them").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
