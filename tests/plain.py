"""A browser without scripts and without styles: it follows links and sends forms, and no more."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from django.test import Client


def said(tag: Tag) -> str:
    """Its text in one line."""
    return " ".join(tag.get_text(" ").split())


class PlainBrowser:
    """Where one is, and what one can do there. What is not on the page cannot be done."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True, headers={"user-agent": "plain"})
        self.address = "/"
        self.page = BeautifulSoup()
        self.status = 0

    def visit(self, address: str) -> None:
        """Type an address. A redirect is followed, as browsers do."""
        self._show(self.client.get(self._path(address), follow=True))

    def follow(self, name: str, inside: Tag | None = None) -> None:
        """Follow the link that is called `name`, or begins so."""
        self.visit(self._one("a[href]", name, inside)["href"])

    def send(self, button: str, inside: Tag | None = None, **fields: str) -> None:
        """Fill in the form of the button called `button`, by the names of fields, and press it."""
        pressed = self._one("button[type=submit]", button, inside)
        form = pressed.find_parent("form")
        if pressed.get("form"):
            form = self.page.find("form", id=pressed["form"])
        assert form is not None, f"{button} belongs to no form"
        sent = self._filled(form) | (
            {pressed["name"]: pressed["value"]} if pressed.get("name") else {}
        )
        for name, value in fields.items():
            found = form.select(f'[name="{name}"]') or form.select(f'[name$="-{name}"]')
            assert found, f"{button} has no field {name}"
            sent[found[0]["name"]] = value
        address = self._path(pressed.get("formaction") or form.get("action") or self.address)
        if form.get("method", "get") == "post":
            self._show(self.client.post(address, sent, follow=True))
        else:
            self._show(self.client.get(address, sent, follow=True))

    def article(self, text: str) -> Tag:
        """The message that says `text`."""
        found = [one for one in self.page.select("article.msg") if text in said(one)]
        assert len(found) == 1, f"{len(found)} messages say {text!r} at {self.address}"
        return found[0]

    def text(self) -> str:
        return said(self.page.body)

    def _one(self, selector: str, name: str, inside: Tag | None) -> Tag:
        """Of several that are called so the first: as one reads."""
        for one in (inside or self.page).select(selector):
            if said(one).startswith(name):
                return one
        raise AssertionError(f"No {selector} is called {name!r} at {self.address}: {self.text()}")

    @staticmethod
    def _filled(form: Tag) -> dict[str, str]:
        filled = {}
        for one in form.select("input[name], textarea[name], select[name]"):
            if one.name == "textarea":
                filled[one["name"]] = one.get_text().removeprefix("\n")
            elif one.name == "select":
                chosen = one.select_one("option[selected]") or one.select_one("option")
                filled[one["name"]] = chosen["value"]
            elif one.get("type") not in {"radio", "checkbox"} or one.has_attr("checked"):
                filled[one["name"]] = one.get(
                    "value", "on" if one.get("type") == "checkbox" else ""
                )
        return filled

    def _path(self, address: str) -> str:
        parts = urlsplit(urljoin(self.address, address))
        return f"{parts.path}{f'?{parts.query}' if parts.query else ''}"

    def _show(self, response) -> None:
        request = response.request
        query = request.get("QUERY_STRING", "")
        self.address = f"{request['PATH_INFO']}{f'?{query}' if query else ''}"
        self.status = response.status_code
        self.page = BeautifulSoup(response.content, "html.parser")
        assert self.page.select_one("main, body > h1"), f"no page at {self.address}"
