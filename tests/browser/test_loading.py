"""What can be measured of how pages look: they fit, can be hit and read, and are light."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.states import STATES, TWO_FRAMES, resize
from tests.factories import MessageFactory

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-looks")]

WIDTHS = (320, 375, 834, 1440)
LARGE_TEXT_WIDTHS = (320, 375, 700, 1280)  # at 200 % of the usual size

TOO_WIDE = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide <= 0) return [];
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => `${one.tagName}.${one.className} ends at ${one.getBoundingClientRect().right}`)
    .slice(0, 8).concat(`${wide} px too wide`);
}"""

# Links within a sentence are as high as its line, which WCAG 2.5.8 allows.
TOO_SMALL = """() => [...document.querySelectorAll(
    "button, summary, .act, .btn, .icon-btn, .continue, .thread-open, .seg a, .row-c, .bell," +
    ".option, .pop-foot a, .in-reply, .back, .skip, textarea, input:not([type=hidden])")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([one, box]) => !one.matches("[type=radio], [type=checkbox]") &&
    (box.width < 24 || box.height < 24))
  .map(([one, box]) => `${one.outerHTML.slice(0, 90)}: ${box.width} x ${box.height}`)"""


def in_the_end(page: Page, problems: str) -> list[str]:
    """The problems that are left once a page has settled in its new width: on a busy machine that
    takes some frames.
    """
    found = page.evaluate(problems)
    for _frame in range(60):
        if not found:
            break
        page.evaluate(TWO_FRAMES)
        found = page.evaluate(problems)
    return found


@pytest.mark.parametrize("state", STATES)
def test_a_page_fits_every_width_and_can_be_hit(opened, state):
    page = opened(state)
    for size, widths in (("16px", WIDTHS), ("32px", LARGE_TEXT_WIDTHS)):
        page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        for width in widths:
            resize(page, width)
            assert in_the_end(page, TOO_WIDE) == [], f"at {width} px, text of {size}"
            assert in_the_end(page, TOO_SMALL) == [], f"at {width} px, text of {size}"


# Weight -----------------------------------------------------------------------------------------


@pytest.fixture
def weighed(sign_in, ana, ben):
    """A page, and what it fetches from the network: addresses and bytes as they travel."""
    for number in range(20):
        MessageFactory(sender=ana, receiver=ben, content=f"A short message, number {number}.")
    page = sign_in(ben)
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

    assert len(fetched) <= 8, sorted(fetched)
    assert sum(fetched.values()) <= 100 * 1024, fetched


def test_a_later_page_is_lighter(weighed, ana, ben):
    page, fetched = weighed
    page.goto("/inbox/", wait_until="networkidle")
    assert fetched
    fetched.clear()

    page.locator(".row-c").click()
    expect(page.locator("article.msg")).to_have_count(20)
    page.wait_for_load_state("networkidle")

    assert sum(fetched.values()) <= 12 * 1024, fetched


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
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
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
