"""What every page is made from: figures, dates, badges, form fields, and colours that can be read."""

import ast
import importlib
import inspect
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from pkgutil import iter_modules
from types import SimpleNamespace

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.forms import SetPasswordForm
from django.forms.renderers import TemplatesSetting
from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from config import waiting
from config.form_renderer import FormRenderer
from config.ui import figures, names, pictures, statuses
from config.ui.icons import SYMBOL
from config.waiting.tasks import Task
from directory.models import Membership, Person

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [path for path in TEMPLATES if "emails" not in path.parts]  # mail has other rules
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
TONES = ("neutral", "info", "ok", "warn", "bad")


def show(source: str, context: dict | None = None) -> str:
    return Template(source).render(Context(context or {}))


class Bill(forms.Form):
    number = forms.CharField(label="Invoice number", help_text="Your own number.")
    note = forms.CharField(required=False)
    agreed = forms.BooleanField(label="I agree")


INPUTS = {
    "text": (forms.TextInput(attrs={"maxlength": 60, "data-search": True, "disabled": False}), 'Pour "L4" & <b>'),
    "number": (forms.NumberInput(), 0),
    "date": (forms.DateInput(attrs={"class": "n"}), date(2030, 6, 1)),
    "hidden": (forms.HiddenInput(), None),
    "email": (forms.EmailInput(), ""),
    "password": (forms.PasswordInput(render_value=True), "12O0"),
    "search": (forms.TextInput(attrs={"type": "search"}), mark_safe("<i>")),
}


@pytest.mark.parametrize("kind", INPUTS)
def test_an_input_is_the_one_that_django_itself_would_write(kind):
    widget, value = INPUTS[kind]
    ours, theirs = (
        widget.render("amount", value, {"id": "id_amount"}, each()) for each in (FormRenderer, TemplatesSetting)
    )
    assert ours == theirs.strip()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Decimal("1234.5"), "1,234.50"),
        (Decimal("-1234.5"), "−1,234.50"),
        (Decimal("0"), "0.00"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("0.005"), "0.01"),
        (Decimal("123456789012.34"), "123,456,789,012.34"),
        (7, "7.00"),
        (None, ""),
    ],
)
def test_an_amount_reads_as_on_paper(value, words):
    assert show("{{ x|money }}", {"x": value}) == words


def test_an_amount_that_lost_its_cents_to_a_float_is_refused():
    with pytest.raises(TypeError, match="float"):
        figures.money(0.1)


def test_the_entry_sheet_gets_whole_cents():
    assert [figures.cents(x) for x in (Decimal("12.34"), Decimal("-0.01"), 10, None)] == ["1234", "-1", "1000", ""]


@pytest.mark.parametrize(("value", "words"), [(Decimal("55.03"), "55.0 %"), (Decimal("-2.25"), "−2.3 %"), (None, "")])
def test_a_percentage_has_one_decimal_and_nothing_scheduled_has_none(value, words):
    assert show("{{ x|percent }}", {"x": value}) == words


def test_a_retainage_rate_of_zero_is_a_rate_and_none_is_not_set():
    assert [figures.rate(x) for x in (Decimal("10.00"), Decimal("7.50"), Decimal("0"), None)] == [
        "10 %",
        "7.5 %",
        "0 %",
        "not set",
    ]


def test_a_day_says_its_weekday():
    assert show("{{ x|day }}", {"x": date(2026, 11, 6)}) == "Fri 6 Nov 2026"


def test_a_moment_is_told_in_the_projects_zone_by_name_and_exactly_in_its_title():
    """U10."""
    project = SimpleNamespace(time_zone="America/Chicago")
    html = show("{% moment at project %}", {"at": datetime(2026, 11, 20, 22, 12, 9, tzinfo=UTC), "project": project})
    assert ">20 Nov 2026, 4:12 pm CST</time>" in html
    assert 'title="Friday 20 November 2026, 16:12:09 CST (America/Chicago)"' in html


def test_a_zone_without_letters_of_its_own_is_named_by_its_city():
    html = show("{% moment at 'America/Sao_Paulo' %}", {"at": datetime(2026, 7, 1, 15, 0, tzinfo=UTC)})
    assert ">1 Jul 2026, 12:00 pm Sao Paulo time</time>" in html


def test_midnight_and_noon_are_twelve():
    noon = show("{% moment at 'UTC' %}", {"at": datetime(2026, 7, 1, 12, 0, tzinfo=UTC)})
    midnight = show("{% moment at 'UTC' %}", {"at": datetime(2026, 7, 1, 0, 5, tzinfo=UTC)})
    assert "12:00 pm" in noon and "12:05 am" in midnight


@pytest.mark.parametrize("look", [*statuses.STATUSES.values(), *statuses.EXPORT_STATUSES.values()])
def test_every_status_has_a_tone_and_an_icon_that_exist(look):
    """U7: colour is never alone."""
    assert look.tone in TONES
    assert look.icon in sprite()


