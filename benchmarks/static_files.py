"""The storage of static files for measurements: hashed names as always, but no compression."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

from operations.server.static_storage import HashedStaticFiles


class HashedOnly(ManifestStaticFilesStorage):
    patterns = HashedStaticFiles.patterns
