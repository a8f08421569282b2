"""Draw the screenshots in docs/screenshots: `python -m scripts.screenshots`.

A regular expression chooses screenshots by name: `python -m scripts.screenshots "inbox|thread"`. The
script starts a server of its own in a temporary folder, with the people of `make_demo`, and Debian's
Chromium.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from typing import Literal
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.installed_programs import chromium
from tests.browser.server import PROJECT, Server

PICTURES = PROJECT / "docs" / "screenshots"
# Screens, by the suffix of the file name. Most pages are drawn on the first and on the last screen,
# in both themes; the inbox and a conversation on all.
SIZES = {
    "phone": (375, 812),
    "small-phone": (320, 640),
    "tablet": (834, 1112),
    "": (1440, 900),
}
SCHEMES: dict[str, Literal["light", "dark"]] = {"": "light", "dark": "dark"}
PATIENCE = 30_000  # milliseconds
# No message becomes visible to the page, so that it marks none as read. Otherwise each screenshot
# would show fewer unread messages than the one before.
NOTHING_VISIBLE = "IntersectionObserver.prototype.observe = () => {};"
# In one of these zones it is afternoon, so that the newest messages of the demo are of today.
ZONES = (
    "Europe/Lisbon",
    "America/New_York",
    "Pacific/Honolulu",
    "Pacific/Auckland",
    "Asia/Kolkata",
)


@dataclass
class Look:
    """A page in one state: the steps that lead to it, and the variants to draw."""

    show: Callable[[Page], object]
    user: str = "mira"  # empty: nobody is signed in
    language: str = ""
    sizes: tuple[str, ...] = ("phone", "")
    schemes: tuple[str, ...] = ("", "dark")
    whole: bool = False  # the whole page, not only the part in the window


def at(address: str) -> Callable[[Page], object]:
    return lambda page: page.goto(address)


def open_row(page: Page, name: str) -> None:
    page.goto("/inbox/")
    page.locator(".row-c", has_text=name).click()
    expect(page.locator(".conv-head h1")).to_contain_text(name)
    page.wait_for_load_state()  # from then on the page handles keys


def conversation(page: Page) -> None:
    open_row(page, "Jonas")


def thread(page: Page) -> None:
    """A thread of four levels, while a reply is written."""
    open_row(page, "Jonas")
    page.locator(".node", has_text="Shall we plant a hedge").locator(".thread-open").click()
    water = page.locator("article", has_text="It held water.")
    water.locator("[data-key=r]").click()
    page.locator(".slot textarea").fill("Two birds and a hedgehog, as I remember.")
    water.evaluate("one => one.scrollIntoView({ block: 'center' })")


def continued(page: Page) -> None:
    """The page on which a very deep thread continues."""
    open_row(page, "Jonas")
    page.locator(".node", has_text="Shall we plant a hedge").locator(".thread-open").click()
    page.locator("a.continue").first.click()
    expect(page.locator(".above")).to_be_visible()


def history(page: Page) -> None:
    """An open thread with the history of a message."""
    open_row(page, "Jonas")
    page.locator(".thread-open").last.click()
    expect(page.locator(".replies article").last).to_be_visible()
    page.locator(".tag-edited").first.click()
    expect(page.locator(".versions > li").first).to_be_visible()


def bell(page: Page) -> None:
    page.goto("/inbox/")
    page.locator("[popovertarget=notifications]").first.click()
    expect(page.locator("#notifications .bell").first).to_be_visible()


def keys(page: Page) -> None:
    open_row(page, "Jonas")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def editing(page: Page) -> None:
    open_row(page, "Jonas")
    page.locator(".is-own [data-key=e]").last.click()
    expect(page.locator(".is-editing textarea")).to_be_focused()


def refused(page: Page) -> None:
    """The error for an empty message."""
    open_row(page, "Jonas")
    page.locator("#composer textarea").press("Control+Enter")
    expect(page.locator("#composer .box-error")).to_be_visible()


def offline(page: Page) -> None:
    open_row(page, "Jonas")
    page.context.set_offline(True)
    page.locator("#composer textarea").fill("Half a thought")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts [role=alert]")).to_be_visible()
    page.context.set_offline(False)


def new_refused(page: Page) -> None:
    page.goto("/new/")
    page.locator("#body").fill("To whom it may concern")
    page.locator("[name=send]").click()
    expect(page.get_by_role("alert")).to_be_visible()


def long_words(page: Page) -> None:
    """A word and an address that are longer than a line."""
    open_row(page, "Tomás")
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    page.locator("#composer textarea").fill(f"{word}\n\nhttps://example.org/{'a-long-path-' * 12}")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#composer textarea")).to_have_value("")
    expect(page.locator("article.msg", has_text=word).last).to_be_visible()


def wrong_password(page: Page) -> None:
    page.goto("/accounts/login/")
    page.locator("#id_login").fill("mira")
    page.locator("#id_password").fill("not this one")
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("alert")).to_be_visible()


def printed(page: Page) -> None:
    history(page)
    page.keyboard.press("Escape")
    page.emulate_media(media="print")


# These send a message. They are drawn last, so that all others show the same messages.
LAST = {"offline", "long-words"}
ALL = tuple(SIZES)
LARGE = LIGHT = ("",)

LOOKS: dict[str, Look] = {
    "inbox": Look(at("/inbox/"), sizes=ALL),
    "conversation": Look(history, sizes=ALL),
    "thread": Look(thread),
    "continued-thread": Look(continued, schemes=LIGHT),
    "deep-thread": Look(thread, sizes=("small-phone",), schemes=LIGHT),
    "editing": Look(editing, schemes=LIGHT),
    "refused": Look(refused, schemes=LIGHT),
    "offline": Look(offline),
    "bell": Look(bell),
    "keys": Look(keys, schemes=LIGHT),
    "long-words": Look(long_words, schemes=LIGHT),
    "notifications": Look(at("/notifications/"), schemes=LIGHT),
    "new": Look(at("/new/?q=to")),
    "new-refused": Look(new_refused, sizes=LARGE, schemes=LIGHT),
    "search": Look(at("/search/?q=hedge")),
    "search-help": Look(at("/search/"), sizes=LARGE, schemes=LIGHT),
    "account": Look(at("/account/"), whole=True),
    "delete-account": Look(at("/account/delete/"), sizes=LARGE, schemes=LIGHT),
    "not-here": Look(at("/m/0/"), sizes=LARGE, schemes=LIGHT),
    "inbox-empty": Look(at("/inbox/"), user="nobody"),
    "sign-in": Look(at("/accounts/login/"), user=""),
    "sign-in-refused": Look(wrong_password, user="", schemes=LIGHT),
    "sign-up": Look(at("/accounts/signup/"), user="", sizes=LARGE, schemes=LIGHT),
    "german-inbox": Look(at("/inbox/"), language="de", schemes=LIGHT),
    "german-account": Look(at("/account/"), language="de", whole=True, sizes=LARGE, schemes=LIGHT),
    "arabic-inbox": Look(at("/inbox/"), language="ar", schemes=LIGHT),
    "arabic-conversation": Look(lambda page: open_row(page, "ليلى"), language="ar"),
    "arabic-thread": Look(history, language="ar", schemes=LIGHT),
    "arabic-sign-in": Look(
        at("/accounts/login/"), user="", language="ar", sizes=LARGE, schemes=LIGHT
    ),
    "print": Look(printed, sizes=LARGE, schemes=LIGHT, whole=True),
}


def afternoon() -> str:
    """The time zone in which it is nearest to four o'clock in the afternoon."""
    now = datetime.now(UTC)
    return min(ZONES, key=lambda zone: abs(now.astimezone(ZoneInfo(zone)).hour - 16))


