"""How little it takes (`screens.md`, 11): counted as a person counts, in pages and presses."""

from datetime import date

from invoicing.actions import commitments, invitations
from invoicing.models import Invoice, InvoiceType
from tests.directory.account_pages import code_in_mail, link_in_mail
from tests.factories import world


def test_a_new_contact_types_the_first_amount_on_the_fourth_screen_and_needs_no_password(visitor):
    w = world()
    lee = w.contact
    lee.set_unusable_password()
    lee.save()
    commitment = w.commitment(contact=False)
    commitments.add_contact(commitment, lee, by=w.admin)
    invitations.invite(w.period(date(2030, 7, 1)), [commitment], InvoiceType.WORK, by=w.admin)
    screens = []

    def came(person):
        assert not any(each.attrs.get("type") == "password" for each in person.page.root.all("input"))
        screens.append(person.url.partition("?")[0])

    someone = visitor()
    came(someone.visit(link_in_mail()))
    came(someone.press("We will bill"))
    came(someone.fill("code", code_in_mail()).press("Sign in"))
    came(someone.press("We will bill"))
    someone.fill("This period, line 1", "250.00")
    assert len(screens) == 4, screens
    someone.fill("Invoice number", "B-1").press("Save").sees("250.00")
    assert Invoice.objects.get().lines.first().work_this_period == 250
