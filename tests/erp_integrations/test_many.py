"""One answer for many invoices: the ticked ones are rejected (9.6), those of a file are voided (9.7)."""

import re

import pytest
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event, Mail, Project
from directory.permissions import Level, Tool
from directory.refusals import NotNow
from erp_integrations import exporting
from erp_integrations.actions import batches, exports, many, reconciliations
from erp_integrations.models import CostCodeLink, InvoiceExport, ListKind
from invoicing.forms.bulk_decisions import MOST
from tests.erp_integrations.pages import at_batch, queries, queue_url, signed_in, text_of
from tests.erp_integrations.test_reconciliations import LIST_DAY, row_of
from tests.erp_integrations.world import D, fresh, sage_world


@pytest.fixture
def client(sage):
    return signed_in(sage.approver)


@pytest.fixture
def url(sage) -> str:
    return reverse("erp-reject-many", args=[sage.company.slug])


def ticked(*some: InvoiceExport, **more) -> dict:
    return {"export": [str(export.pk) for export in some]} | more


def mails_about(export: InvoiceExport) -> list[tuple]:
    return sorted(Mail.objects.about(export).values_list("to", "subject"))


def test_the_queue_offers_to_reject_what_is_ticked(sage, client, url):
    """9.6: it stands beside the acceptance, and only for those who answer."""
    sage.sent()
    assert f'formaction="{url}"' in client.get(queue_url(sage.company)).content.decode()
    assert url not in signed_in(sage.base.staff).get(queue_url(sage.company)).content.decode()


def test_the_ticked_ones_are_rejected_with_one_reason_and_the_same_mails(sage, client, url):
    """Each as if it were rejected alone: one event, one mail to each that one rejection tells."""
    alone, first, second, left = (sage.sent() for _ in range(4))
    exports.reject(alone, by=sage.approver, reason="Wrong job")
    page = text_of(client.get(url, ticked(first, second)))
    assert "Reject 2 invoices?" in page and first.invoice.number in page and left.invoice.number not in page
    assert {each.status for each in fresh(first, second)} == {"ready_to_export"}
    answer = client.post(url, ticked(first, second, asked="1", reason="Wrong  job"))
    assert answer.status_code == 200 and "2 rejected" in text_of(answer)
    for export in fresh(first, second):
        assert (export.status, export.reason) == ("rejected", "Wrong job") and not export.invoice.is_locked
        assert Event.objects.about(export)[0].verb == "rejected"
        told = {to for to, _ in mails_about(export)}
        assert told == {to for to, _ in mails_about(alone)} and len(mails_about(export)) == len(mails_about(alone)) > 0
    assert fresh(left)[0].status == "ready_to_export"


def test_one_that_can_not_be_rejected_holds_up_none_of_the_others(sage, client, url):
    good, accepted, gone = sage.sent(), sage.sent(), sage.sent()
    sage.accepted(accepted)
    page = text_of(client.get(url, ticked(good, accepted, gone)))
    assert "Reject 2 invoices?" in page and f"{accepted.invoice} is Exporting now" in page
    exports.retrieve(gone, by=sage.sender)  # meanwhile
    answer = client.post(url, ticked(good, gone, asked="1", reason="Wrong job"))
    assert "1 rejected, 1 not" in text_of(answer) and "is Taken back now" in text_of(answer)
    assert [each.status for each in fresh(good, gone)] == ["rejected", "retrieved"]


@pytest.mark.parametrize("reason", ["", "   ", "a\x00b", "x" * 501])
def test_without_a_reason_nothing_is_rejected_and_the_invoices_stay_named(sage, client, url, reason):
    export = sage.sent()
    answer = client.post(url, ticked(export, asked="1", reason=reason))
    assert answer.status_code == 422 and f'name="export" value="{export.pk}"' in answer.content.decode()
    assert fresh(export)[0].status == "ready_to_export"


def test_nothing_ticked_and_too_much_ticked_lead_back_with_a_word(sage, client, url, monkeypatch):
    assert "Choose at least one invoice to reject" in text_of(client.get(url, follow=True))
    monkeypatch.setattr("erp_integrations.views.many.MOST", 1)
    some = [sage.sent(), sage.sent()]
    answer = client.post(url, ticked(*some, asked="1", reason="Wrong job"), follow=True)
    assert MOST > 1 and "Tick 1 at most" in text_of(answer)
    assert {each.status for each in fresh(*some)} == {"ready_to_export"}


