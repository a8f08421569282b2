"""The storage of static files: one stylesheet, hashed names, compressed copies."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLESHEET = "css/app.css"
IMPORT_LINE = re.compile(r'^@import url\("([^"/]+)"\);\n', re.MULTILINE)

# Files that one pattern of names matches, and the references that Django looks for inside them:
# regular expressions, some with the text that replaces a match.
Patterns = tuple[tuple[str, tuple[str | tuple[str, str], ...]], ...]


def join_stylesheet(folder: Storage) -> str:
    """The text of `css/app.css` in `folder`, each `@import` line replaced by the file it names.

    Only files of the same folder are joined, so a `url(...)` inside them stays right.

    Raises:
        FileNotFoundError: a line names a file that does not exist.
    """

    def read(name: str) -> str:
        with folder.open(f"css/{name}") as file:
            text: str = file.read().decode()
        return text

    return IMPORT_LINE.sub(lambda line: read(line[1]), read("app.css"))


def _without_source_maps(patterns: Patterns) -> Patterns:
    """Django's patterns for references inside a file, without those for source maps."""
    return tuple(
        (
            files,
            tuple(
                reference
                for reference in references
                if "sourceMappingURL"
                not in (reference if isinstance(reference, str) else reference[0])
            ),
        )
        for files, references in patterns
    )


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, with a joined stylesheet, hashed module imports and no source maps.

    Vendored files name source maps that are not vendored. The storage ignores these references, so
    the files stay as published. Any other reference to a missing file stops `collectstatic`.
    """

    # A module has the hashed names of its imports inside. With plain names, browsers would combine
    # a new module with old imports from their caches. Only our own modules: Django's patterns also
    # match comments and strings, as in the scripts of other packages.
    patterns: Patterns = (
        *_without_source_maps(CompressedManifestStaticFilesStorage.patterns),
        (
            "js/*.js",
            CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
        ),
    )

    def post_process(
        self, paths: dict[str, tuple[Storage, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str | None, bool | Exception]]:
        """Join the stylesheet, then hash and compress all files; see Django's method.

        The joined text also replaces the collected copy under the plain name: the page for server
        errors asks for that name.
        """
        if STYLESHEET in paths and not dry_run:
            joined = join_stylesheet(paths[STYLESHEET][0])
            self.delete(STYLESHEET)
            self.save(STYLESHEET, ContentFile(joined.encode()))
            paths = paths | {STYLESHEET: (self, STYLESHEET)}
        yield from super().post_process(paths, dry_run=dry_run, **options)
