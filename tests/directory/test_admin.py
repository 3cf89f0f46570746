"""The site owner's working place, and what staff cannot do there (P-4, R71)."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone

from directory.actions import permission_templates, privileges
from directory.actions.grants import set_level
from directory.admin.bases import ReadOnly
from directory.models import AccountingPrivilege, Company, Event, Mail, Person, PrivilegeRequest, Project, Vendor
from directory.permissions import Level, Tool, level_held, read_access
from erp_integrations.actions import batches
from erp_integrations.models import Download
from tests.erp_integrations.world import sage_world
from tests.factories import owner, person, world

pytestmark = pytest.mark.django_db
PRIVILEGE = "admin:directory_accountingprivilege"
REQUEST = "admin:directory_privilegerequest"


@pytest.fixture
def w():
    return world()


@pytest.fixture
def site(client, w):
    client.force_login(w.owner)
    return client


@pytest.fixture
def staff(client, w):
    """A helper of the site owner with every permission Django knows, but no superuser."""
    w.staff.is_staff = True
    w.staff.save()
    w.staff.user_permissions.set(Permission.objects.all())
    client.force_login(w.staff)
    return client


def pages(w) -> list[str]:
    one = {Person: w.admin, Company: w.company, Vendor: w.vendor, Project: w.project}
    one[AccountingPrivilege] = AccountingPrivilege.objects.first()
    one[PrivilegeRequest] = PrivilegeRequest.objects.create(
        person=w.staff, company=w.company, asked_by=w.admin, reason="Cover"
    )
    one[Event] = Event.objects.first()
    lists = [reverse(f"admin:directory_{model._meta.model_name}_changelist") for model in (*one, Mail)]
    changes = [reverse(f"admin:directory_{model._meta.model_name}_change", args=[row.pk]) for model, row in one.items()]
    adds = [reverse(f"admin:directory_{m._meta.model_name}_add") for m in (Person, Company, Vendor, Project)]
    return [
        *lists,
        *changes,
        *adds,
        reverse(f"{PRIVILEGE}_add"),
        reverse("admin:directory_person_levels", args=[w.admin.pk]),
        *(reverse(f"{REQUEST}_{verb}", args=[one[PrivilegeRequest].pk]) for verb in ("grant", "decline")),
    ]


def test_nothing_with_money_can_be_changed_in_the_admin():
    changeable = {Person, Company, Vendor, Project}
    for model, page in admin.site._registry.items():
        ours = model._meta.app_label in ("directory", "invoicing", "erp_integrations")
        if ours and model not in changeable:
            assert isinstance(page, ReadOnly) or model is AccountingPrivilege, model
    registered = {model.__name__ for model in admin.site._registry if model._meta.app_label == "invoicing"}
    assert not registered, "invoices and commitments are not in the admin at all"


def test_the_index_is_short_and_counts_the_requests_that_wait(site, w, asked):
    page = site.get(reverse("admin:index"))
    sections = {section["name"]: [model["name"] for model in section["models"]] for section in page.context["app_list"]}
    assert list(sections) == ["People", "Privileges", "Companies", "Set-up gaps", "Records"]
    assert sections["Privileges"] == ["Requests (1 waiting)", "Can Push to Accounting"]
    assert sections["People"] == ["People"]


def test_exports_and_downloads_are_looked_at_and_never_changed(site):
    sage = sage_world()
    export = sage.exported()
    site.force_login(sage.base.owner)
    batch = export.items.get().batch
    batches.download(batch, Download.Which.XLSX, by=sage.approver)
    for row in (export, batch, Download.objects.get()):
        name = f"admin:erp_integrations_{row._meta.model_name}"
        assert site.get(reverse(f"{name}_changelist")).status_code == 200
        assert site.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
        assert site.post(reverse(f"{name}_change", args=[row.pk]), {"status": "not_sent"}).status_code == 403
        assert site.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        assert site.get(reverse(f"{name}_add")).status_code == 403


def test_a_persons_page_leads_to_their_levels_grants_and_requests(site, w, asked):
    privilege = AccountingPrivilege.objects.get(person=w.approver)
    shown = site.get(reverse("admin:directory_person_change", args=[w.approver.pk])).content.decode()
    assert reverse(f"{PRIVILEGE}_change", args=[privilege.pk]) in shown
    assert reverse("admin:directory_person_levels", args=[w.approver.pk]) in shown
    shown = site.get(reverse("admin:directory_person_change", args=[w.staff.pk])).content.decode()
    assert reverse(f"{REQUEST}_change", args=[asked.pk]) in shown
    add = site.get(reverse(f"{PRIVILEGE}_add"), {"person": w.staff.pk}).content.decode()
    assert f'<option value="{w.staff.pk}" selected>' in add


def test_a_template_shows_whom_it_gives_what(site, w):
    template = permission_templates.create(w.company, "Accounting", by=w.owner)
    set_level(template.group, Tool.ERP_INTEGRATIONS, w.company, Level.STANDARD, by=w.owner)
    template.group.user_set.add(w.staff)
    page = site.get(reverse("admin:directory_permissiontemplate_change", args=[template.pk])).content.decode()
    assert "Kim Chu" in page and "ERP Integrations: Standard" in page


def test_every_page_opens_for_the_site_owner(site, w):
    assert site.get(reverse("admin:index")).status_code == 200
    for address in pages(w):
        assert site.get(address).status_code == 200, address


def test_people_of_the_company_do_not_get_in(client, w):
    for who in (w.admin, w.approver, w.contact):
        client.force_login(who)
        assert client.get(reverse("admin:index")).status_code in (302, 403)


def test_the_list_of_people_costs_the_same_for_many(site, w, django_assert_max_num_queries):
    for number in range(10):
        person(f"Extra {number}", w.company)
    with django_assert_max_num_queries(14):
        site.get(reverse("admin:directory_person_changelist"))


# The privilege


def test_the_site_owner_grants_the_privilege_with_a_reason(site, w):
    address = reverse(f"{PRIVILEGE}_add")
    answer = site.post(address, {"person": w.staff.pk, "company": w.company.pk, "reason": "Covers for Sam"})
    assert answer.status_code == 302
    privilege = AccountingPrivilege.objects.get(person=w.staff)
    assert (privilege.granted_by, privilege.reason) == (w.owner, "Covers for Sam")
    assert Event.objects.about(privilege).count() == 1
    assert read_access(w.staff, w.company).can_push_to_accounting


@pytest.mark.parametrize(
    ("who", "reason", "words"),
    [("contact", "Why", "is not employed by"), ("approver", "Why", "holds it already"), ("staff", "", "required")],
)
def test_a_grant_against_the_rules_says_why_beside_the_field(site, w, who, reason, words):
    before = AccountingPrivilege.objects.count()
    values = {"person": getattr(w, who).pk, "company": w.company.pk, "reason": reason}
    answer = site.post(reverse(f"{PRIVILEGE}_add"), values)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert AccountingPrivilege.objects.count() == before


def test_the_site_owner_withdraws_it_with_a_reason(site, w):
    privilege = AccountingPrivilege.objects.get(person=w.approver)
    page = site.get(reverse(f"{PRIVILEGE}_change", args=[privilege.pk])).content.decode()
    address = reverse(f"{PRIVILEGE}_withdraw", args=[privilege.pk])
    assert address in page
    assert site.post(address, {"reason": ""}).status_code == 200
    assert read_access(w.approver, w.company).can_push_to_accounting
    assert site.post(address, {"reason": "Left accounting"}).status_code == 302
    assert not read_access(w.approver, w.company).can_push_to_accounting
    assert address not in site.get(reverse(f"{PRIVILEGE}_change", args=[privilege.pk])).content.decode()


def test_a_privilege_is_neither_edited_nor_deleted(site, w):
    privilege = AccountingPrivilege.objects.get(person=w.approver)
    site.post(reverse(f"{PRIVILEGE}_change", args=[privilege.pk]), {"reason": "Another", "person": w.staff.pk})
    site.post(reverse(f"{PRIVILEGE}_delete", args=[privilege.pk]), {"post": "yes"})
    site.post(reverse(f"{PRIVILEGE}_changelist"), {"action": "delete_selected", "_selected_action": [privilege.pk]})
    privilege.refresh_from_db()
    assert (privilege.person, privilege.reason) == (w.approver, "Controller")


def test_the_site_owner_says_until_which_day_it_holds(site, w):
    day = w.company.today + timedelta(days=10)
    values = {"person": w.staff.pk, "company": w.company.pk, "reason": "Holiday cover"}
    late = site.post(reverse(f"{PRIVILEGE}_add"), values | {"last_day": w.company.today - timedelta(days=1)})
    assert "Its last day has passed" in late.content.decode()
    assert site.post(reverse(f"{PRIVILEGE}_add"), values | {"last_day": day}).status_code == 302
    assert AccountingPrivilege.objects.get(person=w.staff).last_day == day


def test_one_that_has_ended_shows_as_ended_and_is_granted_anew(site, w):
    ended = AccountingPrivilege.objects.filter(person=w.approver)
    ended.update(ends_at=timezone.now() - timedelta(days=1))
    address = reverse(f"{PRIVILEGE}_withdraw", args=[ended.get().pk])
    listed = site.get(reverse(f"{PRIVILEGE}_changelist"), {"state": "ended"}).content.decode()
    assert "Sam Ruiz" in listed and ">Ended<" in listed
    assert address not in site.get(reverse(f"{PRIVILEGE}_change", args=[ended.get().pk])).content.decode()
    told = site.post(address, {"reason": "Too late"}, follow=True).content.decode()
    assert "It has ended by itself" in told
    values = {"person": w.approver.pk, "company": w.company.pk, "reason": "Another year"}
    assert site.post(reverse(f"{PRIVILEGE}_add"), values).status_code == 302
    assert read_access(w.approver, w.company).can_push_to_accounting


# Requests


@pytest.fixture
def asked(w):
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    return privileges.ask(w.staff, w.company, by=w.admin, reason="Covers for Sam")


def test_the_queue_shows_who_asks_for_whom_and_why_with_both_answers(site, asked):
    queue = site.get(reverse(f"{REQUEST}_changelist")).content.decode()
    page = site.get(reverse(f"{REQUEST}_change", args=[asked.pk])).content.decode()
    for shown in (queue, page):
        assert "Kim Chu" in shown and "Dana Cole" in shown and "Covers for Sam" in shown
        assert reverse(f"{REQUEST}_grant", args=[asked.pk]) in shown
        assert reverse(f"{REQUEST}_decline", args=[asked.pk]) in shown
    assert 'name="action"' not in queue, "no mass action answers requests"


def test_the_site_owner_grants_a_request_with_the_reason_it_gave(site, w, asked):
    address = reverse(f"{REQUEST}_grant", args=[asked.pk])
    page = site.get(address).content.decode()
    assert 'value="Covers for Sam"' in page
    day = w.company.today + timedelta(days=30)
    assert site.post(address, {"reason": "Covers for Sam", "last_day": day}).status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.privilege.last_day, asked.answered_by) == ("granted", day, w.owner)
    told = site.post(address, {"reason": "Twice"}, follow=True).content.decode()
    assert "This request was answered before: granted." in told
    assert AccountingPrivilege.objects.filter(person=w.staff).count() == 1


def test_the_site_owner_declines_a_request_with_a_reason(site, w, asked):
    address = reverse(f"{REQUEST}_decline", args=[asked.pk])
    assert "This field is required" in site.post(address, {"reason": ""}).content.decode()
    assert site.post(address, {"reason": "Two are enough"}).status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.answer) == ("declined", "Two are enough")
    page = site.get(reverse(f"{REQUEST}_change", args=[asked.pk])).content.decode()
    assert "Two are enough" in page and address not in page


def test_a_request_for_somebody_who_left_says_why_it_cannot_be_granted(site, w, asked):
    type(w.staff).objects.filter(pk=w.staff.pk).update(is_active=False)  # the login was closed
    answer = site.post(reverse(f"{REQUEST}_grant", args=[asked.pk]), {"reason": "Yes"})
    assert "is not employed by" in answer.content.decode()
    assert site.post(reverse(f"{REQUEST}_decline", args=[asked.pk]), {"reason": "Left"}).status_code == 302


# Levels


def test_the_site_owner_sets_levels_tool_by_tool(site, w):
    someone = person("Uma Ladder", w.company)
    address = reverse("admin:directory_person_levels", args=[someone.pk])
    before = Event.objects.count()
    chosen = {
        f"company_directory-{w.company.pk}": 1,
        f"erp_integrations-{w.company.pk}": 0,
        f"project_directory-{w.project.pk}": 0,
        f"commitments-{w.project.pk}": 3,
    }
    assert site.post(address, chosen).status_code == 302
    access = read_access(someone, w.company, w.project)
    assert access.level(Tool.COMPANY_DIRECTORY) is Level.READ_ONLY
    assert access.level(Tool.COMMITMENTS) is Level.ADMIN
    assert access.level(Tool.ERP_INTEGRATIONS) is Level.NONE
    assert Event.objects.count() == before + 2, "one event for each level that changed"


def test_what_a_template_gives_is_told_beside_the_level_and_not_changed_there(site, w):
    template = permission_templates.create(w.company, "Readers", by=w.owner)
    set_level(template.group, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
    permission_templates.add_person(template, w.reader, by=w.owner)
    address = reverse("admin:directory_person_levels", args=[w.reader.pk])
    assert "through a template: Readers: Standard" in site.get(address).content.decode()
    tools = {f"{tool.name.lower()}-{(w.company if tool.scope == 'company' else w.project).pk}": 0 for tool in Tool}
    assert site.post(address, tools).status_code == 302
    assert read_access(w.reader, w.company, w.project).level(Tool.COMMITMENTS) is Level.STANDARD
    assert level_held(w.reader, Tool.COMMITMENTS, w.project) is Level.NONE


def test_the_site_owner_is_told_why_the_last_directory_admin_stays(site, w):
    set_level(w.reader, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    address = reverse("admin:directory_person_levels", args=[w.reader.pk])
    tools = {f"{tool.name.lower()}-{(w.company if tool.scope == 'company' else w.project).pk}": 0 for tool in Tool}
    answer = site.post(address, tools)
    assert answer.status_code == 200
    assert "Nobody would be left with Admin on the Directory" in answer.content.decode()
    access = read_access(w.reader, w.company, w.project)
    assert (access.level(Tool.COMPANY_DIRECTORY), access.level(Tool.COMMITMENTS)) == (Level.ADMIN, Level.READ_ONLY)


def test_a_vendors_person_is_offered_commitments_only(site, w):
    page = site.get(reverse("admin:directory_person_levels", args=[w.contact.pk])).content.decode()
    assert f"commitments-{w.project.pk}" in page
    assert f"erp_integrations-{w.company.pk}" not in page and f"company_directory-{w.company.pk}" not in page


# People


def test_the_site_owner_enters_a_person_in_a_directory(site, w):
    values = {"email": "new@example.com", "name": "Nell New", "company": w.company.pk, "vendor": w.vendor.pk}
    assert site.post(reverse("admin:directory_person_add"), values).status_code == 302
    membership = Person.objects.get(email="new@example.com").membership_in(w.company)
    assert membership.vendor == w.vendor
    assert Event.objects.about(membership).get().verb == "added to the directory"
    assert not membership.person.has_usable_password()


def test_a_vendor_of_another_company_is_refused(site, w):
    other = world("Harbor Works")
    values = {"email": "new@example.com", "name": "Nell New", "company": w.company.pk, "vendor": other.vendor.pk}
    assert "is not a vendor of" in site.post(reverse("admin:directory_person_add"), values).content.decode()
    assert not Person.objects.filter(email="new@example.com").exists()


def person_form(who, **changed) -> dict:
    """What the person's page would send, with one membership."""
    membership = who.memberships.get()
    values = {
        "name": who.name,
        "email": who.email,
        "is_active": "on",
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": membership.pk,
        "memberships-0-person": who.pk,
        "memberships-0-company": membership.company_id,
        "memberships-0-vendor": membership.vendor_id or "",
        "memberships-0-title": membership.title,
        "memberships-0-is_active": "on",
    } | changed
    return {name: value for name, value in values.items() if value is not None}


