"""Every page and every part is valid HTML, says the Nu HTML checker."""

import json
import re
import shutil
import subprocess
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.test import Client

from accounts import services as accounts
from messaging.models import Message
from tests import npm
from tests.browser.states import make_sample
from tests.factories import MessageFactory, UserFactory, reply_to

pytestmark = pytest.mark.django_db

CHECKER = "vnu-jar@26.9.27"
# What htmx reads is no HTML and does not say that it was.
NOT_ABOUT = r"Attribute “hx-[a-z:-]+” not allowed on element.*"

OUTSIDE = (
    *("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/account/goodbye/"),
    *("/nowhere/", "/accounts/password/reset/done/", "/accounts/inactive/"),
)
PAGES = (
    *("/inbox/", "/inbox/?show=unread", "/new/", "/new/?q=the", "/notifications/", "/account/"),
    *("/search/", "/search/?q=plan", "/search/?q=xyzzy", "/search/?q=is:nonsense", "/nowhere/"),
    *("/accounts/password/change/", "/account/delete/", "/accounts/logout/"),
    *("/c/{conversation}/", "/c/{long}/", "/c/{long}/?before={before}"),
    *("/m/{deep}/", "/m/{deep}/reply/", "/m/{own}/edit/", "/m/{own}/delete/", "/m/{own}/history/"),
)
PARTS = (
    *("/c/{conversation}/messages/", "/c/{long}/messages/?before={before}"),
    *("/m/{deep}/?part=thread", "/m/{closed}/?part=thread", "/m/{own}/?part=message"),
    *("/m/{deep}/reply/", "/m/{own}/edit/", "/m/{own}/history/", "/notifications/"),
    *("/people/?q=the", "/people/?q=x", "/search/?q=plan", "/nowhere/"),
    "/inbox/?part=rows&rows_after=1",
)
# What is sent, and to where. Each answers with parts, refusals among them.
SENT = (
    ("/c/{conversation}/send/", {"content": "And one more"}),
    ("/c/{conversation}/send/", {"content": ""}),
    ("/m/{deep}/reply/", {"content": "A reply"}),
    ("/m/{deep}/reply/", {"content": ""}),
    ("/m/{own}/edit/", {"content": "Another draught", "version": "0"}),
    ("/m/{own}/edit/", {"content": "", "version": "0"}),
    ("/m/{unread}/read/", {}),
    ("/m/{unread}/unread/", {}),
    ("/c/{conversation}/read/", {"up_to": "1"}),
    ("/notifications/read/", {"up_to": "1"}),
    ("/inbox/read/", {"up_to": "1"}),
    ("/new/", {"content": ""}),
    ("/account/", {"section": "reading", "reading-time_zone": "Nowhere"}),
)

ITEMS = re.compile(r"\s*(<li|$)")
PART = '<!doctype html>\n<html lang="en">\n<head><title>Part</title></head>\n<body><h1>Page</h1><h2>Day</h2><form id="actions"></form>\n%s\n</body></html>'


@pytest.fixture(scope="module")
def checker(tmp_path_factory):
    if shutil.which("java") is None:
        npm.missing("Java is not installed: it runs the HTML checker.")
    return npm.file_of(CHECKER, "build/dist/vnu.jar", tmp_path_factory.mktemp("vnu"))


@pytest.fixture
def answers():
    """Everything the interface answers with, by what was asked for."""
    ben, ana = UserFactory(first_name="Ben Ode"), UserFactory(first_name="Ana Lima")
    thea = UserFactory(first_name="Thea ليلى", username="thea")
    sample = make_sample(ben, ana, thea)
    for number in range(45):
        long = MessageFactory(sender=thea, receiver=ben, content=f"Number {number}")
    reply_to(long, "An answer")
    names = {
        "conversation": sample.conversation.pk,
        "long": long.conversation_id,
        "before": Message.objects.filter(sender=thea).order_by("-pk")[25].pk,
        **{name: getattr(sample, name).pk for name in ("deep", "closed", "own", "unread")},
    }
    stranger, reader = Client(), Client()
    reader.force_login(ben)
    htmx = {"HX-Request": "true"}
    answers = {f"outside {address}": stranger.get(address) for address in OUTSIDE}
    for language in ("en", "ar"):
        header = {"Accept-Language": language}
        answers |= {
            f"{language} {address}": reader.get(address.format(**names), headers=header)
            for address in PAGES
        }
    answers |= {
        f"part {address}": reader.get(address.format(**names), headers=htmx) for address in PARTS
    }
    for address, fields in SENT:
        path = address.format(**names)
        fields = {"client_key": uuid4()} | fields
        answers[f"sent {address} {fields}"] = reader.post(path, fields)
        fields["client_key"] = uuid4()
        answers[f"sent for a part {address} {fields}"] = reader.post(path, fields, headers=htmx)
    for name, address in one_time_addresses(ben).items():
        # The first answer may lead on to an address without the secret.
        visitor = Client()
        answers[f"once {name}"] = visitor.get(address, follow=True)
        answers[f"once, refused {name}"] = visitor.post(
            answers[f"once {name}"].request["PATH_INFO"]
        )
        answers[f"once, used {name}"] = Client().get(
            re.sub(r".{5}/$", "wrong/", address), follow=True
        )
    nobody = Client()
    nobody.force_login(UserFactory())
    answers |= {f"empty {address}": nobody.get(address) for address in ("/inbox/", "/new/")}
    for kind in ("setup", "join", "reset"):
        assert answers[f"once {kind}"].status_code == 200
        assert answers[f"once, refused {kind}"].status_code == 422
    # A plain form is answered with an address to go to.
    return {name: answer for name, answer in answers.items() if answer.status_code != 302}


def one_time_addresses(user) -> dict[str, str]:
    """The paths of links that people are sent."""
    addresses = {
        "setup": accounts.first_administrator_address(),
        "join": accounts.invite()[1],
        "reset": accounts.reset_address(user),
    }
    return {name: urlsplit(address).path for name, address in addresses.items()}


def as_document(html: str) -> str:
    """A part as it stands in a page."""
    if "<!doctype html>" in html:
        return html
    return PART % (f"<ol>{html}</ol>" if ITEMS.match(html) else html)


def test_every_page_and_part_is_valid(checker, answers, tmp_path):
    assert len(answers) > 80
    assert {200, 404, 409, 422} <= {answer.status_code for answer in answers.values()}
    names = {}
    for number, (name, answer) in enumerate(answers.items()):
        path = tmp_path / f"{number}.html"
        path.write_text(as_document(answer.content.decode()))
        names[path.name] = name
    # One that is wrong, to see that it is found.
    (tmp_path / "wrong.html").write_text(as_document('<i id="a"></i><i id="a"></i>'))
    names["wrong.html"] = "wrong"

    command = ["java", "-jar", str(checker), "--format", "json", "--filterpattern", NOT_ABOUT]
    checked = subprocess.run(
        [*command, *map(str, tmp_path.glob("*.html"))],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )

    found: dict[str, set[str]] = {}
    for one in json.loads(checked.stderr)["messages"]:
        name = names[one["url"].rpartition("/")[2]]
        found.setdefault(name, set()).add(f"{one['message']} … {one.get('extract', '')!r}")
    assert any("Duplicate ID" in message for message in found.pop("wrong"))
    assert not found, "\n".join(f"{name}: {text}" for name, all in found.items() for text in all)
