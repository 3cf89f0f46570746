"""How strictly a company works: who may loosen it, that it takes a reason, and who hears of it (P-7)."""

from decimal import Decimal

import pytest

from directory.actions.companies import change_settings
from directory.actions.grants import set_level
from directory.models import Event, Mail
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, Refused
from tests.directory.directory_pages import AtDesk, directory_admin, words_of
from tests.factories import world

pytestmark = pytest.mark.django_db

STRICT = {
    "separate_submitter_and_approver": True,
    "separate_sender_and_accepter": True,
    "separate_raiser_and_approver": True,
    "second_approval_above": Decimal("50000"),
    "needs_second_factor": True,
    "insurance_policy": "block",
    "workers_comp_policy": "block",
    "lien_waiver_policy": "warn",
}
LOOSER = {
    "separate_submitter_and_approver": False,
    "separate_sender_and_accepter": False,
    "separate_raiser_and_approver": False,
    "second_approval_above": Decimal("50000.01"),
    "needs_second_factor": False,
    "insurance_policy": "warn",
    "workers_comp_policy": "ignore",
    "lien_waiver_policy": "ignore",
}


@pytest.fixture
def w():
    made = world()
    for name, value in STRICT.items():
        setattr(made.company, name, value)
    made.company.needs_second_factor = False  # the people of this test have none
    made.company.save()
    return made


@pytest.fixture
def ada(w):
    return AtDesk(w, directory_admin(w))


def sheet(company, **changed) -> dict:
    """What the page would send, as it stands."""
    names = ("name", "time_zone", *STRICT)
    values = {name: getattr(company, name) for name in names} | changed
    return {name: "on" if value is True else value for name, value in values.items() if value not in (False, None)}


@pytest.mark.parametrize("name", sorted(LOOSER))
def test_what_protects_less_needs_a_reason_is_one_event_and_is_mailed(w, name):
    type(w.company).objects.filter(pk=w.company.pk).update(needs_second_factor=True)
    boss = directory_admin(w)
    with pytest.raises(Refused) as refusal:
        change_settings(w.company, {name: LOOSER[name]}, by=boss, reason="  ")
    assert refusal.value.field == "reason"
    assert not Event.objects.about(w.company).filter(verb="changed the settings").exists()
    assert not Mail.objects.about(w.company).exists()
    change_settings(w.company, {name: LOOSER[name]}, by=boss, reason="A small job")
    event = Event.objects.about(w.company).first()
    assert (event.verb, event.by, event.reason) == ("changed the settings", boss, "A small job")
    assert list(event.changes) == [name] and event.changes[name][0] != event.changes[name][1]
    told = Mail.objects.about(w.company)
    assert {mail.to for mail in told} == {boss, w.owner}
    assert all("A small job" in mail.text and "was" in mail.text for mail in told)


@pytest.mark.parametrize("name", sorted(LOOSER))
def test_what_protects_more_needs_neither_reason_nor_mail(w, name):
    boss = directory_admin(w)
    change_settings(w.company, LOOSER, by=boss, reason="First looser")
    Mail.objects.all().delete()
    change_settings(w.company, {name: STRICT[name]}, by=boss)
    assert list(Event.objects.about(w.company).first().changes) == [name]
    assert not Mail.objects.exists()


def test_no_second_approval_at_all_is_looser_than_any_amount(w):
    with pytest.raises(Refused, match="protect less"):
        change_settings(w.company, {"second_approval_above": None}, by=w.owner)


def test_an_admin_of_the_directory_saves_the_page(w, ada):
    assert "What protects less than before needs a reason" in ada.see("company-settings")
    refused = ada.send("company-settings", **sheet(w.company, insurance_policy="ignore", name="Cascade & Sons"))
    assert refused.status_code == 422
    assert "Say why: “Expired insurance” would protect less than before" in words_of(refused)
    assert 'value="Cascade &amp; Sons"' in refused.content.decode(), "nothing typed is lost"
    w.company.refresh_from_db()
    assert (w.company.name, w.company.insurance_policy) == ("Cascade Builders", "block")
    typed = sheet(w.company, insurance_policy="ignore", second_approval_above="25,000.00", reason="Carrier is slow")
    assert ada.send("company-settings", **typed).status_code == 302
    w.company.refresh_from_db()
    assert (w.company.insurance_policy, w.company.second_approval_above) == ("ignore", Decimal("25000.00"))
    page = ada.see("company-settings")
    assert "Expired insurance: Block, unless an Admin says why not → Don&#x27;t look" in page
    assert "Carrier is slow" in page


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "Name: This field is required"),
        ({"time_zone": "Mars/Olympus"}, "Time zone: Select a valid choice"),
        ({"second_approval_above": "-1"}, "Second approval above: Ensure this value is greater"),
        ({"second_approval_above": "a lot"}, "Second approval above: Enter a number"),
        ({"second_approval_above": "1e30"}, "Second approval above: Ensure"),
        ({"insurance_policy": "shrug"}, "Expired insurance: Select a valid choice"),
    ],
)
def test_a_wrong_entry_is_told_beside_its_field(w, ada, wrong, says):
    answer = ada.send("company-settings", **sheet(w.company) | wrong)
    assert answer.status_code == 422 and says in words_of(answer)


def test_saving_without_a_change_writes_no_event(w, ada):
    assert ada.send("company-settings", **sheet(w.company)).status_code == 302
    assert not Event.objects.filter(verb="changed the settings").exists()


def test_more_than_the_form_asks_for_changes_nothing_more(w, ada):
    """R72, R73."""
    slug, other = w.company.slug, world("Harbor Works").company
    more = {"slug": "mine", "id": other.pk, "company": other.pk, "pk": other.pk}
    assert ada.send("company-settings", **sheet(w.company, name="Cascade and Sons"), **more).status_code == 302
    w.company.refresh_from_db()
    other.refresh_from_db()
    assert (w.company.name, w.company.slug, other.name) == ("Cascade and Sons", slug, "Harbor Works")


@pytest.mark.parametrize("level", [Level.NONE, Level.READ_ONLY, Level.STANDARD])
def test_nobody_below_admin_changes_a_setting(w, level):
    set_level(w.reader, Tool.COMPANY_DIRECTORY, w.company, level, by=w.owner)
    with pytest.raises(NotAllowed):
        change_settings(w.company, {"name": "Mine"}, by=w.reader)
    with pytest.raises(NotAllowed):
        change_settings(w.company, {"name": "Mine"}, by=directory_admin(world("Harbor Works")))
