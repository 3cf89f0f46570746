"""The page of the billing board: narrowed, sorted, paged, added up, taken away, and kept under a name (9.2, 9.5)."""

import csv
import io
import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from directory.models import Event, Mail, Membership, Vendor
from invoicing.actions import access_lists, commitment_moves, commitments, invitations, saved_views
from invoicing.models import Commitment, Invitation, Invoice, InvoiceContact, InvoiceType, SavedView
from tests.factories import D, person, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def ask(w, period, who=None, name="period", **query):
    return signed_in(who or w.admin).get(reverse(name, args=[w.project.slug, period.pk]), query)


def numbers(page) -> list[str]:
    return [row.commitment.number for row in page.context["rows"]]


def rows_of(answer) -> list[dict]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def many(w, period, count: int, start: int = 0) -> None:
    """Approved commitments in every state by turns, quicker than people could."""
    vendors = [w.vendor, Vendor.objects.get_or_create(company=w.company, name="Bolt Electric")[0]]
    made = Commitment.objects.bulk_create(
        Commitment(
            company=w.company,
            project=w.project,
            vendor=vendors[n % 2],
            number=f"SC-9{n:04d}",
            title=f"Part {n % 7}",
        )
        for n in range(start, start + count)
    )
    Commitment.objects.filter(pk__in=[each.pk for each in made]).update(status="approved")
    there = Membership.objects.filter(vendor=vendors[1]).first()
    hands = {w.vendor.pk: w.contact, vendors[1].pk: there.person if there else person("Bo Bolt", w.company, vendors[1])}
    InvoiceContact.objects.bulk_create(
        InvoiceContact(commitment=each, person=hands[each.vendor_id], added_by=w.admin) for each in made if each.pk % 5
    )
    today = w.project.today
    Invitation.objects.bulk_create(
        Invitation(commitment=each, billing_period=period, invited_by=w.admin, invited_at=moment(each))
        for each in made
        if each.pk % 3 == 0
    )
    Invoice.objects.bulk_create(
        Invoice(
            commitment=each,
            vendor=each.vendor,
            listed_in_id=each.project_id,
            billing_period=period,
            position=1,
            billing_date=today,
            period_start_date=today,
            period_end_date=today,
            due_date=period.due_date,
            created_by=w.contact,
            total_completed_and_stored=D(each.pk % 4),
            gross_this_period=D(each.pk % 4),
        )
        for each in made
        if each.pk % 2
    )


