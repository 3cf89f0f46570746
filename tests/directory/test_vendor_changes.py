"""Name, contact and remit-to of a vendor change after somebody else has called them, or not at all (R81)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from directory.actions import people, vendor_changes, vendors
from directory.actions.vendors import Details
from directory.audiences import no_longer_meant
from directory.models import Event, Mail, Vendor, VendorChange
from directory.notifications import deliver
from directory.permissions import Level
from directory.refusals import NotAllowed, NotNow, Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports
from erp_integrations.models import ExportBatch
from tests.directory.test_vendors import at, directory_person, typed
from tests.erp_integrations.pages import accept_data, queue_url, text_of
from tests.erp_integrations.world import ACCOUNTING_DATE, sage_world
from tests.factories import world

pytestmark = pytest.mark.django_db

CALL = {"called_number": "775 555 0100", "spoke_with": "Lee Park"}


@pytest.fixture
def w():
    w = world()
    w.vendor.email, w.vendor.phone = "office@acme.example", "775 555 0100"
    w.vendor.save()
    return w


@pytest.fixture
def dora(w):
    return directory_person(w, "Dora Admin", Level.ADMIN)


@pytest.fixture
def sean(w):
    return directory_person(w, "Sean Second", Level.ADMIN)


def signed_in(who) -> Client:
    client = Client()
    client.force_login(who)
    return client


def asked(w, by, **new) -> VendorChange:
    details = Details.of(w.vendor)
    wanted = Details(**{name: new.get(name, getattr(details, name)) for name in Details.__dataclass_fields__})
    return vendors.change(w.vendor, wanted, by=by, reason="Their letter of Monday")


def verified(change, by, **other):
    return vendor_changes.verify(change, by=by, **CALL | {"called_at": timezone.now()} | other)


@pytest.mark.parametrize("field", Vendor.PROTECTED)
def test_none_of_the_four_changes_directly(w, dora, field):
    before = getattr(w.vendor, field)
    change = asked(w, dora, **{field: "new@acme.example"})
    w.vendor.refresh_from_db()
    assert getattr(w.vendor, field) == before and w.vendor.details_changed_at is None
    assert change.changes == {field: [before, "new@acme.example"]}


def test_the_vendor_is_told_at_the_old_and_the_new_address_and_the_others_are_asked_to_call(w, dora, sean):
    asked(w, dora, email="new@acme.example", remit_to="PO Box 666")
    told = {mail.address or mail.to.email for mail in Mail.objects.about(w.vendor)}
    assert told == {w.contact.email, "office@acme.example", "new@acme.example", sean.email}
    for mail in Mail.objects.about(w.vendor).exclude(to=sean):
        assert mail.reply_to == sean.email, "an answer reaches somebody who did not ask for it"
        assert "666" not in mail.text and "new@acme" not in mail.text
        assert "e-mail and remit-to address" in mail.text


def test_a_mail_to_an_address_goes_there_and_not_to_the_asker(w, dora, mailoutbox):
    asked(w, dora, email="new@acme.example")
    for mail in Mail.objects.about(w.vendor):
        deliver(mail.pk)
    assert ["new@acme.example"] in [sent.to for sent in mailoutbox]
    assert [dora.email] not in [sent.to for sent in mailoutbox]


def test_verified_by_another_it_is_in_force_with_the_call_on_record(w, dora, sean):
    change = verified(asked(w, dora, phone="775 555 0777"), sean)
    w.vendor.refresh_from_db()
    assert w.vendor.phone == "775 555 0777" and w.vendor.details_are_new
    event = Event.objects.about(w.vendor).first()
    assert event.verb == "verified the change of details" and event.by == sean
    assert event.changes["phone"] == ["775 555 0100", "775 555 0777"]
    assert event.changes["spoke with"] == ["", "Lee Park"]
    assert (change.called_number, change.state) == ("775 555 0100", "verified")


def test_the_asker_verifies_and_declines_nothing_of_their_own(w, dora, sean):
    change = asked(w, dora, name="Acme Concrete Works")
    for act in (
        lambda: verified(change, dora),
        lambda: vendor_changes.decline(change, by=dora, note="My own"),
    ):
        with pytest.raises(NotNow, match="somebody else calls Acme Concrete: Sean Second"):
            act()
    client = signed_in(dora)
    page = client.get(at(w, "vendor", w.vendor.pk)).content.decode()
    assert "another Admin on Directory calls" in page and "I called them" not in page
    data = CALL | {"called_at": timezone.localtime(timezone=w.company.zone).strftime("%Y-%m-%dT%H:%M")}
    answer = client.post(at(w, "vendor-verify", w.vendor.pk), data)
    assert answer.status_code == 422 and "You asked for this change" in answer.content.decode()
    with pytest.raises(DatabaseError), transaction.atomic():
        VendorChange.objects.update(
            state="verified", answered_by=dora, answered_at=timezone.now(), called_at=timezone.now(), **CALL
        )
    change.refresh_from_db()
    assert change.state == "waiting"


def test_the_database_takes_no_verified_change_without_its_call(w, dora, sean):
    asked(w, dora, name="Acme Concrete Works")
    with pytest.raises(DatabaseError), transaction.atomic():
        VendorChange.objects.update(state="verified", answered_by=sean, answered_at=timezone.now())


def test_who_has_no_admin_on_the_directory_answers_nothing(w, dora):
    change = asked(w, dora, name="Acme Concrete Works")
    for someone in (w.admin, directory_person(w, "Stan Dard", Level.STANDARD)):
        with pytest.raises(NotAllowed):
            verified(change, someone)


@pytest.mark.parametrize(
    "call, field",
    [
        ({"called_number": "775-555-0777"}, "called_number"),  # the number the change brings
        ({"called_number": "none"}, "called_number"),
        ({"spoke_with": " "}, "spoke_with"),
        ({"called_at": timedelta(hours=-2)}, "called_at"),  # before it was asked for
        ({"called_at": timedelta(hours=1)}, "called_at"),
        ({"called_at": timedelta(days=-15)}, "called_at"),
    ],
)
def test_a_call_that_proves_nothing_is_refused(w, dora, sean, call, field):
    change = asked(w, dora, phone="(775) 555-0777")
    if "called_at" in call:
        call = {"called_at": timezone.now() + call["called_at"]}
    with pytest.raises(Refused) as refused:
        verified(change, sean, **call)
    assert refused.value.field == field
    w.vendor.refresh_from_db()
    assert w.vendor.phone == "775 555 0100"


def test_declined_with_a_note_it_never_takes_effect(w, dora, sean):
    change = asked(w, dora, email="new@acme.example")
    with pytest.raises(Refused, match="Say why"):
        vendor_changes.decline(change, by=sean, note="")
    answer = signed_in(sean).post(at(w, "vendor-decline", w.vendor.pk), {"note": "They know nothing of it"})
    assert answer.status_code == 302
    w.vendor.refresh_from_db()
    assert w.vendor.email == "office@acme.example" and not w.vendor.details_are_new
    with pytest.raises(NotNow, match="answered it already"):
        verified(change, sean)


def test_one_change_waits_at_a_time_and_holds_a_deactivation_up(w, dora):
    asked(w, dora, email="new@acme.example")
    with pytest.raises(NotNow, match="Another change"):
        asked(w, dora, phone="775 555 0777")
    with pytest.raises(NotNow, match="waits for a call-back"):
        vendors.deactivate(w.vendor, by=dora, reason="Gone")


def test_a_change_without_its_origin_is_refused_and_nothing_is_lost(w, dora):
    data = typed(name=w.vendor.name, email="new@acme.example", phone=w.vendor.phone, number="V-8")
    answer = signed_in(dora).post(at(w, "vendor-edit", w.vendor.pk), data)
    assert answer.status_code == 422 and "where this change comes from" in answer.content.decode()
    w.vendor.refresh_from_db()
    assert w.vendor.number == "", "not half of it either"


def test_a_name_taken_meanwhile_is_not_taken_twice(w, dora, sean):
    change = asked(w, dora, name="Northern Works")
    vendors.enter(w.company, Details("Northern Works"), by=sean)
    with pytest.raises(NotNow, match="Another vendor is called"):
        verified(change, sean)


def test_an_answered_change_has_no_page_any_more(w, dora, sean):
    verified(asked(w, dora, email="new@acme.example"), sean)
    for name in ("vendor-verify", "vendor-decline"):
        assert signed_in(sean).get(at(w, name, w.vendor.pk)).status_code == 404


# What it means for accounting


def test_no_invoice_of_it_is_accepted_until_another_has_called_and_then_with_a_tick():
    """R81, through the pages: change, accept refused, verified by another, accept with a tick."""
    sage = sage_world()
    base = sage.base
    dora, sean = (directory_person(base, name, Level.ADMIN) for name in ("Dora Admin", "Sean Second"))
    export, url = sage.sent(), queue_url(sage.company, "accept/")
    approver = signed_in(sage.approver)
    page = approver.get(url, {"export": export.pk})
    vendor = base.vendor
    data = {"name": vendor.name, "remit_to": "PO Box 666", "reason": "A letter"}
    assert signed_in(dora).post(at(base, "vendor-edit", vendor.pk), data).status_code == 302

    assert "1 blocking" in text_of(approver.get(queue_url(sage.company)))
    shown = text_of(approver.get(reverse("erp-export", args=[sage.company.slug, export.pk])))
    assert f"A change of the details of {vendor.name} waits" in shown and "R81" in shown
    refused = approver.post(url, accept_data(page, export))
    assert f"A change of the details of {vendor.name} waits" in text_of(refused)
    assert "calls" in text_of(refused) and not ExportBatch.objects.exists()
    with pytest.raises(Refused, match="R81.*verifies or declines"):
        batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=sage.warnings(export))
    with pytest.raises(Refused, match="R81"):
        exports.send_one(sage.approved(), by=sage.sender)

    now = timezone.localtime(timezone=sage.company.zone).strftime("%Y-%m-%dT%H:%M")
    call = CALL | {"called_at": now}
    assert signed_in(sean).post(at(base, "vendor-verify", vendor.pk), call).status_code == 302
    with pytest.raises(Refused, match="R81: The details of"):
        batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=())
    page = approver.get(url, {"export": export.pk})
    assert "less than 5 days ago" in text_of(page)
    approver.post(url, accept_data(page, export))
    assert ExportBatch.objects.count() == 1


def test_after_five_days_nobody_has_to_look_twice():
    sage = sage_world()
    export = sage.sent()
    sage.base.vendor.details_changed_at = timezone.now()
    sage.base.vendor.save()
    assert "R81" in sage.rules_of(export)
    with time_machine.travel(timezone.now() + timedelta(days=5, seconds=1), tick=False):
        assert "R81" not in sage.rules_of(export)


def test_a_second_change_asks_for_a_second_tick():
    sage = sage_world()
    export = sage.sent()
    vendor = sage.base.vendor
    ticks = []
    for hour in (1, 2):
        vendor.details_changed_at = timezone.now() - timedelta(hours=hour)
        vendor.save()
        ticks.append(set(sage.warnings(export)))
    assert ticks[0] != ticks[1]


def test_a_change_of_another_vendor_holds_nobody_up():
    sage = sage_world()
    dora = directory_person(sage.base, "Dora Admin", Level.ADMIN)
    other = vendors.enter(sage.company, Details("Bolt Electric"), by=dora)
    vendors.change(other, Details("Bolt Electric", email="new@bolt.example"), by=dora, reason="A letter")
    assert "R81" not in sage.rules_of(sage.sent())


def test_what_was_accepted_before_is_built_as_it_was_accepted():
    sage = sage_world()
    batch = sage.accepted()
    dora = directory_person(sage.base, "Dora Admin", Level.ADMIN)
    details = Details(sage.base.vendor.name, email="new@acme.example")
    vendors.change(sage.base.vendor, details, by=dora, reason="A letter")
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.has_file


@pytest.mark.django_db(transaction=True)
def test_between_the_check_and_the_commit_of_an_acceptance_nobody_asks_for_a_change():
    """On PostgreSQL the second one waits for the vendor's row; SQLite has one writer at a time anyway."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has two writers at once")
    sage = sage_world()
    dora = directory_person(sage.base, "Dora Admin", Level.ADMIN)
    export = sage.sent()

    def ask_meanwhile() -> str:
        try:
            with transaction.atomic():
                connection.cursor().execute("SET LOCAL lock_timeout = '300ms'")
                details = Details(sage.base.vendor.name, email="new@acme.example")
                vendors.change(sage.base.vendor, details, by=dora, reason="A letter")
        except OperationalError as waited:
            return str(waited)
        finally:
            connection.close()
        return "asked"

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        sage.accepted(export)
        assert "lock timeout" in other.submit(ask_meanwhile).result()


