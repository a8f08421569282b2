"""How the database finds what pages show: no table is read whole, and no more is sorted than shown.

The plans are those of a database with statistics: without, SQLite may choose well by chance.
"""

import json
import random
import re

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from messaging.models import (
    Conversation,
    Mailbox,
    Message,
    MessageHistory,
    Notification,
    Participant,
)
from tests.factories import UserFactory
from tests.queries import statements

pytestmark = [pytest.mark.db, pytest.mark.django_db]

PEOPLE = 60
MESSAGES = 6_000
PAGE = 100  # rows: the most a page draws, and so the most that may be sorted for it


@pytest.fixture(scope="module")
def crowd(django_db_setup, django_db_blocker):
    """A few thousand messages in conversations of very different sizes, with statistics."""
    with django_db_blocker.unblock():
        made = _make_crowd()
        yield made
        for model in (Notification, Participant, Mailbox):
            model._base_manager.all().delete()
        Conversation.objects.update(last_message=None)
        Message.objects.all().delete_rows()
        Conversation.objects.all().delete()
        type(made["reader"])._base_manager.filter(pk__in=made["people"])._raw_delete("default")
        _analyze()


def _analyze():
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _make_crowd():
    numbers = random.Random(7)  # noqa: S311  (the same crowd in every run)
    user_model = UserFactory._meta.model
    people = user_model.objects.bulk_create(
        user_model(username=f"crowd{number}", first_name=f"Person {number}")
        for number in range(PEOPLE)
    )
    Mailbox.objects.bulk_create(Mailbox(user=person) for person in people)
    pairs = [(one, other) for one in people[:12] for other in people[12:]]
    conversations = [Conversation.objects.between(*pair) for pair in pairs]
    # Power law: the first few have most of the messages, the many have a handful.
    weights = [1 / (place + 1) for place in range(len(pairs))]
    first = (Message.objects.order_by("pk").values_list("pk", flat=True).last() or 0) + 1
    above = {}
    messages = []
    for number, place in enumerate(
        numbers.choices(range(len(pairs)), weights, k=MESSAGES), start=first
    ):
        earlier = above.setdefault(place, [])
        parent = numbers.choice(earlier[-40:]) if earlier and numbers.random() < 0.6 else None
        sender, receiver = numbers.sample(pairs[place], 2)
        messages.append(
            Message(
                pk=number,
                sender=sender,
                receiver=receiver,
                content=f"Text {number}",
                content_html=f"Text {number}",
                html_version=1,
                conversation=conversations[place],
                parent_message_id=parent and parent.pk,
                thread_id=parent and parent.root_pk,
                read=numbers.random() < 0.9,
                changed_in=number,
            )
        )
        earlier.append(messages[-1])
    Message.objects.bulk_create(messages)
    Notification.objects.bulk_create(
        Notification(user=message.receiver, message=message, read=message.read, kind="reply")
        for message in messages
    )
    _analyze()
    busiest = above[0]
    return {
        "people": [person.pk for person in people],
        "reader": pairs[0][0],
        "conversation": conversations[0],
        "root": max(busiest, key=lambda one: sum(m.thread_id == one.pk for m in busiest)),
        "deep": [message for message in busiest if message.parent_message_id][-1],
        "roots": [message.pk for message in busiest if message.parent_message_id is None][-20:],
    }


def plans_of(find):
    """For each query of `find()`: the tables it reads whole, and what it sorts, as lines."""
    with CaptureQueriesContext(connection) as captured:
        found = find()
        if isinstance(found, QuerySet):
            list(found)
    assert captured.captured_queries
    explain = _plan_on_sqlite if connection.vendor == "sqlite" else _plan_on_postgresql
    for query in statements(captured):
        yield explain(query)


def _plan_on_sqlite(query):
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + query.replace("%", "%%"), ())
        lines = [line[-1] for line in cursor.fetchall()]
    # What the recursion has found so far, or what is counted up to a limit, is read whole by nature.
    scans = [line for line in lines if re.match(r"SCAN (?!below|above|counted|U\d|CONSTANT)", line)]
    return scans, [line for line in lines if "TEMP B-TREE" in line], lines


def _plan_on_postgresql(query):
    with connection.cursor() as cursor:
        # A few thousand rows are quickly read whole; this is what a million would cost.
        cursor.execute("SET LOCAL seq_page_cost = 400")
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query.replace("%", "%%"), ())
        (plan,) = cursor.fetchone()
    scans, sorts = [], []
    nodes = [plan[0]["Plan"]]
    while nodes:
        node = nodes.pop()
        below = node.get("Plans", [])
        nodes += below
        rows = node["Actual Rows"] * node["Actual Loops"]
        removed = node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
        where = f"{node['Node Type']} {node.get('Relation Name', '')}, {rows + removed} rows"
        # A small table, such as that of people here, is best read whole.
        if node["Node Type"] == "Seq Scan" and rows + removed > PAGE:
            scans.append(where)
        if "Sort" in node["Node Type"] and below[0]["Actual Rows"] > PAGE:
            sorts.append(where)
    return scans, sorts, [json.dumps(plan, indent=1)]


def assert_found_by_index(find, *, index="", sorted_on_sqlite=0):
    """No table is read whole, and no more than a page is sorted; by `index`, if one is named.

    SQLite does not tell how much it sorts: `sorted_on_sqlite` sorts are known to be small.
    """
    for scans, sorts, plan in plans_of(find):
        shown = "\n".join(plan)
        assert scans == [], shown
        allowed = sorted_on_sqlite if connection.vendor == "sqlite" else 0
        assert len(sorts) <= allowed, shown
        assert index in shown