def test_another_companys_invoice_is_never_rejected_along(sage, client, url):
    export, stranger = sage.sent(), sage_world().sent()
    client.post(url, ticked(export, stranger, asked="1", reason="Wrong job"))
    assert [each.status for each in (*fresh(export), *fresh(stranger))] == ["rejected", "ready_to_export"]


def test_one_that_was_sent_again_meanwhile_is_not_rejected_with_the_reason_for_the_old_one(sage, client, url):
    """I-5; nor is it when the answer is sent a second time."""
    export, other = sage.sent(), sage.sent()
    page = client.get(url, ticked(export, other))
    seen = {f"seen-{each.pk}": each.sending for each in fresh(export, other)}
    assert all(f'name="{name}" value="{value}"' in page.content.decode() for name, value in seen.items())
    exports.retrieve(export, by=sage.sender)
    sage.sent(export.invoice)
    answer = client.post(url, ticked(export, other, asked="1", reason="Wrong job", **seen))
    assert "1 rejected, 1 not" in text_of(answer) and "sent again while you looked at it" in text_of(answer)
    assert [each.status for each in fresh(export, other)] == ["ready_to_export", "rejected"]


def test_those_whose_file_failed_can_be_ticked_and_rejected_and_not_accepted(sage, client, url):
    export = sage.sent()
    batch = sage.accepted(export)
    CostCodeLink.objects.all().delete()
    exporting.build(batch.pk)
    page = client.get(queue_url(sage.company), {"tab": "failed"}).content.decode()
    assert f'formaction="{url}"' in page and "Accept ticked" not in page and 'name="export"' in page
    client.post(url, ticked(export, asked="1", reason="Not ours to mend"))
    assert fresh(export)[0].status == "rejected"


def test_more_ticked_invoices_ask_no_more_of_the_database(sage, client, url):
    some = [sage.sent() for _ in range(4)]
    assert queries(client, url, ticked(some[0])) == queries(client, url, ticked(*some))


# Cancelling a batch (9.7)

SAID = {"reason": "Imported into the wrong company", "sage_holds_none": "on"}


def going(response) -> list[str]:
    """The invoices that the page says it voids."""
    return re.findall(r'name="export" value="(\d+)"', response.content.decode())


def cancelled(client, batch, **more):
    """The page as it stands, answered."""
    address = at_batch(batch, "erp-cancel")
    return client.post(address, SAID | {"export": going(client.get(address))} | more)


def test_cancelling_voids_what_nobody_confirmed_and_says_so_for_each(sage):
    """6.2: the existing void, each by itself; what is posted takes a look of its own."""
    first, second, posted = sage.sent(), sage.sent(), sage.sent()
    batch, max_power = sage.built(first, second, posted), signed_in(sage.all_rights())
    exports.confirm(posted, by=sage.approver, record_number="70001")
    assert at_batch(batch, "erp-cancel") in max_power.get(at_batch(batch)).content.decode()
    page = text_of(max_power.get(at_batch(batch, "erp-cancel")))
    assert "Void 2 invoices" in page and "confirmed in Sage: void it on its own page" in page
    answer = cancelled(max_power, batch)
    assert answer.status_code == 200 and "2 voided" in text_of(answer)
    assert [each.status for each in fresh(first, second, posted)] == ["voided", "voided", "posted"]
    for export in fresh(first, second):
        assert export.reason == SAID["reason"] and not export.invoice.is_locked and export.live_item is None
    assert batch.items.get(is_live=True).invoice_export == posted


def test_one_that_sage_still_holds_stays_and_the_others_are_voided(sage):
    """And so says the page before anything is done."""
    held, gone = sage.sent(), sage.sent()
    batch, client = sage.built(held, gone), signed_in(sage.all_rights())
    sage.load(ListKind.PAYABLE_INVOICES, row_of(fresh(held)[0]), as_of_date=LIST_DAY)
    page = text_of(client.get(at_batch(batch, "erp-cancel")))
    assert "Void 1 invoice" in page and f"still holds invoice {held.invoice.number}" in page
    answer = cancelled(client, batch)
    assert "1 voided" in text_of(answer)
    assert [each.status for each in fresh(held, gone)] == ["exported", "voided"]


