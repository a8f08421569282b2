"""Draw the pictures in docs/screenshots from the sample: `python -m scripts.screenshots`.

An expression chooses by name: `python -m scripts.screenshots "inbox|thread"`. A server of its own
in a temporary folder, the people of `make_demo`, and Debian's Chromium.
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
from pathlib import Path
from secrets import token_urlsafe
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.what_is_here import chromium
from tests.browser.server import PROJECT, Server

PICTURES = PROJECT / "docs" / "screenshots"
# What the app is looked at on. Every page and state is drawn on the first and the last, in both
# themes; the inbox and a conversation on all.
SIZES = {
    "phone": (375, 812),
    "small-phone": (320, 640),
    "tablet": (834, 1112),
    "": (1440, 900),
}
SCHEMES = {"": "light", "dark": "dark"}
PATIENCE = 30_000  # milliseconds
# Nothing is read on sight, or every picture would show less unread than the one before.
SEES_NOTHING = "IntersectionObserver.prototype.observe = () => {};"
# Somewhere it is afternoon, and what the sample tells of happened today.
ZONES = (
    "Europe/Lisbon",
    "America/New_York",
    "Pacific/Honolulu",
    "Pacific/Auckland",
    "Asia/Kolkata",
)


@dataclass
class Look:
    """A page in a state: how one comes to it, and what is special about it."""

    show: Callable[[Page], None]
    user: str = "mira"  # empty: nobody is signed in
    language: str = ""
    sizes: tuple[str, ...] = ("phone", "")
    schemes: tuple[str, ...] = ("", "dark")
    whole: bool = False  # all of the page, not only what fits the window


def at(address: str) -> Callable[[Page], None]:
    return lambda page: page.goto(address)


def open_row(page: Page, name: str) -> None:
    page.goto("/inbox/")
    page.locator(".row-c", has_text=name).click()
    expect(page.locator(".conv-head h1")).to_contain_text(name)
    page.wait_for_load_state()  # keys are heard from then on


def conversation(page: Page) -> None:
    open_row(page, "Jonas")


def thread(page: Page) -> None:
    """Four levels deep, and a reply being written."""
    open_row(page, "Jonas")
    page.locator(".node", has_text="Shall we plant a hedge").locator(".thread-open").click()
    water = page.locator("article", has_text="It held water.")
    water.locator("[data-key=r]").click()
    page.locator(".slot textarea").fill("Two birds and a hedgehog, as I remember.")
    water.evaluate("one => one.scrollIntoView({ block: 'center' })")


def continued(page: Page) -> None:
    """A thread that is too deep goes on on a page of its own."""
    open_row(page, "Jonas")
    page.locator(".node", has_text="Shall we plant a hedge").locator(".thread-open").click()
    page.locator("a.continue").first.click()
    expect(page.locator(".above")).to_be_visible()


def history(page: Page) -> None:
    """An open thread, in it the history of a message."""
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
    """An empty message."""
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
    """A word and an address that no line can hold."""
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


# They change something: drawn last, so that all other pictures show the same.
LAST = {"offline", "long-words"}
ALL = tuple(SIZES)
# Light and large is enough for what differs from another in its words only.
ONCE = {"sizes": ("",), "schemes": ("",)}

LOOKS: dict[str, Look] = {
    "inbox": Look(at("/inbox/"), sizes=ALL),
    "conversation": Look(history, sizes=ALL),
    "thread": Look(thread),
    "continued-thread": Look(continued, schemes=("",)),
    "deep-thread": Look(thread, sizes=("small-phone",), schemes=("",)),
    "editing": Look(editing, schemes=("",)),
    "refused": Look(refused, schemes=("",)),
    "offline": Look(offline),
    "bell": Look(bell),
    "keys": Look(keys, schemes=("",)),
    "long-words": Look(long_words, schemes=("",)),
    "notifications": Look(at("/notifications/"), schemes=("",)),
    "new": Look(at("/new/?q=to")),
    "new-refused": Look(new_refused, **ONCE),
    "search": Look(at("/search/?q=hedge")),
    "search-help": Look(at("/search/"), **ONCE),
    "account": Look(at("/account/"), whole=True),
    "delete-account": Look(at("/account/delete/"), **ONCE),
    "not-here": Look(at("/m/0/"), **ONCE),
    "inbox-empty": Look(at("/inbox/"), user="nobody"),
    "sign-in": Look(at("/accounts/login/"), user=""),
    "sign-in-refused": Look(wrong_password, user="", schemes=("",)),
    "sign-up": Look(at("/accounts/signup/"), user="", **ONCE),
    "german-inbox": Look(at("/inbox/"), language="de", schemes=("",)),
    "german-account": Look(at("/account/"), language="de", whole=True, **ONCE),
    "arabic-inbox": Look(at("/inbox/"), language="ar", schemes=("",)),
    "arabic-conversation": Look(lambda page: open_row(page, "ليلى"), language="ar"),
    "arabic-thread": Look(history, language="ar", schemes=("",)),
    "arabic-sign-in": Look(at("/accounts/login/"), user="", language="ar", **ONCE),
    "print": Look(printed, sizes=("",), schemes=("",), whole=True),
}


def afternoon() -> str:
    """The zone in which it is nearest to four o'clock."""
    now = datetime.now(UTC)
    return min(ZONES, key=lambda zone: abs(now.astimezone(ZoneInfo(zone)).hour - 16))