def states_of_tasks() -> set[str]:
    """Every word that a row of the first page is given as its state, whichever function takes it."""
    found = set()
    for module in (importlib.import_module(f"config.waiting.{each.name}") for each in iter_modules(waiting.__path__)):
        for call in ast.walk(ast.parse(Path(module.__file__).read_text())):
            makes = getattr(module, getattr(getattr(call, "func", None), "id", ""), None)
            if not inspect.isfunction(makes) and makes is not Task:
                continue
            names = list(inspect.signature(makes).parameters)
            given = dict(zip(names, call.args, strict=False)) | {each.arg: each.value for each in call.keywords}
            said = ast.walk(given["state"]) if "state" in given else ()
            found |= {part.value for part in said if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return found


def test_every_state_that_the_first_page_shows_is_described():
    """U7: a word that nothing names still stands in a row, as that of a file that was downloaded does."""
    found = states_of_tasks()
    assert {"ready", "downloaded", "gap", "granted", "waiting"} <= found
    assert found - statuses.STATUSES.keys() - statuses.EXPORT_STATUSES.keys() == set()
    assert "#download" in show('{% status_badge "downloaded" "export" %}')


def test_rejected_by_accounting_and_taken_back_look_different():
    """E-4."""
    rejected = show('{% status_badge "rejected" "export" %}')
    taken_back = show('{% status_badge "retrieved" "export" %}')
    assert "tone-bad" in rejected and "Rejected by accounting" in rejected
    assert "tone-neutral" in taken_back and "Taken back" in taken_back


def test_a_row_is_badged_with_its_own_models_word():
    """U9: of people the chips say so, and another table has another word for that value."""
    left = Membership(person=Person(), is_active=False, joined_at=None)
    assert left.state == "declined" and "Did not join" in show('{% status_badge left "state" %}', {"left": left})
    assert "Declined" in show('{% status_badge "declined" %}')


def test_a_status_nobody_described_still_shows_its_word():
    assert "Somewhere else" in show('{% status_badge "somewhere_else" %}')


def test_a_name_in_a_badge_cannot_carry_markup():
    assert "<img" not in show("{% badge 'info' 'check' words %}", {"words": "<img src=x>"})


def test_words_that_were_safe_once_are_not_safe_from_somebody_else():
    """Badges are drawn once and kept (F4)."""
    assert "<b>" in show("{% badge 'info' 'check' words %}", {"words": mark_safe("<b>kept</b>")})
    assert "<b>" not in show("{% badge 'info' 'check' words %}", {"words": "<b>kept</b>"})


def test_a_field_tells_a_reader_its_hint_and_its_error():
    """U4: beside the field, tied to it."""
    html = show("{% field form.number %}", {"form": Bill({"agreed": "on"})})
    described = re.search(r'aria-describedby="([^"]+)"', html)[1].split()
    assert described and all(f'id="{name}"' in html for name in described)
    assert 'aria-invalid="true"' in html and '<label for="id_number">Invoice number</label>' in html


def test_only_the_field_that_may_stay_empty_says_so():
    html = show("{{ form.as_div }}", {"form": Bill()})
    assert html.count("(optional)") == 1


def test_the_error_summary_names_each_field_in_the_same_words_and_links_to_it():
    """U4: at the top, taking the focus."""
    form = Bill({})
    html = render_to_string("components/error_summary.html", {"form": form})
    assert "data-takes-focus" in html
    assert '<a href="#id_number">Invoice number: This field is required.</a>' in html
    assert '<a href="#id_agreed">I agree: This field is required.</a>' in html


def test_a_form_without_errors_has_no_summary():
    form = Bill({"number": "7", "agreed": "on"})
    assert form.is_valid()
    assert "error-summary" not in render_to_string("components/error_summary.html", {"form": form})


def test_a_list_of_rules_for_passwords_reads_as_a_list():
    html = show("{% field form.new_password1 %}", {"form": SetPasswordForm(user=None)})
    assert "<li>" in html and "&lt;li" not in html


def test_steps_say_what_is_done_and_where_it_stands():
    html = show('{% steps "Accepted|Building|Ready" 2 %}')
    assert re.findall(r'<li class="(\w*)"', html) == ["done", "now", ""]
    assert html.count('aria-current="step"') == 1


def test_a_bar_never_grows_past_its_frame():
    assert [pictures.share(*pair) for pair in ((3, 2), (-1, 2), (1, 0), (1, 4))] == [100, 0, 0, 25]


def test_a_finished_job_stops_asking():
    running = {"url": "/job/", "running": True, "seconds": 2, "done": 1, "total": 2, "words": "1 of 2"}
    assert "every 700ms" in render_to_string("components/progress.html", running)
    assert "hx-get" not in render_to_string("components/progress.html", {**running, "running": False})


def test_the_timeline_of_an_export_speaks_of_accounting():
    event = SimpleNamespace(
        at=datetime(2026, 11, 20, tzinfo=UTC),
        by_name="Sam Ruiz",
        verb="rejected it",
        from_state="ready_to_export",
        to_state="rejected",
        reason="No vendor number",
        changes={},
        subject="erp_integrations.export:3",
    )
    html = show("{% timeline events 'UTC' %}", {"events": [event]})
    assert "Rejected by accounting" in html and "No vendor number" in html


def test_an_error_page_says_which_right_is_missing_and_who_can_help(rf):
    html = render_to_string(
        "403.html", {"right": "Admin on Commitments", "helpers": ["Dana Cole", "Ola Berg"]}, rf.get("/")
    )
    assert "Admin on Commitments" in html and "Dana Cole, Ola Berg" in html


def test_the_page_for_our_own_failures_needs_nothing_but_itself():
    assert "7f3a" in render_to_string("500.html", {"request_id": "7f3a"})


# Colours, icons and the content security policy


def sprite() -> set[str]:
    """In both files; no icon is in two of them."""
    files = [SYMBOL.findall((ROOT / f"static/{name}.svg").read_text()) for name in ("icons", "icons-apart")]
    found = [name for names in files for name in names]
    assert len(found) == len(set(found))
    return set(found)


def tokens() -> dict[str, tuple[str, str]]:
    """Every colour token as (light, dark)."""
    text = (ROOT / "static/css/tokens.css").read_text()
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", text)
    return {name: (light, dark) for name, light, dark in pairs}


def luminance(colour: str) -> Decimal:
    channels = [Decimal(int(colour[at : at + 2], 16)) / 255 for at in (1, 3, 5)]
    linear = [
        c / Decimal("12.92")
        if c <= Decimal("0.04045")
        else ((c + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")
        for c in channels
    ]
    return sum(
        weight * c for weight, c in zip((Decimal("0.2126"), Decimal("0.7152"), Decimal("0.0722")), linear, strict=True)
    )


def contrast(one: str, other: str) -> Decimal:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + Decimal("0.05")) / (dark + Decimal("0.05"))


READ_ON = [
    *[(f"{tone}-ink", f"{tone}-back") for tone in TONES],
    *[(f"{tone}-ink", "surface") for tone in TONES],
    *[("ink", ground) for ground in ("paper", "surface", "sunken", "accent-wash", "info-back", "warn-row", "bad-row")],
    *[("ink-soft", ground) for ground in ("paper", "surface", "sunken", "accent-wash", "warn-row", "bad-row")],
    *[("accent", ground) for ground in ("paper", "surface", "sunken", "info-back")],
    ("on-accent", "accent"),
    ("on-accent", "accent-firm"),
    ("bad-ink", "bad-row"),
    ("warn-ink", "warn-row"),
]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), READ_ON)
def test_words_can_be_read_on_their_ground_in_both_schemes(ink, ground, scheme):
    assert contrast(tokens()[ink][scheme], tokens()[ground][scheme]) >= Decimal("4.5")


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("edge", ["line-firm", "focus"])
def test_the_edge_of_a_field_and_the_focus_ring_can_be_seen(edge, scheme):
    assert contrast(tokens()[edge][scheme], tokens()["surface"][scheme]) >= 3


