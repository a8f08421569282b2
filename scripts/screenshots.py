"""Draw the pictures in docs/screenshots from the sample: `python -m scripts.screenshots`.

A server of its own in a temporary folder, the people of `make_demo`, and Debian's Chromium.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.what_is_here import chromium
from tests.browser.server import PROJECT, Server

PICTURES = PROJECT / "docs" / "screenshots"
SIZES = {"": (1440, 900), "-phone": (375, 812)}
SCHEMES = {"": "light", "-dark": "dark"}
# Somewhere it is afternoon, and what the sample tells of happened today.
ZONES = (
    "Europe/Lisbon",
    "America/New_York",
    "Pacific/Honolulu",
    "Pacific/Auckland",
    "Asia/Kolkata",
)


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")


def inbox(page: Page) -> None:
    page.goto("/inbox/")


def conversation(page: Page) -> None:
    """An open thread, in it the history of a message."""
    page.goto("/inbox/")
    page.locator(".row-c", has_text="Jonas").click()
    page.locator(".thread-open").last.click()
    expect(page.locator(".replies article").last).to_be_visible()
    page.get_by_role("button", name=re.compile("^edited")).first.click()
    expect(page.locator(".versions > li").first).to_be_visible()


def thread(page: Page) -> None:
    """Four levels deep, and a reply being written."""
    page.goto("/inbox/")
    page.locator(".row-c", has_text="Jonas").click()
    page.locator(".node", has_text="Shall we plant a hedge").locator(".thread-open").click()
    water = page.locator("article", has_text="It held water.")
    water.locator("[data-key=r]").click()
    page.locator(".slot textarea").fill("Two birds and a hedgehog, as I remember.")
    water.evaluate("one => one.scrollIntoView({ block: 'center' })")


def new(page: Page) -> None:
    page.goto("/new/?q=to")


def account(page: Page) -> None:
    page.goto("/account/")


# The first needs nobody signed in.
STATES: dict[str, Callable[[Page], None]] = {
    "sign-in": sign_in,
    "inbox": inbox,
    "conversation": conversation,
    "thread": thread,
    "new": new,
    "account": account,
}


def afternoon() -> str:
    """The zone in which it is nearest to four o'clock."""
    now = datetime.now(UTC)
    return min(ZONES, key=lambda zone: abs(now.astimezone(ZoneInfo(zone)).hour - 16))


def make_sample(folder: Path, secret_key: str) -> tuple[str, str]:
    """The user name and the password to look at it with."""
    environment = os.environ | {
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(folder),
        "SECRET_KEY": secret_key,
        "DATABASE_URL": "",
        "CACHE_URL": "",
    }
    answer = subprocess.run(
        [sys.executable, "manage.py", "make_demo"],
        cwd=PROJECT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.search(r"Sign in as (\w+).* with the password (\S+)", answer.stdout)
    if found is None:
        raise ValueError(f"make_demo says nothing of a password: {answer.stdout}")
    return found.group(1), found.group(2)


def draw(browser: Browser, address: str, username: str, password: str) -> None:
    for size, (width, height) in SIZES.items():
        for ending, scheme in SCHEMES.items():
            context = browser.new_context(
                base_url=address,
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                reduced_motion="reduce",
            )
            page = context.new_page()
            for name, show in STATES.items():
                show(page)
                page.evaluate("document.fonts.ready.then(() => true)")
                page.mouse.move(0, 0)
                page.screenshot(path=PICTURES / f"{name}{size}{ending}.png")
                if show is sign_in:
                    page.get_by_label("Username or e-mail address").fill(username)
                    page.get_by_label("Password").fill(password)
                    page.get_by_role("button", name="Sign in").click()
                    page.get_by_role("heading", name="Unread").wait_for()
            context.close()


def make_smaller() -> None:
    """Fewer colours, where pngquant is installed: a third of the size, and nobody sees it."""
    if program := shutil.which("pngquant"):
        pictures = [str(path) for path in PICTURES.glob("*.png")]
        subprocess.run([program, "--ext", ".png", "--force", "--", *pictures], check=True)
    else:
        print("pngquant is not installed: the pictures are larger than they need to be.")


def main() -> int:
    """Draw all pictures again."""
    program = chromium()
    if program is None:
        print("Chromium is not installed.")
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    secret_key = token_urlsafe(40)
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["TIME_ZONE"] = afternoon()
        server = Server(Path(temporary), secret_key).wait()
        try:
            username, password = make_sample(Path(temporary), secret_key)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=program, args=["--no-sandbox", "--disable-gpu"]
                )
                draw(browser, server.address, username, password)
                browser.close()
        finally:
            server.stop()
    make_smaller()
    return 0


if __name__ == "__main__":
    sys.exit(main())
