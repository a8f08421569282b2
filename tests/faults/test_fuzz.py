"""Random requests made from the URLconf: none gets a 500, and the server stays alive.

FUZZ_REQUESTS says how many; a failure prints the seed that repeats it.
"""

import http.client
import os
import random
from urllib.parse import quote, urlencode

from tests.faults.installation import CSRF, PATIENCE, installation
from tests.faults.rounds import rounds
from tests.safety.hostile import STRINGS
from tests.safety.people import whole_patterns

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "3000"))
METHODS = ("GET", "GET", "GET", "POST", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "X")
FIELDS = (
    *("content", "client_key", "version", "to", "q", "find", "up_to", "seen", "next", "part"),
    *("before", "after", "rows_after", "show", "level", "section", "since", "csrfmiddlewaretoken"),
    *("profile-first_name", "email-email", "reading-time_zone", "reading-theme", "login"),
    *("password", "password1", "password2", "username", "sure", "action", "_selected_action"),
)
VALUES = ("", "0", "1", "2", "-1", "007", "1e9", str(2**63), "9" * 60, "true", "on", "rows", "\0")
TYPES = (
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json",
    "text/plain; charset=no-such",
    "application/x-www-form-urlencoded; charset=utf-7",
    "",
)


def value(chance):
    return chance.choice(VALUES) if chance.random() < 0.6 else chance.choice(STRINGS)[:300]


def path(chance, patterns):
    """An address of Parley, mostly a valid one, with random values in it."""
    name = chance.choice(patterns)
    for piece in ("<int:pk>", "<path:object_id>", "<id>", "<str:token>", "<path:content_type_id>"):
        name = name.replace(piece, str(chance.choice((1, 2, 3, 99, 2**63, "x", "1/../2"))))
    name = quote("/" + name.replace("^", "").replace("$", ""))
    if chance.random() < 0.1:
        name += quote(value(chance).replace("\r", "").replace("\n", ""), safe="")
    if chance.random() < 0.5:
        query = {chance.choice(FIELDS): value(chance) for _ in range(chance.randint(0, 4))}
        name += "?" + urlencode(query, errors="replace")
    return name


def body(chance):
    if chance.random() < 0.7:
        fields = [(chance.choice(FIELDS), value(chance)) for _ in range(chance.randint(0, 8))]
        return urlencode(fields, errors="replace").encode()
    return chance.randbytes(chance.randint(0, 400))


def headers(chance, person):
    found = {}
    if chance.random() < 0.8:
        found["Cookie"] = f"sessionid={person['session']}; csrftoken={CSRF}"
        found["X-CSRFToken"] = CSRF
    elif chance.random() < 0.5:
        found["Cookie"] = quote(value(chance)) + "=;;; sessionid=\x7f"
    for name, some in {
        "HX-Request": ("true", "x"),
        "HX-Current-URL": ("http://[", "//", "x"),
        "HX-History-Restore-Request": ("true",),
        "Host": ("evil.example", "127.0.0.1", "[::", ""),
        "Accept-Language": ("de", "*" * 300, "x-y-z;q=9"),
        "X-Forwarded-For": ("1.2.3.4", "x", "::1, " * 100),
        "X-Forwarded-Proto": ("https", "x"),
        "Origin": ("null", "https://evil.example"),
        "Referer": ("x", "https://evil.example"),
        "If-Modified-Since": ("yesterday",),
        "Range": ("bytes=0-1", "x"),
        "Accept-Encoding": ("gzip", "br;q=x"),
        "Content-Type": TYPES,
    }.items():
        if chance.random() < 0.15 or (name == "Content-Type" and chance.random() < 0.9):
            found[name] = chance.choice(some)
    return found


def fuzzed(requests, seed):
    """The number of responses by status, and the first response that was wrong."""
    chance = random.Random(seed)  # noqa: S311
    # An event stream does not end. Those are tested in tests/live.
    patterns = [pattern for pattern in whole_patterns() if pattern != "live/"]
    statuses, wrong = {}, []
    with installation() as here:
        people = here.people(4)
        here.start()
        line = http.client.HTTPConnection("127.0.0.1", here.port, timeout=PATIENCE)
        for _number in rounds(requests):
            asked = (chance.choice(METHODS), path(chance, patterns), body(chance))
            sent = headers(chance, chance.choice(people))
            try:
                line.request(*asked, sent)
                answer = line.getresponse()
                answer.read()
            except (http.client.HTTPException, OSError) as error:
                # The server may close a connection after an unreadable request, but it must live.
                line.close()
                statuses[type(error).__name__] = statuses.get(type(error).__name__, 0) + 1
                continue
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            if answer.status >= 500:
                wrong.append((answer.status, *asked[:2], asked[2][:200], sent))
        line.close()
        alive = http.client.HTTPConnection("127.0.0.1", here.port, timeout=PATIENCE)
        alive.request("GET", "/healthz")
        statuses["alive"] = alive.getresponse().status
        alive.close()
        log = here.log.read_text()
        here.kill()
        statuses["broken"] = here.stored()["integrity"] != ["ok"]
    # A request that cannot be read is a warning, with its traceback; what fails here is an error.
    if " ERROR " in log:
        wrong.append(log[log.index(" ERROR ") :][:3000])
    return statuses, wrong


def test_no_request_breaks_the_server():
    seed = int(os.environ.get("FUZZ_SEED") or random.randrange(10**6))  # noqa: S311
    print(f"seed {seed}")

    statuses, wrong = fuzzed(REQUESTS, seed)

    print(statuses)
    assert not wrong, "\n".join(map(str, wrong[:5]))
    assert statuses["alive"] == 200
    assert not statuses["broken"]
    # Enough of the requests reached a page.
    answered = sum(count for name, count in statuses.items() if name not in ("alive", "broken"))
    assert statuses.get(200, 0) + statuses.get(302, 0) > answered / 10