def test_a_changed_login_is_one_event_with_old_and_new(site, w):
    address = reverse("admin:directory_person_change", args=[w.admin.pk])
    assert site.post(address, person_form(w.admin, name="Dana Cole-Hill")).status_code == 302
    event = Event.objects.about(w.admin.memberships.get()).first()
    assert event.changes == {"name": ["Dana Cole", "Dana Cole-Hill"]}
    assert event.by == w.owner


def test_unticking_a_membership_takes_the_person_out_of_the_directory(site, w):
    address = reverse("admin:directory_person_change", args=[w.admin.pk])
    leaving = {"memberships-0-is_active": None}
    assert "Say why they leave the directory" in site.post(address, person_form(w.admin, **leaving)).content.decode()
    leaving |= {"memberships-0-reason": "Went to another builder"}
    assert site.post(address, person_form(w.admin, **leaving)).status_code == 302
    assert w.admin.membership_in(w.company) is None
    assert Event.objects.about(w.admin.memberships.get()).first().verb == "taken out of the directory"
    assert site.post(address, person_form(w.admin)).status_code == 302
    assert w.admin.membership_in(w.company)
    assert read_access(w.admin, w.company, w.project).level(Tool.COMMITMENTS) is Level.NONE


def test_a_changed_company_setting_is_an_event(site, w):
    """P-7: switching separation of duties off is logged."""
    address = reverse("admin:directory_company_change", args=[w.company.pk])
    values = company_values(w) | {"separate_sender_and_accepter": ""}
    refused = site.post(address, values).content.decode()
    assert "would protect less than before" in refused
    w.company.refresh_from_db()
    assert w.company.separate_sender_and_accepter
    assert site.post(address, values | {"reason": "We are two people"}).status_code == 302
    event = Event.objects.about(w.company).first()
    assert event.changes == {"separate_sender_and_accepter": ["True", "False"]}
    assert (event.by, event.reason) == (w.owner, "We are two people")
    assert Mail.objects.about(w.company).get(to=w.owner).headline.endswith(f"loosened a protection of {w.company}")


