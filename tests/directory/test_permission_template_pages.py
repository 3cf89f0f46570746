"""Permission templates as people keep them on their pages."""

import pytest
from django.urls import reverse

from directory.actions import permission_templates as templates
from directory.actions.grants import set_level
from directory.models import Event, PermissionTemplate
from directory.permissions import Level, Tool, read_access
from tests.directory.test_level_pages import C, D, E, chosen, row_of, table_of, text_of
from tests.factories import person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    made = world()
    set_level(made.admin, D, made.company, Level.ADMIN, by=made.owner)
    return made


@pytest.fixture
def site(client, w):
    client.force_login(w.admin)
    return client


@pytest.fixture
def readers(w):
    return templates.create(w.company, "Readers", by=w.admin)


def at(name: str, *parts) -> str:
    return reverse(f"permission-template{name}", args=parts)


def test_a_template_is_made_given_levels_and_people_and_deleted(w, site):
    assert "No permission templates yet" in text_of(site.get(at("s", w.company.slug)))
    answer = site.post(at("s", w.company.slug), {"name": "Site team"}, follow=True)
    made = PermissionTemplate.objects.get()
    here = at("", w.company.slug, made.pk)
    assert answer.request["PATH_INFO"] == here
    site.post(
        here, chosen((made, C, w.project, Level.STANDARD, Level.NONE), (made, E, w.company, Level.ADMIN, Level.NONE))
    )
    site.post(at("-add", w.company.slug, made.pk), {"person": w.contact.pk})
    access = read_access(w.contact, w.company, w.project)
    assert (access.level(C), access.level(E)) == (Level.STANDARD, Level.NONE)
    shown = text_of(site.get(here))
    assert "Lee Park" in shown and "gets the levels on Commitments only" in shown
    assert site.post(at("-delete", w.company.slug, made.pk)).status_code == 409
    site.post(at("-remove", w.company.slug, made.pk, w.contact.pk))
    site.post(at("-rename", w.company.slug, made.pk), {"name": "Field team"})
    assert "Field team" in table_of(site.get(at("s", w.company.slug)))
    assert "Delete Field team?" in text_of(site.get(at("-delete", w.company.slug, made.pk)))
    site.post(at("-delete", w.company.slug, made.pk))
    assert not PermissionTemplate.objects.exists()
    assert read_access(w.contact, w.company, w.project).level(C) is Level.NONE


def test_the_list_says_what_each_gives(w, site, readers):
    set_level(readers.group, C, w.project, Level.READ_ONLY, by=w.admin)
    shown = row_of(site.get(at("s", w.company.slug)), "Readers")
    assert shown == f"Readers nobody yet Read Only on Commitments, {w.project}"


@pytest.mark.parametrize("name", ["", "   ", "readers"])
def test_a_name_that_is_missing_or_taken_is_refused_beside_its_field(w, site, readers, name):
    other = templates.create(w.company, "Other", by=w.admin)
    for address in (at("s", w.company.slug), at("-rename", w.company.slug, other.pk)):
        answer = site.post(address, {"name": name})
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in text_of(answer)
    assert set(PermissionTemplate.objects.values_list("name", flat=True)) == {"Readers", "Other"}


def test_after_a_refusal_its_levels_are_still_saved_to_the_template_itself(w, site, readers):
    """And not to where the refused one was sent: a second press would rename it, or delete it."""
    templates.add_person(readers, w.reader, by=w.admin)
    here = at("", w.company.slug, readers.pk)
    for refused in (at("-delete", w.company.slug, readers.pk), at("-rename", w.company.slug, readers.pk)):
        answer = site.post(refused, {"name": ""})
        assert answer.status_code in (409, 422)
        assert f'<form method="post" class="stack" action="{here}" data-levels>' in answer.content.decode()


