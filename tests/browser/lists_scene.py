"""Pages of Sage's lists and of linking, each with something to show: a preview of each kind, gaps, a search."""

from datetime import timedelta

from directory.models import Vendor
from erp_integrations.actions import list_uploads
from erp_integrations.models import ListKind, SageListVersion
from tests.browser.scene import Scene

GOOD = b"Vendor number,Vendor name,Due terms\n20145,Acme Concrete,25TH\n21,Bolt Electric,02MO\n22,Kerr Plumbing,\n"
BAD = b"Job number,Job name,Status,Posts to WIP\n2026014,Riverside,4,perhaps\n12a,,9,no\n"
UNNAMED = b"Nummer,Bezeichnung\n5040,Subcontracts\n"


def pages_of_lists_and_links(scene: Scene) -> dict[str, str]:
    sage, erp = scene.sage, scene.erp
    Vendor.objects.create(company=sage.company, name="Bolt Electric")
    unlinked = Vendor.objects.create(company=sage.company, name="Northwest Steel Supply of Oregon")
    sage.base.commitment(vendor=unlinked, contact=False)
    today = sage.company.today
    SageListVersion.objects.filter(company=sage.company).update(as_of_date=today - timedelta(days=40))
    read = {
        name: list_uploads.read(sage.company, kind, f"{name}.csv", content, as_of_date=today, by=sage.approver).pk
        for name, kind, content in (
            ("good", ListKind.VENDORS, GOOD),
            ("bad", ListKind.JOBS, BAD),
            ("unnamed", ListKind.LEDGER_ACCOUNTS, UNNAMED),
        )
    }
    pages = {f"list-upload-{name}": erp("erp-list-upload", pk) for name, pk in read.items()}
    pages |= {f"linking-{pair}": erp("erp-linking", pair) for pair in ("vendors", "cost-types", "commitments", "lines")}
    vendor, code = sage.base.vendor.pk, sage.base.cost_code().pk
    return pages | {
        "lists": erp("erp-lists"),
        "list": erp("erp-list", "subcontracts"),
        "list-version": erp("erp-list-version", sage.company.sage_lists.filter(kind="vendors").first().pk),
        "links": erp("erp-links"),
        "linking-none": erp("erp-linking", "vendors", query="?q=nothing+like+it"),
        "link": erp("erp-link", "vendors", vendor),
        "link-unlinked": erp("erp-link", "vendors", unlinked.pk),
        "link-none": erp("erp-link", "cost-codes", code, query="?q=nothing+like+it"),
        "link-exact": erp("erp-link-exact", "cost-types"),
        "unlink": erp("erp-unlink", "vendors", vendor),
    }
