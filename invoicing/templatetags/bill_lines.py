"""The lines of a bill's entry sheet, put together as text: a page of 500 has 3,000 inputs (F10).

What differs from line to line is what such a page weighs (screens 11, decision 25), so little is written twice: the
number of a line is in its first cell, C, A and PF below their heads, its key nowhere; sheet.js finds them there.
"""

from collections import Counter
from decimal import Decimal
from html import escape

from django import template
from django.template.defaultfilters import floatformat
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from invoicing.calculations.lines import Line, percent_of
from invoicing.calculations.money import MINUS, ZERO, format_percent, printed_amount, printed_percent, round_half_up
from invoicing.forms.columns import COLUMNS
from invoicing.forms.entry import Sheet
from invoicing.forms.entry_rows import Cell, Row
from invoicing.labels import LINE_COLUMNS, MAY_PASS, LineColumn
from invoicing.models import Commitment, ScheduleLine, Verdict

register = template.Library()
HEADS = {
    each.name: format_html('<th scope="col" class="n"><span class="col">{}</span>{}</th>', each.letter, each.label)
    for each in LINE_COLUMNS
} | {"over_billing_is_waived": format_html('<th scope="col" class="c">{}</th>', MAY_PASS)}
TONES = {Verdict.APPROVED: " is-ok", Verdict.REJECTED: " is-bad"}


@register.simple_tag(takes_context=True)
def bill_lines(context: template.Context, sheet: Sheet, commitment: Commitment, picked: set[str]) -> SafeString:
    """Every line, each a <tbody> with its inputs, what is wrong with them and, where the review spoke, what it said."""
    said, parts, usual = context.template.engine.get_template("invoicing/_sheet_said.html"), [], _usual_rates(sheet)
    for row in sheet.rows:
        parts.append(_line(sheet, row, commitment, picked, usual))
        if row.line.verdict_reason or row.was_allowed_otherwise:
            with context.push(row=row):
                parts.append(said.render(context))
        parts.append("</tbody>")
    return mark_safe("".join(parts))


@register.filter
def figure(of: Line | dict[str, Decimal], column: LineColumn) -> str:
    """What a line, or the totals under it, say in a column to read."""
    value = of.get(column.name) if isinstance(of, dict) else getattr(of, column.name)
    return "" if value is None else printed_percent(value, 1) if column.is_percent else printed_amount(value)


@register.simple_tag
def column_head(name: str) -> SafeString:
    """Of a column of the sheet, by the name of the line's property: its letter and its words (5.2)."""
    return HEADS[name]


@register.simple_tag
def usual_rates(sheet: Sheet) -> SafeString:
    """By which rates retainage is held on most lines; the others say their own."""
    return mark_safe("".join([f' data-{name}="{_cents(rate)}"' for name, rate in _usual_rates(sheet).items()]))


def _rates(row: Row) -> dict[str, Decimal]:
    """In hundredths of a percent, of which sheet.js counts a hundred."""
    return {
        "work-rate": row.worked.work_retainage_rate * 100,
        "stored-rate": row.worked.stored_retainage_rate * 100,
    }


def _usual_rates(sheet: Sheet) -> dict[str, Decimal]:
    rates = [_rates(row) for row in sheet.rows]
    return {name: Counter(each[name] for each in rates).most_common(1)[0][0] for name in (rates[0] if rates else ())}


@register.simple_tag
def line_number(place: int) -> SafeString:
    """A line's number, which leads to how the line was computed: a button of the form #how, so that it is said once."""
    return mark_safe(f'<input type="submit" data-how form="how" name="line" value="{place}">')


def _line(sheet: Sheet, row: Row, commitment: Commitment, picked: set[str], usual: dict[str, Decimal]) -> str:
    cells = [_first(row), _name(row, is_picked=row.key in picked), _amount(row.worked.scheduled_value)]
    if sheet.stems & {"work", "quantity"}:
        cells += _work(sheet, row)
    if "stored" in sheet.stems:
        cells += _stored(sheet, row)
    cells += _results(row)
    cells += _retainage(sheet, row)
    if "waived" in sheet.stems:
        cells.append(f'<td class="c">{_waived(row)}</td>')
    cells.append(_note(row))
    opening, said = _opening(sheet, row, commitment, usual), _problems(sheet, row) + _lock(sheet, row)
    return f"{opening}\n<tr>{''.join(cells)}</tr>\n{said}"


