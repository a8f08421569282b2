"""What can be measured of how pages load: they are light, stand still, and have the saved theme."""

import pytest
from playwright.sync_api import expect

from tests.factories import MessageFactory

pytestmark = pytest.mark.browser

# Weight -----------------------------------------------------------------------------------------


@pytest.fixture
def weighed(sign_in, ana, ben, server):
    """A page, and what it fetches from the network: addresses and bytes as they travel."""
    for number in range(20):
        MessageFactory(sender=ana, receiver=ben, content=f"A short message, number {number}.")
    page = sign_in(ben)
    # The page for signing in has told the time zone.
    page.context.add_cookies([{"name": "time_zone", "value": "UTC", "url": server.address}])
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    addresses: dict[str, str] = {}
    fetched: dict[str, int] = {}

    def note(event):
        addresses[event["requestId"]] = event["request"]["url"]

    def weigh(event):
        if event["encodedDataLength"]:
            fetched[addresses.get(event["requestId"], "?")] = event["encodedDataLength"]

    network.on("Network.requestWillBeSent", note)
    network.on("Network.loadingFinished", weigh)
    return page, fetched


def test_the_first_page_is_light(weighed):
    page, fetched = weighed
    page.goto("/inbox/", wait_until="networkidle")

    assert len(fetched) <= 12, sorted(fetched)
    assert sum(fetched.values()) <= 100 * 1024, fetched


def test_a_later_page_is_lighter(weighed, ana, ben):
    page, fetched = weighed
    page.goto("/inbox/", wait_until="networkidle")
    assert fetched
    fetched.clear()

    page.locator(".row-c").click()
    expect(page.locator("article.msg")).to_have_count(20)
    page.wait_for_load_state("networkidle")

    # The scripts of a conversation come with the first one.
    assert sum(fetched.values()) <= 20 * 1024, fetched
    fetched.clear()
    page.reload(wait_until="networkidle")
    assert sum(fetched.values()) <= 8 * 1024, fetched


def test_an_action_brings_a_small_part(weighed, conversation):
    page, fetched = weighed
    page.goto(f"/c/{conversation.pk}/", wait_until="networkidle")
    fetched.clear()

    page.locator("#composer textarea").fill("And one more")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article.msg")).to_have_count(21)
    page.wait_for_load_state("networkidle")

    assert len(fetched) == 1, fetched
    assert sum(fetched.values()) <= 5 * 1024, fetched


@pytest.mark.parametrize("width", [375, 1440])
@pytest.mark.parametrize("state", ["sign in", "inbox", "conversation", "account"])
def test_nothing_moves_while_a_page_loads(opened, state, width):
    page = opened(state)
    page.set_viewport_size({"width": width, "height": 812})
    page.reload(wait_until="networkidle")

    moved = page.evaluate("""() => new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) sum += entry.value;
      }).observe({ type: "layout-shift", buffered: true });
      setTimeout(() => resolve(sum), 200);
    })""")

    assert moved < 0.01


@pytest.mark.parametrize("saved", ["light", "dark"])
def test_the_saved_theme_wins_over_the_systems(sign_in, person, saved):
    other = {"light": "dark", "dark": "light"}[saved]
    paper = {"light": "rgb(246, 247, 244)", "dark": "rgb(16, 21, 20)"}
    page = sign_in(person("Theo Vale", theme=saved), color_scheme=other)
    page.goto("/inbox/")
    expect(page.locator("body")).to_have_css("background-color", paper[saved])

    follows = sign_in(person("Faye Low"), color_scheme=other)
    follows.goto("/inbox/")
    expect(follows.locator("body")).to_have_css("background-color", paper[other])
