"""In which projects and companies somebody acts, and as what."""

from directory.models import Person
from directory.permissions import Level, Tool
from directory.reach import Reach


class Roles:
    """Which projects and companies this person acts in, and as what."""

    def __init__(self, person: Person):
        self.person, reach = person, Reach.of(person)
        self.is_contact, self.is_employed, self.is_asked = reach.is_contact, reach.is_employed, reach.is_asked
        own = set(reach.employers)
        self.projects = [each for each in reach.projects_with(Tool.COMMITMENTS) if each.company in own]
        self.administered = [each for each in reach.projects_with(Tool.COMMITMENTS, Level.ADMIN) if each.company in own]
        self.accounting = reach.companies_with(Tool.ERP_INTEGRATIONS)
        self.linking = reach.companies_with(Tool.ERP_INTEGRATIONS, Level.STANDARD)
        self.approving = [company for company in self.linking if company.pk in reach.pushing]
        self.directing = reach.companies_with(Tool.COMPANY_DIRECTORY, Level.ADMIN)
