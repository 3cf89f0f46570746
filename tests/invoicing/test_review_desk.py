"""What a reviewer arranges on the desk, and another amount in place (9.3)."""

import re

import pytest

from invoicing.actions import attachments
from invoicing.models import BulkApproval
from tests.factories import D, world
from tests.invoicing.pages import APPROVED, LOOKED_NOW, REJECTED, at, signed_in, text_of

pytestmark = pytest.mark.django_db
HEADINGS = re.compile(r'<th scope="col"[^>]*>(?:<span class="col">[^<]*</span>)?([^<]+)')


@pytest.fixture
def w():
    there = world()
    there.invoice = there.submitted()
    there.desk = at(there.invoice, "invoice-review")
    return there


def headings(page) -> list[str]:
    return HEADINGS.findall(page.content.decode().split(" data-review")[1].split("</thead>")[0])


def test_the_columns_somebody_does_not_want_to_see_stay_away_from_their_desk_alone(w):
    dana = signed_in(w.admin)
    before = headings(dana.get(w.desk))
    chosen = dana.get(w.desk, {"columns": "chosen", "show": "todo", "column": ["scheduled_value", "balance_to_finish"]})
    assert chosen.url == f"{w.desk}?show=todo"
    assert headings(dana.get(w.desk)) == ["#", "Line", "Scheduled value", "This period", "Balance", "Review"]
    line = w.invoice.lines.first()
    answer = dana.post(
        at(w.invoice, "review-line", line.pk),
        APPROVED,
        headers={"HX-Request": "true"},
    )
    assert answer.content.decode().split("</tr>")[0].count("<td") == 5, "a row that comes back fits its table"
    other = signed_in(w.second_admin)
    other.cookies.update(dana.cookies)
    other.cookies["sessionid"] = signed_in(w.second_admin).cookies["sessionid"].value
    assert headings(other.get(w.desk)) == before


def test_attachments_stand_beside_the_lines_as_long_as_somebody_wants_them_there(w):
    dana = signed_in(w.admin)
    attachments.attach(w.invoice, "Delivery note.pdf", b"%PDF-1.7 delivery", by=w.admin)
    assert "Delivery note.pdf" not in text_of(dana.get(w.desk))
    assert dana.get(w.desk, {"files": "open", "show": "changed"}).url == f"{w.desk}?show=changed"
    page = text_of(dana.get(w.desk))
    assert '<aside class="card files-beside"' in page and "Delivery note.pdf" in page and str(w.admin) in page
    dana.get(w.desk, {"files": "closed"})
    assert "files-beside" not in text_of(dana.get(w.desk))


def come_from(w, show: str) -> dict[str, str]:
    return {"Referer": f"http://testserver{w.desk}?show={show}"}


def test_the_lines_that_were_shown_are_shown_again(w):
    """9.3: also without scripts."""
    dana, line = signed_in(w.admin), w.invoice.lines.first().pk

    def leads(name, *lines, **sent) -> str:
        return dana.post(at(w.invoice, name, *lines), sent, headers=come_from(w, "todo")).url

    assert leads("review-seen", version=w.invoice.version) == f"{w.desk}?show=todo"
    assert leads("review-line", line, **APPROVED) == f"{w.desk}?show=todo&line={line}#line-{line}"
    assert leads("review-rest", version=w.invoice.version) == f"{w.desk}?show=todo"
    assert leads("review-rest-undo", step=BulkApproval.objects.get().pk) == f"{w.desk}?show=todo"


@pytest.mark.parametrize("show", ["all", "timeline", "<b>", ""])
def test_what_is_no_filter_is_not_carried_on(w, show):
    answer = signed_in(w.admin).post(
        at(w.invoice, "review-seen"), {"version": w.invoice.version}, headers=come_from(w, show)
    )
    assert answer.url == w.desk


def test_a_page_in_between_leads_back_to_the_lines_that_were_shown(w):
    dana, line = signed_in(w.admin), w.invoice.lines.first()
    back = f"{w.desk}?show=todo&line={line.pk}#line-{line.pk}"
    amount, verdict = at(w.invoice, "review-amount", line.pk), at(w.invoice, "review-line", line.pk)
    for page, sent in (
        (dana.get(amount, headers=come_from(w, "todo")), {f"work-{line.pk}": "750"}),
        (
            dana.post(verdict, REJECTED, headers=come_from(w, "todo")),
            {},
        ),
    ):
        asked = text_of(page)
        assert f'href="{back.replace("&", "&amp;")}"' in asked
        form = next(each for each in re.findall(r"<form.*?</form>", asked) if 'name="reason"' in each)
        shown = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
        sent |= {"reason": "A quarter is missing"}
        address = page.wsgi_request.path
        assert dana.post(address, shown | sent, headers={"Referer": f"http://testserver{address}"}).url == back


def test_what_is_no_choice_changes_nothing(w):
    dana = signed_in(w.admin)
    for odd in ({"columns": "x", "column": ["nothing", "<b>"]}, {"files": "\u0000"}, {"line": "x" * 5000}):
        assert dana.get(w.desk, odd, follow=True).status_code == 200


def test_without_scripts_the_pencil_leads_to_the_page_of_another_amount(w):
    line = w.invoice.lines.first()
    answer = signed_in(w.admin).post(
        at(w.invoice, "review-line", line.pk), {"decision": "amount", "pressed": "", "seen": LOOKED_NOW}
    )
    assert answer.url == at(w.invoice, "review-amount", line.pk)
    line.refresh_from_db()
    assert line.verdict == ""


def test_the_box_in_place_asks_for_the_work_and_why_and_keeps_all_else(w):
    dana, line = signed_in(w.admin), w.invoice.lines.first()
    address = at(w.invoice, "review-amount", line.pk)
    box = dana.get(address, headers={"HX-Request": "true", "HX-Target": "box"}).content.decode()
    assert box.lstrip().startswith('<tr class="under">') and box.count("<button") == 1, "U1"
    sent = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', box))
    sent |= {f"work-{line.pk}": "750", "reason": "A quarter is missing"}
    assert dana.post(address, sent).url.endswith(f"#line-{line.pk}")
    was = line.stored_new
    line.refresh_from_db()
    assert (line.work_this_period, line.allowed_reason, line.stored_new) == (D("750.00"), "A quarter is missing", was)


def test_a_desk_has_columns_for_what_its_lines_have(w):
    """5.2: who judges a release or stored material sees it, and how retainage on work came of it."""
    dana = signed_in(w.admin)
    plain = headings(dana.get(w.desk))
    assert not {"Released", "Moved to work", "New stored", "Held on work", "Held on stored"} & set(plain)
    other = w.commitment(bills_stored_materials=True)
    released = w.submitted(w.draft(other), {"work_this_period": D("1000.00"), "retainage_released": D("80.00")})
    assert [each for each in headings(dana.get(at(released, "invoice-review"))) if each not in plain] == [
        "Held on work", "Released",
    ]  # fmt: skip
    stored = w.submitted(w.draft(w.commitment(bills_stored_materials=True)), {"stored_new": D("500.00")})
    page = dana.get(at(stored, "invoice-review"))
    assert [each for each in headings(page) if each not in plain] == [
        "Moved to work", "New stored", "Held on work", "Held on stored",
    ]  # fmt: skip
    answer = dana.post(
        at(stored, "review-line", stored.lines.first().pk),
        APPROVED,
        headers={"HX-Request": "true"},
    )
    assert answer.content.decode().split("</tr>")[0].count("<td") == len(headings(page)) - 1