def test_colours_are_named_in_one_file_only():
    for sheet in (ROOT / "static/css").glob("*.css"):
        if sheet.name not in ("tokens.css", "print.css"):
            assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s,)])", sheet.read_text()), sheet.name


def test_every_icon_a_template_asks_for_exists():
    asked = {name for path in TEMPLATES for name in re.findall(r'{% icon "([^"]+)"', path.read_text())}
    assert asked and asked <= sprite()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_template_carries_style_or_script_of_its_own(path):
    """The content security policy would silence it."""
    text = path.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", text)
    scripts = [tag for tag in re.findall(r"<script[^>]*>", text) if 'type="application/json"' not in tag]  # not run
    assert all("src=" in tag for tag in scripts)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_stays_small_and_leans_on_nothing(path):
    text = path.read_text()
    assert text.count("\n") < 200
    assert not re.search(r"\beval\(|new Function|https?://|^import |parseFloat", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0 Safari/537.36",
            "Chrome on Windows",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Version/17.5 Safari/605.1", "Safari on a Mac"),
        ("", "A browser on an unknown system"),
    ],
)
def test_a_browser_is_called_by_its_name(said, read):
    assert names.browser(said) == read


def widths_of(*amounts: str) -> list[Decimal]:
    parts = [{"label": f"Stage {n}", "amount": Decimal(each), "tone": "ok"} for n, each in enumerate(amounts)]
    drawn = pictures.money_picture(parts, "Where the money stands")["parts"]
    assert [part["amount"] for part in drawn] == [Decimal(each) for each in amounts], "each figure stays in the legend"
    return [part["width"] for part in drawn]


def test_a_negative_part_takes_no_room_from_the_others():
    """Of one whole, side by side: more credits than bills at one stage, and the last stage is still drawn."""
    first, negative, third, posted = widths_of("100000", "-60000", "80000", "20000")
    assert negative == 0 and first == 50 and third == 40 and posted == 10
    assert sum(widths_of("1", "1", "1", "-7")) <= Decimal("100.1")


@pytest.mark.parametrize("amounts", [("-5", "-10"), ("0", "0"), ("0", "-1"), ()])
def test_where_nothing_is_positive_nothing_is_drawn(amounts):
    assert not any(widths_of(*amounts))
