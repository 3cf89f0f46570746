"""Lists of vendors and people from a file: seen first, applied as a whole, and twice changes nothing (R109, R81)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from directory.actions import directory_uploads, people, vendors
from directory.actions.directory_uploads import plan_of, take_in
from directory.actions.vendors import Details
from directory.models import DirectoryUpload, Event, Mail, Membership, Person, Vendor, VendorChange
from directory.permissions import Level, read_access
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from directory.sheets import as_csv
from tests.directory.hostile_files import HOSTILE, honest
from tests.directory.test_vendors import at, directory_person
from tests.erp_integrations.pages import signed_in, text_of
from tests.factories import person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def dora(w):
    return directory_person(w, "Dora Admin", Level.ADMIN)


def uploaded(w, dora, *rows, kind="vendors") -> DirectoryUpload:
    return take_in(w.company, kind, "list.csv", as_csv(*_table(rows)), by=dora)


def _table(rows):
    return rows[0], rows[1:]


def applied(upload, dora, **rest):
    return directory_uploads.apply(upload, by=dora, digest=plan_of(upload).digest, **rest)


def problems(upload) -> list[str]:
    return [problem for row in plan_of(upload).rows for problem in row.problems]


def send(client, w, content: bytes, name: str = "list.csv", kind: str = "vendors"):
    return client.post(at(w, "directory-import", kind), {"file": SimpleUploadedFile(name, content)})


# Vendors


def test_from_the_file_to_the_directory_through_the_preview(w, dora):
    client = signed_in(dora)
    w.vendor.number = "V-1"
    w.vendor.save()
    rows = (("Vendor", "Number", "Insurance expires", "E-mail"), ("Bolt Electric", "V-2", "5/28/2031", ""))
    content = as_csv(*_table((*rows, ("Acme Concrete", "V-1", "2031-05-28", "new@acme.example"))))
    answer = send(client, w, content)
    page = text_of(client.get(answer.url))
    assert "Apply 2 changes" in page and "Nothing has changed yet" in page
    assert "Waits for a call" in page and "wait until another Admin" in page
    assert not Vendor.objects.filter(name="Bolt Electric").exists()

    plan = plan_of(DirectoryUpload.objects.get())
    assert client.post(answer.url, {"plan": plan.digest}).status_code == 302
    bolt = Vendor.objects.get(name="Bolt Electric")
    assert (bolt.number, str(bolt.insurance_expires_date)) == ("V-2", "2031-05-28")
    w.vendor.refresh_from_db()
    assert str(w.vendor.insurance_expires_date) == "2031-05-28" and w.vendor.email == ""
    assert VendorChange.objects.get().changes == {"email": ["", "new@acme.example"]}
    assert "list.csv" in VendorChange.objects.get().reason
    upload = DirectoryUpload.objects.get()
    [event] = Event.objects.about(upload)
    assert event.changes["new"] == ["", 1] and event.changes["changed"] == ["", 1]
    assert "was applied" in text_of(client.get(answer.url))


def test_the_same_file_again_has_nothing_to_change(w, dora):
    """R109: not even what waits for a call-back."""
    rows = (("Vendor", "Phone"), ("Bolt Electric", "1"), ("Acme Concrete", "775 555 0777"))
    applied(uploaded(w, dora, *rows), dora)
    again = uploaded(w, dora, *rows)
    assert [row.outcome for row in plan_of(again).rows] == ["same", "same"]
    assert "waits for a call-back already" in plan_of(again).rows[1].notes[0]
    with pytest.raises(NotNow, match="nothing to change"):
        applied(again, dora)
    page = text_of(signed_in(dora).get(at(w, "directory-upload", again.pk)))
    assert "There is nothing to change" in page


def test_the_template_as_it_is_changes_nothing(w, dora):
    details = Details("=Bolt", "V-2", "a@bolt.example", "+1 775", "PO Box 5\nReno", needs_workers_comp=True)
    vendors.enter(w.company, details, by=dora)
    client = signed_in(dora)
    for which in ("xlsx", "csv"):
        for kind in ("vendors", "people"):
            file = client.get(at(w, "directory-import-template", kind, which))
            assert file["Content-Disposition"].startswith("attachment")
            upload = take_in(w.company, kind, f"list.{which}", file.content, by=dora)
            assert {row.outcome for row in plan_of(upload).rows} == {"same"}, (which, kind)


def test_one_bad_row_of_a_thousand_stops_all_of_them(w, dora):
    rows = [("Vendor", "E-mail")] + [(f"Vendor number {n}", f"v{n}@example.com") for n in range(1, 1001)]
    rows[999] = ("Vendor number 999", "not an address")
    upload = uploaded(w, dora, *rows)
    assert problems(upload) == ["B1000: Enter a valid email address."]
    with pytest.raises(Refused, match="nothing was done"):
        applied(upload, dora)
    assert Vendor.objects.filter(company=w.company).count() == 1
    page = text_of(signed_in(dora).get(at(w, "directory-upload", upload.pk)))
    assert "see B1000" in page and "Apply" not in page.replace("Apply the", "")


@pytest.mark.parametrize(
    "row, words",
    [
        (("Bolt", "V-1", "", "", "soon", ""), "E2: “soon” is not a day"),
        (("Bolt", "V-1", "", "", "", "maybe"), "F2: “maybe” is neither yes nor no"),
        (("Bolt", "V" * 21, "", "", "", ""), "B2: "),
        (("", "V-1", "", "", "", ""), "A2: a new vendor needs a name"),
        (("Harbor Steel", "V-77", "", "", "", ""), "B2: V-77 is the number of Numbered, not of Harbor Steel."),
        (("Gone Works", "", "", "", "", ""), "A2: Gone Works is deactivated"),
        (("Bolt\nElectric", "", "", "", "", ""), "A2: Write this on one line."),
        (("Held Works", "", "other@held.example", "", "", ""), "C2: another change of Held Works waits"),
    ],
)
def test_a_refused_row_names_its_cell_and_the_remedy(w, dora, row, words):
    for name, number in (("Numbered", "V-77"), ("Harbor Steel", ""), ("Gone Works", ""), ("Held Works", "")):
        vendors.enter(w.company, Details(name, number), by=dora)
    vendors.deactivate(Vendor.objects.get(name="Gone Works"), by=dora, reason="Gone")
    held = Vendor.objects.get(name="Held Works")
    vendors.change(held, Details("Held Works", email="new@held.example"), by=dora, reason="A letter")
    headings = ("Vendor", "Number", "E-mail", "Phone", "Insurance expires", "Workers’ comp missing")
    [problem] = problems(uploaded(w, dora, headings, row))
    assert words in problem


def test_the_same_vendor_twice_in_one_file_is_refused(w, dora):
    upload = uploaded(w, dora, ("Vendor", "Number"), ("Bolt", "V-1"), ("bolt", ""), ("Other", "V-1"))
    assert problems(upload) == [f"A{n}: row 2 is about the same vendor. Keep one of them." for n in (3, 4)]


def test_look_alikes_in_a_file_need_one_tick(w, dora):
    """R83: of vendors on record and of each other."""
    upload = uploaded(w, dora, ("Vendor",), ("Acme Concrete LLC",), ("Bolt Inc",), ("Bolt LLC",))
    assert [row.alike for row in plan_of(upload).rows] == [("Acme Concrete",), (), ("Bolt Inc",)]
    with pytest.raises(Refused, match="read like others"):
        applied(upload, dora)
    assert len(applied(upload, dora, seen_alike=True).work) == 3


def test_an_empty_cell_and_a_missing_column_leave_what_is_on_record(w, dora):
    vendors.change(w.vendor, Details("Acme Concrete", "V-1", needs_workers_comp=True), by=dora)
    applied(uploaded(w, dora, ("Vendor", "Number", "Insurance expires"), ("Acme Concrete", "", "2031-01-01")), dora)
    w.vendor.refresh_from_db()
    assert (w.vendor.number, w.vendor.needs_workers_comp) == ("V-1", True)


def test_a_stale_preview_is_shown_again_and_does_nothing(w, dora):
    upload = uploaded(w, dora, ("Vendor", "Number"), ("Bolt Electric", "V-2"))
    seen = plan_of(upload).digest
    vendors.enter(w.company, Details("Bolt Electric"), by=dora)
    with pytest.raises(Stale):
        directory_uploads.apply(upload, by=dora, digest=seen)
    answer = signed_in(dora).post(at(w, "directory-upload", upload.pk), {"plan": seen})
    assert answer.status_code == 409
    assert "has changed since you looked" in text_of(answer) and "Changed" in text_of(answer)
    assert Vendor.objects.get(name="Bolt Electric").number == ""


def test_an_upload_is_applied_once(w, dora):
    upload = uploaded(w, dora, ("Vendor",), ("Bolt Electric",))
    applied(upload, dora)
    with pytest.raises(NotNow, match="already"):
        applied(upload, dora)


# People


def test_people_are_added_moved_and_left_alone(w, dora):
    bolt = vendors.enter(w.company, Details("Bolt Electric", "V-2"), by=dora)
    stay, back = person("Stay Put", w.company, w.vendor), person("Bea Back", w.company, w.vendor)
    rows = [
        ("E-mail", "Name", "Vendor", "Title"),
        ("nell@example.com", "Nell New", "bolt electric", "Foreman"),
        ("own@example.com", "Olga Own", "", ""),
        (w.contact.email.upper(), "Lee Park", "V-2", ""),
        (w.reader.email, "Another Name", "", ""),
        (stay.email, "Stay Put", "", ""),
        (back.email, "Bea Back", "cascade builders", ""),
    ]
    upload = uploaded(w, dora, *rows, kind="people")
    assert [row.outcome for row in plan_of(upload).rows] == ["new", "new", "changed", "same", "same", "changed"]
    applied(upload, dora)
    nell = Person.objects.get(email="nell@example.com").membership_in(w.company)
    assert (nell.vendor, nell.title) == (bolt, "Foreman")
    assert Person.objects.get(email="own@example.com").membership_in(w.company).vendor is None
    assert w.contact.membership_in(w.company).vendor == bolt
    assert stay.membership_in(w.company).vendor == w.vendor, "an empty cell changes nothing"
    assert back.membership_in(w.company).vendor is None, "the company is named to make somebody its own"
    w.reader.refresh_from_db()
    assert w.reader.name != "Another Name", "a login's name is its owner's"
    assert not any(read_access(nell.person, w.company, w.project).levels.values())
    assert {row.outcome for row in plan_of(uploaded(w, dora, *rows, kind="people")).rows} == {"same"}


@pytest.mark.parametrize(
    "row, words",
    [
        (("", "Nell", "", ""), "A2: Enter an e-mail address."),
        (("nope", "Nell", "", ""), "A2: Enter a valid email address."),
        (("n@example.com", "", "", ""), "B2: a new person needs a name."),
        (("n@example.com", "Nell", "Nobody Inc", ""), "C2: “Nobody Inc” is no vendor"),
        (("n@example.com", "N" * 121, "", ""), "B2: It has 121 characters"),
        (("n@example.com", "Nell", "", "T" * 81), "D2: It has 81 characters"),
    ],
)
def test_a_refused_person_names_the_cell(w, dora, row, words):
    [problem] = problems(uploaded(w, dora, ("E-mail", "Name", "Vendor", "Title"), row, kind="people"))
    assert words in problem


def test_a_vendors_people_hear_once_of_all_newcomers_and_newcomers_not_of_each_other(w, dora):
    """R82, and n newcomers make no n² mails."""
    rows = [(f"n{number}@example.com", f"Newcomer {number}", "Acme Concrete") for number in range(4)]
    applied(uploaded(w, dora, ("E-mail", "Name", "Vendor"), *rows, kind="people"), dora)
    told = Mail.objects.filter(headline__contains="added 4 people for Acme Concrete")
    assert [mail.to for mail in told] == [w.contact]
    assert all(f"n{number}@example.com" in told[0].text for number in range(4))
    assert not Mail.objects.filter(headline__contains="added Newcomer").exists()


def test_the_note_of_a_row_says_nothing_of_who_declined(w, dora):
    """R76: who never joined was never in this directory."""
    other = world("Harbor Works").admin
    Membership.objects.create(company=w.company, person=other, is_active=False, joined_at=None)
    [row] = plan_of(uploaded(w, dora, ("E-mail", "Name"), (other.email, "Whoever"), kind="people")).rows
    assert (row.outcome, row.notes) == ("new", ()) and other.name not in str(row)


def test_the_preview_says_what_applying_would_refuse(w, dora):
    """The whole file waits for the row that is wrong, so it is named before anybody presses the button."""
    former, closed = w.approver, person("Clo Closed", w.company)
    Vendor.objects.create(company=w.company, name="Kerr Plumbing")
    people.deactivate_membership(former.memberships.get(), by=dora, reason="Left")
    people.deactivate_membership(closed.memberships.get(), by=dora, reason="Left")
    Person.objects.filter(pk=closed.pk).update(is_active=False)
    rows = [
        (former.email, "Sam", ""),
        (closed.email, "Clo", ""),
        (dora.email, "Dora", "Acme Concrete"),
        ("one@kerr.example", "One", "Kerr Plumbing"),
        ("two@other.example", "Two", "Kerr Plumbing"),
    ]
    upload = uploaded(w, dora, ("E-mail", "Name", "Vendor"), *rows, kind="people")
    said = [" ".join(row.problems) for row in plan_of(upload).rows]
    words = ["still has Can Push", "login is closed", people.NOT_ONESELF, "", "is not an address at kerr.example"]
    assert all(word in found and bool(word) == bool(found) for word, found in zip(words, said, strict=True)), said
    another = uploaded(w, w.owner, ("E-mail", "Vendor"), (dora.email, "Acme Concrete"), kind="people")
    assert "is the last Admin on the Directory" in " ".join(plan_of(another).rows[0].problems)


def test_planning_costs_the_same_for_many_rows(w, dora, django_assert_max_num_queries):
    rows = [(f"n{number}@example.com", f"Newcomer {number}", "Acme Concrete") for number in range(200)]
    upload = uploaded(
        w, dora, ("E-mail", "Name", "Vendor", "Address checked"), *((*r, "yes") for r in rows), kind="people"
    )
    with django_assert_max_num_queries(8):
        assert len(plan_of(upload).work) == 200


def test_a_login_of_another_company_is_asked_and_gets_nothing_at_once(w, dora):
    """R89: whatever `add_person` makes of it; and the preview tells nobody that there is such a login."""
    other = world("Harbor Works").admin
    rows = (other.email, "Whoever"), ("nobody@example.com", "Whoever")
    upload = uploaded(w, dora, ("E-mail", "Name"), *rows, kind="people")
    known, unknown = plan_of(upload).rows
    assert known.outcome == unknown.outcome == "new" and known.notes == unknown.notes == ()
    applied(upload, dora)
    other.refresh_from_db()
    assert other.name != "Whoever" and Membership.objects.filter(company=w.company, person=other).exists()
    again = uploaded(w, dora, ("E-mail", "Name"), (other.email, "Whoever"), kind="people")
    assert plan_of(again).rows[0].outcome == "same"


def test_a_refusal_on_the_way_takes_everything_back(w, dora, monkeypatch):
    upload = uploaded(w, dora, ("E-mail", "Name"), ("a@example.com", "A"), ("b@example.com", "B"), kind="people")
    real = directory_uploads.people_rows.people.add_person

    def second_is_refused(company, email, *rest, **more):
        if email.startswith("b"):
            raise Refused("Not this one.")
        return real(company, email, *rest, **more)

    monkeypatch.setattr(directory_uploads.people_rows.people, "add_person", second_is_refused)
    with pytest.raises(Refused, match="Row 3, B: Not this one. Nothing of the file was applied."):
        applied(upload, dora)
    assert not Person.objects.filter(email="a@example.com").exists()


# Who, and what files


def test_only_an_admin_of_the_directory_reads_and_applies_lists(w, dora):
    stan = directory_person(w, "Stan Dard", Level.STANDARD)
    upload = uploaded(w, dora, ("Vendor",), ("Bolt Electric",))
    for name, args in (("directory-import", ["vendors"]), ("directory-upload", [upload.pk])):
        assert signed_in(stan).get(at(w, name, *args)).status_code == 403
    with pytest.raises(NotAllowed):
        take_in(w.company, "vendors", "a.csv", b"Vendor\nX", by=stan)
    with pytest.raises(NotAllowed):
        directory_uploads.apply(upload, by=stan, digest=plan_of(upload).digest)


def test_another_companys_upload_is_not_found(w, dora):
    other = world("Harbor Works")
    theirs = uploaded(other, directory_person(other, "Their Admin", Level.ADMIN), ("Vendor",), ("Bolt",))
    assert signed_in(dora).get(at(w, "directory-upload", theirs.pk)).status_code == 404


@pytest.mark.parametrize("kind, which", [("invoices", "xlsx"), ("vendors", "pdf")])
def test_a_list_of_something_else_is_not_found(w, dora, kind, which):
    assert signed_in(dora).get(at(w, "directory-import-template", kind, which)).status_code == 404


@pytest.mark.parametrize(
    "what", ["a billion laughs", "a formula", "CSV with a NUL", "an empty file", "eleven megabytes"]
)
def test_a_hostile_upload_is_a_form_error_and_leaves_nothing(w, dora, what):
    name, make = HOSTILE[what]
    answer = send(signed_in(dora), w, make(), name)
    assert answer.status_code == 422 and "error-summary" in answer.content.decode()
    assert not DirectoryUpload.objects.exists()


def test_no_file_at_all_is_said(w, dora):
    answer = signed_in(dora).post(at(w, "directory-import", "vendors"), {})
    assert answer.status_code == 422


def test_more_than_five_thousand_rows_do_not_go_at_once(w, dora):
    content = ("Vendor\n" + "\n".join(f"Vendor {n}" for n in range(5001))).encode()
    with pytest.raises(Refused, match="Split the file"):
        take_in(w.company, "vendors", "a.csv", content, by=dora)


def test_a_file_name_is_shown_as_text(w, dora):
    upload = take_in(w.company, "vendors", "<b>\u202elist.xlsx", honest(), by=dora)
    page = signed_in(dora).get(reverse("directory-upload", args=[w.company.slug, upload.pk])).content.decode()
    assert "<b>" not in page.partition("<main")[2].partition("</main")[0] and "\u202e" not in page
