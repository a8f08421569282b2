"""What a browser complains about while a test runs. A test says what it expects; the rest fails it."""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Request, WebError

# The browser reports what the policy forbids also to the console; this says what it was.
TELL_OF_POLICY = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} forbids ${event.blockedURI || event.sample}`));
"""

# After every swap each id is there once, and no link leads to a place that the page does not have.
TELL_OF_BROKEN_PLACES = """
document.addEventListener("htmx:afterSettle", () => {
  const seen = new Set();
  for (const { id } of document.querySelectorAll("[id]")) {
    if (seen.has(id)) console.error(`two elements have the id ${id}`);
    seen.add(id);
  }
  for (const link of document.querySelectorAll("a[href^='#']"))
    if (!seen.has(link.hash.slice(1))) console.error(`a link leads to ${link.hash}, which is not there`);
});
"""


class Watch:
    def __init__(self) -> None:
        self.troubles: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def follow(self, context: BrowserContext) -> None:
        context.add_init_script(TELL_OF_POLICY + TELL_OF_BROKEN_PLACES)
        context.on("console", self._console)
        context.on("weberror", self._web_error)
        context.on("requestfailed", self._request_failed)

    def expect(self, *patterns: str) -> None:
        """Trouble that matches one of `patterns` is what the test is about."""
        self._expected += [re.compile(pattern, re.S) for pattern in patterns]

    def expect_status(self, status: int) -> None:
        """The browser's own note on an answer of this status."""
        self.expect(rf"status of {status} ", rf"Response Status Error Code {status} ")

    def unexpected(self) -> list[str]:
        return [
            trouble
            for trouble in self.troubles
            if not any(pattern.search(trouble) for pattern in self._expected)
        ]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            place = (message.location or {}).get("url", "")
            self.troubles.append(f"console {message.type}: {message.text} ({place})")

    def _web_error(self, error: WebError) -> None:
        inner: Error | Exception = error.error
        self.troubles.append(f"script: {inner}")

    def _request_failed(self, request: Request) -> None:
        # A page that is left ends what it was still asking for; without scripts no module is loaded ("csp").
        if request.failure not in {"net::ERR_ABORTED", "csp"}:
            self.troubles.append(f"request: {request.method} {request.url} {request.failure}")