def _opening(sheet: Sheet, row: Row, commitment: Commitment, usual: dict[str, Decimal]) -> str:
    """What sheet.js reckons with and no cell shows stands in `data-`: dollars as whole cents, and no zeros."""
    line, planned, worked = row.line, row.line.schedule_line, row.worked
    marks = TONES.get(line.verdict, "") + (" has-problem" if row.problems else "")
    known = {
        "before": ZERO if sheet.stems & {"work", "quantity"} else worked.work_previous,
        "stored-before": ZERO if "stored" in sheet.stems else worked.stored_previous,
        "held-work": worked.work_retainage_previous,
        "held-stored": worked.stored_retainage_previous,
    }
    typed = {
        "typed-work": worked.work_retainage_typed,
        "typed-stored": worked.stored_retainage_typed,
        "typed-left": worked.stored_balance_override,
    }
    facts = {name: amount for name, amount in known.items() if amount}
    facts |= {name: amount for name, amount in typed.items() if amount is not None}  # a zero was typed, too
    facts |= {name: rate for name, rate in _rates(row).items() if rate != usual[name]}
    more = "".join([f' data-{name}="{_cents(amount)}"' for name, amount in facts.items()])
    if commitment.allows_over_billing or line.may_pass_its_value:
        more += ' data-may-exceed="1"'
    if planned.unit_price:
        more += f' data-unit-price="{planned.unit_price}"'
    if sheet.data is not None and row.is_changed:
        more += " data-unsaved"
    if line.verdict:
        more += f' data-decision="{line.verdict}"'
    if row.problems:
        more += ' data-problem="1"'
    if row.last:
        more += " data-last" + "".join([f' data-last-{stem}="{text}"' for stem, text in _last(row)])
    return f'<tbody class="line{marks}" id="line-{planned.key}"{more}>'


def _last(row: Row) -> list[tuple[str, str]]:
    """What `=` fetches: the texts of the invoice before, but for zeros."""
    values = [(column, getattr(row.last, column.field)) for column in COLUMNS.values() if column.repeats]
    return [(column.stem, column.show_value(value)) for column, value in values if value]


def _first(row: Row) -> str:
    shown = f'<input type="hidden" name="shown" value="{escape(row.shown)}">'
    return f'<td class="c">{line_number(row.line.schedule_line.position)}{shown}</td>'


def _name(row: Row, *, is_picked: bool) -> str:
    planned, words = row.line.schedule_line, escape(row.line.schedule_line.description)
    price = f' <span class="soft">{_quantity_times_price(planned)}</span>' if planned.is_unit_priced else ""
    verdict = f'<span class="sr"> ({row.line.get_verdict_display()})</span>' if row.line.verdict else ""
    code = escape(planned.cost_code.code)
    tick = (
        f'<input type="checkbox" name="pick" value="{row.key}"{" checked" if is_picked else ""} '
        f'aria-label="Tick line"> '
    )
    return f'<th scope="row">{tick}<span class="code">{code}</span>{words}{price}{verdict}</th>'


def _quantity_times_price(planned: ScheduleLine) -> str:
    return f"{floatformat(planned.quantity, '-2g')} {escape(planned.unit)} × {floatformat(planned.unit_price, '-4g')}"


def _work(sheet: Sheet, row: Row) -> list[str]:
    cells, worked = row.cells, row.seen
    parts = [_amount(worked.work_previous)]
    if "quantity" in sheet.stems:
        parts.append(f"<td>{_input(row, cells['quantity'], 'quantity') if 'quantity' in cells else ''}</td>")
    parts.append(f"<td>{_input(row, cells['work'], 'work') if 'work' in cells else _worth(row)}</td>")
    if "percent" in cells:
        parts.append(f"<td>{_input(row, cells['percent'], 'percent')}</td>")
    else:
        parts.append(_output("percent", _percent(worked.percent_complete)))
    return parts


def _worth(row: Row) -> str:
    """Of a line with a unit price: what its quantity comes to."""
    planned = row.line.schedule_line
    label = f"This period, quantity times {floatformat(planned.unit_price, '-4g')}"
    value = f"{row.seen.work_this_period:,.2f}"
    return f'<input class="cell" data-cell="work" readonly value="{value}" aria-label="{label}">'


def _stored(sheet: Sheet, row: Row) -> list[str]:
    left = [f"<td>{_input(row, row.cells['left'], 'left')}</td>"] if "left" in sheet.stems else []
    return [
        _amount(row.seen.stored_previous),
        f"<td>{_input(row, row.cells['moved'], 'moved')}</td>",
        *left,
        f"<td>{_input(row, row.cells['stored'], 'stored')}</td>",
        _output("presently_stored", _money(row.seen.stored_presently)),
    ]


def _results(row: Row) -> list[str]:
    worked = row.seen
    return [
        _output("total", _money(worked.total_completed_and_stored)),
        _output("balance", _money(worked.balance_to_finish)),
    ]


def _retainage(sheet: Sheet, row: Row) -> list[str]:
    worked = row.seen
    parts = [_held(row, "held-work", worked.work_retainage, _work_share(worked))]
    if sheet.holds_on_stored:
        parts.append(_held(row, "held-stored", worked.stored_retainage, _stored_share(worked)))
    if "release" in sheet.stems:
        parts.append(f"<td>{_input(row, row.cells['release'], 'release')}</td>")
    return [*parts, _output("held", _money(worked.total_retainage))]


