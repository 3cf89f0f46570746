"""A Directory Admin looks up who did what, and takes the record away (section 8, R124)."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse

from directory.actions.grants import set_level
from directory.csv_files import plain_cell
from directory.models import Event
from directory.permissions import Level, Tool
from tests.factories import person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def dana(w, client):
    """Directory Admin, and Admin on the project's commitments."""
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    client.force_login(w.admin)
    return client


@pytest.fixture
def clerk(w, client):
    """Directory Admin and nothing else."""
    someone = person("Cleo Clerk", w.company)
    set_level(someone, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    client.force_login(someone)
    return client


def page(client, w, **asked) -> str:
    answer = client.get(reverse("company-events", args=[w.company.slug]), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def listed(client, w, **asked) -> list:
    return list(client.get(reverse("company-events", args=[w.company.slug]), asked).context["events"])


def rows_of(client, w, **asked) -> list[dict]:
    answer = client.get(reverse("company-events-csv", args=[w.company.slug]), asked)
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def tell(w, verb="tested", **rest) -> Event:
    return Event.objects.record(verb, w.project, by=w.admin, **rest)


def test_the_newest_stands_first_with_who_what_and_why(dana, w):
    tell(w, "primed it")
    tell(w, "painted it", reason="It was grey", changes={"colour": ["grey", "blue"]})
    words = page(dana, w)
    assert words.index("painted it") < words.index("primed it")
    for told in ("Dana Cole", "It was grey", "Colour", "<del>grey</del>", "<ins>blue</ins>"):
        assert told in words


def test_each_filter_narrows_and_they_go_together(dana, w):
    other = tell(w, "painted it", reason="why")
    on_company = Event.objects.record("renamed", w.company, by=None)
    assert listed(dana, w, what="paint") == [other]
    assert listed(dana, w, who="plumbline") == [on_company]
    assert listed(dana, w, what="renamed", project=w.project.pk) == []
    assert listed(dana, w, has_reason="on", what="paint", who="dana cole", about="Riverside") == [other]
    assert on_company not in listed(dana, w, project=w.project.pk)


def test_days_are_the_companys_own(dana, w):
    """The last minutes of 1 June in Chicago are already 2 June in London."""
    with time_machine.travel(datetime(2030, 6, 2, 4, 30, tzinfo=UTC)):
        late = tell(w, "stayed late")
    with time_machine.travel(datetime(2030, 6, 2, 5, 30, tzinfo=UTC)):
        early = tell(w, "came early")
    assert listed(dana, w, from_day="2030-06-01", to_day="2030-06-01") == [late]
    assert listed(dana, w, from_day="2030-06-02", to_day="2030-06-02") == [early]


@pytest.mark.parametrize(
    "asked",
    [{"from_day": "9999-12-31"}, {"to_day": "0001-01-01"}, {"project": "x"}, {"before": "9" * 40}, {"who": "\0"}],
)
def test_what_makes_no_sense_in_an_address_is_left_out(dana, w, asked):
    assert listed(dana, w, **asked) == listed(dana, w)


def test_a_long_record_is_paged_by_key_and_the_filters_stay(dana, w):
    for number in range(120):
        tell(w, f"counted {number}")
    pages, asked = [], {"what": "counted"}
    while True:
        answer = dana.get(reverse("company-events", args=[w.company.slug]), asked)
        pages += [event.pk for event in answer.context["events"]]
        if answer.context["older"] is None:
            break
        assert f"what=counted&amp;before={answer.context['older']}" in answer.content.decode()
        asked["before"] = answer.context["older"]
    assert len(pages) == len(set(pages)) == 120


def test_a_page_costs_as_many_queries_with_fifty_events_as_with_five(dana, w, django_assert_max_num_queries):
    invoice = w.submitted()
    for number in range(60):
        Event.objects.record(f"looked {number}", invoice, by=w.admin)
    with django_assert_max_num_queries(30):
        page(dana, w)


def test_a_row_links_to_its_page_only_for_those_to_whom_it_opens(dana, w):
    invoice = w.submitted()
    address = reverse("invoice", args=[w.project.slug, invoice.commitment.number, invoice.position])
    assert address in page(dana, w, about=str(invoice))
    cleo = person("Cleo Clerk", w.company)
    set_level(cleo, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    dana.force_login(cleo)
    words = page(dana, w, about=str(invoice))
    assert str(invoice) in words
    assert address not in words


def test_every_link_of_the_record_opens(dana, w):
    w.approved()
    w.change_order(w.commitment(), [w.line("More", "100.00")])
    _, _, table = page(dana, w).partition("<tbody>")
    links = set(re.findall(r'<a [^>]*href="(/[^"]+)"', table.partition("</tbody>")[0]))
    assert {link.split("/")[1] for link in links} == {"c", "p"}
    assert {link: dana.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_another_companys_record_stays_there(clerk, w):
    theirs = Event.objects.record("painted it", world("Harbor Works").project, by=None)
    assert theirs not in listed(clerk, w)
    assert clerk.get(reverse("company-events-about", args=[w.company.slug, theirs.subject])).status_code == 404
    assert clerk.get(reverse("company-events", args=[theirs.company.slug])).status_code == 404


def test_everything_about_one_thing_stands_on_one_page(dana, w):
    invoice = w.sent_back()
    Event.objects.record("changed", invoice, by=w.admin, changes={"colour": ["grey", "blue"]})
    answer = dana.get(reverse("company-events-about", args=[w.company.slug, f"invoicing.invoice:{invoice.pk}"]))
    words = answer.content.decode()
    for told in ("sent for review", "sent back", "Not poured yet", "Colour", "grey", "blue", "Open its page"):
        assert told in words
    assert {event.subject for event in answer.context["events"]} == {f"invoicing.invoice:{invoice.pk}"}


def test_nothing_is_recorded_about_what_does_not_exist(dana, w):
    for subject in ("invoicing.invoice:999999", "x", "invoicing.invoice:", "a:b:c"):
        assert dana.get(reverse("company-events-about", args=[w.company.slug, subject])).status_code == 404


def test_the_pages_of_an_object_lead_admins_to_its_whole_record(dana, w):
    invoice = w.submitted()
    own = reverse("invoice", args=[w.project.slug, invoice.commitment.number, invoice.position])
    address = reverse("company-events-about", args=[w.company.slug, f"invoicing.invoice:{invoice.pk}"])
    assert address in dana.get(own, {"show": "timeline"}).content.decode()
    dana.force_login(w.second_admin)
    assert address not in dana.get(own, {"show": "timeline"}).content.decode()


def test_the_csv_holds_exactly_the_filtered_rows(dana, w, monkeypatch):
    monkeypatch.setattr("directory.event_lines.CHUNK", 7)
    told = [tell(w, f"counted {number}", reason="why", changes={"n": ["1", "2"]}) for number in range(20)]
    rows = rows_of(dana, w, what="counted")
    assert [row["Number"] for row in rows] == [str(event.pk) for event in reversed(told)]
    assert (rows[0]["Who"], rows[0]["Reason"], rows[0]["Changes"]) == ("Dana Cole", "why", "n: 1 → 2")
    assert rows[0]["When"].endswith(("-05:00", "-06:00"))
    assert len(rows_of(dana, w)) == Event.objects.filter(company=w.company).count() - 1


def test_taking_the_record_away_is_recorded_with_its_filters(dana, w):
    """R124."""
    rows_of(dana, w, what="counted", has_reason="on")
    event = Event.objects.filter(company=w.company).first()
    assert (event.verb, event.by) == ("downloaded the record", w.admin)
    assert event.changes == {"filters": ["", "What was done: counted; Reason: yes"]}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r=1"])
def test_no_text_of_the_csv_is_taken_for_a_formula(text):
    """S58."""
    assert plain_cell(text) == f"'{text}"
    assert plain_cell("Why = not") == "Why = not"


def test_a_lower_level_is_told_which_right_is_missing(w, client):
    set_level(w.reader, Tool.COMPANY_DIRECTORY, w.company, Level.STANDARD, by=w.owner)
    client.force_login(w.reader)
    for name in ("company-events", "company-events-csv"):
        assert client.get(reverse(name, args=[w.company.slug])).status_code == 403
    assert (
        reverse("company-events", args=[w.company.slug])
        not in client.get(reverse("company-directory", args=[w.company.slug])).content.decode()
    )


def test_the_site_owner_reads_the_record_in_the_admin_and_changes_nothing(w, client):
    invoice = w.submitted()
    event = Event.objects.about(invoice).first()
    client.force_login(w.owner)
    listing = client.get(reverse("admin:directory_event_changelist"), {"subject": event.subject})
    assert set(listing.context["cl"].queryset) == set(Event.objects.about(invoice))
    assert "everything about it" in listing.content.decode()
    own = reverse("admin:directory_event_change", args=[event.pk])
    assert client.get(own).status_code == 200
    assert client.post(own, {"reason": "another"}).status_code == 403
