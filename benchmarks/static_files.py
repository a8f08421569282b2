"""How static files are stored for a measurement: named as ever, and not compressed."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

from operations.server.static_storage import HashedStaticFiles


class HashedOnly(ManifestStaticFilesStorage):
    patterns = HashedStaticFiles.patterns
