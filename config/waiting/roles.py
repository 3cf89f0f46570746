"""In which projects and companies somebody acts, and as what."""

from directory.models import Person
from directory.permissions import Level, Tool, objects_with_level, visible_projects


class Roles:
    """Which projects and companies this person acts in, and as what."""

    def __init__(self, person: Person):
        self.person = person
        vendors = dict(person.memberships.filter(is_active=True).values_list("company", "vendor"))
        self.is_contact = any(vendors.values())
        self.is_employed = any(vendor is None for vendor in vendors.values())
        visible = visible_projects(person, Tool.COMMITMENTS)
        self.projects = [each for each in visible if vendors.get(each.company_id, 0) is None]
        administered = {each.pk for each in visible_projects(person, Tool.COMMITMENTS, Level.ADMIN)}
        self.administered = [project for project in self.projects if project.pk in administered]
        self.accounting = list(objects_with_level(person, Tool.ERP_INTEGRATIONS, Level.READ_ONLY))
        standard = {each.pk for each in objects_with_level(person, Tool.ERP_INTEGRATIONS, Level.STANDARD)}
        pushing = set(person.privileges.live().values_list("company", flat=True))
        self.directing = list(objects_with_level(person, Tool.COMPANY_DIRECTORY, Level.ADMIN))
        self.linking = [company for company in self.accounting if company.pk in standard]
        self.approving = [company for company in self.accounting if company.pk in standard & pushing]
