"""Everything the interface says can be said in every language it offers."""

import gettext
import os
import re
import shutil
import subprocess
from collections import Counter

import pytest
from django.conf import settings
from django.template import engines
from django.utils.translation import ngettext, override

from scripts import translations
from scripts.installed_programs import gettext as gnu_gettext
from tests.test_architecture import APPS, ROOT, TEMPLATES, name_of

OTHERS = [code for code, _ in settings.LANGUAGES if code != "en"]
MAILS = sorted((ROOT / "templates").rglob("*.txt"))


@pytest.fixture(scope="module", autouse=True)
def _programs():
    if gnu_gettext() is None:
        required = os.environ.get("REQUIRE_ALL") == "1"
        (pytest.fail if required else pytest.skip)("GNU gettext is not installed.")


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """A copy of the project whose catalogues have just been brought up to date."""
    folder = tmp_path_factory.mktemp("collected")
    shutil.copy(ROOT / "manage.py", folder)
    for name in (*APPS, "templates", "locale"):
        shutil.copytree(ROOT / name, folder / name)
    translations.collect(folder)
    return folder


def catalogue_of(path):
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)


@pytest.mark.parametrize("language", OTHERS)
def test_everything_is_translated(collected, language):
    """`make messages` collects what is new; the translations go into locale/…/django.po."""
    assert translations.untranslated(language, collected) == []


def test_the_languages_offered_are_those_that_are_collected():
    assert sorted(translations.LANGUAGES) == sorted(OTHERS)


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_compiled_is_what_is_written(tmp_path, language):
    anew = tmp_path / "django.mo"
    try:
        translations.compile_to(anew, language)
    except subprocess.CalledProcessError as refused:
        pytest.fail(refused.stderr)
    committed = translations.catalogue(language).with_suffix(".mo")

    assert catalogue_of(committed)._catalog == catalogue_of(anew)._catalog


MARKUP = re.compile(r"<[^>]+>|%\(\w+\)s|\{\}")


@pytest.mark.parametrize("language", OTHERS)
def test_translations_keep_markup_and_gaps(language):
    """A translated text may leave a number out ("one message"), and brings nothing of its own."""
    catalogue = catalogue_of(translations.catalogue(language).with_suffix(".mo"))._catalog
    assert len(catalogue) > 300
    for source, translation in catalogue.items():
        if not source:
            continue
        wanted = Counter(MARKUP.findall(source[0] if isinstance(source, tuple) else source))
        found = Counter(MARKUP.findall(translation))
        if isinstance(source, tuple):
            # The catalogue names the singular alone, which may leave the number out as well.
            assert found <= wanted | Counter(["%(count)s"]), (source, translation)
        else:
            assert found == wanted, (source, translation)


def test_arabic_has_its_six_forms():
    def said(number):
        return ngettext("%(count)s reply", "%(count)s replies", number)

    with override("ar"):
        forms = [said(number) for number in (0, 1, 2, 3, 11, 100)]
        assert len(set(forms)) == 6
        assert said(5) == said(3)
        assert said(45) == said(11)
    with override("de"):
        assert [said(1), said(2), said(0)] == ["%(count)s Antwort", "%(count)s Antworten", said(2)]


# What a template says without asking for a translation -----------------------------------------

# Names, keys and code are the same everywhere.
SAME_EVERYWHERE = re.compile(r"<(kbd|code|svg|style)\b.*?</\1>", re.DOTALL)
TAG = re.compile(r"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
CLASSES = re.compile(r"\{% block body_class %\}.*?\{% endblock", re.DOTALL)
BLOCK = re.compile(r"\{%\s*blocktranslate\b.*?\{%\s*endblocktranslate\s*%\}", re.DOTALL)
TAGS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
SAID_BY_ATTRIBUTE = re.compile(
    r'\b(?:aria-label|title|placeholder|alt|data-failed|data-offline)="([^"]*)"'
)
LETTERS = re.compile(r"[^\W\d_]{2,}")


def untranslated_in(path):
    text = TAGS.sub(" ", BLOCK.sub(" ", CLASSES.sub(" {% endblock", path.read_text())))
    attributes = SAID_BY_ATTRIBUTE.findall(text)
    text = TAG.sub(" ", SAME_EVERYWHERE.sub(" ", text))
    text = re.sub(r"&\w+;", " ", text)
    return [words for words in (text, *attributes) if LETTERS.search(words)]


@pytest.mark.parametrize("path", [*TEMPLATES, *MAILS], ids=name_of)
def test_a_template_says_nothing_untranslated(path):
    assert [" ".join(LETTERS.findall(words)) for words in untranslated_in(path)] == []


def test_untranslated_text_would_be_found(tmp_path):
    assert engines.all()
    for text in ("<p>Good day</p>", '<nav aria-label="Keys">', "Hello {{ name }},"):
        (tmp_path / "page.html").write_text(text)
        assert untranslated_in(tmp_path / "page.html")
    (tmp_path / "page.html").write_text('<p title="{% translate "Keys" %}">{% icon "x" %}</p>')
    assert not untranslated_in(tmp_path / "page.html")
