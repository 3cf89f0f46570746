"""The figures that code bases are compared by say of a small one what can be counted by hand (decision 35)."""

from textwrap import dedent

from benchmarks.houses import measured

FILES = {
    "shop/models.py": """
        from till.models import Till

        def total(lines):
            '''Dollars.'''
            return sum(line.amount for line in lines if line and not line.is_void)
        """,
    "till/models.py": "import shop.models\n",
    "shop/views.py": """
        def pay(request, bill):
            bill.save()
            request.session.save()
            bills.delete(bill, by=request.user)
            def inner():
                if bill:
                    return 1
        """,
    "shop/migrations/0001.py": "x = 1\n" * 500,
    "shop/tests/test_pay.py": "x = 1\n" * 7,
}


def test_a_small_house_is_counted_as_by_hand(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(dedent(text).lstrip())
    house = measured(tmp_path)
    assert (sorted(house.files), house.tests) == ([1, 5, 7], 7)
    assert sorted(zip(house.functions, house.complexity, strict=True)) == [(3, 2), (3, 3), (7, 1)]
    assert (house.views, house.writes) == (7, 1), "neither a session's nor an action's"
    assert (house.public, house.documented) == (2, 1)
    assert house.figures()[-1] == "2", "shop and till need each other"