def moment(commitment):
    """Two of them alike, so that ids have to part them."""
    return Event.objects.order_by("pk").first().at.replace(microsecond=commitment.pk // 6 * 7 % 1_000_000)


# Filters, counts and totals


def staged(w) -> dict:
    """One in each of some states, by the acts of people."""
    period = w.period()
    bolt = Vendor.objects.create(company=w.company, name="Bolt Electric")
    made = {
        "lonely": w.commitment(number="SC-1", title="Concrete", contact=False),
        "fresh": w.commitment(number="SC-2", title="Roofing", vendor=bolt, contact=False),
        "asked": w.commitment(number="SC-3", title="Roof drains"),
        "sent": w.commitment(number="SC-4", title="Steel"),
    }
    commitments.add_contact(made["fresh"], person("Bo Bolt", w.company, bolt), by=w.admin)
    invitations.invite(period, [made["asked"]], InvoiceType.WORK, by=w.admin)
    w.submitted(w.draft(made["sent"], period))
    return made | {"period": period, "bolt": bolt}


def test_it_is_narrowed_by_state_turn_company_and_words(w):
    there = staged(w)
    for query, found in (
        ({}, ["SC-1", "SC-2", "SC-3", "SC-4"]),
        ({"state": "invited"}, ["SC-3"]),
        ({"turn": "team"}, ["SC-1", "SC-2", "SC-4"]),
        ({"turn": "vendor"}, ["SC-3"]),
        ({"turn": "owner"}, []),
        ({"vendor": there["bolt"].pk}, ["SC-2"]),
        ({"q": "ROOF"}, ["SC-2", "SC-3"]),
        ({"q": "roof bolt"}, ["SC-2"]),
        ({"turn": "team", "state": "under_review"}, ["SC-4"]),
        (
            {"state": "x", "turn": "y", "vendor": "z", "sort": "amount", "after": "nowhere"},
            numbers(ask(w, there["period"])),
        ),
    ):
        assert numbers(ask(w, there["period"], **query)) == found, query
    nothing = text_of(ask(w, there["period"], q="nowhere"))
    assert "No commitment matches" in nothing and 'value="nowhere"' in nothing


def test_counts_stay_whole_within_the_other_filters_and_totals_follow_what_is_shown(w):
    there = staged(w)
    page = ask(w, there["period"], state="invited", turn="vendor")
    assert [(tab.state, tab.count) for tab in page.context["tabs"]] == [("invited", 1)]
    page = ask(w, there["period"], state="invited")
    states = {tab.state: tab.count for tab in page.context["tabs"]}
    assert states == {"no_contact": 1, "not_invited": 1, "invited": 1, "under_review": 1}
    assert (page.context["count"], page.context["totals"]) == (1, {"gross": D("0.00"), "net": D("0.00")})
    page = ask(w, there["period"])
    assert page.context["totals"] == {"gross": D("1000.00"), "net": D("900.00")}
    assert sum(row.commitment.net or 0 for row in page.context["rows"]) == D("900.00")
    roof = ask(w, there["period"], q="roof")
    assert {tab.state: tab.count for tab in roof.context["tabs"]} == {"not_invited": 1, "invited": 1}
    assert (roof.context["progress"].billed, roof.context["progress"].expected) == (0, 2)


def test_of_a_closed_period_only_who_began_or_was_asked_is_expected_as_in_the_list_of_periods(w):
    there = staged(w)
    w.period(there["period"].start_date.replace(month=7))
    page = ask(w, there["period"])
    assert (page.context["progress"].billed, page.context["progress"].expected) == (1, 2)
    listed = signed_in(w.admin).get(reverse("periods", args=[w.project.slug])).context["rows"]
    assert {row.period: row.progress.words for row in listed}[there["period"]] == page.context["progress"].words


def test_who_was_asked_and_has_no_contact_left_says_so_and_offers_the_mend(w):
    """Section 4, 9.5: nobody could answer. Once somebody is named it stands where it stood."""
    there = staged(w)
    accepted, declined = (w.commitment(number=number) for number in ("SC-5", "SC-6"))
    invitations.invite(there["period"], [accepted, declined], InvoiceType.WORK, by=w.admin)
    invitations.answer(accepted.invitations.get(), True, by=w.contact)
    invitations.answer(declined.invitations.get(), False, "no work", by=w.contact)
    for commitment in (there["asked"], accepted, declined):
        commitments.remove_contact(commitment.invoice_contacts.get(), by=w.admin)
    page = ask(w, there["period"], state="no_contact")
    assert numbers(page) == ["SC-1", "SC-3", "SC-5"]
    counts = {tab.state: tab.count for tab in page.context["tabs"]}
    assert counts == {"no_contact": 3, "not_invited": 1, "declined": 1, "under_review": 1}
    assert {row.who_acts for row in page.context["rows"]} == {"Project team"}
    text = text_of(page)
    assert "no contact is left who could bill it" in text and "accepted by Lee Park" in text
    for number in ("SC-3", "SC-5"):
        assert reverse("commitment-contacts", args=[w.project.slug, number]) in text
    assert "without an answer" not in text_of(signed_in(w.admin).get(reverse("home")))
    for state, commitment in (("invited", there["asked"]), ("accepted", accepted)):
        assert numbers(ask(w, there["period"], state=state)) == []
        commitments.add_contact(commitment, w.contact, by=w.admin)
        assert numbers(ask(w, there["period"], state=state)) == [commitment.number]


def test_in_a_closed_period_who_was_asked_is_expected_also_without_a_contact_left(w):
    there = staged(w)
    commitments.remove_contact(there["asked"].invoice_contacts.get(), by=w.admin)
    w.period(there["period"].start_date.replace(month=7))
    page = ask(w, there["period"])
    assert page.context["progress"].words == "1 of 2 billed"
    listed = signed_in(w.admin).get(reverse("periods", args=[w.project.slug])).context["rows"]
    assert {row.period: row.progress.words for row in listed}[there["period"]] == "1 of 2 billed"


def test_in_a_closed_period_no_bill_is_expected_of_what_was_terminated_since(w):
    """9.5: on the board as in the list of periods."""
    there = staged(w)
    w.period(there["period"].start_date.replace(month=7))
    commitment_moves.move(there["asked"], "terminate", by=w.admin, reason="They left the site.")
    listed = signed_in(w.admin).get(reverse("periods", args=[w.project.slug])).context["rows"]
    shown = {row.period: row.progress.words for row in listed}[there["period"]]
    assert shown == ask(w, there["period"]).context["progress"].words == "1 of 1 billed"


def test_states_are_drawn_and_each_part_leads_to_its_rows(w):
    there = staged(w)
    text = ask(w, there["period"], q="s").content.decode()
    assert text.count("<rect") >= 4 and '?q=s&amp;state=invited"' in text
    assert 'aria-current="true">All' in text


def test_a_row_says_who_must_act_since_when_and_offers_the_mend(w):
    there = staged(w)
    rows = {row.commitment.number: row for row in ask(w, there["period"]).context["rows"]}
    assert [rows[number].who_acts for number in ("SC-1", "SC-2", "SC-3", "SC-4")] == [
        "Project team",
        "Project team",
        "Acme Concrete",
        "Project team",
    ]
    invite, bill = there["asked"].invitations.get(), there["sent"].invoices.get()
    assert (rows["SC-3"].commitment.since, rows["SC-4"].commitment.since) == (invite.invited_at, bill.waits_since)
    assert all(rows[number].commitment.since for number in ("SC-1", "SC-2"))
    draft = w.commitment(number="SC-5", moves=())
    text = ask(w, there["period"]).content.decode()
    assert reverse("commitment-contacts", args=[w.project.slug, "SC-1"]) in text
    assert reverse("commitment-move", args=[w.project.slug, draft.number, "approve"]) in text
    assert "The commitment is Draft. Only an approved" in text


def test_a_contact_is_added_from_the_row_and_the_board_comes_back(w):
    there = staged(w)
    address = reverse("commitment-contacts", args=[w.project.slug, "SC-1"])
    back = reverse("period", args=[w.project.slug, there["period"].pk])
    page = text_of(signed_in(w.admin).get(address, {"period": there["period"].pk}))
    assert "Who bills SC-1 for Acme Concrete?" in page and "Lee Park" in page
    answer = signed_in(w.admin).post(address, {"person": w.contact.pk, "period": there["period"].pk})
    assert answer.url == back
    for odd in ("0", "9" * 40, "x", "²"):
        assert signed_in(w.admin).get(address, {"period": odd}).status_code == 200


def test_further_bills_of_one_period_count_once_and_add_up(w):
    """I-3: an Admin may make a second one; the newest says the state, the amounts are of both."""
    period = w.period()
    commitment = w.approved(w.draft(w.commitment(), period)).commitment
    w.entered(w.draft(commitment, period, by=w.admin), {"work_this_period": D("250.00")}, by=w.admin)
    [row] = ask(w, period).context["rows"]
    assert (row.state, row.commitment.gross, row.commitment.net) == ("draft", D("1250.00"), D("1125.00"))


def test_everybody_sees_and_counts_their_own_only(w):
    """P-1, P-2."""
    period = w.period()
    mine = w.commitment()
    hidden, open_one = w.commitment(contact=False), w.commitment(contact=False, is_private=False)
    for who, found in ((w.contact, [mine]), (w.reader, [open_one]), (w.admin, [mine, hidden, open_one])):
        page = ask(w, period, who)
        assert numbers(page) == [each.number for each in found]
        assert page.context["all"] == len(found)
        assert len(rows_of(ask(w, period, who, "period-csv"))) == len(found)
    access_lists.add_person(hidden, w.reader, by=w.admin)
    assert ask(w, period, w.reader).context["all"] == 2
    contact = ask(w, period, w.contact)
    assert "Company</label>" not in text_of(contact) and "Invite to bill" not in text_of(contact)


# Pages


@pytest.mark.parametrize(
    "sort", ["number", "-number", "vendor", "-vendor", "state", "-state", "since", "-since", "net", "-net"]
)
def test_pages_of_fifty_follow_each_other_without_a_gap_and_lead_back(w, sort):
    period = w.period()
    many(w, period, 120)
    first = ask(w, period, sort=sort)
    second = ask(w, period, sort=sort, after=first.context["page"].after)
    third = ask(w, period, sort=sort, after=second.context["page"].after)
    read = numbers(first) + numbers(second) + numbers(third)
    assert [len(numbers(page)) for page in (first, second, third)] == [50, 50, 20]
    assert len(set(read)) == 120 and third.context["page"].after == first.context["page"].before == ""
    assert numbers(ask(w, period, sort=sort, before=third.context["page"].before)) == numbers(second)
    back = ask(w, period, sort=sort, before=second.context["page"].before)
    assert numbers(back) == numbers(first) and back.context["page"].before == ""
    assert first.context["count"] == 120 and first.context["totals"] == third.context["totals"]
    assert [row["Number"] for row in rows_of(ask(w, period, name="period-csv", sort=sort))] == read


def test_the_next_page_goes_on_where_a_row_stood_that_has_left_the_list(w):
    period = w.period()
    many(w, period, 120)
    Invoice.objects.all().delete()
    Invitation.objects.all().delete()
    first = ask(w, period, state="not_invited")
    rest = numbers(ask(w, period, state="not_invited", after=first.context["page"].after))
    last = first.context["rows"][-1].commitment
    invitations.invite(period, [last], InvoiceType.WORK, by=w.admin)
    assert numbers(ask(w, period, state="not_invited", after=first.context["page"].after)) == rest


@pytest.mark.parametrize(
    "odd",
    [
        "~",
        "1",
        "x~1",
        "1~",
        "9" * 30 + "~1",
        "1~\x00",
        "1~9999-99-99",
        "1~NaN",
        "1~1e9",
        "5~9999-12-31T23:59:59-23:00",
        "5~0001-01-01T00:00:00+23:59",
        "~" * 99,
        "-1~-1",
    ],
)
@pytest.mark.parametrize("sort", ["number", "state", "since", "net"])
def test_a_place_that_makes_no_sense_shows_a_page_all_the_same(w, sort, odd):
    there = staged(w)
    for side in ("after", "before"):
        assert ask(w, there["period"], sort=sort, **{side: odd}).status_code == 200


def test_a_row_says_which_earlier_bill_holds_the_next_one_up(w):
    """I-7: with a link, in the words of whoever looks; not once the bill is approved, nor where this period has one."""
    earlier = w.submitted(w.draft(w.commitment(is_private=False), w.period()))
    settled = w.approved(w.draft(w.commitment(), earlier.billing_period))
    period = w.period(date(2030, 7, 1))
    begun = w.draft(w.commitment(), period)
    for who, noun in ((w.admin, "Invoice"), (w.reader, "Invoice"), (w.contact, "Bill")):
        page = text_of(ask(w, period, who))
        words = rf"{noun} 1 \({earlier.number}\) waits for the project’s reviewers since \d+ \w+ \d{{4}}"
        assert re.search(rf'<a class="small" href="{at(earlier)}">{words}</a>', page)
        assert page.count(" waits for ") == 1 and at(settled) not in page
    assert begun.commitment.number in page


@pytest.mark.parametrize("who", ["admin", "reader", "contact"])
def test_five_hundred_cost_no_more_queries_than_ten(w, who):
    """R75, F18: on the first page and on the next."""
    period = w.period()
    w.commitment()
    many(w, period, 10)
    Commitment.objects.filter(is_private=True).update(is_private=False)
    client, url = signed_in(getattr(w, who)), reverse("period", args=[w.project.slug, period.pk])

    def asked(query: dict) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url, query).status_code == 200
        return len(queries)

    few = asked({})
    many(w, period, 490, start=10)
    Commitment.objects.filter(is_private=True).update(is_private=False)
    after = client.get(url).context["page"].after
    assert after
    views = [{}, {"after": after}, {"state": "not_invited", "turn": "team", "q": "part", "sort": "-net"}]
    assert max(asked(view) for view in views) <= few <= 15


