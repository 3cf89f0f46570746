"""A page that a POST draws at another address than its own, such as one that a refusal stands on.

There a link like “?page=2”, and a form without an action, lead to where was posted: to a 405, or to another page.
"""

from urllib.parse import urlsplit

from directory.ways_back import can_be_looked_at
from tests.journeys.pages import Element, Page

LOOKS = ("href", "hx-get")
SENDS = ("action", "formaction", "hx-post")


def astray(answer) -> list[Element]:
    """What of this page leads to where it was drawn, instead of to where it belongs."""
    drawn_at = answer.request["PATH_INFO"]
    page = Page(answer.content.decode())
    return [each for each in page.elements if _is_astray(each, drawn_at)]


def _is_astray(element: Element, drawn_at: str) -> bool:
    attrs = element.attrs
    if element.tag == "form" and not attrs.get("action"):
        return True
    looked_at = [attrs[name] for name in LOOKS if name in attrs]
    if element.tag == "form" and attrs.get("method", "get").lower() == "get":
        looked_at.append(attrs["action"])
    if any(to.startswith("?") for to in (*looked_at, *(attrs[name] for name in SENDS if name in attrs))):
        return True
    return not can_be_looked_at(drawn_at) and any(urlsplit(to).path == drawn_at for to in looked_at)
