"""The lines of a bill's entry sheet, put together as text: a page of 500 has 3,000 inputs (F10).

What differs from line to line is what such a page weighs (screens 11), so little is written twice on a line: its number
is in the first cell, its scheduled value in the third, and how.js and sheet.js read them there.
In an input what differs (name, value) stands last and side by side, which packs better: a kilobyte of 500 lines.
"""

from decimal import Decimal
from html import escape

from django import template
from django.template.defaultfilters import floatformat
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe

from invoicing.calculations.money import MINUS, round_half_up
from invoicing.forms.columns import COLUMNS
from invoicing.forms.entry import Sheet
from invoicing.forms.entry_rows import Cell, Row
from invoicing.models import Commitment, ScheduleLine, Verdict

register = template.Library()
TONES = {Verdict.APPROVED: " is-ok", Verdict.REJECTED: " is-bad"}


@register.simple_tag(takes_context=True)
def bill_lines(
    context: template.Context, sheet: Sheet, commitment: Commitment, picked: set[str], how: str
) -> SafeString:
    """Every line, each a <tbody> with its inputs, what is wrong with them and, where the review spoke, what it said.

    `how`: the address under which each line is explained.
    """
    said, parts = context.template.engine.get_template("invoicing/_sheet_said.html"), []
    for row in sheet.rows:
        parts.append(_line(sheet, row, commitment, picked, how))
        if row.line.verdict_reason or row.allowed is not None:
            with context.push(row=row):
                parts.append(said.render(context))
        parts.append("</tbody>")
    return mark_safe("".join(parts))


def _line(sheet: Sheet, row: Row, commitment: Commitment, picked: set[str], how: str) -> str:
    cells = [_first(row, how), _name(row, is_picked=row.key in picked), _amount(row.worked.scheduled_value)]
    if sheet.stems & {"work", "quantity"}:
        cells += _work(sheet, row)
    if "stored" in sheet.stems:
        cells += _stored(sheet, row)
    cells += _results(row)
    cells += _retainage(sheet, row)
    if "waived" in sheet.stems:
        cells.append(f'<td class="c">{_waived(row)}</td>')
    cells.append(_note(row))
    return f"{_opening(sheet, row, commitment)}\n<tr>{''.join(cells)}</tr>\n{_problems(sheet, row)}{_lock(sheet, row)}"


def _opening(sheet: Sheet, row: Row, commitment: Commitment) -> str:
    """What sheet.js reckons with and no cell shows stands in `data-`: dollars as whole cents, and no zeros."""
    line, planned, worked = row.line, row.line.schedule_line, row.worked
    marks = TONES.get(line.verdict, "") + (" has-problem" if row.problems else "")
    known = {
        "before": worked.work_previous,
        "stored-before": worked.stored_previous,
        "held-work": worked.work_retainage_previous,
        "held-stored": worked.stored_retainage_previous,
        "work-rate": worked.work_retainage_rate * 100,  # in ten-thousandths of a percent
        "stored-rate": worked.stored_retainage_rate * 100,
    }
    typed = {
        "typed-work": worked.work_retainage_typed,
        "typed-stored": worked.stored_retainage_typed,
        "typed-left": worked.stored_balance_override,
    }
    facts = {name: amount for name, amount in known.items() if amount}
    facts |= {name: amount for name, amount in typed.items() if amount is not None}  # a zero was typed, too
    more = "".join([f' data-{name}="{_cents(amount)}"' for name, amount in facts.items()])
    if commitment.allows_over_billing or line.over_billing_is_waived:
        more += ' data-may-exceed="1"'
    if planned.unit_price:
        more += f' data-unit-price="{planned.unit_price}"'
    if sheet.data is not None and row.is_changed:
        more += " data-unsaved"
    if row.last:
        more += " data-last" + "".join([f' data-last-{stem}="{text}"' for stem, text in _last(row)])
    return (
        f'<tbody class="line{marks}" id="line-{planned.key}" '
        f'data-decision="{line.verdict}" data-problem="{int(bool(row.problems))}"{more}>'
    )


def _last(row: Row) -> list[tuple[str, str]]:
    """What `=` fetches: the texts of the invoice before, but for zeros."""
    values = [(column, getattr(row.last, column.field)) for column in COLUMNS.values() if column.repeats]
    return [(column.stem, column.show_value(value)) for column, value in values if value]


def _first(row: Row, how: str) -> str:
    place = row.line.schedule_line.position
    link = f'<a data-how data-dialog href="{how}{place}/">{place:,}</a>'
    return f'<td class="c">{link}<input type="hidden" name="shown-{row.key}" value="{escape(row.shown)}"></td>'


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
    worked, cells = row.seen, row.cells
    parts = [_held(row, cells, "held-work", worked.work_retainage_rate, worked.work_retainage)]
    if sheet.holds_on_stored:
        parts.append(_held(row, cells, "held-stored", worked.stored_retainage_rate, worked.stored_retainage))
    if "release" in sheet.stems:
        parts.append(f"<td>{_input(row, cells['release'], 'release')}</td>")
    return [*parts, _output("held", _money(worked.total_retainage))]


def _held(row: Row, cells: dict[str, Cell], stem: str, rate: Decimal, amount: Decimal) -> str:
    """An Admin types it; all others read by which rate it is held."""
    if stem in cells:
        return f"<td>{_input(row, cells[stem], stem)}</td>"
    out = f'<output data-out="{stem.replace("-", "_")}">{_money(amount)}</output>'
    return f'<td class="n"><span class="soft">{rate.normalize():f} %</span> {out}</td>'


def _waived(row: Row) -> str:
    cell = row.cells.get("waived")
    if cell is None:
        return ""
    checked = " checked" if cell.display == "1" else ""
    label = "May pass its scheduled value"
    return f'<label><input type="checkbox" name="{cell.name}" value="1"{checked} aria-label="{label}"></label>'


def _note(row: Row) -> str:
    cell = row.cells["note"]
    return (
        f'<td><input class="cell text" maxlength="300" aria-label="Note"{_marks(row, cell)} '
        f'name="{cell.name}" value="{escape(cell.display)}"></td>'
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


def _input(row: Row, cell: Cell, kind: str) -> str:
    """`kind`: how sheet.js calls it."""
    data = f' data-cell="{kind}"' + (" data-follows" if _follows(row, cell) else "")
    filled = ' class="cell picked" title="Not saved yet"' if cell.is_pending else ' class="cell"'
    return (
        f'<input{filled}{data} inputmode="decimal" autocomplete="off" aria-label="{cell.column.label}"'
        f"{_marks(row, cell)}{' readonly' if row.locks(cell) else ''} "
        f'name="{cell.name}" value="{escape(cell.display)}">'
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
    return f'<td class="n"><output data-out="{name}">{words}</output></td>'


def _amount(amount: Decimal) -> str:
    return f'<td class="n">{_money(amount)}</td>'


def _money(amount: Decimal) -> str:
    """A line's amounts are whole cents; this only writes them out."""
    return f"{amount:,.2f}".replace("-", MINUS)


def _cents(amount: Decimal) -> str:
    return str(int(amount * 100))


def _percent(percent: Decimal | None) -> str:
    return "" if percent is None else f"{round_half_up(percent, 1):,f} %".replace("-", MINUS)
