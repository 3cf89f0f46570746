"""Sage's lists come in whole or not at all; ours and Sage's are linked one to one and never by a guess."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from directory.models import Event, Project, Vendor
from directory.refusals import Refused
from erp_integrations.actions import links
from erp_integrations.models import (
    CommitmentLink,
    CostTypeLink,
    ErpSettings,
    ImportLayout,
    LineLink,
    ListKind,
    ProjectLink,
    SageListVersion,
    VendorLink,
)
from erp_integrations.sage100.facts import ExportSettings
from erp_integrations.sage100.layout import APINV_R1, APINV_R2
from tests import factories
from tests.erp_integrations.world import JOB, VENDOR, sage_world


def test_an_upload_replaces_the_list_as_a_new_version_and_the_old_one_stays(sage):
    sage.load(ListKind.VENDORS, {"number": 7, "name": "Newer"}, as_of_date=date(2030, 7, 1))
    assert [vendor.name for vendor in sage.lists().vendors] == ["Newer"]
    assert sage.lists().vendors.as_of == date(2030, 7, 1)
    versions = SageListVersion.objects.filter(company=sage.company, kind="vendors")
    assert sorted(versions.values_list("is_current", "record_count")) == [(False, 1), (True, 1)]


def test_one_bad_cell_refuses_the_whole_upload(sage):
    """R109."""
    with pytest.raises(Refused, match="Row 2, number “x”"):
        sage.load(ListKind.VENDORS, {"number": 7, "name": "Good"}, {"number": "x", "name": "Bad"})
    assert sage.lists().vendors.get(VENDOR)


def test_a_list_without_rows_does_not_replace_one_that_has_some(sage):
    """Section 4: "gone" is for people to see; an empty file is a slip, and would leave the rules blind."""
    with pytest.raises(Refused, match="has no rows, and the list in use has 1") as refusal:
        sage.load(ListKind.VENDORS)
    assert refusal.value.field == "file"
    assert sage.lists().vendors.get(VENDOR)
    sage.load(ListKind.PAYABLE_INVOICES)  # there was nothing to lose


def test_an_older_list_does_not_replace_a_newer_one(sage):
    """S12 asks the newest list."""
    with pytest.raises(Refused, match="of 1999-01-01, and the list in use of 2030-06-01 is newer"):
        sage.load(ListKind.VENDORS, {"number": 7, "name": "Old"}, as_of_date=date(1999, 1, 1))
    assert sage.lists().vendors.get(VENDOR)


def test_only_one_version_of_a_list_can_be_current(sage):
    old = SageListVersion.objects.get(company=sage.company, kind="vendors", is_current=True)
    sage.load(ListKind.VENDORS, {"number": 7, "name": "Newer"})
    with pytest.raises(IntegrityError), transaction.atomic():
        SageListVersion.objects.filter(pk=old.pk).update(is_current=True)


def test_lists_of_one_company_say_nothing_in_another(sage):
    other = sage_world("Other Builders")
    other.load(ListKind.JOBS, {"number": 1, "name": "Theirs", "status": 4})
    assert sage.lists().jobs.get(JOB) and not other.lists().jobs.get(JOB)


def test_reading_lists_again_takes_one_query(sage, django_assert_num_queries):
    sage.lists()
    with django_assert_num_queries(1):
        sage.lists()


def another_vendor(sage):
    return VendorLink(company=sage.company, vendor=Vendor.objects.create(company=sage.company, name="B"), number=VENDOR)


def another_project(sage):
    project = Project.objects.create(company=sage.company, name="B", number="B", slug="b")
    return ProjectLink(company=sage.company, project=project, job_number=JOB)


def another_cost_type(sage):
    return CostTypeLink(company=sage.company, cost_type=1, number=4)


def another_commitment(sage):
    taken, free = sage.commitment(), sage.base.commitment()
    return CommitmentLink(company=sage.company, commitment=free, kind=free.kind, number=taken.number)


def another_line(sage):
    first, second = sage.commitment().lines.all()
    links.make(LineLink(schedule_line=first, commitment=first.commitment, line_reference="1"))
    return LineLink(schedule_line=second, commitment=first.commitment, line_reference="1")


@pytest.mark.parametrize(
    "taken", [another_vendor, another_project, another_cost_type, another_commitment, another_line]
)
def test_what_is_linked_in_sage_is_not_linked_twice(sage, taken):
    link = taken(sage)
    with pytest.raises(Refused, match="linked already"):
        links.make(link)
    with pytest.raises(IntegrityError), transaction.atomic():
        link.save()


def test_a_link_writes_one_event(sage):
    link = VendorLink.objects.get(vendor=sage.base.vendor)
    assert Event.objects.about(link).get().changes == {"link": ["", f"Acme Concrete is Sage vendor {VENDOR}"]}


def test_exact_matches_are_proposed_and_nothing_else(sage):
    VendorLink.objects.all().delete()
    Vendor.objects.create(company=sage.company, name="Acme Concrete Inc")
    proposed = [link for link in links.exact_matches(sage.company) if isinstance(link, VendorLink)]
    assert [(link.vendor.name, link.number, link.pk) for link in proposed] == [("Acme Concrete", VENDOR, None)]


def test_two_sage_vendors_with_one_name_are_not_matched(sage):
    VendorLink.objects.all().delete()
    sage.load(ListKind.VENDORS, {"number": 1, "name": "Acme Concrete"}, {"number": 2, "name": "ACME concrete"})
    assert not [link for link in links.exact_matches(sage.company) if isinstance(link, VendorLink)]


def test_a_company_starts_with_both_shipped_layouts_and_the_first_is_used(sage):
    settings = ErpSettings.of(sage.company)
    assert settings.layout.as_layout() == APINV_R1
    layouts = ImportLayout.objects.filter(company=sage.company)
    assert {layout.as_layout() for layout in layouts} == {APINV_R1, APINV_R2}
    assert not any(layout.is_verified for layout in layouts)


def test_what_may_be_sent_stands_in_the_order_of_what_older_batches_froze():
    """S60: an order is compared with the statuses, and a batch accepted before is still built."""
    approved, as_noted, pending = "approved", "approved_as_noted", "pending_owner_approval"
    sent = {each.value: ErpSettings(sendable=each).sendable_statuses for each in ErpSettings.Sendable}
    usual, alone, with_pending = ErpSettings.Sendable.values
    assert sent == {usual: (approved, as_noted), alone: (approved,), with_pending: (approved, as_noted, pending)}
    assert ErpSettings().sendable_statuses == ExportSettings().sendable_statuses


def test_reading_the_settings_of_a_company_that_chose_nothing_writes_nothing(db):
    company = factories.world().company
    settings = ErpSettings.of(company)
    assert (settings.pk, settings.next_batch_number, settings.sage_company_name) == (None, 1, company.name)
    assert settings.layout.as_layout() == APINV_R1 and settings.sendable_statuses
    assert not ErpSettings.objects.exists() and not ImportLayout.objects.exists()
    made = ErpSettings.made_for(company)
    assert ErpSettings.made_for(company).pk == made.pk == ErpSettings.of(company).pk
    assert made.layout.as_layout() == APINV_R1


def test_a_used_layout_is_copied_before_editing(sage):
    layout = ErpSettings.of(sage.company).layout
    assert not layout.is_used
    sage.accepted()
    assert layout.is_used
    copy = layout.next_version()
    copy.save()
    assert (copy.name, copy.version, copy.is_verified) == ("apinv-r1", 2, False)


def test_a_verified_layout_makes_no_draft(sage):
    ImportLayout.objects.update(is_verified=True)
    assert sage.built(sage.sent()).file_name.startswith("EXP-000001_APINV_")


def write(folder, **lists: str) -> None:
    for name, text in lists.items():
        (folder / f"{name}.csv").write_text(text)


def test_lists_and_links_can_be_loaded_by_command(sage, tmp_path):
    commitment = sage.base.commitment()
    write(
        tmp_path,
        subcontracts="number,vendor_number,job_number,status,line_reference,cost_code,cost_type\n"
        f"{commitment.number},{VENDOR},{JOB},4,1,2310,4\n",
    )
    out = StringIO()
    call_command("load_sage_lists", str(tmp_path), company=sage.company.slug, as_of=date(2030, 6, 2), stdout=out)
    assert out.getvalue() == "Subcontracts 6-7: 1 records as of 2030-06-02\n"
    call_command("link_exact", company=sage.company.slug, stdout=StringIO())
    assert CommitmentLink.objects.get(commitment=commitment).number == commitment.number


def test_looking_by_command_links_nothing_and_linking_takes_every_exact_match(sage):
    """Running it is the choice; --look leaves it open. Our own numbers of vendors are nobody's word."""
    VendorLink.objects.all().delete()
    Vendor.objects.create(company=sage.company, name="Smith Paint", number=VENDOR)
    Vendor.objects.create(company=sage.company, name="Bolt Electric", number="21")
    sage.load(ListKind.VENDORS, {"number": 20, "name": "Acme Concrete"}, {"number": 21, "name": "Somebody else"})
    out = StringIO()
    call_command("link_exact", "--look", company=sage.company.slug, stdout=out)
    assert "Acme Concrete is Sage vendor 20" in out.getvalue() and not VendorLink.objects.exists()
    call_command("link_exact", company=sage.company.slug, stdout=StringIO())
    assert [link.number for link in VendorLink.objects.all()] == ["20"]


def test_a_command_reads_the_headings_that_the_pages_read(sage, tmp_path):
    write(tmp_path, vendors=f"Vendor#,Name,Inactive\n{VENDOR},Acme Concrete,yes\n")
    call_command("load_sage_lists", str(tmp_path), company=sage.company.slug, as_of=date(2030, 6, 2), stdout=StringIO())
    assert not sage.lists().vendors.get(VENDOR).is_active


def test_a_command_with_one_bad_list_loads_none(sage, tmp_path):
    write(tmp_path, vendors="number,name\n7,Newer\n", jobs="number,name\nx,Bad\n")
    with pytest.raises(CommandError, match="Nothing was loaded"):
        call_command("load_sage_lists", str(tmp_path), company=sage.company.slug)
    assert sage.lists().vendors.get(VENDOR)
