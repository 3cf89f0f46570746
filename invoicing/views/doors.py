"""A second look inside a view: pages for the project's own invoice administrators only."""

from directory.permissions import Level, Tool, names_with_level
from directory.refusals import NotAllowed
from invoicing.permissions import ADMIN_RIGHT, is_project_admin


def must_administer(access) -> None:
    """Raises NotAllowed unless this is one of the company's own people with Admin on Commitments (1.2)."""
    if not is_project_admin(access):
        helpers = names_with_level(access.project, Tool.COMMITMENTS, Level.ADMIN)
        raise NotAllowed(ADMIN_RIGHT, helpers=helpers)
