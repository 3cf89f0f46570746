"""What the set-up still lacks: each gap is found where it is, told once, and gone when it is mended."""

import pytest
from django.urls import reverse
from django.utils.html import escape

from config.gaps import gaps
from directory.actions import privileges
from directory.actions.grants import set_level
from directory.actions.permission_templates import create
from directory.models import AccountingPrivilege, Company, Project
from directory.permissions import Level, Tool
from erp_integrations.models import ProjectLink
from tests.erp_integrations.world import sage_world
from tests.factories import person, world

pytestmark = pytest.mark.django_db


def found() -> dict[str, list[str]]:
    return {gap.key: [row.name for row in gap.rows] for gap in gaps()}


def titled() -> set[str]:
    return {gap.title for gap in gaps()}


def test_a_company_with_everything_has_no_gap_but_the_lists_that_were_not_loaded():
    w = sage_world()
    w.commitment()
    assert not set(found()) - {"no-factor"}


def test_a_project_that_keeps_no_more_than_a_ledger_account_has_no_job():
    w = sage_world()
    ProjectLink.objects.update(job_number="", account="5040")
    assert found()["no-job"] == [w.base.project.name]


def test_each_gap_is_found_and_named_with_the_way_to_mend_it(client):
    w = world()
    w.commitment(contact=False, number="SC-900")
    person("Lost Login")
    person("Idle Ida", w.company)
    privileges.withdraw(AccountingPrivilege.objects.get(), by=w.owner, reason="Left")
    assert {key: names for key, names in found().items() if key != "no-factor"} == {
        "no-company": ["Lost Login"],
        "no-role": ["Idle Ida"],
        "no-lists": [w.company.name],
        "nobody-accepts": [w.company.name],
        "no-job": [w.project.name],
        "no-number": ["Acme Concrete"],
        "no-contact": ["SC-900, Acme Concrete"],
    }
    assert {"1 login with no company", "1 person with no role", "1 company with nobody to accept"} <= titled()
    client.force_login(w.owner)
    page = client.get(reverse("admin:set-up-gaps")).content.decode()
    for gap in gaps():
        assert gap.title in page and escape(gap.mend) in page and f'id="{gap.key}"' in page


def test_a_gap_that_accounting_mends_says_the_address_of_its_page(client):
    w = world()
    w.commitment(contact=False)
    addresses = {gap.key: row.mended_at for gap in gaps() for row in gap.rows if row.mended_at}
    assert addresses == {
        "no-lists": reverse("erp-lists", args=[w.company.slug]),
        "no-job": reverse("erp-link", args=[w.company.slug, "jobs", w.project.pk]),
        "no-number": reverse("erp-link", args=[w.company.slug, "vendors", w.vendor.pk]),
    }
    client.force_login(w.owner)
    page = client.get(reverse("admin:set-up-gaps")).content.decode()
    assert all(
        f"<span>{address}</span>, which opens for accounting staff only" in page for address in addresses.values()
    )
    set_level(w.approver, Tool.ERP_INTEGRATIONS, w.company, Level.STANDARD, by=w.owner)
    client.force_login(w.approver)
    assert all(client.get(address).status_code == 200 for address in addresses.values())


def test_the_page_says_who_can_mend_a_gap_and_links_only_where_it_opens(client):
    """A site owner has no level of their own: a link that answers 404 helps nobody."""
    w = world()
    w.commitment()
    set_level(w.approver, Tool.ERP_INTEGRATIONS, w.company, Level.STANDARD, by=w.owner)
    at = reverse("erp-lists", args=[w.company.slug])
    client.force_login(w.owner)
    assert client.get(at).status_code == 404
    page = client.get(reverse("admin:set-up-gaps")).content.decode()
    assert f"{w.approver.name} can mend it at <span>{at}</span>" in page and f'href="{at}"' not in page
    w.approver.is_superuser = w.approver.is_staff = True
    w.approver.save()
    client.force_login(w.approver)
    page = client.get(reverse("admin:set-up-gaps")).content.decode()
    assert f'<a href="{at}">' in page and client.get(at).status_code == 200


def test_where_nobody_can_mend_it_the_page_says_what_to_give_to_whom(client):
    w = world()
    w.commitment()
    set_level(w.approver, Tool.ERP_INTEGRATIONS, w.company, Level.READ_ONLY, by=w.owner)
    lists = next(row for gap in gaps(w.approver) if gap.key == "no-lists" for row in gap.rows)
    assert lists.mended_by == () and not lists.opens
    client.force_login(w.owner)
    page = client.get(reverse("admin:set-up-gaps")).content.decode()
    assert "Nobody here has Standard on ERP Integrations yet" in page


def test_a_holder_of_the_privilege_without_a_level_does_not_close_the_gap():
    w = world()
    set_level(w.approver, Tool.ERP_INTEGRATIONS, w.company, Level.READ_ONLY, by=w.owner)
    assert found()["nobody-accepts"] == [w.company.name]


def test_a_level_through_a_template_is_a_role():
    w = world()
    idle = person("Idle Ida", w.company)
    assert "no-role" in found()
    template = permission_template(w)
    template.group.user_set.add(idle)
    assert "no-role" not in found()


def permission_template(w):
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    template = create(w.company, "Readers", by=w.admin)
    set_level(template.group, Tool.COMMITMENTS, w.project, Level.READ_ONLY, by=w.owner)
    return template


def test_the_page_is_the_site_owners_alone(client):
    w = world()
    w.staff.is_staff = True
    w.staff.save()
    client.force_login(w.staff)
    assert client.get(reverse("admin:set-up-gaps")).status_code == 403


def test_the_gaps_cost_the_same_for_many(django_assert_max_num_queries):
    world()
    with django_assert_max_num_queries(20) as few:
        gaps()
    for number in range(3):
        company = Company.objects.create(name=f"Company {number}", slug=f"c-{number}")
        Project.objects.create(company=company, name="Job", number="1", slug=f"job-{number}")
        person(f"Somebody {number}", company)
    with django_assert_max_num_queries(len(few)):
        gaps()
