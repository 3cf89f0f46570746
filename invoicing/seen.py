"""Which commitments one of the company's own people may see, across projects: what lists of many projects go by."""

from django.db.models import Q

from directory.permissions import Level, Tool, objects_with_level, projects_visible_to
from invoicing.models import Commitment


def seen_commitments(person, prefix: str = "") -> Q:
    """P-2 for the company's own people, across projects; `prefix` leads to the commitment."""
    admin_of = objects_with_level(person, Tool.COMMITMENTS, Level.ADMIN)
    open_to_them = Q(**{f"{prefix}is_private": False}) | Q(**{f"{prefix}project__in": admin_of})
    listed = Q(**{f"{prefix}pk__in": Commitment.objects.filter(access_list=person).values("pk")})
    return Q(**{f"{prefix}project__in": projects_visible_to(person)}) & (open_to_them | listed)
