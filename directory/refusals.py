"""Why something was not done, in words for the person who asked. Actions raise these; pages show them."""

from collections.abc import Sequence


class NotAllowed(Exception):
    """The person may see this but not do it (P-8). `right` names what is missing, `helpers` who holds it.

    No kind of Refused: a page that shows refusals beside its fields lets this one pass, and the site answers it.
    """

    def __init__(self, right: str, *, helpers: Sequence[str] = ()):
        self.message = f"You can see this but not do that. It needs {right}."
        super().__init__(self.message)
        self.right = right
        self.helpers = list(helpers)


class Refused(Exception):
    """The request is understood and not carried out. `message` says why and what to do; `field` names the input."""

    status = 422

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.message = message
        self.field = field


class NotNow(Refused):
    """The state or a guard says no: it was possible before, or may be later."""

    status = 409


class Stale(Refused):
    """Someone else changed it in between (I-5); nothing was overwritten."""

    status = 409
