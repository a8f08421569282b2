"""docs/architecture.md names every file of the apps, and no file that is not there."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs" / "architecture.md").read_text()
APPS = ("common", "messaging", "chats", "accounts", "operations", "messaging_app")


def named_in_the_tree():
    """The paths of the tree on the page: its indentation says which folder a name is in."""
    (tree,) = re.findall(r"```\n(common/.*?)```", PAGE, re.DOTALL)
    folders: list[str] = []
    for line in tree.splitlines():
        name = line.split()[0]
        del folders[(len(line) - len(line.lstrip())) // 4 :]
        if name.endswith("/"):
            folders.append(name)
        else:
            yield "".join(folders) + name


def test_the_tree_on_the_page_is_that_of_the_files():
    files = {
        path.relative_to(ROOT).as_posix()
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    }
    named = list(named_in_the_tree())

    assert sorted(named) == sorted(files)


def test_every_file_and_name_that_the_page_points_to_is_there():
    for path, name in re.findall(r"`((?:\w+/)+\w+\.(?:py|html))`(?:: `(\w+)`)?", PAGE):
        assert (ROOT / path).exists(), path
        if name:
            assert re.search(rf"\b(def|class) {name}\b", (ROOT / path).read_text()), (
                f"{path} {name}"
            )