def test_the_timeline_is_a_page_of_its_own_for_admins(w):
    period = w.period()
    page = text_of(ask(w, period, show="timeline"))
    assert "opened" in page and "Filter" not in page
    assert "Timeline" not in text_of(ask(w, period, w.reader, show="timeline"))


# The file


def test_the_file_holds_what_is_shown_and_no_formula(w):
    """R100, S58."""
    there = staged(w)
    there["lonely"].title = "=cmd|'/c calc'!A1"
    there["lonely"].save()
    rows = rows_of(ask(w, there["period"], name="period-csv"))
    assert rows[0]["Title"] == "'=cmd|'/c calc'!A1"
    assert rows[0]["Why it can’t be invited"] == "It has no invoice contact. Add one on its page."
    sent = rows[3]
    assert (sent["State"], sent["Gross this period"], sent["Net this period"]) == ("Under Review", "1000.00", "900.00")
    assert (sent["Who must act"], sent["Due"], sent["Invoice contacts"]) == ("Project team", "2030-06-25", "Lee Park")
    assert [row["Number"] for row in rows_of(ask(w, there["period"], name="period-csv", state="invited"))] == ["SC-3"]


# One's own views


def save(w, period, query: str, who=None, **typed):
    address = reverse("board-view-save", args=[w.project.slug, period.pk])
    return signed_in(who or w.admin).post(f"{address}?{query}", typed)