def test_a_plan_that_reads_or_sorts_everything_is_noticed(crowd):
    """The premise of all the others."""
    for find in (
        lambda: Message.objects.filter(content__contains="x"),
        lambda: Message.objects.order_by("timestamp"),
    ):
        with pytest.raises(AssertionError):
            assert_found_by_index(find)


def test_no_question_is_compiled_before_it_is_answered(db):
    if connection.vendor == "postgresql":  # SQLite has nothing of the kind
        with connection.cursor() as cursor:
            cursor.execute("SHOW jit")
            assert cursor.fetchone() == ("off",)


def test_a_page_of_a_conversation(crowd):
    roots = crowd["conversation"].messages.top_level()
    older = roots.filter(id__lt=crowd["roots"][0])

    for some in (roots, older):
        # The ends of each thread, and its replies as far as they are counted, by an index too.
        assert_found_by_index(lambda some=some: some.newest(20), index="message_roots")
        assert_found_by_index(
            lambda some=some: some.newest(20).with_replies(100), index="message_by_thread"
        )


def test_what_changed_in_a_conversation(crowd):
    since = crowd["conversation"].version - 5

    assert_found_by_index(lambda: crowd["conversation"].messages.filter(changed_in__gt=since))


def test_a_thread(crowd):
    assert_found_by_index(lambda: crowd["root"].thread_messages.order_by("id"))


def test_the_replies_of_a_message(crowd):
    assert_found_by_index(lambda: crowd["root"].replies.order_by("id")[:50])
    assert_found_by_index(
        lambda: crowd["root"].replies.filter(id__gt=crowd["root"].pk + 9).order_by("id")[:50]
    )


def test_the_places_of_everything_below_some_messages(crowd):
    first = Message.objects.filter(pk__in=crowd["root"].replies.order_by("pk").values("pk")[:50])

    assert_found_by_index(lambda: Message.objects.tree_below(first), index="message_replies")


def test_everything_above_a_message(crowd):
    assert crowd["deep"].parent_message_id
    assert_found_by_index(lambda: Message.objects.ancestors_of(crowd["deep"]), sorted_on_sqlite=1)


def test_the_unread_inbox(crowd):
    unread = Message.unread.unread_for_user(crowd["reader"])
    last_shown = unread[20].pk

    assert unread.count() > PAGE  # premise: there is more than one page
    assert_found_by_index(lambda: unread[:20], index="message_unread")
    assert_found_by_index(lambda: unread.filter(id__lt=last_shown)[:20], index="message_unread")


def test_the_unread_counts(crowd):
    # Grouped by conversation: as many rows as this one person has not read.
    assert_found_by_index(
        lambda: Message.unread.counts(crowd["reader"]),
        index="message_unread",
        sorted_on_sqlite=1,
    )


def test_the_unread_counts_fetch_no_message(crowd):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Nothing of this transaction is vacuumed, so the planner sees no gain in an index
            # alone. It takes one with the rows only if it has to.
            for way in ("seqscan", "bitmapscan", "indexscan"):
                cursor.execute(f"SET LOCAL enable_{way} = off")

    ((_scans, _sorts, plan),) = plans_of(lambda: Message.unread.counts(crowd["reader"]))

    wanted = "COVERING INDEX" if connection.vendor == "sqlite" else "Index Only Scan"
    assert wanted in "\n".join(plan)


def test_the_list_of_conversations(crowd):
    rows = Participant.objects.for_list(crowd["reader"])

    # The last term of the order only parts conversations of the very same instant.
    assert_found_by_index(lambda: rows[:30], sorted_on_sqlite=1)
    assert_found_by_index(lambda: rows.after(rows[20]["conversation_id"])[:10], sorted_on_sqlite=1)


def test_the_list_of_notifications(crowd):
    rows = Notification.objects.for_list(crowd["reader"])

    assert_found_by_index(lambda: rows[:30])
    assert_found_by_index(lambda: rows.filter(id__lt=rows[30].pk)[:30])
    assert_found_by_index(
        lambda: Notification.objects.unread_by(crowd["reader"]).count(),
        index="notification_unread",
    )


def test_who_may_see_a_conversation_and_a_message(crowd):
    reader = crowd["reader"]

    assert_found_by_index(
        lambda: Conversation.objects.visible_to(reader).filter(pk=crowd["conversation"].pk)
    )
    assert_found_by_index(lambda: Message.objects.visible_to(reader).filter(pk=crowd["deep"].pk))


def test_a_repeated_send_is_found(crowd):
    assert_found_by_index(
        lambda: Message.objects.sent_as(crowd["reader"], crowd["deep"].client_key)
    )


def test_what_the_database_looks_for_when_messages_are_deleted(crowd):
    """The foreign keys that point to a message, each by an index."""
    pk = crowd["deep"].pk
    for rows in (
        Message.objects.filter(parent_message=pk),
        Message.objects.filter(thread=pk),
        Notification.objects.filter(message=pk),
        MessageHistory.objects.filter(message=pk),
        Conversation.objects.filter(last_message=pk),
        Message.objects.filter(conversation=crowd["conversation"].pk).order_by("changed_in"),
    ):
        assert_found_by_index(lambda rows=rows: rows.values("pk"))


def test_no_plain_index_tempts_the_planner_to_sort_every_root(db):
    """With one on parent_message, SQLite would find IS NULL by it, and sort all there are."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Message._meta.db_table)

    by_parent = [
        name
        for name, constraint in found.items()
        if constraint["index"] and constraint["columns"][:1] == ["parent_message_id"]
    ]
    assert by_parent == ["message_replies"]
