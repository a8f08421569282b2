"""An open page without a browser: it asks what has changed, and swaps that in as live_updates.js does."""

import re
from urllib.parse import urlencode

from bs4 import BeautifulSoup, Tag

from tests.chats.conftest import HTMX
from tests.chats.page_contents import level_at
from tests.html import soup


def spelt(pks):
    """Ids as a page tells them: each as its distance from the one before."""
    pks = sorted(pks)
    return ".".join(str(pk - before) for before, pk in zip([0, *pks], pks, strict=False))


# What brings a part of the page: links of these classes, or in something of these.
PRESSED, PRESSED_INSIDE = {"thread-open"}, {"more", "older", "new-pill"}

DRAWN = {"msg", "card-u"}

# "#m-12" and "li:has(> #m-12)".
BY_ID = re.compile(r"(?P<around>li:has\(> )?#(?P<id>[\w-]+)\)?")


def tags(inside):
    """Every element in there, in the order of the page."""
    return (one for one in inside.descendants if isinstance(one, Tag))


class OpenPage:
    def __init__(self, client, url, address="http://testserver"):
        self.client, self.url, self.address = client, url, address
        self.reload()

    def reload(self):
        self.soup = soup(self.client.get(self.url))

    def find(self, selector):
        """The first element that `selector` finds."""
        if (by_id := BY_ID.fullmatch(selector)) is None:
            return self.soup.select_one(selector)
        # What is asked for most, and soupsieve takes twenty times as long for it.
        pk = by_id["id"]
        found = next((one for one in tags(self.soup) if one.get("id") == pk), None)
        return found.parent if found and by_id["around"] else found

    @property
    def mailbox_version(self):
        return int(self.find("#changes")["data-since"].split(".")[0])

    def ask(self, *, lost=False):
        """The answer to what has changed, after it was swapped in; if it was not `lost`."""
        here = self.find("#changes")
        drawn = [one for one in tags(self.find("#main")) if _has(one, DRAWN)]
        query = {
            "since": here["data-since"],
            "drawn": spelt(_id(one) for one in drawn),
            "new": spelt(_id(one) for one in drawn if "is-unread" in one["class"]),
        }
        response = self._get(here["data-url"], query)
        if response.status_code != 204 and not lost:
            self._swap_out_of_band(soup(response))
            self._drop_empty_days()
        return response

    def press(self, selector):
        """What htmx does for this link."""
        self._press(self.find(selector))

    def _press(self, link):
        response = self._get(link["hx-get"], {"level": level_at(link)})
        if response.status_code == 404:  # it was deleted, and the page has not heard of it yet
            return
        answer = soup(response)
        self._swap_out_of_band(answer)
        target, content = link["hx-target"], list(answer.children)
        place = link.find_parent("li") if target == "closest li" else self.find(target)
        if link.get("hx-swap") == "beforeend":
            self._merge(answer)
            return
        place.insert_before(*content)
        place.decompose()

    def press_something(self, chance):
        """One of the links that bring a part of the page, if there is one."""
        if links := list(self._links()):
            self._press(chance.choice(links))

    def press_everything(self):
        """Until nothing is folded away any more."""
        pill = self.find("#new-pill a")
        if pill and not pill.has_attr("hx-get"):
            self.reload()
        while link := next(self._links(), None):
            self._press(link)

    def _links(self):
        """What brings a part of the page."""
        for link in tags(self.find("#main")):
            if link.get("hx-get") and (
                _has(link, PRESSED) or any(_has(one, PRESSED_INSIDE) for one in link.parents)
            ):
                yield link

    def gone(self):
        """Whether the page was about a message that is deleted by now."""
        return self.client.get(self.url).status_code == 404

    def _get(self, url, query):
        url += f"{'&' if '?' in url else '?'}{urlencode(query)}"
        here = {"HX-Current-URL": f"{self.address}{self.url}"}
        return self.client.get(url, headers=HTMX | here)

    def _swap_out_of_band(self, answer):
        for piece in [one for one in tags(answer) if one.get("hx-swap-oob")]:
            how, _, selector = piece["hx-swap-oob"].partition(":")
            place = self.find(selector or f"#{piece['id']}")
            if place is None and how == "true" and piece["id"].endswith("-more"):
                # Behind the reply that it follows.
                item = self.find(f"#{piece['id'].removesuffix('-more')}").find_parent("li")
                place = BeautifulSoup("<li></li>", "html.parser").li
                item.insert_after(place)
            piece.extract()
            del piece["hx-swap-oob"]
            if place is None:
                continue
            if how == "delete":
                place.decompose()
            elif how == "innerHTML":
                place.clear()
                place.extend(list(piece.children))
            else:
                place.replace_with(piece)

    def _drop_empty_days(self):
        feed = self.find("#feed")
        # The line "New" first: a day that holds nothing else is empty.
        for line in ("new-line", "day"):
            for item in feed.find_all("li", line, recursive=False) if feed else ():
                after = item.find_next_sibling("li")
                if after is None or not _has(after, {"node", "new-line"}):
                    item.decompose()

    def _merge(self, answer):
        """New messages, each where it belongs: this page may have got some of them meanwhile."""
        feed = self.find("#feed")
        dates = {day.time["datetime"] for day in feed.select(".day")}
        for item in answer.select(".day"):
            if item.time["datetime"] not in dates:
                feed.append(item.extract())
        here = {_id(item.article): item for item in feed.find_all("li", "node", recursive=False)}
        for item in list(answer.find_all("li", "node", recursive=False)):
            pk = _id(item.article)
            if pk in here:
                continue
            later = [other for other in here if other > pk]
            if later:
                here[min(later)].insert_before(item.extract())
            else:
                feed.append(item.extract())


def _has(element, classes):
    return not classes.isdisjoint(element.get("class", ()))


def _id(element):
    return int(element["id"].rpartition("-")[2])
