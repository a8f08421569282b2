"""Parley for an ASGI server."""

from messaging_app.wsgi import application as django

# isort: split
# Only after Django is set up can its apps be imported.
from operations.server.application import Application

application = Application(django)
