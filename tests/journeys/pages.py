"""A page as a person without scripts meets it: its text, its links, and its forms with what every input holds."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
UNREAD = {"script", "style", "template", "svg", "title", "datalist"}
CONTROLS = {"input", "select", "textarea", "button"}
PRESSED = {"submit", "image"}  # types of input that send a form


class Element:
    """One element; `children` are elements and text in their order."""

    def __init__(self, tag: str, attrs: dict[str, str], parent: "Element | None"):
        self.tag, self.attrs, self.parent = tag, attrs, parent
        self.children: list[Element | str] = []
        self.upload = None  # the file a person chose

    def __repr__(self):
        return f"<{self.tag} {self.attrs}> {self.text[:80]}"

    def walk(self) -> Iterator["Element"]:
        """Everything below, in the order of the document."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    def ancestors(self) -> Iterator["Element"]:
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def up(self, tag: str) -> "Element | None":
        return next((each for each in self.ancestors() if each.tag == tag), None)

    @property
    def next(self) -> "Element | None":
        """The element that comes after it under the same parent."""
        beside = [each for each in self.parent.children if isinstance(each, Element)]
        return next(iter(beside[beside.index(self) + 1 :]), None)

    def all(self, *tags: str) -> list["Element"]:
        return [each for each in self.walk() if each.tag in tags]

    @property
    def is_hidden(self) -> bool:
        return "hidden" in self.attrs or any("hidden" in each.attrs for each in self.ancestors())

    @property
    def text(self) -> str:
        """What can be read, blanks collapsed."""
        return re.sub(r" (?=[,.;:])", "", " ".join(" ".join(self._texts()).split()))

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in UNREAD and "hidden" not in child.attrs:
                yield from child._texts()

    @property
    def name(self) -> str:
        """What it is called by somebody who looks, or listens."""
        return (self.read_out or self.text or self.attrs.get("value", "")).strip()

    @property
    def read_out(self) -> str:
        """Its label, and in a grid the line that the table's headings say with it: “This period, line 2”."""
        label, line = self.attrs.get("aria-label", ""), self.up("tbody")
        numbers = [each for each in line.walk() if "data-how" in each.attrs] if label and line else []
        if not numbers or re.search(r"line \d", label):
            return label
        return f"{label}{'' if label.endswith('line') else ', line'} {numbers[0].value}"

    @property
    def names(self) -> set[str]:
        """Both what is written on it and what is read out for it."""
        return {self.name, self.text} - {""}

    # A form's controls

    @property
    def type(self) -> str:
        usual = "submit" if self.tag == "button" else "text"
        return self.attrs.get("type", usual).lower() if self.tag in ("input", "button") else self.tag

    @property
    def is_button(self) -> bool:
        return self.tag == "button" and self.type == "submit" or self.tag == "input" and self.type in PRESSED

    @property
    def is_off(self) -> bool:
        fieldset = self.up("fieldset")
        return "disabled" in self.attrs or fieldset is not None and "disabled" in fieldset.attrs

    @property
    def options(self) -> list["Element"]:
        return [each for each in self.walk() if each.tag == "option"]

    @property
    def chosen(self) -> list["Element"]:
        """The options a browser would send: of a single choice the last one marked, else the first."""
        marked = [option for option in self.options if "selected" in option.attrs]
        if "multiple" in self.attrs:
            return marked
        return (marked or self.options)[-1:] if marked else self.options[:1]

    @property
    def value(self) -> str:
        if self.tag == "textarea":
            return "".join(child for child in self.children if isinstance(child, str)).removeprefix("\n")
        if self.tag == "select":
            return next((option_value(option) for option in self.chosen), "")
        return self.attrs.get("value", "on" if self.type in ("checkbox", "radio") else "")

    def pairs(self) -> list[tuple[str, object]]:
        """What it adds to the form it belongs to."""
        name = self.attrs.get("name")
        if not name or self.is_off or self.is_button or self.type in ("button", "reset"):
            return []
        if self.type in ("checkbox", "radio") and "checked" not in self.attrs:
            return []
        if self.tag == "select":
            return [(name, option_value(option)) for option in self.chosen]
        if self.type == "file":
            return [(name, self.upload)] if self.upload else []
        return [(name, self.value)]

    @property
    def is_missing(self) -> bool:
        """A browser would not send the form before this is filled in."""
        if "required" not in self.attrs or self.is_off:
            return False
        if self.type in ("checkbox", "radio"):
            return self.type == "checkbox" and "checked" not in self.attrs
        return not (self.upload or self.value.strip())


def option_value(option: Element) -> str:
    return option.attrs.get("value", option.text)


class _Builder(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = self.here = Element("root", {}, None)

    def handle_starttag(self, tag, attrs):
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag, attrs):
        self.here.children.append(Element(tag, {name: value or "" for name, value in attrs}, self.here))

    def handle_endtag(self, tag):
        opened = [self.here, *self.here.ancestors()]
        match = next((each for each in opened if each.tag == tag), None)
        if match is not None:
            self.here = match.parent

    def handle_data(self, data):
        self.here.children.append(data)


class Page:
    """A parsed page, which remembers what was typed into it."""

    def __init__(self, html: str):
        builder = _Builder()
        builder.feed(html)
        self.root = builder.root
        self.elements = list(self.root.walk())

    @property
    def text(self) -> str:
        """The page's own part, without what stands around on every page."""
        parts = {each.tag: each for each in reversed(self.elements) if each.tag in ("main", "body")}
        return parts.get("main", parts.get("body", self.root)).text

    @property
    def heading(self) -> str:
        return next((each.text for each in self.elements if each.tag == "h1"), "")

    def links(self) -> list[Element]:
        return [each for each in self.elements if each.tag == "a" and each.attrs.get("href") and not each.is_hidden]

    def buttons(self) -> list[Element]:
        return [each for each in self.elements if each.is_button and not each.is_hidden and not each.is_off]

    def tables(self) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """(caption, rows of the body as {column: text}); rows that span columns are left out."""
        for table in self.root.all("table"):
            head = [cell.text for part in table.all("thead") for cell in part.all("th", "td")]
            rows = [[cell for cell in row.all("th", "td")] for body in table.all("tbody") for row in body.all("tr")]
            found = [dict(zip(head, [cell.text for cell in row], strict=True)) for row in rows if len(row) == len(head)]
            yield " ".join(caption.text for caption in table.all("caption")), found

    def form_of(self, control: Element) -> Element | None:
        """The form a control belongs to: the one it names, else the one around it."""
        named = control.attrs.get("form")
        if named:
            return next((each for each in self.elements if each.tag == "form" and each.attrs.get("id") == named), None)
        return control.up("form")

    def controls(self, form: Element) -> list[Element]:
        return [each for each in self.elements if each.tag in CONTROLS and self.form_of(each) is form]

    def labels(self, control: Element) -> set[str]:
        """Everything it is called: its label, what is read out for it, its name."""
        around = control.up("label")
        own = {each.text for each in self._labels_for(control)} | {control.read_out}
        return (own | {around.text if around else "", control.attrs.get("name", "")}) - {""}

    def _labels_for(self, control: Element) -> list[Element]:
        key = control.attrs.get("id")
        return [each for each in self.elements if each.tag == "label" and key and each.attrs.get("for") == key]
