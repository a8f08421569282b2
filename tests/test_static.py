"""Static files as an installation collects them: hashed, compressed, none missing."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.template import engines
from django.template.base import Lexer, TokenType

from operations.server.static_storage import HashedStaticFiles

APPS = ("messaging", "chats", "accounts")


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """A folder with all static files, and the names of those in it by their plain names."""
    folder = tmp_path_factory.mktemp("static")
    storage = HashedStaticFiles(location=folder)
    configured = staticfiles_storage._wrapped
    staticfiles_storage._wrapped = storage
    try:
        call_command("collectstatic", verbosity=0, interactive=False)
    finally:
        staticfiles_storage._wrapped = configured
    return folder, json.loads((folder / "staticfiles.json").read_text())["paths"]


def named_in_templates():
    """Names that `{% static "..." %}` asks for in our templates."""
    names = set()
    for folder in (*engines["django"].dirs, *(settings.BASE_DIR / app for app in APPS)):
        for template in Path(folder).rglob("*.html"):
            for token in Lexer(template.read_text()).tokenize():
                if token.token_type == TokenType.BLOCK:
                    names.update(re.findall(r"""^static\s+["']([^"']+)["']""", token.contents))
    return names


def test_every_file_a_template_names_is_collected(collected):
    _, names = collected

    assert named_in_templates() <= names.keys()


@pytest.mark.parametrize(
    "name", ["vendor/bootstrap.min.css", "vendor/figtree-latin-wght-normal.woff2"]
)
def test_a_vendored_file_is_served_as_it_is(collected, name):
    folder, names = collected

    assert (folder / names[name]).read_bytes() == (settings.BASE_DIR / "static" / name).read_bytes()


@pytest.mark.parametrize("name", ["admin/css/base.css", "vendor/bootstrap.min.css"])
def test_styles_are_compressed_beforehand(collected, name):
    folder, names = collected
    raw = (folder / names[name]).stat().st_size

    for suffix in (".br", ".gz"):
        assert (folder / (names[name] + suffix)).stat().st_size < raw / 2


def test_a_reference_to_a_missing_file_stops_collecting(tmp_path, settings):
    own = tmp_path / "own"
    own.mkdir()
    (own / "broken.css").write_text('a { background: url("nowhere.png") }')
    settings.STATICFILES_DIRS = [own]
    paths = {name: (source, name) for name, source in FileSystemFinder().list([])}
    assert list(paths) == ["broken.css"]

    storage = HashedStaticFiles(location=tmp_path / "out")
    results = (result for _, _, result in storage.post_process(paths))

    # collectstatic raises the first error it is given.
    assert "nowhere.png" in str(next(result for result in results if isinstance(result, Exception)))
