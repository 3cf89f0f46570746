"""A reason is read by people for years: what nobody can see is refused wherever one is typed (R107)."""

import pytest
from django.core.exceptions import ValidationError

from directory.admin import privilege_forms
from directory.company_forms import SettingsForm
from directory.people_forms import MoveForm, ReasonForm
from directory.privilege_forms import AskForm
from erp_integrations import forms

REASONS = [
    AskForm,
    SettingsForm,
    MoveForm,
    ReasonForm,
    privilege_forms.GrantRequestForm,
    privilege_forms.DeclineForm,
    privilege_forms.WithdrawForm,
    forms.RejectForm,
    forms.VoidForm,
    forms.CancelForm,
    forms.CorrectRecordForm,
]


@pytest.mark.parametrize("form", REASONS, ids=lambda form: form.__name__)
def test_a_reason_holds_nothing_unseen(form):
    reason = form.base_fields["reason"]
    with pytest.raises(ValidationError, match="U\\+202E"):
        reason.clean("Wrong\u202eamount")
    assert reason.clean(" Wrong amount ") == "Wrong amount"
