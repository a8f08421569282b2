"""Where addresses begin and end in what people type."""

import time

import pytest

from messaging.links import links_in


def found(text):
    return [text[link.start : link.end] for link in links_in(text)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see http://a.example/b", "http://a.example/b"),
        ("HTTPS://A.EXAMPLE, and more", "HTTPS://A.EXAMPLE"),
        ("https://a.example/?q=1&r=2#s", "https://a.example/?q=1&r=2#s"),
        ("https://a.example/?q[]=1&r[0]=2", "https://a.example/?q[]=1&r[0]=2"),
        ("https://a.example/b//", "https://a.example/b//"),
        ("https://例え.example/道", "https://例え.example/道"),
        ("https://müller.example", "https://müller.example"),
        ("https://a.example/col·lecció/ジョン・レノン", "https://a.example/col·lecció/ジョン・レノン"),
        ("https://a.example/می\u200cخواهم", "https://a.example/می\u200cخواهم"),
        ("https://user:word@a.example:8080/b", "https://user:word@a.example:8080/b"),
        ("http://localhost:8000/", "http://localhost:8000/"),
        ("http://[::1]:8000/b", "http://[::1]:8000/b"),
        ("https://en.wikipedia.org/wiki/O'Reilly_Media", "https://en.wikipedia.org/wiki/O'Reilly_Media"),
        ("https://a.example/O’Reilly", "https://a.example/O’Reilly"),
        ("url=https://a.example/b", "https://a.example/b"),
        ("見てhttps://a.example/b", "https://a.example/b"),
    ],
)  # fmt: skip
def test_a_web_address_is_found_whole(text, address):
    assert found(text) == [address]


@pytest.mark.parametrize(
    "text",
    [
        *("{}.", "{}, and", "{}!?", "{}:", "{}; so", "{}…", "{}...", "{}\n"),
        *("({})", "(see {}).", "[{}]", "{}]", "{{{}}}", "<{}>", "foo({})bar", "[b]({})", "{}(see"),
        *("“{}”", "{}”", "„{}“", "«{}»", "‘{}’", "'{}'", "'{}',", '"{}"', '"{}".', "`{}`"),
        *("{}。", "{}。そして", "{}，你好", "（{}）", "「{}」と", "{}、", "{}؟", "{}، و", "{}।"),
        *("*{}*", "**{}**", "_{}_", "~{}~", "|{}|", "{}\u202e", "{}\u200b/b", "{}\\n", "{}<br>"),
    ],
)
@pytest.mark.parametrize(
    "address", ["https://a.example", "https://a.example/b_(c)/d", "www.a.example"]
)
def test_what_belongs_to_the_sentence_belongs_to_no_address(text, address):
    assert found(text.format(address)) == [address]


@pytest.mark.parametrize("text", ["{}'s page", "{}—well", "{}你好", "{}は"])
def test_a_host_ends_where_no_host_goes_on(text):
    assert found(text.format("https://a.example")) == ["https://a.example"]


def test_two_addresses_in_one_run_are_two():
    assert found("[https://a.example/b](https://a.example/c)") == [
        "https://a.example/b",
        "https://a.example/c",
    ]
    assert found("('http://a.example/b','http://c.example/d')") == [
        "http://a.example/b",
        "http://c.example/d",
    ]
    # A comma may be part of an address.
    assert found("http://a.example/b,http://c.example/d") == [
        "http://a.example/b,http://c.example/d"
    ]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("www.a.example", "www.a.example"),
        ("WWW.A.EXAMPLE/B.", "WWW.A.EXAMPLE/B"),
        ("見てwww.a.example:8080/bを", "www.a.example:8080/bを"),
    ],
)
def test_www_begins_an_address(text, address):
    [link] = links_in(text)

    assert text[link.start : link.end] == address
    assert link.target == f"https://{address}"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("mail ana@a.example.", "ana@a.example"),
        ("<ana.b+c-d_2@mail.a.example>", "ana.b+c-d_2@mail.a.example"),
        ("mailto:ana@a.example?", "ana@a.example"),
        ("E-Mail:ana@a.example:", "ana@a.example"),
        ("jörg@müller.example", "jörg@müller.example"),
        ("メールはana@a.exampleまで", "ana@a.example"),
        ("(ana@a.xn--p1ai)", "ana@a.xn--p1ai"),
    ],
)
def test_a_mail_address_is_found_whole(text, address):
    [link] = links_in(text)

    assert text[link.start : link.end] == address
    assert link.target == f"mailto:{address}"


def test_a_mail_address_inside_a_web_address_is_a_part_of_it():
    assert found("www.a.example/ana@b.example") == ["www.a.example/ana@b.example"]
    assert found("https://a.example/@ana@b.example") == ["https://a.example/@ana@b.example"]


@pytest.mark.parametrize(
    "text",
    [
        *("kernel.org", "a.example", "setup.py", "e.g.this", "1.2.3.4", "ftp://a.example"),
        *("http://", "https://)", "https://-", "//a.example", "javascript:alert(1)", "tel:+49"),
        *("www.", "www.a", "www.a.b", "foo.www.a.example", "wwww.a.example", "xwww.a.example"),
        *("ana@example", "@ana@a.example", "git@a.example:b", "ana@1.2.3", "a@b.example@c.example"),
        *("ssh://git@a.example/b", "db://ana:word@a.example/b"),
    ],
)
def test_what_is_not_written_as_an_address_is_none(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "unit",
    [
        *(
            ")",
            ".",
            "()",
            "http://",
            "www.",
            "www.a.",
            "日www.\u200d",
            "a.",
            "a@",
            "@",
            "+a@b.",
            "a@b.",
        ),
        *(
            "http://a/(",
            "http://a/)",
            "http://a/..(",
            "http://a:",
            "a:",
            "'x",
            "\u0301",
            "\u202e",
            "😀",
        ),
    ],
)
@pytest.mark.parametrize("start", ["", "http://", "http://a/", "www.", "a@", "(((["])
def test_a_hostile_text_costs_no_more_than_a_page(start, unit):
    text = (start + unit * 20_000)[:20_000]
    began = time.process_time()

    for _link in links_in(text):
        pass

    # Seconds of this process; quadratic work takes far longer.
    assert time.process_time() - began < 0.5
