"""What an older program froze without a fact gets it from the same entry as it is now, wherever that stands (S60)."""

import json
from dataclasses import replace

from erp_integrations.sage100 import canonical
from erp_integrations.sage100.facts import (
    AccountChoice,
    CostTypeAccount,
    JobAccount,
    LinkedChange,
    batch_from_json,
    completed_from_json,
    to_json,
)
from erp_integrations.sage100.layout import APINV_R1, Column
from tests.erp_integrations.sage100.samples import batch, invoice, line, money, release, settings


def frozen_without(facts, *names: str) -> str:
    """Its snapshot by a program that knew none of the facts `names`."""

    def stripped(plain):
        if isinstance(plain, dict):
            return {name: stripped(each) for name, each in plain.items() if name not in names}
        return [stripped(each) for each in plain] if isinstance(plain, list) else plain

    return json.dumps(stripped(json.loads(to_json(facts))))


def lines(*keys: str):
    """Each explained, and with an amount of a change order, as no other is."""
    return tuple(
        line(key=key, how=f"how {key}", change_order_amount=money(f"{place}.00")) for place, key in enumerate(keys)
    )


def test_lines_are_completed_by_their_keys_in_whatever_order_and_number():
    now = batch(invoice(lines=lines("B", "C", "A")))
    for keys in (("A", "B", "C"), ("A", "B"), ("C", "gone", "B", "A")):
        frozen = frozen_without(batch(invoice(lines=lines(*keys))), "how", "change_order_amount")
        found = {each.key: each for each in completed_from_json(frozen, now).invoices[0].lines}
        assert list(found) == list(keys)
        same = {each.key: each for each in now.invoices[0].lines}
        for key in {"A", "B", "C"} & found.keys():
            assert (found[key].how, found[key].change_order_amount) == (same[key].how, same[key].change_order_amount)
        if "gone" in found:
            assert found["gone"].how == ""


def test_invoices_and_their_releases_are_completed_by_what_they_are():
    one, two = (invoice(invoice_id=each, reference_no=f"ref {each}") for each in "12")
    frozen = frozen_without(batch(one, two), "reference_no")
    for now in (batch(two, one), batch(two), batch(invoice(invoice_id="3", reference_no="ref 3"), two, one)):
        told = {each.invoice_id: each.reference_no for each in completed_from_json(frozen, now).invoices}
        there = {each.invoice_id for each in now.invoices}
        assert told == {each: f"ref {each}" if each in there else None for each in "12"}
    first, second = release("2219-01", "1.00", "2.00"), release("2219-02", "3.00", "4.00")
    frozen = frozen_without(batch(invoice(releases=(first, second))), "held")
    found = completed_from_json(frozen, batch(invoice(releases=(second, first))))
    assert found.invoices[0].releases == (first, second)
    told = release(how_held="newly held 500.00", how_released="oldest first: 500.00 of 500.00")
    frozen = frozen_without(batch(invoice(releases=(told,))), "how_held", "how_released")
    assert batch_from_json(frozen).invoices[0].releases == (release(),), "of an older program"
    assert completed_from_json(frozen, batch(invoice(releases=(told,)))).invoices[0].releases == (told,)


def test_linked_changes_are_completed_and_one_more_since_is_no_change():
    """S41, S60: an older program asked for none; a change order approved since the acceptance changes no file."""
    now = batch(invoice(linked_changes=(LinkedChange(line_reference="2", amount=money("500.00")),)))
    completed = completed_from_json(frozen_without(now, "linked_changes"), now)
    assert completed.invoices[0].linked_changes == now.invoices[0].linked_changes
    assert completed_from_json(to_json(batch()), now).invoices[0].linked_changes == () and batch() == now


def test_accounts_are_completed_by_the_job_and_phase_or_the_cost_type():
    by_type = tuple(CostTypeAccount(cost_type=n, account=AccountChoice(number=f"50{n}0")) for n in (4, 5))
    by_job = tuple(
        JobAccount(job_number="2026014", phase_number=n, account=AccountChoice(number="5040", sub_account=n))
        for n in (None, "1", "2")
    )
    frozen = batch(settings=settings(cost_type_accounts=by_type, job_accounts=by_job[:2]))
    now = batch(settings=settings(cost_type_accounts=by_type[::-1], job_accounts=by_job[::-1]))
    found = completed_from_json(frozen_without(frozen, "account", "sub_account"), now).settings
    assert found.cost_type_accounts == by_type and found.job_accounts == by_job[:2]


def test_columns_of_one_name_are_completed_in_their_order():
    spare = tuple(Column(title="Spare", length=length) for length in (1, 2))
    facts = batch(layout=replace(APINV_R1, header=(*APINV_R1.header, *spare)))
    now = replace(facts, layout=replace(facts.layout, header=(Column(title="First"), *facts.layout.header)))
    assert completed_from_json(frozen_without(facts, "length", "format", "constant"), now) == facts


def test_what_is_frozen_stays_whatever_it_is_now():
    frozen = batch(invoice(lines=lines("A")))
    now = batch(invoice(lines=(line(key="A", amount=money("9.00"), how="other"),)))
    assert canonical.to_json(completed_from_json(to_json(frozen), now)) == to_json(frozen)
