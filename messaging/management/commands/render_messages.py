"""manage.py render_messages: the HTML of old messages, made again by the renderer of today."""

import sys

from django.core.management.base import BaseCommand
from tqdm import tqdm

from messaging import rendering
from messaging.models import Message
from messaging.services.transactions import one_transaction

AT_ONCE = 500  # messages; writers wait for one batch at most


class Command(BaseCommand):
    help = (
        "Renders messages again whose HTML an older renderer made. They are shown rightly before "
        "that too, only slower. Can be stopped and started again at any time."
    )

    def handle(self, *, verbosity, **options):
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
            while batch := _render_some(old.filter(pk__gt=after)):
                after = batch[-1]
                rendered += len(batch)
                bar.update(len(batch))
        if verbosity:
            self.stdout.write(f"Rendered {rendered:,} messages.")


@one_transaction
def _render_some(old) -> list[int]:
    """The ids of the next messages that were rendered, ascending."""
    # Locked, or an edit in between would get the HTML of its old text.
    messages = list(old.select_for_update(no_key=True).only("content").order_by("pk")[:AT_ONCE])
    for message in messages:
        message.content_html = rendering.render_content(message.content)
        message.html_version = rendering.HTML_VERSION
    Message.objects.bulk_update(messages, ["content_html", "html_version"], batch_size=100)
    return [message.pk for message in messages]
