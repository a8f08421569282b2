"""Which app and which file may import which: one direction, and no circles."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)

# From the top to the bottom. An app imports itself and those below it.
APPS = ("messaging_app", "operations", "accounts", "chats", "messaging", "common")

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for app in APPS
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts and path != ROOT / "messaging" / "tests.py"
}


def only_for_types(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def statements(node, *, late):
    """The statements below `node` that run when the program does. With `late` those inside of
    functions as well, which run when the function is called.
    """
    for child in ast.iter_child_nodes(node):
        if only_for_types(child):
            continue
        yield child
        if late or not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from statements(child, late=late)


def imports_of(name, *, late):
    """Names of our modules that the module `name` imports."""
    for node in statements(ast.parse(MODULES[name].read_text()), late=late):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # "from chats.http import limits" imports a module, "from messaging import Q" a name.
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [module if module in MODULES else node.module for module in inside]
        else:
            continue
        yield from (module for module in found if module in MODULES and module != name)


def app_of(module):
    return module.partition(".")[0]


def test_there_are_modules_to_look_at():
    assert len(MODULES) > 100
    assert {app_of(name) for name in MODULES} == set(APPS)
    assert "messaging.models" in set(imports_of("chats.caching", late=False))


@pytest.mark.parametrize("name", MODULES)
def test_no_module_imports_from_an_app_above_its_own(name):
    allowed = APPS[APPS.index(app_of(name)) :]

    # Also where a function imports: an import that waits still points upwards.
    assert {app_of(module) for module in imports_of(name, late=True)} <= set(allowed)


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: set(imports_of(name, late=False)) for name in MODULES}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


# Imports inside of functions, each with its reason beside it in the code.
LATE = {
    # A queryset deletes by the service, which imports the models, which import the querysets.
    "messaging.managers": {"messaging.services"},
}


def test_imports_inside_of_functions_are_those_that_we_know():
    late = {}
    for name in MODULES:
        found = set(imports_of(name, late=True)) - set(imports_of(name, late=False))
        # The receivers are connected when the app is ready, not before.
        if found and not name.endswith(".apps"):
            late[name] = found

    assert late == LATE


MIGRATIONS = sorted(path for app in APPS for path in (ROOT / app).rglob("migrations/[0-9]*.py"))


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_migration_imports_nothing_of_the_apps(path):
    """It runs on every new database for ever, and the apps go on changing."""
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module)

    assert not {app_of(module) for module in imported} & set(APPS)
