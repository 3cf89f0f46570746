"""Passwords that anybody would try first at this site: its own words with little around them (ASVS 6.1.2, 6.2.11)."""

import re

from django.core.exceptions import ValidationError

from directory.models import Company

WORDS = (
    "accounting", "billing", "builders", "construction", "contractor", "invoices", "invoice", "password", "payables",
    "plumbline", "project", "retainage", "sage", "subcontractor", "welcome",
)  # fmt: skip
LEAST_OF_ONES_OWN = 5  # letters beside such words
NO_LETTERS = re.compile(r"[\W\d_]+")
REFUSED = "This password is made of words that anybody would try here first. Choose other words, several of them."


class NotOfThisPlace:
    """As AUTH_PASSWORD_VALIDATORS asks for it. Words of this trade and the names of the companies count for nothing."""

    def validate(self, password: str, user=None) -> None:
        letters = NO_LETTERS.sub("", password.casefold())
        left = letters
        for word in sorted({*WORDS, *_names_of_companies()}, key=len, reverse=True):
            left = left.replace(word, "")
        if left != letters and len(left) < LEAST_OF_ONES_OWN:
            raise ValidationError(REFUSED, code="password_of_this_place")

    def get_help_text(self) -> str:
        return "Not the words of your trade or the name of your company alone."


def _names_of_companies() -> set[str]:
    """Each word of four letters and more."""
    names = Company.objects.values_list("name", flat=True)
    return {word for name in names for word in NO_LETTERS.sub(" ", name.casefold()).split() if len(word) >= 4}