def test_a_company_gets_another_address_in_the_admin_with_its_event(site, w):
    address = reverse("admin:directory_company_change", args=[w.company.pk])
    assert site.post(address, company_values(w) | {"slug": "cascade"}).status_code == 302
    w.company.refresh_from_db()
    assert w.company.slug == "cascade"
    assert "slug" in Event.objects.about(w.company).first().changes


def company_values(w) -> dict:
    """What the company's page would send, as it is."""
    names = ("name", "slug", "time_zone", "insurance_policy", "workers_comp_policy", "lien_waiver_policy")
    separations = ("separate_submitter_and_approver", "separate_sender_and_accepter", "separate_raiser_and_approver")
    return {name: getattr(w.company, name) for name in names} | dict.fromkeys(separations, "on")


def test_the_site_owner_says_in_which_zone_accounting_counts_its_days(site, w):
    """R24."""
    address = reverse("admin:directory_company_change", args=[w.company.pk])
    refused = site.post(address, company_values(w) | {"time_zone": "Mars/Olympus"})
    assert "“Mars/Olympus” is not a time zone. Use a name such as America/Chicago." in refused.content.decode()
    assert site.post(address, company_values(w) | {"time_zone": "Pacific/Honolulu"}).status_code == 302
    w.company.refresh_from_db()
    assert w.company.time_zone == "Pacific/Honolulu"


