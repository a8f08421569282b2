"""Lighthouse on the sign-in page, the inbox and a conversation: `python -m scripts.audit`.

A server of its own in a temporary folder, the people of `make_demo`, and Debian's Chromium. Lighthouse
is an npm package; the first run fetches it into node_modules/. Each page is loaded five times as by a
phone on a slow line, which is Lighthouse's own default; of the five scores the median counts. Answers 1
if one is below what it should be. What else the machine does meanwhile makes performance look worse.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from secrets import token_urlsafe

from playwright.sync_api import sync_playwright

from scripts.screenshots import make_sample, sign_in
from scripts.what_is_here import chromium
from tests.browser.server import PROJECT, Server
from tests.services_fixture import free_port

LIGHTHOUSE = "lighthouse@12.8.2"
PROGRAM = PROJECT / "node_modules" / "lighthouse" / "cli" / "index.js"
RUNS = 5
ATTEMPTS = 3  # on a busy machine a load is not always recorded
LEAST = {"accessibility": 100, "best-practices": 100, "performance": 98}
# The four that make most of the score of performance, and what they are called in the table.
TIMES = {
    "first-contentful-paint": "first paint",
    "largest-contentful-paint": "largest paint",
    "total-blocking-time": "blocked",
    "cumulative-layout-shift": "shift",
}


def fetch_lighthouse() -> None:
    if not PROGRAM.is_file():
        print(f"Fetching {LIGHTHOUSE}", flush=True)
        options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(["npm", "install", *options, LIGHTHOUSE], cwd=PROJECT, check=True)


def look_at(address: str, port: int) -> dict:
    """What Lighthouse reports of one load by the browser that listens on `port`."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = ["node", str(PROGRAM), address, "--quiet", "--output=json"]
        command += [f"--output-path={report.name}", f"--only-categories={','.join(LEAST)}"]
        command.append(f"--port={port}")
        for attempt in range(ATTEMPTS):
            answer = subprocess.run(command, check=False, capture_output=True, text=True)
            if answer.returncode == 0:
                return json.loads(Path(report.name).read_text())
            print(f"  attempt {attempt + 1}: {answer.stderr.strip()[-200:]}", file=sys.stderr)
    raise RuntimeError(f"Lighthouse cannot look at {address}")


def scores_of(reports: list[dict]) -> dict[str, float]:
    return {
        name: statistics.median(report["categories"][name]["score"] * 100 for report in reports)
        for name in LEAST
    }


def shortcomings(reports: list[dict]) -> set[str]:
    """What Lighthouse found wrong with pages, whatever the machine was doing."""
    found = set()
    for report in reports:
        for category in ("accessibility", "best-practices"):
            for one in report["categories"][category]["auditRefs"]:
                audit = report["audits"][one["id"]]
                if one["weight"] and audit["score"] is not None and audit["score"] < 1:
                    found.add(f"{audit['id']}: {audit['title']}")
    return found


def audit(server: Server, password: str, browser: Path) -> bool:
    """Print a table; whether everything is as it should be."""
    print("| Page |", " | ".join([*LEAST, *TIMES.values()]), "|")
    print("|---|" + "---|" * (len(LEAST) + len(TIMES)), flush=True)
    port = free_port()
    options = ["--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"]
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        # One browser for all: Lighthouse's windows share its session. A cookie given to Lighthouse
        # itself goes along with the page, and not with what its scripts ask for.
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=browser, args=options, base_url=server.address
        )
        good = report("sign-in", f"{server.address}/accounts/login/", port)
        page = context.new_page()
        sign_in(page, "mira", password)
        page.locator(".row-c", has_text="Jonas").click()
        conversation = page.url.partition("#")[0]
        page.close()
        good &= report("inbox", f"{server.address}/inbox/", port)
        good &= report("conversation", conversation, port)
        context.close()
    return good


def report(name: str, address: str, port: int) -> bool:
    """Print a page's line; whether it is as good as it should be."""
    reports = [look_at(address, port) for _ in range(RUNS)]
    scores = scores_of(reports)
    middle = sorted(reports, key=lambda one: one["categories"]["performance"]["score"])
    times = [middle[RUNS // 2]["audits"][one]["displayValue"] for one in TIMES]
    print(f"| {name} |", " | ".join([*(f"{score:.0f}" for score in scores.values()), *times]), "|")
    for wrong in sorted(shortcomings(reports)):
        print(f"  {wrong}")
    sys.stdout.flush()
    return all(scores[category] >= least for category, least in LEAST.items())


def main() -> int:
    browser = chromium()
    if browser is None or shutil.which("npm") is None:
        print("Chromium and npm are needed.")
        return 1
    fetch_lighthouse()
    with tempfile.TemporaryDirectory() as temporary:
        secret_key = token_urlsafe(40)
        server = Server(Path(temporary), secret_key).wait()
        try:
            return 0 if audit(server, make_sample(Path(temporary), secret_key), browser) else 1
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
