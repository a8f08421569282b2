"""The domain of Parley as a Django app that other projects can install too."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from messaging import signals  # noqa: F401  (connects the receivers)
