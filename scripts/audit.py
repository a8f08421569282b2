"""Audit the sign-in page, the inbox and a conversation with Lighthouse: `python -m scripts.audit`.

It starts a server of its own in a temporary folder, with the people of `make_demo`, and Debian's
Chromium. Lighthouse is an npm package; the first run fetches it into node_modules/. It loads each
page five times like a phone on a slow network, which is Lighthouse's default, and the median of the
five scores counts. Exits with 1 if a score is too low. Other load on the machine lowers the scores
for performance.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from playwright.sync_api import sync_playwright

from scripts.installed_programs import chromium
from scripts.screenshots import make_demo, sign_in
from tests.browser.server import PROJECT, Server
from tests.services_fixture import free_port

LIGHTHOUSE = "lighthouse@12.8.2"
Report = dict[str, Any]

PROGRAM = PROJECT / "node_modules" / "lighthouse" / "cli" / "index.js"
RUNS = 5
ATTEMPTS = 3  # on a busy machine Lighthouse sometimes fails to record a load
LEAST = {"accessibility": 100, "best-practices": 100, "performance": 98}
# The four measurements that matter most for performance, and their names in the table.
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


def audit_page(address: str, port: int) -> Report:
    """The report of Lighthouse about one load, by the browser that listens on `port`.

    Raises:
        RuntimeError: Lighthouse failed in all attempts.
    """
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = ["node", str(PROGRAM), address, "--quiet", "--output=json"]
        command += [f"--output-path={report.name}", f"--only-categories={','.join(LEAST)}"]
        command.append(f"--port={port}")
        for attempt in range(ATTEMPTS):
            answer = subprocess.run(command, check=False, capture_output=True, text=True)
            if answer.returncode == 0:
                result: Report = json.loads(Path(report.name).read_text())
                return result
            print(f"  attempt {attempt + 1}: {answer.stderr.strip()[-200:]}", file=sys.stderr)
    raise RuntimeError(f"Lighthouse cannot audit {address}: it failed {ATTEMPTS} times.")


def scores_of(reports: list[Report]) -> dict[str, float]:
    """The median score of each category, from 0 to 100."""
    return {
        name: statistics.median(report["categories"][name]["score"] * 100 for report in reports)
        for name in LEAST
    }


def failed_audits(reports: list[Report]) -> set[str]:
    """The audits that failed for a reason in the page, not because the machine was busy."""
    found = set()
    for report in reports:
        for category in ("accessibility", "best-practices"):
            for one in report["categories"][category]["auditRefs"]:
                audit = report["audits"][one["id"]]
                if one["weight"] and audit["score"] is not None and audit["score"] < 1:
                    found.add(f"{audit['id']}: {audit['title']}")
    return found


def audit(server: Server, password: str, browser: Path) -> bool:
    """Audit the pages and print a table. Returns whether all scores are high enough."""
    print("| Page |", " | ".join([*LEAST, *TIMES.values()]), "|")
    print("|---|" + "---|" * (len(LEAST) + len(TIMES)), flush=True)
    port = free_port()
    options = ["--no-sandbox", "--disable-gpu", f"--remote-debugging-port={port}"]
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        # One browser for all pages, whose session the windows of Lighthouse share. A cookie that is
        # given to Lighthouse goes with the page, but not with the requests of its scripts.
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=browser, args=options, base_url=server.address
        )
        passed = print_row("sign-in", f"{server.address}/accounts/login/", port)
        page = context.new_page()
        sign_in(page, "mira", password)
        page.locator(".row-c", has_text="Jonas").click()
        conversation = page.url.partition("#")[0]
        page.close()
        passed &= print_row("inbox", f"{server.address}/inbox/", port)
        passed &= print_row("conversation", conversation, port)
        context.close()
    return passed


def print_row(name: str, address: str, port: int) -> bool:
    """Audit a page and print its row. Returns whether its scores are high enough."""
    reports = [audit_page(address, port) for _ in range(RUNS)]
    scores = scores_of(reports)
    middle = sorted(reports, key=lambda one: one["categories"]["performance"]["score"])
    times = [middle[RUNS // 2]["audits"][one]["displayValue"] for one in TIMES]
    print(f"| {name} |", " | ".join([*(f"{score:.0f}" for score in scores.values()), *times]), "|")
    for failed in sorted(failed_audits(reports)):
        print(f"  {failed}")
    sys.stdout.flush()
    return all(scores[category] >= least for category, least in LEAST.items())


def main() -> int:
    browser = chromium()
    if browser is None or shutil.which("npm") is None:
        print("Nothing was audited: Chromium and npm must be installed.")
        return 1
    fetch_lighthouse()
    with tempfile.TemporaryDirectory() as temporary:
        secret_key = token_urlsafe(40)
        server = Server(Path(temporary), secret_key).wait()
        try:
            return 0 if audit(server, make_demo(Path(temporary), secret_key), browser) else 1
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
