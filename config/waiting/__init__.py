"""What waits for one person, across their projects and companies: the lists of the first page. Constant in queries."""

from config.waiting.accounting import add_accounting
from config.waiting.directories import add_directories
from config.waiting.projects import add_projects
from config.waiting.roles import Roles
from config.waiting.set_up import add_set_up
from config.waiting.site import add_site
from config.waiting.tasks import Waiting
from invoicing.models import BillingPeriod


def waiting_for(roles: Roles, period: BillingPeriod | None = None) -> Waiting:
    """With `period`, what is of that one alone: nothing else belongs to a period."""
    found = Waiting()
    if roles.administered:
        add_projects(found, roles.administered, period)
    if period:
        return found
    for company in roles.accounting:
        add_accounting(found, company, roles.person, may_answer=company in roles.approving)
    for company in roles.linking:
        add_set_up(found, company)
    if roles.directing:
        add_directories(found, roles)
    if roles.person.is_superuser:
        add_site(found)
    return found
