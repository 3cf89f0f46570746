"""The matrix of levels and the Django admin, each used in Chromium by every kind of person there is (R60)."""

import re
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from directory.models import AccountingPrivilege, PrivilegeRequest
from directory.permissions import Level, Tool, level_held
from tests.test_access_matrix import EVERYONE, Site, build_site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MATRIX, PROJECT_MATRIX, WHY = "company-levels", "project-directory", "person-levels"
ADMIN_PAGES = ["index", *(f"directory_{model}_changelist" for model in ("person", "privilegerequest", "company"))]
OWNER, STAFF, EDITOR = "site owner without a grant", "staff of the admin", "company directory admin"
# Who gets to which page, and as what; all others are sent to the sign-in page or told that there is none.
OPENS = (
    {
        MATRIX: {"commitments admin", EDITOR},
        WHY: {"commitments admin", EDITOR},
        PROJECT_MATRIX: {"project directory admin"},
        "index": {OWNER, STAFF},
    }
    | dict.fromkeys(ADMIN_PAGES[1:3], {OWNER})
    | {ADMIN_PAGES[3]: {OWNER}}
)
CHOOSES = {(MATRIX, EDITOR), (PROJECT_MATRIX, "project directory admin")}
REFUSED = re.compile(r"Not found|no such page|may not do this|Forbidden|nothing here|Sign in|Log in", re.IGNORECASE)


@pytest.fixture
def there(transactional_db) -> Site:
    return build_site()


def address(there: Site, name: str) -> str:
    return reverse(f"admin:{name}") if name in ADMIN_PAGES else there.address(name)


def test_each_kind_of_person_meets_the_matrix_and_the_admin_or_is_told_the_way_on(there, enter, console):
    console.expect(403, 404)
    found = []
    for who in sorted(EVERYONE):
        person = there.people[who]
        page = enter(person)
        if who == "deactivated":
            person.is_active = False
            person.save()
        for name in (MATRIX, PROJECT_MATRIX, WHY, *ADMIN_PAGES):
            answer = page.goto(address(there, name))
            found += looked_at(page, answer.status, name, who)
        page.context.close()
    assert not found


def looked_at(page: Page, status: int, name: str, who: str) -> list[str]:
    """What is not as it should be on the page that this person got."""
    heading = page.get_by_role("heading", level=1).all_inner_texts()
    where = f"{name} as {who}: {status} {heading} {urlsplit(page.url).path}"
    if who in OPENS[name]:
        chooses = page.locator("select[name^=level-]").count() > 0
        is_right = status == 200 and (name not in (MATRIX, PROJECT_MATRIX) or chooses == ((name, who) in CHOOSES))
        return [] if is_right else [where]
    at_the_door = status in (403, 404) or "/login/" in page.url
    text = page.locator("body").inner_text()
    leads_on = page.locator("main a, main button, #content a, #content button, form button, form input[type=submit]")
    return [] if at_the_door and REFUSED.search(text) and leads_on.count() else [f"{where} {text[:200]!r}"]


def test_a_directory_admin_gives_a_level_by_keyboard_and_it_counts_on_the_next_click(there, enter, console):
    console.expect(404)
    someone = there.people["employee without a level"]
    theirs, page = enter(someone), enter(there.people[EDITOR])
    queue = there.address("erp-queue")
    assert theirs.goto(queue).status == 404
    page.goto(there.address(MATRIX) + f"?q={someone.email}")
    cell = page.get_by_label(re.compile("ERP Integrations", re.IGNORECASE)).first
    cell.focus()
    page.keyboard.type("Read")
    expect(page.get_by_text("1 level changed, not saved yet.")).to_be_visible()
    page.get_by_role("button", name="Save levels").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 level changed, from the next click of each person on.")).to_be_visible()
    assert theirs.goto(queue).status == 200
    company = someone.memberships.get().company
    assert level_held(someone, Tool.ERP_INTEGRATIONS, company) == Level.READ_ONLY


def test_an_admin_of_a_projects_directory_takes_a_level_and_the_door_shuts(there, enter, console):
    console.expect(404)
    reader = there.people["commitments read only"]
    theirs, page = enter(reader), enter(there.people["project directory admin"])
    invoices = there.address("invoices")
    assert theirs.goto(invoices).status == 200
    page.goto(there.address(PROJECT_MATRIX) + f"?q={reader.email}")
    page.get_by_label(re.compile("Commitments", re.IGNORECASE)).first.select_option(label="None")
    page.get_by_role("button", name="Save levels").click()
    expect(page.get_by_text("1 level changed, from the next click of each person on.")).to_be_visible()
    assert theirs.goto(invoices).status == 404


def test_who_may_only_look_sees_levels_and_no_choices(there, enter):
    page = enter(there.people["commitments admin"])
    page.goto(there.address(MATRIX))
    expect(page.get_by_text("You may look.")).to_be_visible()
    expect(page.get_by_role("button", name="Save levels")).to_have_count(0)


def test_the_site_owner_grants_what_was_asked_for_and_withdraws_it_in_the_admin(there, enter):
    asked = PrivilegeRequest.objects.waiting().get()
    page, colleague = enter(there.people[OWNER]), enter(there.people[EDITOR])
    page.goto(reverse("admin:index"))
    page.get_by_role("link", name="Requests (1 waiting)").click()
    page.get_by_role("link", name=re.compile(asked.person.name)).first.click()
    page.get_by_role("link", name=re.compile("^Grant")).first.click()
    page.get_by_label("Why it is granted").fill("Covers for Sam in December")
    page.get_by_role("button", name=re.compile("Grant")).click()
    expect(page.get_by_text(re.compile("granted|can push", re.IGNORECASE)).first).to_be_visible()
    granted = AccountingPrivilege.objects.live().get(person=asked.person)
    assert granted.granted_by == there.people[OWNER]
    colleague.goto(there.address("company-directory") + f"?q={asked.person.email}")
    expect(colleague.get_by_text("Accounting approver").first).to_be_visible()
    page.goto(reverse("admin:directory_accountingprivilege_change", args=[granted.pk]))
    page.get_by_role("link", name=re.compile("Withdraw")).first.click()
    page.get_by_label("Why it is withdrawn").fill("Sam is back")
    page.get_by_role("button", name=re.compile("Withdraw")).click()
    expect(page.get_by_text(re.compile("withdrawn|withdrew", re.IGNORECASE)).first).to_be_visible()
    assert not AccountingPrivilege.objects.live().filter(person=asked.person).exists()


def test_a_helper_in_the_admin_sees_neither_people_nor_privileges(there, enter):
    page = enter(there.people[STAFF])
    page.goto(reverse("admin:index"))
    expect(page.get_by_role("link", name=re.compile("Requests|Can Push|^People$"))).to_have_count(0)
