"""A flat list of rows in, a tree in reading order out."""

from hypothesis import given
from hypothesis import strategies as st

from messaging.threads import Row, Step, grow, walk

DEEP = 5_000


@st.composite
def conversations(draw):
    """Rows of a conversation: each answers an earlier one, or nothing, in any order."""
    count = draw(st.integers(min_value=0, max_value=25))
    rows = []
    for pk in range(1, count + 1):
        parent = draw(st.none() | st.integers(min_value=1, max_value=pk - 1)) if pk > 1 else None
        rows.append(Row(pk, parent, draw(st.booleans())))
    return draw(st.permutations(rows))


def children(rows, pk):
    return sorted(row.pk for row in rows if row.parent_pk == pk)


def below(rows, pk):
    """By recursion, the plain way: what the code under test must not do, and must equal."""
    found = []
    for child in children(rows, pk):
        found += [child, *below(rows, child)]
    return found


def entered(branches):
    return [branch.pk for step, branch in walk(branches) if step is Step.ENTER]


@given(conversations())
def test_the_tree_of_a_conversation_is_that_of_a_naive_walk(rows):
    unread = {row.pk: row.unread for row in rows}
    roots = children(rows, None)

    tops = grow((row for row in rows if row.parent_pk is not None), above=roots)

    assert sorted(tops) == roots
    for root in roots:
        expected = below(rows, root)
        assert entered(tops[root].replies) == expected
        assert tops[root].below == len(expected)
        assert tops[root].unread_below == sum(unread[pk] for pk in expected)
        for step, branch in walk(tops[root].replies):
            if step is Step.ENTER:
                assert [reply.pk for reply in branch.replies] == children(rows, branch.pk)
                assert branch.below == len(below(rows, branch.pk))
                assert branch.unread_below == sum(unread[pk] for pk in below(rows, branch.pk))


@given(conversations())
def test_every_branch_that_is_entered_is_left_around_what_is_below_it(rows):
    tops = grow(rows, above=children(rows, None))
    open_branches = []

    for step, branch in walk(tops.values()):
        if step is Step.ENTER:
            if open_branches and branch.pk not in tops:
                assert branch.parent_pk == open_branches[-1]
            open_branches.append(branch.pk)
        else:
            assert open_branches.pop() == branch.pk
    assert open_branches == []


def test_rows_without_a_way_up_are_left_out():
    tops = grow(
        [Row(5, 4, unread=True), Row(6, 5, unread=True), Row(7, 1, unread=False)], above=[1]
    )

    assert entered(tops[1].replies) == [7]
    assert (tops[1].below, tops[1].unread_below) == (1, 0)


def test_a_message_without_replies_has_an_empty_branch():
    assert grow([], above=[3])[3].replies == []


def test_a_chain_of_five_thousand_is_as_good_as_one_of_five():
    rows = [Row(pk, pk - 1, unread=pk % 2 == 0) for pk in range(2, DEEP + 1)]

    top = grow(rows, above=[1])[1]

    assert entered(top.replies) == list(range(2, DEEP + 1))
    assert (top.below, top.unread_below) == (DEEP - 1, DEEP // 2)


def test_five_thousand_replies_to_one_message_keep_their_order():
    rows = [Row(pk, 1, unread=False) for pk in range(DEEP, 1, -1)]

    top = grow(rows, above=[1])[1]

    assert entered(top.replies) == list(range(2, DEEP + 1))


def test_a_walk_can_pass_by_what_is_folded():
    rows = [Row(2, 1, unread=False), Row(3, 2, unread=False), Row(4, 1, unread=False)]
    top = grow(rows, above=[1])[1]

    steps = list(walk(top.replies, below=lambda branch: []))

    assert [(step.value, branch.pk) for step, branch in steps] == [
        ("enter", 2),
        ("leave", 2),
        ("enter", 4),
        ("leave", 4),
    ]
