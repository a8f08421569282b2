"""Vendored files are what VENDOR.md says, as their packages publish them."""

import re
from xml.etree import ElementTree

import pytest

from scripts.vendor import ICONS, STATIC, VENDOR, sha384

SVG = "{http://www.w3.org/2000/svg}"


def listed_files():
    """(path, SHA-384) of each row of VENDOR.md."""
    text = (VENDOR / "VENDOR.md").read_text()
    rows = re.findall(r"\| `([^`]+)` \| `([^`]+)` \|$", text, re.MULTILINE)
    return [((VENDOR / name).resolve(), digest) for name, digest in rows]


@pytest.mark.parametrize(("path", "digest"), listed_files(), ids=lambda value: str(value)[-20:])
def test_a_vendored_file_is_unmodified(path, digest):
    assert sha384(path) == digest


def test_every_vendored_file_is_listed():
    there = {path for path in VENDOR.iterdir() if path.name != "VENDOR.md"}

    assert there | {STATIC / "icons.svg"} == {path for path, _ in listed_files()}


def test_the_sprite_has_every_icon_once():
    symbols = ElementTree.parse(STATIC / "icons.svg").findall(f"{SVG}symbol")

    assert [symbol.get("id") for symbol in symbols] == ICONS
    assert all(symbol.get("viewBox") == "0 0 16 16" and len(symbol) for symbol in symbols)
