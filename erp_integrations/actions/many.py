"""One answer of accounting for many invoices: each in a transaction of its own, and what became of it (9.6, 9.7)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from directory.refusals import NotAllowed, Refused
from erp_integrations.actions import exports
from erp_integrations.models import InvoiceExport


@dataclass(frozen=True)
class Answered:
    """What became of one: `refusal` is None when it was done."""

    export: InvoiceExport
    refusal: Refused | NotAllowed | None = None


def reject_each(some: Iterable[InvoiceExport], *, by, reason: str, seen: dict[int, str]) -> list[Answered]:
    """`reject` of each with the same reason. `seen`: {id: when it was sent, as the page showed it}."""
    return _each(some, lambda export: exports.reject(export, by=by, reason=reason, seen=seen.get(export.pk, "")))


def void_each(some: Iterable[InvoiceExport], *, by, **told) -> list[Answered]:
    """`void` of each with the same reason and statements."""
    return _each(some, lambda export: exports.void(export, by=by, **told))


def foretold_rejections(some: Iterable[InvoiceExport], access) -> list[Answered]:
    """What `reject_each` would say of each now, and nothing is written."""
    some = list(some)
    beneath = exports.Beneath.of(some)
    return _foretold(some, lambda export, gone: exports.require_rejectable(export, access, beneath, gone=gone))


def foretold_voids(some: Iterable[InvoiceExport], held: Mapping) -> list[Answered]:
    """What `void_each` would say of each now. `held`: {project: what the person holds there}."""
    some = list(some)
    beneath = exports.Beneath.of(some, to_void=True)
    return _foretold(
        some, lambda export, gone: exports.require_voidable(export, held[export.project], beneath, gone=gone)
    )


def _foretold(some: list[InvoiceExport], ask: Callable) -> list[Answered]:
    gone = set()

    def act(export: InvoiceExport) -> InvoiceExport:
        ask(export, gone)
        gone.add(export.pk)
        return export

    return _each(some, act)


def _each(some: Iterable[InvoiceExport], act: Callable) -> list[Answered]:
    """The newest first: a release has to go before what it releases (S51). Answers stand in the order given.

    One that is refused never holds up the others, and is asked again once others are gone: a release may also stand on
    a newer invoice, which was exported before it.
    """
    given = list(some)
    waiting, found = sorted(given, key=lambda export: export.invoice.position, reverse=True), {}
    while waiting:
        answers = [_answered(export, act) for export in waiting]
        found |= {export.pk: answer for export, answer in zip(waiting, answers, strict=True)}
        refused = [export for export in waiting if found[export.pk].refusal]
        waiting = refused if len(refused) < len(waiting) else []
    return [found[export.pk] for export in given]


def _answered(export: InvoiceExport, act: Callable) -> Answered:
    try:
        return Answered(act(export))
    except (Refused, NotAllowed) as refusal:
        return Answered(export, refusal)