def test_one_that_the_page_said_would_stay_is_not_voided_by_what_was_said_of_the_others(sage):
    """I-5: Sage's list without it was uploaded while the page was read; nobody has stated anything of it."""
    held, gone = sage.sent(), sage.sent()
    batch, client = sage.built(held, gone), signed_in(sage.all_rights())
    sage.load(ListKind.PAYABLE_INVOICES, row_of(fresh(held)[0]), as_of_date=LIST_DAY)
    shown = going(client.get(at_batch(batch, "erp-cancel")))
    another = row_of(fresh(held)[0]) | {"invoice_number": "ANOTHER-1"}
    sage.load(ListKind.PAYABLE_INVOICES, another, as_of_date=LIST_DAY)
    answer = client.post(at_batch(batch, "erp-cancel"), SAID | {"export": shown})
    assert "1 voided" in text_of(answer)
    assert [each.status for each in fresh(held, gone)] == ["exported", "voided"]


def test_one_that_a_comparison_still_finds_in_sage_stays_and_the_page_foretells_it(sage):
    export, other = sage.exported(), sage.exported()
    batch = export.live_item.batch
    sage.load(ListKind.PAYABLE_INVOICES, row_of(export), row_of(other), as_of_date=LIST_DAY)
    reconciliations.reconcile(sage.company, by=sage.approver)
    sage.load(ListKind.PAYABLE_INVOICES, row_of(other), as_of_date=LIST_DAY)
    page = text_of(signed_in(sage.all_rights()).get(at_batch(batch, "erp-cancel")))
    assert f"still finds invoice {export.invoice.number} in Sage" in page and "can’t be cancelled" in page


def a_failed_file_of_both(sage) -> list[InvoiceExport]:
    """What a release stands on and the release, in one file that could not be built."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    sage.next_month()
    release = sage.sent(sage.approved(commitment, {"work_this_period": D("0.00"), "retainage_released": D("50.00")}))
    exports.void(first, by=sage.all_rights(), reason="Again", sage_holds_it_no_more=True)
    first = sage.sent(first.invoice)
    batch = sage.accepted(first, release)
    CostCodeLink.objects.all().delete()
    exporting.build(batch.pk)
    return fresh(first, release)


def test_what_a_later_release_stands_on_is_not_rejected_before_it_and_the_page_says_so(sage, client, url):
    """S51: before the button is pressed, in the words of the action."""
    first, release = a_failed_file_of_both(sage)
    with pytest.raises(NotNow) as refused:
        exports.reject(first, by=sage.approver, reason="Wrong job")
    page = text_of(client.get(url, ticked(first)))
    assert "None of these can be rejected" in page and refused.value.message in page
    assert "releases retainage on this invoice" in refused.value.message
    client.post(url, ticked(first, asked="1", reason="Wrong job"))
    assert fresh(first)[0].status == "failed"


@pytest.mark.parametrize("order", [1, -1])
def test_ticked_together_the_release_is_rejected_first_and_the_page_foretells_both(sage, client, url, order):
    """S51: in whatever order they are ticked."""
    both = a_failed_file_of_both(sage)[::order]
    assert "Reject 2 invoices?" in text_of(client.get(url, ticked(*both)))
    assert "2 rejected" in text_of(client.post(url, ticked(*both, asked="1", reason="Wrong job")))
    assert {each.status for each in fresh(*both)} == {"rejected"}


def test_what_a_release_of_another_file_stands_on_is_foretold_to_stay(sage):
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    batch = first.live_item.batch
    sage.next_month()
    release = sage.approved(commitment, {"work_this_period": D("0.00"), "retainage_released": D("50.00")})
    sage.exported(release)
    page = text_of(signed_in(sage.all_rights()).get(at_batch(batch, "erp-cancel")))
    assert f"{release.number} in" in page and "Void or reject that one first" in page


def test_the_page_of_an_acceptance_says_of_each_what_the_action_would(sage, client):
    """P-7, and what was answered meanwhile: in the same words."""
    good, taken, own = sage.sent(), sage.sent(), sage.sent()
    exports.retrieve(taken, by=sage.sender)
    InvoiceExport.objects.filter(pk=own.pk).update(sent_by=sage.approver)
    page = text_of(client.get(queue_url(sage.company, "accept/"), ticked(good, taken, own)))
    told = {"accounting_date": good.invoice.period_end_date, "by": sage.approver}
    for export in (taken, own):
        with pytest.raises(NotNow) as refused:
            batches.accept([export], **told)
        assert refused.value.message in page


@pytest.mark.parametrize("missing", SAID)
def test_nothing_is_voided_without_a_reason_and_the_statement(sage, missing):
    export = sage.sent()
    batch = sage.built(export)
    answer = cancelled(signed_in(sage.all_rights()), batch, **{missing: ""})
    assert answer.status_code == 422 and answer.context["form"].errors[missing]
    assert fresh(export)[0].status == "exported"


def test_voiding_takes_admin_on_the_projects_commitments_for_each(sage):
    export = sage.sent()
    batch, client = sage.built(export), signed_in(sage.approver)
    page = text_of(client.get(at_batch(batch, "erp-cancel")))
    assert "can’t be cancelled" in page and "It needs Admin on Commitments" in page
    assert cancelled(client, batch).status_code == 409
    assert fresh(export)[0].status == "exported"


def test_a_release_is_voided_before_what_it_releases(sage):
    """S51: in whatever order they stand in the file."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    sage.next_month()
    figures = {"work_this_period": D("0.00"), "retainage_released": D("50.00")}
    second = sage.exported(sage.approved(commitment, figures))
    told = {"reason": "Twice", "sage_holds_it_no_more": True, "retention_is_raised": True}
    answers = many.void_each(fresh(first, second), by=sage.all_rights(), **told)
    assert [(each.export.pk, each.refusal) for each in answers] == [(first.pk, None), (second.pk, None)]


