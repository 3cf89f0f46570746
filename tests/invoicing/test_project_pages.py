"""The project's page: its money, the open period, and who has to act."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import D, person, world

pytestmark = pytest.mark.django_db


def page_for(who, project, name="project", *args, **query):
    client = Client()
    client.force_login(who)
    return client.get(reverse(name, args=[project.slug, *args]), query)


def test_the_page_adds_up_what_was_billed_and_held_over_every_commitment():
    w = world()
    w.approved(None, {"work_this_period": D("1000.00")})
    w.submitted(w.draft(w.commitment()), {"work_this_period": D("500.00")})
    w.entered(w.draft(w.commitment()), {"work_this_period": D("70.00")})  # a draft is not billed
    totals = page_for(w.admin, w.project).context["totals"]
    assert (totals["contract"], totals["billed"], totals["retainage"]) == (D("307806.00"), D("1500.00"), D("150.00"))
    assert totals["earned"] + totals["retainage"] + totals["balance"] == totals["contract"]


def test_a_pending_change_order_does_not_raise_the_contract_sum():
    w = world()
    commitment = w.commitment()
    w.change_order(commitment, [w.line("Deeper footings", "5000.00")])
    commitment.change_orders.create(number="CO-P", title="Pending").lines.create(
        commitment=commitment, position=99, cost_code=w.cost_code(), description="Not yet", amount=D("9999.00")
    )
    assert page_for(w.admin, w.project).context["totals"]["contract"] == D("107602.00")


def test_the_page_says_who_must_act_and_leads_there():
    w = world()
    period = w.period()
    w.commitment()
    w.submitted(w.draft(w.commitment(), period))
    page = page_for(w.admin, w.project)
    assert [(each.state, each.count) for each in page.context["states"]] == [
        ("not_invited", 1),
        ("under_review", 1),
    ]
    text = page.content.decode()
    assert "Invite 1 to bill" in text
    assert f"{reverse('period', args=[w.project.slug, period.pk])}?state=under_review" in text


def test_without_an_open_period_the_next_step_is_to_open_one():
    w = world()
    w.commitment()
    assert "Open a billing period" in page_for(w.admin, w.project).content.decode()
    assert "Open a billing period" not in page_for(w.reader, w.project).content.decode()


def test_a_reader_sees_sums_of_what_they_may_see_only():
    """P-2: a private commitment does not shine through a total."""
    w = world()
    w.commitment(is_private=True)
    w.commitment(is_private=False, lines=[w.line("Open", "100.00")])
    assert page_for(w.reader, w.project).context["totals"]["contract"] == D("100.00")


def test_a_contact_sees_their_own_commitment_and_no_log_of_the_project():
    """P-1."""
    w = world()
    own = w.commitment()
    other = w.commitment(contact=False)
    page = page_for(w.contact, w.project)
    assert page.context["commitments"] == 1
    assert not page.context["events"]
    text = page_for(w.contact, w.project, "commitments").content.decode()
    assert own.number in text and other.number not in text


def test_somebody_without_a_level_does_not_learn_that_the_project_exists():
    """P-8."""
    w = world()
    for who in (w.staff, person("Neighbour")):
        assert page_for(who, w.project).status_code == 404


@pytest.mark.parametrize("name", ["project", "commitments", "periods"])
def test_the_number_of_queries_does_not_grow_with_the_commitments(name, django_assert_max_num_queries):
    w = world()
    period = w.period()
    for _ in range(2):
        w.submitted(w.draft(w.commitment(), period))
    client, address = Client(), reverse(name, args=[w.project.slug])
    client.force_login(w.admin)
    with django_assert_max_num_queries(24) as few:
        client.get(address)
    for _ in range(4):
        w.submitted(w.draft(w.commitment(), period))
        w.commitment()
    with django_assert_max_num_queries(len(few)):
        client.get(address)
