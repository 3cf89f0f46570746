"""What the tests of a directory's pages have in common: its Admin at a browser, and what a page says."""

import re

from django.test import Client
from django.urls import reverse

from directory.actions.grants import set_level
from directory.permissions import Level, Tool
from tests.factories import World, person
from tests.invoicing.pages import signed_in


def directory_admin(w: World, name: str = "Ada Min"):
    someone = person(name, w.company)
    set_level(someone, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    return someone


class AtDesk:
    """One of the company's people, signed in, going to pages of its directory by name."""

    def __init__(self, w: World, who):
        self.w, self.who, self.client = w, who, signed_in(who)

    def address(self, page: str, *more) -> str:
        return reverse(page, args=[self.w.company.slug, *more])

    def see(self, page: str, *more, query: str = "") -> str:
        answer = self.client.get(self.address(page, *more) + query)
        assert answer.status_code == 200
        return words_of(answer)

    def send(self, page: str, /, *more, **typed):
        return self.client.post(self.address(page, *more), typed)


def words_of(answer) -> str:
    """What a person reads in the middle of the page."""
    main = re.search(r"<main.*?</main>", answer.content.decode(), re.DOTALL)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def membership(who, w: World):
    return who.memberships.get(company=w.company)


def is_at_the_door(client: Client) -> bool:
    """Whether this browser has to sign in again."""
    return client.get("/me/").status_code == 302
