"""The journeys are worth what their browser is worth: it sends what a browser sends, and sees what can be seen."""

from contextlib import nullcontext

import pytest

from tests.journeys.pages import Page
from tests.journeys.visitor import Visitor

FORM = """<body><nav>Around</nav><main><h1>Sheet</h1>
<form id="f" method="post"><input type="hidden" name="version" value="3">
<label for="n">Number</label><input id="n" name="number" value="A-1">
<input type="checkbox" name="seen" value="N-10"><input type="checkbox" name="kept" checked>
<input name="off" value="x" disabled>
<input type="radio" name="way" value="up"><input type="radio" name="way" value="down" checked>
<select name="kind"><option value="">Choose</option><option value="1">One</option></select>
<select name="two"><option value="1">One</option><option value="2" selected>Two</option></select>
<textarea name="words">
As typed</textarea><button name="then" value="stay">Save</button>
<button type="button" name="no" value="no">Not a submit</button></form>
<input form="f" name="outside" value="ticked"><button form="f" name="then" value="check">Check</button>
<form id="other"><input name="elsewhere" value="1"></form>
<p hidden>Not to be read</p><p>To be <b>read</b>, all of it.</p></main></body>"""


def pairs(html: str = FORM) -> list:
    page = Page(html)
    form = next(each for each in page.elements if each.attrs.get("id") == "f")
    return [pair for control in page.controls(form) for pair in control.pairs()]


def test_a_form_sends_what_a_browser_would_send():
    assert pairs() == [
        ("version", "3"),
        ("number", "A-1"),
        ("kept", "on"),
        ("way", "down"),
        ("kind", ""),
        ("two", "2"),
        ("words", "As typed"),
        ("outside", "ticked"),
    ]


def test_only_what_can_be_seen_is_read_and_pressed():
    page = Page(FORM)
    assert "To be read, all of it." in page.text
    assert "Not to be read" not in page.text and "Around" not in page.text
    assert [button.text for button in page.buttons()] == ["Save", "Check"]


def test_typing_choosing_and_ticking_change_what_is_sent():
    visitor = Visitor(nullcontext)
    visitor.page = Page(FORM)
    visitor.fill("Number", "B-2").fill("kind", "One").fill("seen", True).fill("kept", False).fill("words", "Anew")
    form = next(each for each in visitor.page.elements if each.attrs.get("id") == "f")
    sent = [pair for control in visitor.page.controls(form) for pair in control.pairs()]
    assert {("number", "B-2"), ("kind", "1"), ("seen", "N-10"), ("words", "Anew")} <= set(sent)
    assert "kept" not in dict(sent)


@pytest.mark.parametrize(
    ("field", "value", "html"),
    [
        ("Nowhere", "1", FORM),
        ("kind", "Three", FORM),
        ("off", "1", FORM),
        ("n", "1", "<input name=n readonly>"),
        ("n", "long", "<input name=n maxlength=3>"),
        ("n", "1", "<input type=hidden name=n>"),
    ],
)
def test_nobody_types_what_a_browser_refuses(field, value, html):
    visitor = Visitor(nullcontext)
    visitor.page = Page(html)
    with pytest.raises(AssertionError):
        visitor.fill(field, value)


def test_a_form_with_an_empty_required_field_is_not_sent():
    visitor = Visitor(nullcontext)
    visitor.page = Page("<form method=post><input name=reason required><button>Reject</button></form>")
    with pytest.raises(AssertionError, match="the browser asks for"):
        visitor.press("Reject")


def test_two_different_buttons_of_one_name_are_a_question():
    visitor = Visitor(nullcontext)
    visitor.page = Page("".join(f"<li>{name} <form><button>Start</button></form></li>" for name in "AB"))
    with pytest.raises(AssertionError, match="several"):
        visitor.press("Start")
    [button] = visitor._near(visitor.page.buttons(), "B")
    assert button.up("li").text.startswith("B")
