"""axe-core, the checker of accessibility, on a page as it is now."""

from playwright.sync_api import Page

PACKAGE = "axe-core@4.14.1"
# Axe needs them all: what it can say for certain of A, AA and 2.2 AA, and what is good to do.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Only what it finds is told in full, and no rule of these reads the style sheets themselves.
ONLY = {"resultTypes": ["violations"], "preload": False}
EVERYTHING = {"runOnly": RULES} | ONLY
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}} | ONLY

RUN = """async (options) => {
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) =>
    `${id}: ${node.target} ${node.html.slice(0, 120)} ${node.failureSummary}`));
}"""


class Axe:
    def __init__(self, script: str) -> None:
        self.script = script

    def assert_fine(self, page: Page, when: str, options: dict = EVERYTHING) -> None:
        """Axe has nothing to say against the page."""
        if not page.evaluate("Boolean(window.axe)"):
            # By the debugger's way in: the policy lets no page do that.
            page.evaluate(f"(() => {{ {self.script} }})()")
        found = page.evaluate(RUN, options)
        assert not found, f"{when}:\n" + "\n".join(found)
