"""The answer to an Invite to Bill, and passing it on."""

from django import forms

from directory.models import Person

ACCEPT, DECLINE, TAKE_BACK, PASS_ON = "accept", "decline", "take_back", "pass_on"
TEAM = "team"


class AnswerForm(forms.Form):
    answer = forms.ChoiceField(
        choices=[
            (ACCEPT, "We will bill"),
            (DECLINE, "Nothing to bill"),
            (TAKE_BACK, "Take the answer back"),
            (PASS_ON, "Not me"),
        ],
        error_messages={"required": "Press one of the buttons."},
    )
    words = forms.CharField(
        label="Why there is nothing to bill",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The project team sees it.",
    )


class PassOnForm(forms.Form):
    """`people`: those of the vendor whom it may be passed on to; anybody else is for the project team to find."""

    to = forms.ChoiceField(label="Who is right?", error_messages={"required": "Choose who is right."})
    words = forms.CharField(
        label="Words to go with it",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For somebody else: their name, and how to reach them.",
    )

    def __init__(self, people, data=None, *, initial=None):
        super().__init__(data, prefix="pass", initial=initial)
        self.people = {str(person.pk): person for person in people}
        words = {key: f"{each.name}, {each.email}" for key, each in self.people.items()}
        named = [(key, words[key]) for key, each in self.people.items() if each.is_contact]
        others = [(key, f"{words[key]}: the project team decides") for key in words if not self.people[key].is_contact]
        self.fields["to"].choices = [("", "Choose"), *named, *others, (TEAM, "Somebody else: tell the project team")]

    @property
    def chosen(self) -> Person | None:
        return self.people.get(self.cleaned_data["to"])
