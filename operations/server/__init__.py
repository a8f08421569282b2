"""The web server: its event loop, request bodies and static files."""
