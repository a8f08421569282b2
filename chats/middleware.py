"""What holds for every answer."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest], HttpResponse]


def nothing_is_stored(get_response: Answer) -> Answer:
    """Browsers and proxies keep no page: somebody else may sit at the machine next."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Cache-Control"] = "private, no-store"
        return response

    return middleware
