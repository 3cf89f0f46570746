"""A reason is read by people for years: what nobody can see is refused wherever one is typed (R107)."""

from importlib import import_module

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms import BaseForm

OURS = ("config", "directory", "invoicing", "erp_integrations")
import_module(settings.ROOT_URLCONF)  # and so every view with its forms, the site owner's too


def forms_below(kind: type) -> set[type]:
    below = set(kind.__subclasses__())
    return below.union(*map(forms_below, below))


ASKING = sorted(
    (form for form in forms_below(BaseForm) if form.__module__.split(".")[0] in OURS and "reason" in form.base_fields),
    key=lambda form: (form.__module__, form.__qualname__),
)


def test_the_forms_that_ask_for_a_reason_are_found():
    apps = {form.__module__.split(".")[0] for form in ASKING}
    assert apps == {"directory", "invoicing", "erp_integrations"} and len(ASKING) > 20


@pytest.mark.parametrize("form", ASKING, ids=lambda form: f"{form.__module__}.{form.__qualname__}")
def test_a_reason_holds_nothing_unseen(form):
    reason = form.base_fields["reason"]
    with pytest.raises(ValidationError, match="U\\+202E"):
        reason.clean("Wrong\u202eamount")
    assert reason.clean(" Wrong amount ") == "Wrong amount"
