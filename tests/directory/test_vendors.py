"""Vendors in a company's directory: found, entered, changed, deactivated; look-alikes stop a slip (R83)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from directory.actions import vendors
from directory.actions.grants import set_level
from directory.actions.vendors import Details, LooksAlike
from directory.lookalikes import skeleton
from directory.models import Event, Vendor, VendorChange
from directory.number_looks import number_skeleton
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused
from tests.erp_integrations.pages import queries
from tests.factories import person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def directory_person(w, name: str, level: Level):
    someone = person(name, w.company)
    set_level(someone, Tool.COMPANY_DIRECTORY, w.company, level, by=w.owner)
    return someone


@pytest.fixture
def dora(w):
    return directory_person(w, "Dora Admin", Level.ADMIN)


@pytest.fixture
def as_dora(dora):
    client = Client()
    client.force_login(dora)
    return client


def at(w, name: str, *args) -> str:
    return reverse(name, args=[w.company.slug, *args])


def shown(client, w, **query) -> str:
    return client.get(at(w, "vendors"), query).content.decode()


def typed(**fields) -> dict:
    return {"name": "Bolt Electric", "number": "", "email": "", "phone": "", "remit_to": ""} | fields


# The list


def test_a_reader_sees_vendors_and_gets_no_button_to_change_them(w):
    client = Client()
    client.force_login(directory_person(w, "Rob Reader", Level.READ_ONLY))
    listing = shown(client, w)
    assert w.vendor.name in listing and "New vendor" not in listing
    page = client.get(at(w, "vendor", w.vendor.pk)).content.decode()
    assert "Lee Park" in page and "Edit vendor" not in page


@pytest.mark.parametrize("words", ["bolt", "ELECTRIC bolt", "V-77", "bills@bolt"])
def test_a_vendor_is_found_by_words_of_its_name_number_or_e_mail(w, as_dora, dora, words):
    vendors.enter(w.company, Details("Bolt Electric", "V-77", "bills@bolt.example"), by=dora)
    listing = shown(as_dora, w, q=words)
    assert "Bolt Electric" in listing and w.vendor.name not in listing


def test_filters_find_papers_that_are_missing_and_count_them(w, as_dora, dora):
    today = w.company.today
    days = {"Expired": -1, "Soon": 30, "Later": 31}
    for name, left in days.items():
        details = Details(f"{name} Works", insurance_expires_date=today + timedelta(days=left))
        vendors.enter(w.company, details, by=dora)
    vendors.enter(w.company, Details("Bare Works", needs_workers_comp=True), by=dora)
    found = {
        "insurance=expired": ["Expired"],
        "insurance=soon": ["Soon"],
        "workers_comp=missing": ["Bare"],
    }
    for query, names in found.items():
        listing = as_dora.get(f"{at(w, 'vendors')}?{query}").content.decode()
        assert [name for name in ("Expired", "Soon", "Later", "Bare") if f"{name} Works" in listing] == names
    unknown = shown(as_dora, w, insurance="unknown")
    assert "Bare Works" in unknown and "Soon Works" not in unknown
    soon = [vendor.name for vendor in w.company.vendors.all() if vendor.insurance_ends_soon]
    assert soon == ["Soon Works"] and "Insurance ends within 30 days" in unknown
    counts = w.company.vendors.counts(today)
    assert (counts["expired"], counts["soon"], counts["workers_comp"], counts["active"]) == (1, 1, 1, 5)


def test_a_filter_that_finds_nothing_says_so_and_offers_the_way_back(w, as_dora):
    assert "Clear filters" in shown(as_dora, w, q="nobody like that")
    assert "No vendor matches" in shown(as_dora, w, q="nobody like that")


def test_what_makes_no_sense_in_the_address_is_left_out(w, as_dora):
    for query in ("insurance=never", "page=x", "q=%00", "standing=%FF", "page=999999999999999999999"):
        assert as_dora.get(f"{at(w, 'vendors')}?{query}").status_code == 200


def test_the_list_costs_the_same_for_10_and_for_500(w, as_dora):
    def add(count: int, start: int):
        Vendor.objects.bulk_create(
            Vendor(company=w.company, name=f"Vendor {n}", number=f"N{n}") for n in range(start, start + count)
        )

    add(9, 0)
    few = queries(as_dora, at(w, "vendors"))
    add(490, 100)
    assert queries(as_dora, at(w, "vendors")) == few
    assert "1–50 of 500" in shown(as_dora, w)


# Entering and changing


def test_a_directory_admin_enters_a_vendor_with_one_event(w, as_dora, dora):
    answer = as_dora.post(at(w, "vendor-new"), typed(number="V-9", remit_to="PO Box 5\r\nReno NV"))
    vendor = Vendor.objects.get(name="Bolt Electric")
    assert answer.url == at(w, "vendor", vendor.pk)
    assert vendor.remit_to == "PO Box 5\nReno NV"
    event = Event.objects.about(vendor).get()
    assert (event.verb, event.by, event.changes["number"]) == ("entered", dora, ["", "V-9"])


def test_standard_on_the_directory_sees_and_changes_nothing(w):
    someone = directory_person(w, "Stan Dard", Level.STANDARD)
    client = Client()
    client.force_login(someone)
    assert client.get(at(w, "vendor-new")).status_code == 403
    acts = (
        lambda: vendors.enter(w.company, Details("New"), by=someone),
        lambda: vendors.change(w.vendor, Details("New"), by=someone),
        lambda: vendors.deactivate(w.vendor, by=someone, reason="x"),
        lambda: vendors.reactivate(w.vendor, by=someone),
    )
    for act in acts:
        with pytest.raises(NotAllowed, match="Admin on Directory"):
            act()


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"name": "acme concrete"}, "in the directory already"),
        ({"name": ""}, "required"),
        ({"number": "V-1"}, "is the number of"),
        ({"email": "not an address"}, "valid email"),
        ({"name": "Bolt\u202eElectric"}, "invisible character (U+202E)"),
        ({"name": "Bolt\nElectric"}, "one line"),
        ({"phone": "555\u200b1234"}, "U+200B"),
        ({"remit_to": "PO Box\ufffe 5"}, "U+FFFE"),
        ({"name": "x" * 121}, "at most 120"),
        ({"insurance_expires_date": "next week"}, "valid date"),
    ],
)
def test_what_is_typed_wrong_is_said_and_nothing_is_lost(w, as_dora, dora, fields, words):
    """R107, U4."""
    vendors.enter(w.company, Details("Numbered", "V-1"), by=dora)
    answer = as_dora.post(at(w, "vendor-new"), typed(phone="775 555 0199") | fields)
    assert answer.status_code == 422
    assert words in answer.content.decode().replace("&#x27;", "'")
    assert Vendor.objects.filter(company=w.company).count() == 2
    assert fields.get("phone", "775 555 0199")[:3] in answer.content.decode()


def test_number_insurance_and_workers_comp_change_at_once(w, as_dora):
    data = typed(name=w.vendor.name, number="V-3", insurance_expires_date="2031-05-01", needs_workers_comp="on")
    assert as_dora.post(at(w, "vendor-edit", w.vendor.pk), data).status_code == 302
    w.vendor.refresh_from_db()
    assert (w.vendor.number, str(w.vendor.insurance_expires_date), w.vendor.needs_workers_comp) == (
        "V-3",
        "2031-05-01",
        True,
    )
    assert not VendorChange.objects.exists()
    assert Event.objects.about(w.vendor).get().verb == "changed"


def test_saving_what_is_there_already_writes_no_event(w, dora):
    vendors.change(w.vendor, Details.of(w.vendor), by=dora)
    assert not Event.objects.about(w.vendor).exists()


# Deactivating


def test_deactivating_ends_the_rights_of_its_people_at_once_and_said_so_before(w, as_dora):
    page = as_dora.get(at(w, "vendor-deactivate", w.vendor.pk)).content.decode()
    assert "1 person leaves the directory at once" in page and "Lee Park" in page
    as_dora.post(at(w, "vendor-deactivate", w.vendor.pk), {"reason": "Went out of business"})
    w.vendor.refresh_from_db()
    assert not w.vendor.is_active
    assert w.contact.membership_in(w.company) is None
    assert Event.objects.about(w.vendor).first().reason == "Went out of business"
    assert "Lee Park" not in as_dora.get(at(w, "vendor", w.vendor.pk)).content.decode().split("Timeline")[0]


def test_a_deactivated_vendor_comes_back_without_its_people(w, as_dora, dora):
    vendors.deactivate(w.vendor, by=dora, reason="A pause")
    as_dora.post(at(w, "vendor-reactivate", w.vendor.pk))
    w.vendor.refresh_from_db()
    assert w.vendor.is_active and w.contact.membership_in(w.company) is None
    assert as_dora.post(at(w, "vendor-reactivate", w.vendor.pk)).status_code == 409


def test_deactivating_needs_a_reason_and_happens_once(w, dora):
    with pytest.raises(Refused, match="Say why"):
        vendors.deactivate(w.vendor, by=dora, reason=" ")
    vendors.deactivate(w.vendor, by=dora, reason="Gone")
    with pytest.raises(NotNow, match="before"):
        vendors.deactivate(w.vendor, by=dora, reason="Gone")
    with pytest.raises(NotNow, match="Take it up again"):
        vendors.change(w.vendor, Details("Other"), by=dora)


# Look-alikes

ALIKE = [
    ("Acme Concrete", "ACME CONCRETE"),
    ("Acme Concrete", "acme concrete"),
    ("Acme Concrete", "Acme  Concrete"),
    ("Acme Concrete", "AcmeConcrete"),
    ("Acme Concrete", "Acme-Concrete"),
    ("Acme Concrete", "Acme, Concrete"),
    ("Acme Concrete", "Acme Concrete."),
    ("Acme Concrete", "Acme Concrete Inc"),
    ("Acme Concrete", "Acme Concrete, Inc."),
    ("Acme Concrete", "Acme Concrete Incorporated"),
    ("Acme Concrete", "Acme Concrete LLC"),
    ("Acme Concrete", "Acme Concrete, L.L.C."),
    ("Acme Concrete", "Acme Concrete Co"),
    ("Acme Concrete", "Acme Concrete Company"),
    ("Acme Concrete", "Acme Concrete Co., Inc."),
    ("Acme Concrete", "Acme Concrete Corp."),
    ("Acme Concrete", "Acme Concrete Corporation"),
    ("Acme Concrete", "Acme Concrete Ltd"),
    ("Acme Concrete", "Acme Concrete Limited"),
    ("Acme Concrete", "Acme Concrete LP"),
    ("Acme Concrete", "Acme Concrete PLLC"),
    ("Acme Concrete", "The Acme Concrete"),
    ("Acme Concrete", "The Acme Concrete Company"),
    ("Acme Concrete Inc", "Acme Concrete LLC"),
    ("Acme Concrete", "Аcme Concrete"),  # Cyrillic А
    ("Acme Concrete", "Acme Соncrete"),  # Cyrillic С, о
    ("Acme Concrete", "Acme C0ncrete"),
    ("Acme Concrete", "Acrne Concrete"),
    ("Acme Concrete", "Αcme Concrete"),  # Greek Alpha
    ("Acme Concrete", "Ａｃｍｅ Concrete"),  # full width
    ("Acme Concrete", "Acmé Concrete"),
    ("Acme Concrete", "Acme\u00a0Concrete"),
    ("Acme Concrete", "Acme\u200bConcrete"),
    ("Acme Concrete", "Acme_Concrete"),
    ("Acme Concrete", "(Acme) Concrete"),
    ("Bolt Electric", "Bo1t Electric"),
    ("Bolt Electric", "BoIt Electric"),
    ("Bolt Electric", "Bolt E1ectric"),
    ("Bolt Electric", "Воlt Electric"),  # Cyrillic В, о
    ("Miller & Sons", "Miller and Sons"),
    ("Miller & Sons", "Miller + Sons"),
    ("Miller's Glass", "Millers Glass"),
    ("Miller’s Glass", "Miller's Glass"),
    ("Swift Hauling", "Svvift Hauling"),
    ("Swift Hauling", "Ѕwift Hauling"),  # Cyrillic Ѕ
    ("A.B.C. Paving", "ABC Paving"),
    ("A B C Paving", "ABC Paving"),
    ("Søren Tile", "Soren Tile"),
    ("Straße Bau GmbH", "Strasse Bau"),
    ("Ⅱ Brothers", "II Brothers"),
    ("Coast 2 Coast", "Coast-2-Coast"),
    ("5tone Works", "Stone Works"),
]
OTHERS = [
    ("Acme Concrete", "Acme Masonry"),
    ("Acme Concrete", "Apex Concrete"),
    ("Bolt Electric", "Bolt Electronics"),
    ("Miller & Sons", "Miller & Daughters"),
    ("North Star", "North Shore"),
    ("Company", "Corporation"),
    ("Unit 7 Paving", "Unit 2 Paving"),
]


@pytest.mark.parametrize("one, other", ALIKE)
def test_names_that_read_alike_are_taken_for_one(one, other):
    """R83."""
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize("one, other", OTHERS)
def test_names_that_differ_are_left_alone(one, other):
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize(
    "one, other, is_same",
    [
        ("V-0012", "v12", True),
        ("V 12", "V12", True),
        ("0012", "12", True),
        ("V.12", "V-12", True),
        ("１２", "12", True),
        ("V12", "V21", False),
        ("120", "12", False),
        ("1002", "12", False),
    ],
)
def test_numbers_are_compared_without_idle_zeros_and_marks(one, other, is_same):
    assert (number_skeleton(one) == number_skeleton(other)) is is_same


def test_a_look_alike_is_asked_about_and_entered_once_somebody_ticked_it(w, as_dora):
    data = typed(name="Acme Concrete, LLC")
    answer = as_dora.post(at(w, "vendor-new"), data)
    page = answer.content.decode()
    assert answer.status_code == 422 and "looks like a vendor you have" in page
    assert f'name="seen" value="{w.vendor.pk}"' in page
    assert as_dora.post(at(w, "vendor-new"), data | {"seen": [w.vendor.pk]}).status_code == 302
    assert Vendor.objects.filter(name="Acme Concrete, LLC").exists()


def test_a_tick_counts_for_the_look_alikes_it_was_given_for(w, dora):
    other = vendors.enter(w.company, Details("Bolt Electric", "V-12"), by=dora)
    with pytest.raises(LooksAlike):
        vendors.enter(w.company, Details("Acme Concrete LLC"), by=dora, seen=[other.pk])
    with pytest.raises(LooksAlike, match="Bolt Electric V-12"):
        vendors.enter(w.company, Details("Other", "v12"), by=dora, seen=[w.vendor.pk])


def test_another_companys_vendors_are_no_look_alikes(w, dora):
    world("Harbor Works")
    assert vendors.enter(w.company, Details("Harbor Steel"), by=dora).pk
