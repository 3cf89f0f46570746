"""What somebody hears who does not see the bar: a job's start, its half and its end, not each tick (screens 9.7)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from erp_integrations.models import ExportBatch
from tests.erp_integrations.pages import at_batch
from tests.erp_integrations.world import sage_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LISTEN = """document.addEventListener("DOMContentLoaded", () => {
  const region = document.querySelector("[aria-live=polite]");
  new MutationObserver(() => {
    const heard = JSON.parse(sessionStorage.getItem("heard") ?? "[]");
    if (region.textContent.trim()) sessionStorage.setItem("heard", JSON.stringify([...heard, region.textContent]));
  }).observe(region, { childList: true, characterData: true, subtree: true });
})"""
OF_THE_FILE = ("file_name", "file_key", "file_sha256", "csv_key", "csv_sha256", "built_at")
HEARD = """JSON.parse(sessionStorage.getItem("heard") ?? "[]")"""


def test_of_a_long_build_one_hears_the_start_the_half_and_the_end(enter, transactional_db):
    sage = sage_world()
    other, batch = sage.built(), sage.accepted()
    of_it, now = ExportBatch.objects.filter(pk=batch.pk), timezone.now()
    building = {"state": "building", "lease_token": uuid4(), "lease_until": now + timedelta(hours=1), "total": 40}
    of_it.update(**building, accepted_at=now - timedelta(seconds=5))
    page = enter(sage.approver)
    page.add_init_script(LISTEN)
    page.goto(at_batch(batch))
    for done in (0, 10, 20, 31):
        of_it.update(done=done)
        expect(page.locator("[data-job]")).to_contain_text(f"{done} of 40 invoices")
        page.wait_for_timeout(1_000)  # more than one asking each
    of_it.update(state="ready", **{name: getattr(other, name) for name in OF_THE_FILE})
    expect(page.get_by_role("link", name="Download file")).to_be_visible()
    expect(page.locator("[aria-live=polite]")).to_have_text("The file is ready.")
    assert [words.partition(" invoices")[0] for words in page.evaluate(HEARD)] == [
        "Building: 0 of 40",
        "Building: 20 of 40",
        "The file is ready.",
    ]