def test_a_view_is_kept_under_a_name_for_oneself_and_every_period(w):
    there = staged(w)
    answer = save(w, there["period"], "state=invited&sort=-net&after=nowhere&page=9&x=y", name="  Silent   ones ")
    view = SavedView.objects.get()
    assert (view.name, view.query, view.person) == ("Silent ones", "state=invited&sort=-net", w.admin)
    assert answer.url == reverse("period", args=[w.project.slug, there["period"].pk]) + "?state=invited&sort=-net"
    july = w.period(there["period"].start_date.replace(month=7))
    assert "Silent ones" in text_of(ask(w, july)) and "Silent ones" not in text_of(ask(w, july, w.second_admin))
    page = ask(w, there["period"], state="invited", sort="-net").content.decode()
    assert 'aria-current="true">Silent ones' in page
    assert Event.objects.about(view).get().verb == "saved a view of the board"


def test_a_name_that_is_taken_becomes_the_new_view(w):
    there = staged(w)
    save(w, there["period"], "state=invited", name="Mine")
    save(w, there["period"], "turn=team", name="MINE")
    assert [(view.name, view.query) for view in SavedView.objects.all()] == [("MINE", "turn=team")]


@pytest.mark.parametrize(
    ("query", "name", "status", "words"),
    [
        ("state=invited", "", 422, "Give the view a name."),
        ("state=invited", "x" * 41, 422, "at most 40 characters"),
        ("state=invited", "a\x00b", 422, "This holds"),
        ("", "Everything", 422, "Filter or sort the list first"),
        ("state=nonsense", "Everything", 422, "Filter or sort the list first"),
    ],
)
def test_what_is_no_view_is_refused_in_words_and_what_was_typed_stays(w, query, name, status, words):
    there = staged(w)
    answer = save(w, there["period"], query, name=name)
    assert answer.status_code == status and words in text_of(answer)
    assert not SavedView.objects.exists()