def make_sample(folder: Path, secret_key: str) -> str:
    """The password to look at it with, as its main person."""
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
        raise ValueError(f"make_demo says nothing of a password: {answer.stdout}")
    return found.group(1)


def sign_in(page: Page, username: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.locator("#id_login").fill(username)
    page.locator("#id_password").fill(password)
    page.locator("button[type=submit]").click()
    page.locator(".app").wait_for()


def sign_up(page: Page, password: str) -> None:
    """Somebody who has nothing yet."""
    page.goto("/accounts/signup/")
    page.locator("#id_first_name").fill("Nora Neumann")
    page.locator("#id_username").fill("nobody")
    page.locator("#id_password1").fill(password)
    page.locator("#id_password2").fill(password)
    page.locator("button[type=submit]").click()
    page.locator(".app").wait_for()


def draw(browser: Browser, address: str, password: str, only: str) -> None:
    expect.set_options(timeout=PATIENCE)
    options = {"base_url": address, "reduced_motion": "reduce"}
    context = browser.new_context(**options)
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
                context = browser.new_context(
                    **options,
                    viewport={"width": width, "height": height},
                    color_scheme=SCHEMES[ending],
                    locale=look.language or "en",
                    storage_state=sessions[look.user],
                )
                context.add_init_script(SEES_NOTHING)
                page = context.new_page()
                look.show(page)
                page.evaluate("document.fonts.ready.then(() => true)")
                page.mouse.move(0, 0)
                path = PICTURES / f"{'-'.join(filter(None, (name, size, ending)))}.png"
                page.screenshot(path=path, full_page=look.whole)
                context.close()


def make_smaller() -> None:
    """Fewer colours: a third of the size, and nobody sees it."""
    pictures = [str(path) for path in sorted(PICTURES.glob("*.png"))]
    if program := shutil.which("pngquant"):
        subprocess.run([program, "--ext", ".png", "--force", "--", *pictures], check=True)
    elif program := shutil.which("mogrify"):
        fewer = ["-strip", "+dither", "-colors", "160", "-define", "png:compression-level=9"]
        subprocess.run([program, *fewer, "-type", "Palette", *pictures], check=True)
    else:
        print("Neither pngquant nor ImageMagick is installed: the pictures are larger than needed.")


def main() -> int:
    """Draw all pictures again."""
    program = chromium()
    if program is None:
        print("Chromium is not installed.")
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
            password = make_sample(Path(temporary), secret_key)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=program, args=["--no-sandbox", "--disable-gpu"]
                )
                draw(browser, server.address, password, only)
                browser.close()
        finally:
            server.stop()
    make_smaller()
    return 0


if __name__ == "__main__":
    sys.exit(main())
