"""Taking the record away is an act itself, and written down (R124)."""

from directory.models import Event
from directory.permissions import Level, Tool, read_access


def take_away(company, which: str, *, by) -> Event:
    """Written before the first line leaves; events older than it are what is taken. `which`: the filters, in words."""
    read_access(by, company).require(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    return Event.objects.record("downloaded the record", company, by=by, changes={"filters": ["", which or "none"]})