def test_twenty_views_are_enough(w):
    there = staged(w)
    for number in range(SavedView.MOST):
        saved_views.save(w.project, f"View {number}", "state=invited", by=w.admin)
    answer = save(w, there["period"], "state=invited", name="One more")
    assert answer.status_code == 409 and "Delete one first" in text_of(answer)
    assert save(w, there["period"], "turn=team", name="View 3").status_code == 302


def test_one_deletes_ones_own_views_only(w):
    there = staged(w)
    view = saved_views.save(w.project, "Mine", "state=invited", by=w.admin)
    address = reverse("board-view-delete", args=[w.project.slug, there["period"].pk, view.pk])
    assert signed_in(w.second_admin).post(address).status_code == 404
    saved_views.delete(view, by=w.second_admin)
    assert SavedView.objects.exists()
    assert signed_in(w.admin).post(address).status_code == 302
    assert signed_in(w.admin).post(address).status_code == 404
    assert not SavedView.objects.exists()
    verbs = list(Event.objects.about(view).values_list("verb", flat=True))
    assert verbs == ["deleted a view of the board", "saved a view of the board"]


def test_whoever_may_not_look_saves_nothing(w):
    there = staged(w)
    assert save(w, there["period"], "state=invited", w.staff, name="Mine").status_code == 404
    assert save(w, there["period"], "state=invited", w.contact, name="Mine").status_code == 302


def test_a_row_that_is_silent_is_asked_again_by_its_own_button_and_keeps_its_type():
    """9.5: [Resend]; what is ticked meanwhile is not asked."""
    there = world()
    period, silent, other = there.period(), there.commitment(), there.commitment()
    invitations.invite(period, [silent], InvoiceType.RELEASE, by=there.admin)
    client, board = signed_in(there.admin), reverse("period", args=[there.project.slug, period.pk])
    page = text_of(client.get(board))
    assert f'form="resend" name="one" value="{silent.pk}"' in page and f'name="one" value="{other.pk}"' not in page
    ask = reverse("period-invite", args=[there.project.slug, period.pk])
    assert client.post(ask, {"one": str(silent.pk), "commitment": [str(other.pk)]}).status_code == 302
    [invite] = Invitation.objects.all()
    assert (invite.commitment, invite.invoice_type) == (silent, InvoiceType.RELEASE)
    assert Mail.objects.about(invite).count() == 2
    for odd in ("", "0", "x", "\x00", "9" * 30, str(other.pk)):
        assert client.post(ask, {"one": odd}).status_code == 422
