"""What every page has to be, in every state: it fits, can be hit and read, and nobody is left out."""

from playwright.sync_api import Page

from tests.browser.axe import COLOURS, Axe
from tests.browser.states import FRAME, TWO_FRAMES, resize

WIDTHS = (320, 375, 834, 1440)
BOTH_THEMES = (375, 1440)
LARGE_TEXT_WIDTHS = (320, 375, 700, 1280)  # at 200 % of the usual size

# The colours of another theme come in steps.
UNTIL_STILL = f"""async () => {{
  for (let frames = 0; frames < 300; frames++) {{
    await {FRAME};
    if (!document.getAnimations().length) return;
  }}
}}"""

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


def assert_fits(page: Page, when: str) -> None:
    for problems in (TOO_WIDE, TOO_SMALL):
        found = in_the_end(page, problems)
        assert not found, "\n".join([when, *found])


# One visit for all of it: coming there takes as long as looking.
def assert_nothing_is_wrong(page: Page, axe: Axe) -> None:
    """At no width, in neither theme, and not with large text."""
    for width in WIDTHS:
        # So high that nothing lies half below a bar that stays in view.
        resize(page, width, 4000)
        assert_fits(page, f"at {width} px")
        axe.assert_fine(page, f"light, {width} px")
        if width in BOTH_THEMES:
            page.emulate_media(color_scheme="dark")
            page.evaluate(UNTIL_STILL)
            axe.assert_fine(page, f"dark, {width} px", COLOURS)  # all that differs
            page.emulate_media(color_scheme="light")
            page.evaluate(UNTIL_STILL)
    page.evaluate("document.documentElement.style.fontSize = '32px'")
    for width in LARGE_TEXT_WIDTHS:
        resize(page, width)
        assert_fits(page, f"at {width} px, text of 32 px")
