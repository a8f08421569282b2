"""Whether this installation works, for whatever watches over it."""

from django.contrib.auth import get_user_model
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 once the database answers, 503 otherwise. Looks at no session and sets no cookie."""
    try:
        # A table, not `SELECT 1`: that succeeds on SQLite without looking at the file.
        get_user_model().objects.exists()
    except Error:
        return HttpResponse("no database\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")