def test_a_file_being_built_is_not_cancelled_and_the_page_says_what_to_do(sage):
    batch, client = sage.accepted(sage.sent()), signed_in(sage.all_rights())
    assert "Wait until it is ready" in text_of(client.get(at_batch(batch, "erp-cancel")))
    assert cancelled(client, batch).status_code == 409


def test_a_batch_that_failed_leads_to_rejecting_its_invoices(sage, url):
    export = sage.sent()
    batch, client = sage.accepted(export), signed_in(sage.all_rights())
    CostCodeLink.objects.all().delete()
    exporting.build(batch.pk)
    page = client.get(at_batch(batch, "erp-cancel"))
    assert "There is no file to cancel" in text_of(page) and f"{url}?export={export.pk}&amp;" in page.content.decode()
    assert cancelled(client, batch).status_code == 409
    client.post(url, ticked(export, asked="1", reason="Not ours to mend"))
    assert fresh(export)[0].status == "rejected"


def test_staff_are_not_offered_to_cancel(sage):
    batch = sage.built(sage.sent())
    kim = signed_in(sage.base.staff)
    assert "Cancel batch" not in text_of(kim.get(at_batch(batch)))
    assert kim.get(at_batch(batch, "erp-cancel")).status_code == 403


def test_an_approver_is_offered_to_cancel_what_they_may_void(sage):
    """P-8: voiding takes Admin on Commitments of the project as well; nobody is led to where all of it stays."""
    batch = sage.built(sage.sent())
    offered = [text_of(signed_in(each).get(at_batch(batch))) for each in (sage.approver, sage.all_rights())]
    assert ["Cancel batch…" in page for page in offered] == [False, True]
    elsewhere = sage.new_approver("Ada Elsewhere")
    other = Project.objects.create(company=sage.company, name="Harbor", number="H-1", slug="harbor")
    set_level(elsewhere, Tool.COMMITMENTS, other, Level.ADMIN, by=sage.base.owner)
    assert "Cancel batch…" not in text_of(signed_in(elsewhere).get(at_batch(batch)))


def test_a_bigger_batch_asks_no_more_of_the_database(sage):
    small, big = sage.built(sage.sent()), sage.built(*(sage.sent() for _ in range(4)))
    client = signed_in(sage.all_rights())
    assert queries(client, at_batch(small, "erp-cancel")) == queries(client, at_batch(big, "erp-cancel"))
