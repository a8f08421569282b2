"""How static files are stored: under the hash of their content, and compressed."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


def _without_source_maps(patterns: tuple) -> tuple:
    """Django's patterns of references inside a file, but not those to source maps."""
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
    """WhiteNoise's storage, to which a source map that is not there is no mistake.

    Vendored files name maps that are not vendored. Leaving these references alone lets the files
    stay as published. Any other missing file stops `collectstatic`.
    """

    # Our own modules are hashed with what they import, or browsers would keep old parts of a new
    # script. Not those of others: Django's patterns also find imports in comments and texts.
    patterns = (
        *_without_source_maps(CompressedManifestStaticFilesStorage.patterns),
        (
            "js/*.js",
            CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
        ),
    )
