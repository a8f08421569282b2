"""Running an installation: the server, the worker, health and metrics."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "operations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from operations import signals  # noqa: F401  (connects the receivers)
