"""`manage.py render_messages`: renders old messages again with the current renderer."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from messaging import rendering
from messaging.managers import MessageQuerySet
from messaging.models import Message
from messaging.services.transactions import one_transaction

BATCH = 500  # messages; a writer waits for one batch at most


class Command(BaseCommand):
    help = (
        "Renders messages again whose HTML an older renderer made. Without this, pages show them "
        "correctly as well, but slower. You can stop and restart the command at any time."
    )

    def handle(self, *, verbosity: int, **options: Any) -> None:
        old = Message.objects.filter(html_version__lt=rendering.HTML_VERSION, deleted_at=None)
        rendered = 0
        with tqdm(
            total=old.count(),
            desc="Rendering",
            unit=" messages",
            disable=verbosity == 0,
            file=sys.stderr,
        ) as bar:
            after = 0
            while batch := _render_batch(old.filter(pk__gt=after)):
                after = batch[-1]
                rendered += len(batch)
                bar.update(len(batch))
        if verbosity:
            self.stdout.write(f"Rendered {rendered:,} messages.")


@one_transaction
def _render_batch(old: MessageQuerySet) -> list[int]:
    """Render the first messages of `old`. Returns their ids, ascending."""
    # Without the lock, an edit in between would get the HTML of its old text.
    messages = list(old.select_for_update(no_key=True).only("content").order_by("pk")[:BATCH])
    for message in messages:
        message.content_html = rendering.render_content(message.content)
        message.html_version = rendering.HTML_VERSION
    Message.objects.bulk_update(messages, ["content_html", "html_version"], batch_size=100)
    return [message.pk for message in messages]
