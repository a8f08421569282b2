"""htmx: where the naive answer of docs/techniques.md goes wrong, and ours does not."""

from django.urls import include, path, reverse

from benchmarks.techniques.swaps import naive_message_send
from tests.chats.addresses import filled_in
from tests.chats.conftest import HTMX
from tests.html import soup

urlpatterns = [
    path("naive/<int:pk>/", naive_message_send, name="naive_send"),
    path("", include("messaging_app.urls")),
]


def test_a_redirect_answers_htmx_without_the_message(settings, as_ana, message):
    settings.ROOT_URLCONF = __name__
    typed = filled_in(message)

    def answer(name):
        url = reverse(name, args=[message.conversation_id])
        return soup(as_ana.post(url, typed, headers=HTMX, follow=True))

    ours = answer("chats:message_send")
    assert ours.select_one("#composer")
    assert typed["content"] in ours.get_text()

    naive = answer("naive_send")
    assert naive.select_one("#composer")
    assert typed["content"] not in naive.get_text()
