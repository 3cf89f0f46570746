"""Whatever a commitment's access list, contacts and privacy: it opens for those who find it (P-1, P-2, R64)."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.models import Vendor
from directory.permissions import Level, Tool, read_access, write_level
from invoicing.models import Commitment, InvoiceContact
from invoicing.permissions import may_see_commitment
from tests.factories import person, world

pytestmark = pytest.mark.django_db

WHO = st.integers(0, 4)
COMMITMENT = st.fixed_dictionaries(
    {"is_private": st.booleans(), "vendor": st.integers(0, 1), "listed": st.sets(WHO), "contacts": st.sets(WHO)}
)
SETUP = st.fixed_dictionaries(
    {
        "levels": st.lists(st.sampled_from(Level), min_size=5, max_size=5),
        "employers": st.lists(st.sampled_from([None, 0, 1]), min_size=5, max_size=5),
        "left": st.sets(WHO, max_size=2),
        "commitments": st.lists(COMMITMENT, min_size=1, max_size=4),
    }
)


@pytest.fixture
def there():
    w = world()
    return (
        w,
        [w.vendor, Vendor.objects.create(company=w.company, name="Bolt")],
        [person(f"Al {number}", w.company) for number in range(5)],
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(setup=SETUP)
def test_a_commitment_opens_for_those_and_only_those_who_find_it_in_a_list(there, setup):
    w, vendors, people = there
    with transaction.atomic():
        for number, someone in enumerate(people):
            write_level(someone, Tool.COMMITMENTS, w.project, setup["levels"][number])
            employer = setup["employers"][number]
            vendor = None if employer is None else vendors[employer]
            someone.memberships.update(vendor=vendor, is_active=number not in setup["left"])
        made = [entered(w, vendors, people, number, each) for number, each in enumerate(setup["commitments"])]
        for someone in people:
            access = read_access(someone, w.company, w.project)
            opens = {commitment for commitment in made if may_see_commitment(commitment, access)}
            found = Commitment.objects.visible_to(access)
            assert set(found) == opens
            assert found.count() == len(opens), "none twice"
        transaction.set_rollback(True)


def entered(w, vendors, people, number: int, drawn: dict) -> Commitment:
    commitment = Commitment.objects.create(
        company=w.company,
        project=w.project,
        vendor=vendors[drawn["vendor"]],
        number=f"SC-{number}",
        title="Concrete",
        is_private=drawn["is_private"],
    )
    commitment.access_list.set(people[each] for each in drawn["listed"])
    InvoiceContact.objects.bulk_create(
        InvoiceContact(commitment=commitment, person=people[each], added_by=w.owner) for each in drawn["contacts"]
    )
    return commitment