# Staff who are no site owners


def test_staff_change_nothing_although_django_gave_them_every_permission(staff, w):
    template = Group.objects.create(name="Everything")
    privilege = AccountingPrivilege.objects.get(person=w.approver)
    people_page = reverse("admin:directory_person_change", args=[w.staff.pk])
    tries = [
        (people_page, person_form(w.staff, is_superuser="on", is_staff="on", groups=[template.pk])),
        (reverse("admin:directory_person_change", args=[w.owner.pk]), {"email": "mine@example.com"}),
        (reverse("admin:directory_person_add"), {"email": "x@example.com", "name": "X", "company": w.company.pk}),
        (reverse("admin:directory_person_levels", args=[w.staff.pk]), {f"erp_integrations-{w.company.pk}": 3}),
        (reverse(f"{PRIVILEGE}_add"), {"person": w.staff.pk, "company": w.company.pk, "reason": "Me"}),
        (reverse(f"{PRIVILEGE}_withdraw", args=[privilege.pk]), {"reason": "Not him"}),
        (reverse("admin:directory_company_change", args=[w.company.pk]), {"name": "Mine", "slug": "mine"}),
        (reverse("admin:directory_vendor_change", args=[w.vendor.pk]), {"name": "Mine"}),
        (reverse("admin:directory_project_add"), {"name": "Mine", "company": w.company.pk}),
        (reverse("admin:directory_event_change", args=[Event.objects.first().pk]), {"reason": "x"}),
    ]
    before = snapshot()
    for address, values in tries:
        assert staff.post(address, values).status_code == 403, address
    assert snapshot() == before


def snapshot() -> list:
    """Every row that a try could have touched."""
    models = (Person, Company, Vendor, Project, AccountingPrivilege, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_a_site_owner_may_not_grant_it_to_themselves_in_the_admin_either(client, w):
    boss = owner()
    client.force_login(boss)
    answer = client.post(
        reverse(f"{PRIVILEGE}_add"), {"person": boss.pk, "company": w.company.pk, "reason": "I am the boss"}
    )
    assert "Nobody grants this privilege to themselves" in answer.content.decode()


def test_levels_are_not_set_as_permissions_of_a_whole_model(site, w):
    """R64: the person's page offers only permissions to look."""
    page = site.get(reverse("admin:directory_person_change", args=[w.admin.pk]))
    offered = page.context["adminform"].form.fields["user_permissions"].queryset
    assert {permission.codename.partition("_")[0] for permission in offered} == {"view"}


def test_a_password_is_changed_on_the_page_of_the_account_where_it_is_recorded(site):
    """R93, R119: the admin's own page would neither ask again, nor record, nor mail."""
    for name in ("password_change", "password_change_done"):
        assert site.post(reverse(f"admin:{name}"), {"new_password1": "x"}).url == "/accounts/password/change/"
