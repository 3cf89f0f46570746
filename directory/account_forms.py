"""What people type about their own login."""

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password

from directory import sign_ins


class WelcomeForm(forms.Form):
    """The first password of a login."""

    password = forms.CharField(
        label="Choose a password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=" ".join(password_validators_help_texts()),
    )

    def __init__(self, person, data=None):
        super().__init__(data)
        self.person = person

    def clean_password(self) -> str:
        validate_password(self.cleaned_data["password"], self.person)
        return self.cleaned_data["password"]


class EmailForm(forms.Form):
    email = forms.EmailField(
        label="New e-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="You sign in with it, and get your mail there, once it is confirmed from both addresses.",
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=12,
        help_text="Six digits. It is good for ten minutes.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, request, data=None):
        super().__init__(data)
        self.request = request

    def clean_code(self) -> str:
        if not sign_ins.is_right_code(self.request, self.cleaned_data["code"]):
            raise forms.ValidationError("That code is not right. Look again, or ask for a new one.")
        return self.cleaned_data["code"]
