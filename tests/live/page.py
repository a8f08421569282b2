"""An open page without a browser: it asks what has changed, and swaps that in as live.js does."""

from urllib.parse import urlencode

from bs4 import BeautifulSoup

from tests.chats.conftest import HTMX
from tests.chats.reading import level_at
from tests.html import soup


def spelt(pks):
    """Ids as a page tells them: each as its distance from the one before."""
    pks = sorted(pks)
    return ".".join(str(pk - before) for before, pk in zip([0, *pks], pks, strict=False))


# What brings a part of the page.
PRESSED = "#main :is(.thread-open, .more a, .older a, .new-pill a)[hx-get]"


class OpenPage:
    def __init__(self, client, url):
        self.client, self.url = client, url
        self.reload()

    def reload(self):
        self.soup = soup(self.client.get(self.url))

    def find(self, selector):
        return self.soup.select_one(selector)

    @property
    def mailbox_version(self):
        return int(self.find("#changes")["data-since"].split(".")[0])

    def ask(self):
        """The answer to what has changed, after it was swapped in."""
        here = self.find("#changes")
        drawn = self.soup.select("#main article.msg, #main .card-u")
        query = {
            "since": here["data-since"],
            "drawn": spelt(_id(one) for one in drawn),
            "new": spelt(_id(one) for one in drawn if "is-unread" in one["class"]),
        }
        response = self._get(here["data-url"], query)
        if response.status_code != 204:
            self._swap_out_of_band(soup(response))
        return response

    def press(self, selector):
        """What htmx does for this link."""
        link = self.find(selector)
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
        links = self.soup.select(PRESSED)
        if links:
            link = chance.choice(links)
            link["data-pressed"] = ""
            self.press("[data-pressed]")

    def press_everything(self):
        """Until nothing is folded away any more."""
        pill = self.find("#new-pill a")
        if pill and not pill.has_attr("hx-get"):
            self.reload()
        while self.find(PRESSED):
            self.press(PRESSED)

    def gone(self):
        """Whether the page was about a message that is deleted by now."""
        return self.client.get(self.url).status_code == 404

    def _get(self, url, query):
        url += f"{'&' if '?' in url else '?'}{urlencode(query)}"
        here = f"http://testserver{self.url}"
        return self.client.get(url, headers=HTMX | {"HX-Current-URL": here})

    def _swap_out_of_band(self, answer):
        for piece in answer.select("[hx-swap-oob]"):
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

    def _merge(self, answer):
        """New messages, each where it belongs: this page may have got some of them meanwhile."""
        feed = self.find("#feed")
        dividers = {day.get_text(strip=True) for day in feed.select(".day")}
        for item in answer.select(".day"):
            if item.get_text(strip=True) not in dividers:
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


def _id(element):
    return int(element["id"].rpartition("-")[2])
