"""Hostile files that are kept run nothing when somebody opens them: Chromium saves each and shows none (G8, R104)."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error

from directory.refusals import Refused
from invoicing.actions import attachments
from tests.browser.scene import page_of
from tests.factories import world
from tests.invoicing.test_hostile_attachments import INERT, NAMES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_chromium_saves_every_file_that_was_kept_and_runs_nothing(enter, transactional_db):
    w = world()
    invoice = w.submitted()
    kept = [attachments.attach(invoice, name, content, by=w.contact) for name, content in INERT]
    for name in NAMES:
        with suppress(Refused):
            kept.append(attachments.attach(invoice, name, b"%PDF-1.7 a plan", by=w.contact))
    page = enter(w.admin)
    ran = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.goto(page_of(invoice, "?show=files"))
    here = page.url
    for each in kept:
        with page.expect_download() as saved, pytest.raises(Error, match="Download is starting"):
            page.goto(page_of(invoice, f"attachments/{each.pk}/"))
        assert saved.value.failure() is None
    assert page.url == here and ran == []
    assert len(kept) > len(INERT) + len(NAMES) // 2
