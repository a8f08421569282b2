"""Fetch the vendored files again, and build the icon sprite: `python -m scripts.vendor`.

npm fetches the packages and checks each against the integrity hash of the registry. To upgrade a
package, change its version here and run this script. To add an icon, add its name to ICONS.
"""

import base64
import hashlib
import re
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"


@dataclass(frozen=True)
class Package:
    """A package of the npm registry, and the files that are copied from it unmodified."""

    name: str
    version: str
    licence: str
    files: dict[str, str]  # path in the package: name in static/vendor


BOOTSTRAP = Package(
    "bootstrap",
    "5.3.9",
    "MIT",
    {
        "dist/css/bootstrap.min.css": "bootstrap.min.css",
        "dist/css/bootstrap.rtl.min.css": "bootstrap.rtl.min.css",
        "LICENSE": "bootstrap-LICENSE.txt",
    },
)
FIGTREE = Package(
    "@fontsource-variable/figtree",
    "5.3.0",
    "OFL-1.1",
    {
        "files/figtree-latin-wght-normal.woff2": "figtree-latin-wght-normal.woff2",
        "LICENSE": "figtree-LICENSE.txt",
    },
)
BOOTSTRAP_ICONS = Package(
    "bootstrap-icons", "1.13.2", "MIT", {"LICENSE": "bootstrap-icons-LICENSE.txt"}
)

ICONS = [
    "arrow-left",
    "arrow-return-right",
    "arrow-right",
    "bell",
    "box-arrow-right",
    "check2",
    "check2-all",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "chevron-up",
    "clock-history",
    "download",
    "envelope",
    "envelope-open",
    "exclamation-triangle",
    "gear",
    "inbox",
    "info-circle",
    "key",
    "keyboard",
    "link-45deg",
    "pencil",
    "pencil-square",
    "people",
    "person",
    "person-plus",
    "reply",
    "search",
    "send",
    "shield-lock",
    "three-dots",
    "trash",
    "trash3",
    "wifi-off",
    "x-lg",
]

HEAD = """\
# Vendored files

Written by `python -m scripts.vendor`, never by hand; `tests/test_vendor.py` compares the hashes.
The files in this folder are as their packages publish them. `../icons.svg` is built from the
drawings of bootstrap-icons: their path data unmodified, each in a `<symbol>`.

htmx is not here: django-htmx brings it, `{% htmx_script %}` serves it.

| Package | Version | Licence | File | SHA-384 |
| --- | --- | --- | --- | --- |
"""


def fetch(package: Package, folder: Path) -> dict[str, bytes]:
    """The content of all files of `package`, by their path. The archive stays in `folder`."""
    answer = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    with tarfile.open(folder / answer.stdout.split()[-1]) as archive:
        return {
            member.name.removeprefix("package/"): content.read()
            for member in archive
            if (content := archive.extractfile(member))
        }


def symbol(name: str, drawing: str) -> str:
    """A `<symbol>` with the unmodified shapes of `drawing`, the content of an SVG file."""
    match = re.fullmatch(
        r'\s*<svg [^>]*viewBox="([\d ]+)"[^>]*>\s*(.*?)\s*</svg>\s*', drawing, re.S
    )
    if not match:
        raise ValueError(f"The file of the icon {name} has an unexpected form.")
    view_box, shapes = match.groups()
    shapes = re.sub(r">\s+<", "><", shapes)
    return f'<symbol id="{name}" viewBox="{view_box}">{shapes}</symbol>\n'


def sprite(files: dict[str, bytes]) -> str:
    """The content of the sprite: all of ICONS, from the files of their package."""
    symbols = [symbol(name, files[f"icons/{name}.svg"].decode()) for name in ICONS]
    note = f"From Bootstrap Icons {BOOTSTRAP_ICONS.version}, MIT: see vendor/VENDOR.md"
    return "".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg"><!-- {note} -->\n', *symbols, "</svg>\n"]
    )


def sha384(path: Path) -> str:
    """The hash of a file as in an `integrity` attribute, without the prefix "sha384-"."""
    return base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()


def main() -> None:
    """Rewrite static/vendor and static/icons.svg."""
    VENDOR.mkdir(exist_ok=True)
    rows = []

    def list_file(package: Package, path: Path) -> None:
        name = path.name if path.parent == VENDOR else f"../{path.name}"
        cells = [package.name, package.version, package.licence, f"`{name}`", f"`{sha384(path)}`"]
        rows.append(f"| {' | '.join(cells)} |\n")

    with tempfile.TemporaryDirectory() as temporary:
        for package in (BOOTSTRAP, FIGTREE, BOOTSTRAP_ICONS):
            files = fetch(package, Path(temporary))
            for source, name in package.files.items():
                (VENDOR / name).write_bytes(files[source])
                list_file(package, VENDOR / name)
            if package is BOOTSTRAP_ICONS:
                (STATIC / "icons.svg").write_text(sprite(files))
                list_file(package, STATIC / "icons.svg")

    (VENDOR / "VENDOR.md").write_text(HEAD + "".join(rows))


if __name__ == "__main__":
    main()
