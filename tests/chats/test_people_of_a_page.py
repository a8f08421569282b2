"""The people whom a page draws, those included who have left."""

import pytest

from chats.message_view_model import People
from tests.factories import UserFactory
from tests.queries import at_most

pytestmark = pytest.mark.django_db


def test_nobody_is_made_who_is_not_drawn(ana, ben):
    people = People(ana, [ana, ben])

    with at_most(0):
        assert people[ben.pk].name == "Ben Ode"
        assert people[ben.pk] is people[ben.pk]
        assert "avatar-me" in people[ana.pk].avatar


def test_somebody_who_has_left_is_looked_up(ana):
    left = UserFactory(first_name="Cleo Ray")

    assert People(ana, [])[left.pk].name == "Cleo Ray"


def test_somebody_whose_account_is_gone_is_a_former_member(ana):
    assert People(ana, [])[987_654].name == "Former member"
