"""What a reader finds on a page, and what comes when they press on."""

from bs4 import BeautifulSoup

from tests.chats.conftest import HTMX
from tests.html import soup


def shown(page):
    """The ids of the messages on a page, from its top to its bottom."""
    return [int(article["id"].removeprefix("m-")) for article in page.select("article.msg")]


def level_at(link):
    """What htmx sends as `level` with what this link asks for."""
    box = link.find_parent(attrs={"hx-vals": True}) if not link.get("hx-vals") else link
    return box["hx-vals"].split(":")[1].strip(" }") if box else "0"


def pressed(client, link):
    """The part that htmx gets for this link."""
    path, _, query = link["hx-get"].partition("?")
    level = f"level={level_at(link)}"
    query = f"{query}&{level}" if query else level
    return soup(client.get(f"{path}?{query}", headers=HTMX))


def all_pressed(client, page, selector, most=300):
    """`page` after pressing what `selector` finds until nothing is left, as htmx swaps it in."""
    for _ in range(most):
        link = page.select_one(selector)
        if link is None:
            return page
        part = BeautifulSoup(str(pressed(client, link)), "html.parser")
        if link["hx-target"] == "closest li":
            link.find_parent("li").replace_with(part)
        else:
            page.select_one(link["hx-target"]).replace_with(part.select_one(link["hx-target"]))
    raise AssertionError(f"Still something to press after {most} times.")


def all_followed(client, page, selector, most=300):
    """`page` and those that follow when one reads without JavaScript."""
    pages = [page]
    while link := pages[-1].select_one(selector):
        assert len(pages) < most
        pages.append(soup(client.get(link["href"])))
    return pages
