"""Import files by how far they are, and looked up by what Sage's User def 1 says (9.7, 9.10)."""

import pytest
from django.urls import reverse

from erp_integrations.actions import exports
from erp_integrations.exporting import building
from erp_integrations.models import BatchStanding, ExportBatch
from erp_integrations.sage100.batch_keys import typed_number
from tests.erp_integrations.pages import at_batch, queries, queue_url, signed_in, text_of
from tests.erp_integrations.world import record_number, sage_world

pytestmark = pytest.mark.django_db


def url_of(sage) -> str:
    return reverse("erp-batches", args=[sage.company.slug])


def shown(client, sage, **asked) -> set[str]:
    return {batch.key for batch in client.get(url_of(sage), asked).context["page"]}


@pytest.fixture
def client(sage):
    return signed_in(sage.approver)


@pytest.fixture
def files(sage, client) -> dict[str, ExportBatch]:
    """One under each tab."""
    to_download, to_confirm, confirmed, void = (sage.built(sage.sent()) for _ in range(4))
    for each in (to_confirm, confirmed):
        client.get(at_batch(each, "erp-download", "xlsx"))
    [export] = confirmed.items.all()
    exports.confirm(export.invoice_export, by=sage.approver, record_number=record_number())
    [export] = void.items.all()
    exports.void(export.invoice_export, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    failed = sage.accepted(sage.sent())
    building.give_up(building.claim(failed.pk), "The disk was full")
    return {
        "building": sage.accepted(sage.sent()),
        "to-download": to_download,
        "to-confirm": to_confirm,
        "confirmed": confirmed,
        "failed": failed,
        "void": void,
    }


def test_each_file_stands_under_one_tab_and_each_tab_counts_its_files(sage, client, files):
    """9.7: what waits for somebody is found without reading them all."""
    assert {state: shown(client, sage, state=state) for state in BatchStanding.values} == {
        state: {batch.key} for state, batch in files.items()
    }
    assert shown(client, sage) == {batch.key for batch in files.values()} == shown(client, sage, state="nonsense")
    page = text_of(client.get(url_of(sage), {"state": "to-confirm"}))
    assert 'aria-current="page">To confirm <span class="count">1</span>' in page
    assert 'All <span class="count">6</span>' in page
    unconfirmed = ExportBatch.objects.with_standing().filter(standing__in=("to-download", "to-confirm"))
    assert set(unconfirmed) == set(ExportBatch.objects.unconfirmed()), "as Home and the nightly restore ask"


def test_a_file_that_is_confirmed_in_part_is_still_to_be_confirmed(sage, client):
    batch = sage.built(sage.sent(), sage.sent())
    exports.confirm(batch.items.first().invoice_export, by=sage.approver, record_number=record_number())
    client.get(at_batch(batch, "erp-download", "xlsx"), {"reason": "To look"})
    assert shown(client, sage, state="to-confirm") == {batch.key}


def test_a_file_is_found_by_its_key_and_by_a_number_of_its_invoices(sage, client):
    """Staff have EXP-000002 from Sage's User def 1, or the invoice from 4-2."""
    one, two = sage.built(sage.sent(sage.approved(number="INV-77"))), sage.built(sage.sent(sage.approved(number="X-8")))
    for typed in (two.key, two.key.lower(), f"exp {two.number}", f"EXP{two.number}", f" {two.number} ", "x-8"):
        assert shown(client, sage, q=typed) == {two.key}, typed
    assert shown(client, sage, q="inv") == {one.key}
    exports.void(one.items.get().invoice_export, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    assert shown(client, sage, q="INV-77") == {one.key}, "what left it stood in it"
    page = text_of(client.get(url_of(sage), {"q": "INV-77"}))
    assert 'Void <span class="count">1</span>' in page and 'To download <span class="count">0</span>' in page
    assert "?q=INV-77&amp;state=void" in page, "a tab keeps the words"


def test_what_nothing_matches_says_what_to_do_and_keeps_what_was_typed(sage, client):
    """9.10."""
    sage.built(sage.sent(sage.approved(number="INV-77")))
    page = text_of(client.get(url_of(sage), {"q": "EXP-999999"}))
    assert "None has “EXP-999999” as its key" in page and 'value="EXP-999999"' in page and "Clear the search" in page
    page = text_of(client.get(url_of(sage), {"q": "INV-77", "state": "failed"}))
    assert "None under Failed has “INV-77”" in page and "Look under All" in page
    assert "A file stands here when it could not be built" in text_of(client.get(url_of(sage), {"state": "failed"}))
    assert client.get(url_of(sage), {"q": "x" * 5000, "state": "y" * 5000, "page": "z"}).status_code == 200


def test_more_files_ask_no_more_of_the_database(sage, client):
    """F18."""
    counts = []
    for number in ("K-1", "K-2"):
        sage.built(sage.sent(sage.approved(number=number)))
        counts.append(queries(client, url_of(sage), {"q": "K-", "state": "to-download"}))
    assert counts[0] == counts[1] <= 15 and len(shown(client, sage, q="K-")) == 2


def test_the_same_key_of_another_company_is_not_there(sage, client):
    """R93: numbers are each company's own, and no search crosses over."""
    theirs = sage_world("Harbor Works")
    for world in (sage, theirs, theirs):
        world.built(world.sent())
    assert shown(client, sage, q="EXP-000001") == {"EXP-000001"} and shown(client, sage, q="EXP-000002") == set()
    found = client.get(queue_url(sage.company), {"tab": "exported", "q": "EXP-000002"})
    assert found.context["rows"] == []


def test_the_key_of_a_file_finds_its_invoices_in_the_queue(sage, client):
    """9.6: Sage shows the key beside each invoice, and the queue is where an invoice is looked for."""
    batch, other = sage.built(sage.sent(), sage.sent()), sage.built(sage.sent())
    for typed in (batch.key, "exp-1"):
        rows = client.get(queue_url(sage.company), {"tab": "exported", "q": typed}).context["rows"]
        assert {row.export.pk for row in rows} == set(batch.items.values_list("invoice_export", flat=True))
    bare = client.get(queue_url(sage.company), {"tab": "exported", "q": f"{other.number:06d}"}).context["rows"]
    assert bare == [], "a number alone is one of an invoice"


@pytest.mark.parametrize(
    ("typed", "number"),
    [("EXP-000412", 412), ("exp412", 412), ("EXP 412", 412), ("412", None), ("EXP-", None), ("EXP-1234567890", None),
     ("INV-412", None), ("", None), ("EXP-٤", None)],
)  # fmt: skip
def test_a_key_is_read_as_people_type_it(typed, number):
    assert typed_number(typed) == number