def test_the_vendor_is_warned_although_whoever_asked_left_before_the_mail_went(w, dora, sean):
    """R81, R97: the fraud this is for is an insider's."""
    vendors.change(w.vendor, Details("Acme Concrete", email="new@evil.example"), by=dora, reason="A letter")
    people.deactivate_membership(dora.memberships.get(), by=sean, reason="Dismissed")
    warnings = Mail.objects.exclude(address="")
    assert {mail.address for mail in warnings} == {"office@acme.example", "new@evil.example"}
    assert not any(no_longer_meant(mail) for mail in warnings)


# The site owner's pages


def test_the_admin_shows_the_four_and_changes_the_rest_through_the_same_act(w):
    site = signed_in(w.owner)
    address = reverse("admin:directory_vendor_change", args=[w.vendor.pk])
    page = site.get(address).content.decode()
    assert 'name="number"' in page
    assert not [name for name in (*Vendor.PROTECTED, "is_active") if f'name="{name}"' in page]
    site.post(address, {"number": "V-5", "name": "Mine", "email": "mine@example.com", "remit_to": "PO Box 666"})
    w.vendor.refresh_from_db()
    assert (w.vendor.number, w.vendor.name, w.vendor.email) == ("V-5", "Acme Concrete", "office@acme.example")
    assert Event.objects.about(w.vendor).get().changes == {"number": ["", "V-5"]}


def test_the_admin_enters_a_vendor_with_its_event_and_asks_about_look_alikes(w):
    site = signed_in(w.owner)
    address, values = reverse("admin:directory_vendor_add"), {"company": w.company.pk, "name": "Acme Concrete LLC"}
    assert "looks like a vendor of" in site.post(address, values).content.decode()
    site.post(address, values | {"others": "on"})
    vendor = Vendor.objects.get(name="Acme Concrete LLC")
    assert Event.objects.about(vendor).get().verb == "entered"


def test_the_admin_says_so_when_a_vendor_is_deactivated(w, dora):
    vendors.deactivate(w.vendor, by=dora, reason="Gone")
    address = reverse("admin:directory_vendor_change", args=[w.vendor.pk])
    assert "taken up again" in signed_in(w.owner).post(address, {"number": "V-5"}).content.decode()