def make_demo(folder: Path, secret_key: str) -> str:
    """Fill the database in `folder`. Returns the password of the demo's people."""
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
    found = re.search(r"Sign in as mira.* with the password (\S+)", answer.stdout)
    if found is None:
        raise ValueError(f"The output of make_demo has no password: {answer.stdout}")
    return found.group(1)


def sign_in(page: Page, username: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.locator("#id_login").fill(username)
    page.locator("#id_password").fill(password)
    page.locator("button[type=submit]").click()
    page.locator(".app").wait_for()


def sign_up(page: Page, password: str) -> None:
    """Sign up a person without any conversation."""
    page.goto("/accounts/signup/")
    page.locator("#id_first_name").fill("Nora Neumann")
    page.locator("#id_username").fill("nobody")
    page.locator("#id_password1").fill(password)
    page.locator("#id_password2").fill(password)
    page.locator("button[type=submit]").click()
    page.locator(".app").wait_for()


def draw(browser: Browser, address: str, password: str, only: str) -> None:
    expect.set_options(timeout=PATIENCE)
    new_context = partial(browser.new_context, base_url=address, reduced_motion="reduce")
    context = new_context()
    page = context.new_page()
    sign_up(page, password)
    sessions = {"": None, "nobody": context.storage_state()}
    page.context.clear_cookies()
    sign_in(page, "mira", password)
    sessions["mira"] = context.storage_state()
    context.close()
    for name, look in sorted(LOOKS.items(), key=lambda item: item[0] in LAST):
        if not re.search(only, name):
            continue
        for size in look.sizes:
            width, height = SIZES[size]
            for ending in look.schemes:
                context = new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=SCHEMES[ending],
                    locale=look.language or "en",
                    storage_state=sessions[look.user],
                )
                context.add_init_script(NOTHING_VISIBLE)
                page = context.new_page()
                look.show(page)
                page.evaluate("document.fonts.ready.then(() => true)")
                page.mouse.move(0, 0)
                path = PICTURES / f"{'-'.join(filter(None, (name, size, ending)))}.png"
                page.screenshot(path=path, full_page=look.whole)
                context.close()


def reduce_colours() -> None:
    """Reduce the colours of the screenshots: a third of the size, with no visible difference."""
    pictures = [str(path) for path in sorted(PICTURES.glob("*.png"))]
    if program := shutil.which("pngquant"):
        subprocess.run([program, "--ext", ".png", "--force", "--", *pictures], check=True)
    elif program := shutil.which("mogrify"):
        fewer = ["-strip", "+dither", "-colors", "160", "-define", "png:compression-level=9"]
        subprocess.run([program, *fewer, "-type", "Palette", *pictures], check=True)
    else:
        print(
            "Neither pngquant nor ImageMagick is installed: the screenshots stay larger than needed."
        )


def main() -> int:
    """Draw the screenshots again."""
    program = chromium()
    if program is None:
        print("No screenshot was drawn: Chromium is not installed.")
        return 1
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    if not only:
        shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True, exist_ok=True)
    secret_key = token_urlsafe(40)
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["TIME_ZONE"] = afternoon()
        server = Server(Path(temporary), secret_key).wait()
        try:
            password = make_demo(Path(temporary), secret_key)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=program, args=["--no-sandbox", "--disable-gpu"]
                )
                draw(browser, server.address, password, only)
                browser.close()
        finally:
            server.stop()
    reduce_colours()
    return 0


if __name__ == "__main__":
    sys.exit(main())