def test_a_template_offers_only_people_of_the_directory_who_are_not_in_it_and_not_oneself(w, site, readers):
    templates.add_person(readers, w.reader, by=w.admin)
    other = world("Harbor Works")
    offered = text_of(site.get(at("", w.company.slug, readers.pk))).partition("Add a person")[2]
    assert "Kim Chu, Cascade Builders" in offered and "Lee Park, Acme Concrete" in offered
    assert "Rae Reader," not in offered and "Dana Cole," not in offered
    for nobody in (w.reader.pk, w.admin.pk, other.admin.pk, "", "x"):
        assert site.post(at("-add", w.company.slug, readers.pk), {"person": nobody}).status_code == 422
    assert list(readers.group.user_set.all()) == [w.reader]


def test_whoever_is_in_a_template_is_told_who_else_changes_it(w, site, readers):
    templates.add_person(readers, w.admin, by=w.owner)
    shown = text_of(site.get(at("", w.company.slug, readers.pk)))
    assert "nobody changes their own levels" in shown and "Save levels" not in shown
    for answer in (
        site.post(at("", w.company.slug, readers.pk), chosen((readers, C, w.project, Level.ADMIN, Level.NONE))),
        site.post(at("-remove", w.company.slug, readers.pk, w.admin.pk)),
    ):
        assert answer.status_code == 422
        assert "Nobody changes their own levels" in text_of(answer)
    assert list(readers.group.user_set.all()) == [w.admin]


def test_what_somebody_else_changed_in_the_template_meanwhile_is_named(w, site, readers):
    set_level(readers.group, C, w.project, Level.STANDARD, by=w.owner)
    sent = chosen((readers, C, w.project, Level.ADMIN, Level.NONE))
    answer = site.post(at("", w.company.slug, readers.pk), sent)
    assert answer.status_code == 409
    assert f"Readers, Commitments of {w.project} is Standard now" in text_of(answer)


def test_a_reader_of_the_directory_looks_and_changes_nothing(w, client, readers):
    looker = person("Rob Looker", w.company)
    set_level(looker, D, w.company, Level.STANDARD, by=w.owner)
    client.force_login(looker)
    assert "New template" not in text_of(client.get(at("s", w.company.slug)))
    shown = text_of(client.get(at("", w.company.slug, readers.pk)))
    assert "Rename" not in shown and "Add a person" not in shown and "Save levels" not in shown
    before = Event.objects.count()
    for name, parts in (("s", ()), ("", (readers.pk,)), ("-rename", (readers.pk,)), ("-delete", (readers.pk,))):
        assert client.post(at(name, w.company.slug, *parts), {"name": "New"}).status_code == 403
    for name, parts in (("-add", (readers.pk,)), ("-remove", (readers.pk, w.staff.pk))):
        assert client.post(at(name, w.company.slug, *parts), {"person": w.staff.pk}).status_code == 403
    assert Event.objects.count() == before


def test_another_companys_template_does_not_exist_here(w, site):
    other = world("Harbor Works")
    theirs = templates.create(other.company, "Readers", by=other.owner)
    for name, parts in (("", ()), ("-delete", ()), ("-rename", ()), ("-add", ()), ("-remove", (other.admin.pk,))):
        address = at(name, w.company.slug, theirs.pk, *parts)
        assert site.post(address, {"name": "Mine"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.name == "Readers"


def test_no_page_of_a_template_offers_the_privilege(w, site, readers):
    """P-4: whatever is sent along."""
    sent = {"level-privilege": 3, "seen-privilege": 0, "can_push_to_accounting": "on"}
    assert site.post(at("", w.company.slug, readers.pk), sent).status_code == 422
    site.post(at("-add", w.company.slug, readers.pk), {"person": w.staff.pk, "can_push_to_accounting": "on"})
    assert not read_access(w.staff, w.company).can_push_to_accounting
    assert {tool.name for tool in Tool} == {"COMPANY_DIRECTORY", "ERP_INTEGRATIONS", "PROJECT_DIRECTORY", "COMMITMENTS"}
