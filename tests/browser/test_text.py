"""Text is shown, and copied, as it was typed."""

import pytest

from messaging import services
from tests.browser.pages import article, open_conversation
from tests.factories import MessageFactory

pytestmark = pytest.mark.browser

TYPED = {
    "code": "def f(x):\n    if x:\n\treturn  {1:   x}\n\n\n    # end",
    "poem": "  Der Mond ist aufgegangen,\n    die goldnen Sternlein prangen  \n\n\n\nam Himmel",
    "table": "a   b\t1\nccc d\t22",
    "two languages": "مرحبا, said Ben.\nThat is مرحبا (hello).\n(١) مرحبا\n\n- 1, 2 -",
    "links": "(https://example.org/a_(b)) «www.example.org»\n  ana@example.org;",
    "reversed": "a\u202ecba\nhttps://example.org/\u202egnp.exe",
}
SELECTED = """(one) => {
  const selection = getSelection();
  selection.selectAllChildren(one);
  return selection.toString();
}"""
# For each line: whether its first character stands left of its last, and where the line begins.
LINES = """(one) => {
  const place = (node, at) => {
    const range = new Range();
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    return range.getBoundingClientRect();
  };
  return [...one.childNodes].filter((node) => node.data).map((node) => {
    const range = new Range();
    range.selectNode(node);
    const first = place(node, 0), last = place(node, node.data.length - 1);
    return [first.left < last.left, Math.round(range.getBoundingClientRect().left)];
  });
}"""


@pytest.fixture
def said(ana, ben):
    def said(text):
        return services.send_message(sender=ana, receiver=ben, content=text)

    return said


@pytest.mark.parametrize("text", TYPED.values(), ids=TYPED)
def test_a_copied_message_is_what_was_typed(as_ben, conversation, said, text):
    message = said(text)
    open_conversation(as_ben, conversation)

    assert article(as_ben, message).locator(".msg-body").evaluate(SELECTED) == text


def test_each_line_has_the_direction_of_its_own_words(as_ben, conversation, said):
    message = said("مرحبا (hello)\n- hello (مرحبا) -\nhello")
    open_conversation(as_ben, conversation)

    lines = article(as_ben, message).locator(".msg-body").evaluate(LINES)

    assert [left_to_right for left_to_right, _start in lines] == [False, True, True]
    assert len({start for _left_to_right, start in lines}) == 1


def test_all_lines_begin_where_those_of_the_page_begin(sign_in, person, ana):
    reader = person("Thea ليلى", language="ar")
    message = MessageFactory(sender=ana, receiver=reader, content="hello\nمرحبا\nhello there")
    page = sign_in(reader)
    open_conversation(page, message.conversation)
    body = article(page, message).locator(".msg-body")

    assert page.locator("html").get_attribute("dir") == "rtl"
    assert body.evaluate("(one) => getComputedStyle(one).textAlign") == "right"
    assert [left_to_right for left_to_right, _start in body.evaluate(LINES)] == [True, False, True]


def test_an_address_reads_from_left_to_right_among_arabic_words(as_ben, conversation, said):
    message = said("مرحبا https://example.org/صفحة/ مرحبا")
    open_conversation(as_ben, conversation)

    link = article(as_ben, message).locator(".msg-body a")

    assert link.inner_text() == "https://example.org/صفحة/"
    assert link.evaluate(LINES)[0][0] is True  # its "h" stands left of its last slash


def test_the_first_version_in_the_history_keeps_its_blank_space(as_ben, conversation, said, ana):
    message = said(TYPED["code"])
    services.edit_message(message=message, editor=ana, content="pass", text_version=0)
    as_ben.goto(f"/m/{message.pk}/history/")
    as_ben.locator("summary").last.click()

    assert as_ben.locator(".diff").last.evaluate(SELECTED) == TYPED["code"]
