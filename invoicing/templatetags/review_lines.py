"""The lines of the reviewer's desk, put together as text, with little said twice (9.3, screens 11, decision 25).

A verdict's form says its line once, in its address; what its three buttons show is drawn by grid.css. Without scripts
each reloads the page, or leads to one; review.js swaps the line.
"""

from collections.abc import Sequence
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from directory.plain_text import initials
from invoicing.calculations.money import MINUS, round_half_up
from invoicing.models import Verdict
from invoicing.review_columns import ReviewColumn
from invoicing.templatetags.bill_lines import TONES, line_number
from invoicing.views.review_rows import ReviewRow

register = template.Library()


@register.simple_tag(takes_context=True)
def review_lines(context: template.Context, rows: Sequence[ReviewRow]) -> SafeString:
    """Each a <tbody>: its figures, its verdict and, where there is anything to say, what was said. Takes `columns`."""
    said = context.template.engine.get_template("invoicing/_review_said.html")
    columns = context["columns"]
    shown = _hidden("csrfmiddlewaretoken", context["csrf_token"]) + _hidden("seen", context["seen"])
    return mark_safe("".join([_line(context, said, columns, shown, row) for row in rows]))


def _hidden(name: str, value: object) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(str(value))}">'


def _line(context, said, columns: list[ReviewColumn], shown: str, row: ReviewRow) -> str:
    cells = [_first(row), *[_cell(column, row) for column in columns], _verdict(row, shown)]
    under = ""
    if _has_words(row):
        with context.push(row=row, width=len(columns) + 3):
            under = said.render(context)
    return f"{_opening(row, context['at_line'])}<tr>{''.join(cells)}</tr>{under}</tbody>\n"


def _opening(row: ReviewRow, at_line: str) -> str:
    """What there is to filter by, where there is any (grid.css, review.js); an id where a link leads to the line."""
    verdict, problems = row.line.verdict, bool(row.problems)
    marks = TONES.get(verdict, " has-problem" if problems else "")
    facts = f' data-decision="{verdict}"' if verdict else ""
    facts += ' data-changed="1"' if row.is_changed else ""
    facts += ' data-since="1"' if row.is_new_to_me else ""
    facts += ' data-problem="1"' if problems else ""
    facts += f' id="{row.key}"' if at_line == str(row.line.pk) else ""
    return f'<tbody class="line{marks}" data-line{facts}>'


def _first(row: ReviewRow) -> str:
    line, planned = row.line, row.line.schedule_line
    verdict = f'<span class="sr">, {_says(row)}</span>' if line.verdict else ""
    return (
        f'<td class="c">{line_number(planned.position)}</td><th scope="row"><span class="code" '
        f'title="{escape(planned.cost_code.name)}">{escape(planned.cost_code.code)}</span>'
        f"{escape(planned.description)}{verdict}</th>"
    )


def _says(row: ReviewRow) -> str:
    return f"{row.line.get_verdict_display()} by {escape(str(row.line.verdict_by))}"


def _cell(column: ReviewColumn, row: ReviewRow) -> str:
    value = getattr(row.worked, column.name)
    if column.name == "work_this_period":
        return f"<td>{_work(row)}</td>"
    if column.name == "percent_complete":
        return f"<td>{'' if value is None else f'{round_half_up(value, 1):,f}'.replace('-', MINUS)}</td>"
    return f"<td>{_money(value)}</td>"


def _work(row: ReviewRow) -> str:
    words = _money(row.line.work_this_period)
    if row.claimed is not None:
        words = f'<ins>{words}</ins><span class="claimed">claimed <del>{_money(row.claimed)}</del></span>'
    if row.was is not None:
        words += f'<span class="claimed">last time <del>{_money(row.was)}</del></span>'
    elif row.is_changed:
        words += '<span class="claimed">changed</span>'
    if row.saw is not None:
        words += f'<span class="claimed">you saw <del>{_money(row.saw)}</del></span>'
    return words


def _verdict(row: ReviewRow, shown: str) -> str:
    verdict = row.line.verdict
    by = ""
    if verdict:
        by = f'<span class="by" aria-hidden="true" title="{_says(row)}">{escape(initials(row.line.verdict_by))}</span>'
    buttons = "".join(
        [
            f'<button name="decision" value="{value}" aria-pressed="{"true" if verdict == value else "false"}" '
            f'aria-label="{words} line"></button>'
            for value, words in ((Verdict.APPROVED, "Approve"), (Verdict.REJECTED, "Reject"))
        ]
    )
    return (
        f'<td class="c verdict-cell">{by}<form class="verdict" method="post" action="{row.line.pk}/">'
        f"{shown}{_hidden('pressed', row.pressed)}{buttons}"
        '<button name="decision" value="amount" '
        'aria-label="Allow another amount on line"></button></form></td>'
    )


def _has_words(row: ReviewRow) -> bool:
    line = row.line
    return bool(
        row.said
        or row.asks
        or line.verdict_reason
        or row.approved_before
        or row.problems
        or line.allowed_reason
        or line.note
        or row.also_was
        or row.also_apart
        or row.also_seen
        or (row.is_new_to_me and not row.looked_at)
    )


def _money(amount) -> str:
    return f"{amount:,.2f}".replace("-", MINUS)
