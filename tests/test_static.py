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


def collect(folder):
    """Collect all static files into `folder`; the names of those in it by their plain names."""
    configured = staticfiles_storage._wrapped
    staticfiles_storage._wrapped = HashedStaticFiles(location=folder)
    try:
        call_command("collectstatic", verbosity=0, interactive=False)
    finally:
        staticfiles_storage._wrapped = configured
    return json.loads((folder / "staticfiles.json").read_text())["paths"]


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """A folder with all static files, and the names of those in it by their plain names."""
    folder = tmp_path_factory.mktemp("static")
    return folder, collect(folder)


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


def component_files():
    return {path.name for path in (settings.BASE_DIR / "static" / "css").glob("*.css")} - {
        "app.css"
    }


def test_the_stylesheet_names_every_component_once():
    lines = (settings.BASE_DIR / "static" / "css" / "app.css").read_text().splitlines()
    named = [line for line in lines if line.startswith("@import")]
    assert len(component_files()) > 20

    assert sorted(named) == sorted(f'@import url("{name}");' for name in component_files())


def test_the_collected_stylesheet_is_joined(collected):
    """Under both names: the page for server errors asks for the plain one."""
    folder, names = collected
    source = settings.BASE_DIR / "static" / "css"
    ends = [(source / name).read_text().splitlines()[-1] for name in component_files()]

    for name in ("css/app.css", names["css/app.css"]):
        text = (folder / name).read_text()
        assert "@import" not in text
        assert [end for end in ends if end not in text] == []
    assert names["vendor/figtree-latin-wght-normal.woff2"].rpartition("/")[2] in text


def test_a_change_of_a_component_changes_the_stylesheet_and_its_name(tmp_path, settings):
    settings.STATICFILES_DIRS = [tmp_path / "own"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    folder = tmp_path / "own" / "css"
    folder.mkdir(parents=True)
    (folder / "app.css").write_text('@import url("message.css");\n')
    names = []

    for colour in ("red", "green"):
        (folder / "message.css").write_text(f"a {{ color: {colour} }}\n")
        names.append(collect(tmp_path / "out")["css/app.css"])
        for name in ("css/app.css", names[-1]):
            assert colour in (tmp_path / "out" / name).read_text()

    assert names[0] != names[1]


def test_a_module_imports_others_under_their_hashed_names(collected):
    folder, names = collected
    source = (settings.BASE_DIR / "static" / "js" / "keyboard.js").read_text()
    assert 'from "./dom.js"' in source

    text = (folder / names["js/keyboard.js"]).read_text()

    assert f'from "./{names["js/dom.js"].rpartition("/")[2]}"' in text
    assert "./dom.js" not in text


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
