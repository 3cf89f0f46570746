"""A person at the site with a browser that runs no scripts: reads, clicks, types and presses; nothing else."""

from collections import deque
from urllib.parse import urlencode, urljoin, urlsplit

from celery import current_app
from celery.signals import after_task_publish
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.journeys.pages import Element, Page, option_value

BLOCKS = ("tr", "tbody", "li", "section", "fieldset", "article", "form")
PASSWORD = "pw"


class Visitor:
    """`around` is a context manager class under which what a request leaves for after the commit is done."""

    def __init__(self, around, person=None, name: str = "a passer-by"):
        self.client = Client(enforce_csrf_checks=True)
        self.around, self.person, self.name = around, person, person.name if person else name
        self.url, self.page, self.response = "/", Page(""), None

    def __repr__(self):
        return self.name

    # Going somewhere

    def visit(self, url: str, status: int | None = None) -> "Visitor":
        """Open an address. Fails on 400 and above unless that `status` is expected."""
        return self._go("get", url, status)

    def click(self, text: str, near: str = "", status: int | None = None) -> "Visitor":
        """Follow the link called `text`, in the block that says `near` when several are."""
        return self.visit(self._one(self.page.links(), text, near, "link").attrs["href"], status)

    def press(self, text: str, near: str = "", status: int | None = None) -> "Visitor":
        """Send the form of the button called `text`, with all its inputs as they stand."""
        button = self._one(self.page.buttons(), text, near, "button")
        form = self.page.form_of(button)
        assert form, f"{button} belongs to no form"
        controls = self.page.controls(form)
        if "formnovalidate" not in button.attrs and "novalidate" not in form.attrs:
            empty = [control for control in controls if control.is_missing]
            assert not empty, f"{self} can't press {text}: the browser asks for {empty}"
        pairs = [pair for control in controls for pair in control.pairs()]
        if button.attrs.get("name"):
            pairs.append((button.attrs["name"], button.attrs.get("value", "")))
        return self._send(form, button.attrs.get("formaction", form.attrs.get("action", "")), pairs, status)

    def _send(self, form: Element, action: str, pairs: list, status: int | None) -> "Visitor":
        if form.attrs.get("method", "get").lower() == "get":
            return self.visit(urljoin(self.url, action).partition("?")[0] + "?" + urlencode(pairs), status)
        if form.attrs.get("enctype") == "multipart/form-data":
            data: dict[str, list] = {}
            for name, value in pairs:
                data.setdefault(name, []).append(value)
            return self._go("post", action or self.url, status, data=data)
        encoded = urlencode(pairs)
        kind = "application/x-www-form-urlencoded"
        return self._go("post", action or self.url, status, data=encoded, content_type=kind)

    def _go(self, method: str, url: str, status: int | None, **rest) -> "Visitor":
        url = urljoin(self.url, url.removeprefix(settings.SITE_URL) or "/").partition("#")[0]
        assert not urlsplit(url).netloc, f"{url} leads away from the site"
        with self.around(execute=True):
            self.response = getattr(self.client, method)(url, follow=True, **rest)
        asked = self.response.request
        self.url = asked["PATH_INFO"] + (f"?{asked['QUERY_STRING']}" if asked["QUERY_STRING"] else "")
        is_page = self.response.headers.get("Content-Type", "").startswith("text/html")
        self.page = Page(self.response.content.decode()) if is_page else Page("")
        found = self.response.status_code
        assert found < 400 if status is None else found == status, f"{self} got {found} at {url}: {self.text[:1500]}"
        return self

    # Reading

    @property
    def text(self) -> str:
        return self.page.text

    def sees(self, *texts: str) -> "Visitor":
        for text in texts:
            assert text in self.text, f"{self} doesn't read “{text}” at {self.url}: {self.text[:4000]}"
        return self

    def misses(self, *texts: str) -> "Visitor":
        for text in texts:
            assert text not in self.text, f"{self} reads “{text}” at {self.url}"
        return self

    def value(self, field: str, near: str = "") -> str:
        """What an input holds."""
        return self._field(field, near).value

    def facts(self) -> dict[str, str]:
        """Every figure that stands under a name: {"8 Current payment due": "900.00"}."""
        names = [each for each in self.page.elements if each.tag == "dt"]
        unfold = [each for each in self.page.elements if each.tag == "summary" and each.all("strong")]
        names += [each.all("span")[0] for each in unfold]  # what tells how it came: its name, then the figure
        return {each.text: each.next.text for each in names if each.next is not None}

    def rows(self, caption: str) -> list[dict[str, str]]:
        """The body of the table with this caption, each row as {column: text}."""
        return next(rows for said, rows in self.page.tables() if caption in said)

    def offers(self, text: str) -> bool:
        """Whether a button or link that says so is on the page."""
        return any(text in name for each in [*self.page.buttons(), *self.page.links()] for name in each.names)

    def content(self) -> bytes:
        """The bytes of what was downloaded."""
        answer = self.response
        assert answer.headers["Content-Disposition"].startswith("attachment"), f"{self.url} is no download"
        return b"".join(answer.streaming_content) if answer.streaming else answer.content

    # Typing

    def fill(self, field: str, value: object, near: str = "") -> "Visitor":
        """Type into, tick, choose in or choose a file for the input called `field`: by label or by name."""
        control = self._field(field, near)
        assert "readonly" not in control.attrs and not control.is_off, f"{control} can't be changed"
        if control.type == "file":
            control.upload = SimpleUploadedFile(*value)
        elif control.type in ("checkbox", "radio"):
            self._tick(control, value)
        elif control.tag == "select":
            self._choose(control, value)
        elif control.tag == "textarea":
            control.children = [value]
        else:
            assert len(value) <= int(control.attrs.get("maxlength") or len(value)), f"{value} is too long for {control}"
            control.attrs["value"] = value
        return self

    def _tick(self, control: Element, wanted) -> None:
        for other in self.page.elements:
            if control.type == "radio" and other.attrs.get("name") == control.attrs["name"]:
                other.attrs.pop("checked", None)
        control.attrs.pop("checked", None)
        if wanted:
            control.attrs["checked"] = ""

    def _choose(self, control: Element, value: str) -> None:
        if "data-ajax--url" in control.attrs:
            self._look_up(control, value)
        option = next((o for o in control.options if value in (o.text, option_value(o))), None)
        assert option, f"{value} is not among {[o.text for o in control.options]}"
        for other in control.options:
            other.attrs.pop("selected", None)
        option.attrs["selected"] = ""

    def _look_up(self, control: Element, value: str) -> None:
        """The admin's choice by search: ask for the words, take the one answer."""
        keys = {"app_label": "app-label", "model_name": "model-name", "field_name": "field-name"}
        asked = {"term": value} | {key: control.attrs[f"data-{name}"] for key, name in keys.items()}
        [found] = self.client.get(control.attrs["data-ajax--url"], asked).json()["results"]
        option = Element("option", {"value": found["id"]}, control)
        option.children = [value]
        control.children.append(option)

    def _field(self, field: str, near: str) -> Element:
        controls = [each for each in self.page.elements if each.tag in ("input", "select", "textarea")]
        typed = [each for each in controls if each.type != "hidden" and not each.is_hidden]
        exact = [each for each in typed if field in self.page.labels(each)]
        loose = [each for each in typed if any(field in label for label in self.page.labels(each))]
        found = self._near(exact or loose, near)
        names = sorted({label for each in typed for label in self.page.labels(each)})
        assert len(found) == 1, f"{self} finds {len(found)} inputs called “{field}” at {self.url}: {names}"
        return found[0]

    # Finding

    def _one(self, among: list[Element], text: str, near: str, what: str) -> Element:
        exact = [each for each in among if text in each.names]
        found = self._near(exact or [each for each in among if any(text in name for name in each.names)], near)
        places = {self._effect(each) for each in found}
        names = sorted({each.name for each in among})
        assert found, f"{self} finds no {what} “{text}” {near} at {self.url}: {names}\n{self.text[:3000]}"
        assert len(places) == 1, f"{self} finds several “{text}” at {self.url}: {found}"
        return found[0]

    def _effect(self, element: Element) -> tuple:
        """What following or pressing it does: the same twice on a page is no question."""
        named = (element.attrs.get(name) for name in ("href", "name", "value", "formaction"))
        return *named, self.page.form_of(element) if element.is_button else None

    def _near(self, found: list[Element], near: str) -> list[Element]:
        """Those whose closest block says it."""
        if not near or not found:
            return found
        depths = {each: self._depth_to(each, near) for each in found}
        least = min(depths.values())
        return [each for each, depth in depths.items() if depth == least and depth < 99]

    def _depth_to(self, element: Element, near: str) -> int:
        blocks = [each for each in element.ancestors() if each.tag in BLOCKS]
        return next((depth for depth, block in enumerate(blocks) if near in block.text), 99)

    def tick_all(self, name: str) -> int:
        """Tick every box of this name; how many there were."""
        boxes = [each for each in self.page.elements if each.type == "checkbox" and each.attrs.get("name") == name]
        for box in boxes:
            box.attrs["checked"] = ""
        return len(boxes)

    # What people do all the time

    def sign_in(self) -> "Visitor":
        """Through the sign-in page; on it already after a link that asked for it."""
        if not self.url.startswith("/accounts/login/"):
            self.visit("/accounts/login/")
        self.fill("login", self.person.email).fill("password", PASSWORD).press("Sign in")
        assert "_auth_user_id" in self.client.session, f"{self} is not signed in: {self.text[:500]}"
        return self

    def forge(self, url: str, data: dict | None = None):
        """The answer to a form that no page gave, sent with a valid token."""
        self.client.get("/accounts/password/reset/")
        token = self.client.cookies["csrftoken"].value
        with self.around(execute=True):
            return self.client.post(url, (data or {}) | {"csrfmiddlewaretoken": token})

    def try_address(self, url: str):
        """The answer of an address, without going there."""
        return self.client.get(url)


class Worker:
    """Does what a Celery worker does with the messages that were really published, one after the other."""

    def __init__(self, around):
        self.around, self.messages = around, deque()
        current_app.loader.import_default_modules()  # as a worker does when it starts
        after_task_publish.connect(self._hear, weak=False, dispatch_uid="the journey's worker")

    def _hear(self, sender, body, **_) -> None:
        self.messages.append((sender, body[0]))

    def stop(self) -> None:
        after_task_publish.disconnect(dispatch_uid="the journey's worker")

    def work(self) -> list[str]:
        """Run the body of every task that waits, also what these leave behind; their names."""
        done = []
        while self.messages:
            name, args = self.messages.popleft()
            with self.around(execute=True):
                current_app.tasks[name](*args)
            done.append(name)
        return done
