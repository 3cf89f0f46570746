"""The layout editor as it comes back: a row for each column, moved, added and removed by buttons that store nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django import forms
from django.core.validators import RegexValidator

from directory.typed import PlainField
from erp_integrations.actions.layouts import MOST_COLUMNS
from erp_integrations.sage100.layout import (
    DATE,
    LOOKUPS,
    NUMBER,
    SOURCES,
    TEXT,
    WRITTEN,
    Column,
    Fault,
    Layout,
)

FILE_CODE = "file_code"  # the input of it
CONSTANT = "constant"  # what `carries` says of a column that is always the same
TYPES = ((TEXT, "Text"), (NUMBER, "Number"), (DATE, "Date"))
FORMATS = (("", "as is"), *((each, each) for each in WRITTEN))
LONGEST_TITLE, LONGEST_CONSTANT, MOST_CHARACTERS, MOST_DECIMALS = 40, 50, 255, 6
ACT = re.compile(r"(up|down|remove|add)-(header|detail)(?:-(\d{1,3}))?")
NEW = Column(title="", constant="", length=20)


@dataclass(frozen=True)
class ColumnRow:
    """One column as it stands in the form: every cell as text. `problems`: {cell: why it can't be read}."""

    part: str
    place: int  # 1 for the first
    cells: Mapping[str, str]
    problems: dict[str, str] = field(default_factory=dict)

    NAMES = ("title", "carries", "constant", "type", "length", "decimals", "format", "required", "lookup")

    @classmethod
    def of(cls, part: str, place: int, column: Column) -> "ColumnRow":
        cells = {name: str(getattr(column, name) or "") for name in ("title", "constant", "type", "format", "lookup")}
        cells["carries"] = CONSTANT if column.constant is not None else column.source
        cells |= {name: str(getattr(column, name)) for name in ("length", "decimals")}
        return cls(part, place, cells | {"required": "1" if column.required else ""})

    @classmethod
    def typed(cls, part: str, place: int, data) -> "ColumnRow":
        return cls(part, place, {name: data.get(f"{part}-{place}-{name}", "").strip() for name in cls.NAMES})

    def at(self, place: int) -> "ColumnRow":
        return ColumnRow(self.part, place, self.cells)

    @property
    def inputs(self) -> dict[str, str]:
        """{cell: its name in the form}."""
        return {name: f"{self.part}-{self.place}-{name}" for name in self.NAMES}

    def read(self) -> Column | None:
        """The column it says; None, with `problems` filled in, when a cell can't be read."""
        cells, numbers = self.cells, {}
        for name, most in (("length", MOST_CHARACTERS), ("decimals", MOST_DECIMALS)):
            text = cells[name] or "0"
            if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= most:
                numbers[name] = int(text)
            else:
                self.problems[name] = f"Use a whole number from 0 to {most}."
        is_constant = cells["carries"] == CONSTANT
        self._check_text("title", LONGEST_TITLE, is_needed=True)
        if is_constant:
            self._check_text("constant", LONGEST_CONSTANT)
        elif cells["constant"]:
            self.problems["constant"] = "Leave it empty, or let the column carry “always the same”."
        choices = {
            "carries": {CONSTANT, *SOURCES[self.part]},
            "type": {TEXT, NUMBER, DATE},
            "format": {value for value, _ in FORMATS},
            "lookup": {"", *LOOKUPS},
        }
        for name, known in choices.items():
            if cells[name] not in known:
                self.problems[name] = "Choose one from the list."
        if self.problems:
            return None
        return Column(
            title=cells["title"],
            source="" if is_constant else cells["carries"],
            constant=cells["constant"] if is_constant else None,
            type=cells["type"],
            required=cells["required"] == "1",
            lookup=cells["lookup"],
            format=cells["format"],
            **numbers,
        )

    def _check_text(self, name: str, longest: int, *, is_needed: bool = False) -> None:
        try:
            PlainField(max_length=longest, required=is_needed).clean(self.cells[name])
        except forms.ValidationError as error:
            self.problems[name] = " ".join(error.messages)


class LayoutSheet:
    """Every row of the editor, as stored or as typed; `faults` and problems by row once it was read."""

    def __init__(self, layout: Layout, data=None):
        self.layout = layout
        self.faults: list[Fault] = []
        self.file_code = layout.file_code if data is None else data.get(FILE_CODE, layout.file_code).strip()
        self.column_names = layout.column_names if data is None else data.get("column_names") == "1"
        self.parts = {part: self._rows(part, data) for part in SOURCES}

    def _rows(self, part: str, data) -> list[ColumnRow]:
        if data is None:
            return [ColumnRow.of(part, place, c) for place, c in enumerate(getattr(self.layout, part), 1)]
        count = data.get(f"{part}-count", "")
        many = min(int(count), MOST_COLUMNS + 1) if count.isascii() and count.isdigit() and len(count) < 4 else 0
        return [ColumnRow.typed(part, place, data) for place in range(1, many + 1)]

    def press(self, button: str) -> bool:
        """Move, add or remove a row. False when the button is none of these."""
        found = ACT.fullmatch(button)
        if not found:
            return False
        verb, part, place = found[1], found[2], int(found[3] or 0)
        rows = list(self.parts[part])
        if verb == "add" and len(rows) < MOST_COLUMNS:
            rows.append(ColumnRow.of(part, len(rows) + 1, NEW))
        elif verb == "remove" and 1 <= place <= len(rows):
            del rows[place - 1]
        elif verb in ("up", "down"):
            other = place + (1 if verb == "down" else -1)
            if min(place, other) >= 1 and max(place, other) <= len(rows):
                rows[place - 1], rows[other - 1] = rows[other - 1], rows[place - 1]
        self.parts[part] = [row.at(number) for number, row in enumerate(rows, 1)]
        return True

    def read(self) -> Layout | None:
        """The layout it says; None when a cell can't be read. `faults` tells why it could not be used."""
        read = {part: [row.read() for row in rows] for part, rows in self.parts.items()}
        if any(column is None for columns in read.values() for column in columns):
            return None
        wanted = Layout(
            name=self.layout.name,
            version=self.layout.version,
            verified=self.layout.verified,
            file_code=self.file_code,
            column_names=self.column_names,
            **{part: tuple(columns) for part, columns in read.items()},
        )
        self.faults = list(wanted.faults_to_mend())
        return wanted

    @property
    def wrong(self) -> list[tuple[str, str]]:
        """(id of the input, what is wrong with it), top to bottom."""
        cells = [
            (row.inputs[name], f"{row.part.capitalize()} column {row.place}, {name}: {words}")
            for rows in self.parts.values()
            for row in rows
            for name, words in row.problems.items()
        ]
        return cells + [(f"{f.part}-{f.place or 1}-title" if f.part else FILE_CODE, f.words) for f in self.faults]

    @property
    def wrong_with_code(self) -> list[str]:
        return [fault.words for fault in self.faults if not fault.part]


class CopyForm(forms.Form):
    name = forms.CharField(
        label="Name of the copy",
        max_length=40,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]*\Z", "Use small letters, digits and hyphens: apinv-ours.")],
    )


class VerifyForm(forms.Form):
    """`seen`: the fingerprint of the columns on the page."""

    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)
    compared_with = PlainField(
        label="What did you compare it with?",
        max_length=200,
        help_text="The maker’s template and its date, for the record. Column by column, both rows.",
    )