def _held(row: Row, stem: str, amount: Decimal, share: Decimal) -> str:
    """What share is held, and how much: an Admin types the amount, all others read it."""
    name, rate = stem.replace("-", "_"), f"{format_percent(share)} %"
    live = f'<output class="rate" data-out="{name}_rate">{rate}</output>'
    if stem in row.cells:
        return f"<td>{live}{_input(row, row.cells[stem], stem)}</td>"
    if not COLUMNS[stem].is_typed(row.line):
        live = f'<span class="soft">{rate}</span>'  # whoever can't type it sees no other share than the rule's
    return f'<td>{live} <output data-out="{name}">{_money(amount)}</output></td>'


def _work_share(worked: Line) -> Decimal:
    """WR in percent of what it is held on: by the rule, or what a typed amount comes to."""
    by_rule, base = worked.work_retainage_typed is None, worked.work_this_period + worked.stored_moved
    return worked.work_retainage_rate if by_rule or not base else percent_of(worked.work_retainage, base)


def _stored_share(worked: Line) -> Decimal:
    """The same of MR."""
    by_rule, base = worked.stored_retainage_typed is None, worked.stored_presently
    return worked.stored_retainage_rate if by_rule or not base else percent_of(worked.stored_retainage, base)


def _waived(row: Row) -> str:
    cell = row.cells.get("waived")
    if cell is None:
        return ""
    checked = " checked" if cell.display == "1" else ""
    return (
        f'<label><input type="checkbox" name="{cell.name}" value="1"{checked} aria-label="{cell.column.label}"></label>'
    )


def _note(row: Row) -> str:
    cell = row.cells["note"]
    return (
        f'<td><input class="cell text" maxlength="300" aria-label="Note"{_marks(row, cell)} '
        f'name="note" value="{escape(cell.display)}"></td>'
    )


def _problems(sheet: Sheet, row: Row) -> str:
    if not row.problems:
        return ""
    words = " ".join([f"{cell.column.label}: {escape(cell.problem)}" for cell in row.problems])
    return (
        f'<tr class="under"><td colspan="{sheet.width}">'
        f'<p class="under-text tone-warn" id="problem-{row.key}" data-problem>{words}</p></td></tr>'
    )


def _lock(sheet: Sheet, row: Row) -> str:
    """What is approved is locked with a check, and opened by a button that works without scripts (9.4)."""
    if not row.was_approved:
        return ""
    place = f"{row.line.schedule_line.position:,}"
    says = f"{_icon('circle-check')}Approved and locked."
    more = (
        f' <button class="button small" name="then" value="open-{row.key}" '
        f'aria-label="Change anyway, line {place}">Change anyway</button>'
    )
    if row.is_opened:
        says = f"{_icon('lock-open')}Opened: its approval is dropped if its figures change."
        more = f'<input type="hidden" name="open-{row.key}" value="1">'
    return f'<tr class="under"><td colspan="{sheet.width}"><p class="under-text tone-ok">{says}{more}</p></td></tr>'


def _icon(name: str) -> str:
    return f'<svg class="i" aria-hidden="true"><use href="{static("icons.svg")}#{name}"/></svg>'


# One cell


def _input(row: Row, cell: Cell, stem: str) -> str:
    """One name for its whole column: `Sheet.shows` says which lines these are."""
    data = " data-follows" if _follows(row, cell) else ""
    filled = ' class="cell picked" title="Not saved yet"' if cell.is_pending else ' class="cell"'
    return (
        f'<input{filled}{data} inputmode="decimal" aria-label="{cell.column.label}"'
        f"{_marks(row, cell)}{' readonly' if row.locks(cell) else ''} "
        f'name="{stem}" value="{escape(cell.display)}">'
    )


def _follows(row: Row, cell: Cell) -> bool:
    """Whether its rule decides the amount, as it is stored or as it came back."""
    if cell.is_changed:
        return cell.column.has_rule and not cell.text.strip()
    return cell.column.has_rule and not cell.column.is_typed(row.line)


def _marks(row: Row, cell: Cell) -> str:
    """The id is where the summary above the sheet leads."""
    return f' id="{cell.name}" aria-invalid="true" aria-describedby="problem-{row.key}"' if cell.problem else ""


def _output(name: str, words: str) -> str:
    return f'<td><output data-out="{name}">{words}</output></td>'


def _amount(amount: Decimal) -> str:
    return f"<td>{_money(amount)}</td>"


def _money(amount: Decimal) -> str:
    """A line's amounts are whole cents; this only writes them out."""
    return f"{amount:,.2f}".replace("-", MINUS)


def _cents(amount: Decimal) -> str:
    return str(int(amount * 100))


def _percent(percent: Decimal | None) -> str:
    return "" if percent is None else f"{round_half_up(percent, 1):,f} %".replace("-", MINUS)
