"""House rules that no type checker knows."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines
from django.template.loader_tags import ExtendsNode, IncludeNode

ROOT = Path(settings.BASE_DIR)
APPS = ("common", "messaging", "chats", "accounts", "operations", "messaging_app")
PYTHON = sorted(
    path
    for app in APPS
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts and path.name != "tests.py"
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [path.relative_to(ROOT / "templates").as_posix() for path in TEMPLATES]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def without_comments(text):
    return re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", text, flags=re.DOTALL)


def names_in(path):
    """Every name that a module's code mentions, strings and comments left out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.update(node.name.split("."))
    return found


def imports_of(path):
    """The modules that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            yield node.module


def test_there_is_something_to_look_at():
    assert len(PYTHON) > 40
    assert len(TEMPLATES) > 40


# --- Python ---------------------------------------------------------------------------------------


def test_only_the_cache_decorator_calls_cache_page():
    found = {name_of(path) for path in PYTHON if "cache_page" in names_in(path)}

    assert found == {"chats/caching.py"}


@pytest.mark.parametrize("name", ["delete_many", "cache_control", "vary_on_cookie"])
def test_caching_is_said_in_one_place(name):
    found = {name_of(path) for path in PYTHON if name in names_in(path)}

    assert found <= {"chats/caching.py", "operations/caches/forgiving_redis.py"}


def test_only_rendering_calls_mark_safe():
    found = {name_of(path) for path in PYTHON if "mark_safe" in names_in(path)}

    assert found == {"messaging/rendering.py"}


def test_no_template_lets_text_through_unescaped():
    for path in TEMPLATES:
        text = without_comments(path.read_text())
        assert not re.search(r"\|\s*safe\b|\|\s*safeseq\b|autoescape\s+off", text), name_of(path)


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_the_domain_knows_no_pages(path):
    if path.is_relative_to(ROOT / "messaging"):
        imported = {module.partition(".")[0] for module in imports_of(path)}
        assert not imported & {"chats", "accounts", "messaging_app"}


def test_the_domain_knows_no_requests():
    for path in PYTHON:
        if path.is_relative_to(ROOT / "messaging") and path.name != "admin.py":
            assert not {module for module in imports_of(path) if module == "django.http"}


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_a_module_is_short_enough_to_read(path):
    # Some 400 is the aim; a cap at the aim would fail the next line of whoever comes by.
    assert len(path.read_text().splitlines()) <= 500


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_only_settings_read_the_environment(path):
    if "environ" in names_in(path):
        assert name_of(path) in {
            "messaging_app/environment.py",
            "messaging_app/settings.py",
            "messaging_app/asgi.py",
            "messaging_app/wsgi.py",
            # Takes the address of the other database apart, by the library of the settings.
            "operations/management/commands/move_database.py",
        }


def receivers():
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text())):
            for decorator in getattr(node, "decorator_list", ()):
                call = decorator if isinstance(decorator, ast.Call) else None
                if call and getattr(call.func, "id", "") == "receiver":
                    yield path, node, {word.arg for word in call.keywords}


def test_every_receiver_is_connected_once():
    found = list(receivers())

    assert len(found) >= 7
    for path, node, words in found:
        assert "dispatch_uid" in words, f"{name_of(path)}: {node.name}"
        assert path.name == "signals.py", f"{name_of(path)}: {node.name}"


def methods_called_in(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_the_browsers_side_writes_no_sql(path):
    # The buses listen to the database itself: PRAGMA data_version and NOTIFY are no reads of rows.
    if name_of(path) == "chats/live/buses.py":
        return
    if path.is_relative_to(ROOT / "chats") or path.is_relative_to(ROOT / "accounts"):
        assert not {"raw", "extra", "execute", "cursor"} & set(methods_called_in(path))
        assert "RawSQL" not in names_in(path)


# --- Templates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_has_no_inline_code_or_style(path):
    text = without_comments(path.read_text())

    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"<style\b", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert not re.search(r"\shx-on[:\s=-]", text)
    assert "javascript:" not in text
    assert "js:" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_partial_says_first_what_it_needs(path):
    if path.parent.name == "partials":
        assert path.read_text().splitlines()[0].startswith("{# ")


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_asks_nobody_else(path):
    """Everything comes from this server: the policy would refuse it anyway."""
    text = without_comments(path.read_text())

    assert not re.search(r"""(?:src|href|action|hx-\w+)\s*=\s*["'](?:https?:)?//""", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_form_that_is_posted_has_a_token(path):
    text = without_comments(path.read_text())

    for form in re.findall(r"""<form\b[^>]*method="post".*?</form>""", text, re.DOTALL):
        # A compiled template knows no request: its dataclass brings the token.
        assert "{% csrf_token %}" in form or 'name="csrfmiddlewaretoken"' in form


def test_every_template_can_be_read_by_the_engine():
    for page in PAGES:
        engines["django"].get_template(page)


def included_by(page):
    """The templates that a template includes or extends, where their names are written out."""
    template = engines["django"].get_template(page).template
    for kind, word in ((IncludeNode, "template"), (ExtendsNode, "parent_name")):
        for node in template.nodelist.get_nodes_by_type(kind):
            name = getattr(node, word)
            assert isinstance(name.var, str), f"{page} includes what {name} says"
            yield name.var


def test_no_template_includes_itself_in_any_way():
    graph = {page: set(included_by(page)) for page in PAGES}
    for page in PAGES:
        reached, waiting = set(), list(graph[page])
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(graph.get(name, ()))
        assert page not in reached


def test_every_partial_is_used():
    code = "".join(path.read_text() for path in (*PYTHON, *TEMPLATES))
    for page in PAGES:
        if page.startswith("partials/"):
            assert f'"{page}"' in code or re.search(r"notification_(list|items)", page), page


# --- What browsers get ----------------------------------------------------------------------------

MODULES = sorted((ROOT / "static" / "js").rglob("*.js"))


def code_of(module):
    """The code of a JavaScript module without its comments."""
    return re.sub(r"(?m)(^|\s)//.*$", "", module.read_text())


def imported_by(module):
    """The modules that a JavaScript module imports."""
    names = re.findall(r"""\b(?:from|import)\s*\(?\s*["'](\./[^"']+)["']""", code_of(module))
    return {(module.parent / name).resolve() for name in names}


def scripts_in_templates():
    """The `<script>` elements of all templates that name a file of ours, as text."""
    for path in TEMPLATES:
        for script in re.findall(r"<script\b.*?>", without_comments(path.read_text())):
            if "{% static" in script:
                yield script


def entry_modules():
    """The JavaScript modules that templates name."""
    for script in scripts_in_templates():
        yield ROOT / "static" / re.search(r"""{% static ["']([^"']+)["'] %}""", script)[1]


def test_there_are_modules_to_look_at():
    assert len(MODULES) >= 9
    assert len(set(entry_modules())) >= 8


def test_browsers_load_scripts_as_modules():
    """Module scripts are deferred, and what they declare stays inside them."""
    for script in scripts_in_templates():
        assert 'type="module"' in script


def test_a_template_names_every_module_or_another_module_imports_it():
    reached, waiting = set(), list(entry_modules())
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting.extend(imported_by(module))

    assert reached == set(MODULES)


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_sets_no_global(module):
    code = code_of(module)

    assert not re.search(r"\b(window|globalThis|self|top|parent)\s*[.\[]", code)
    assert not re.search(r"Object\.(assign|defineProperty)\(\s*(window|globalThis|self)\b", code)


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_makes_no_html_and_no_code_of_text(module):
    code = code_of(module)

    assert not re.search(r"\binnerHTML\b|\bouterHTML\s*[+?|&]*=(?![=>])", code)
    assert not re.search(r"\binsertAdjacentHTML\b|\bsetHTML|\bdocument\.write|\bsrcdoc\b", code)
    assert not re.search(r"\beval\b|\bFunction\(|\bset(Timeout|Interval)\(\s*[\"'`]", code)
