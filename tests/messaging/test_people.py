"""Names of people, and finding people by them."""

import pytest

from messaging.people import MOST_FOUND, display_name, people_named
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def names(text, searcher):
    return [person.username for person in people_named(text, searcher=searcher)]


def test_a_person_is_shown_under_the_name_they_chose(ana):
    assert display_name(ana) == "Ana Lima"

    ana.first_name = ""
    assert display_name(ana) == "ana"


@pytest.mark.parametrize("text", ["ben", "BEN", "Ben O", "ode", "  ben   ode ", "en"])
def test_people_are_found_by_any_part_of_either_name(ana, ben, text):
    assert names(text, ana) == ["ben"]


@pytest.mark.parametrize("text", ["", "b", " b ", "\0b", "%%", "__", "nobody"])
def test_too_little_or_nothing_known_finds_nobody(ana, ben, text):
    assert names(text, ana) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Émile Zéa", "ÉM"),
        ("Émile Zéa", "ém"),
        ("Ömer", "öme"),
        ("森下 健司", "森下"),
        ("ليلى", "لي"),
    ],
)
def test_names_in_any_script_are_found(ana, name, text):
    UserFactory(username="other", first_name=name)

    assert names(text, ana) == ["other"]


def test_nobody_finds_themselves_or_a_closed_account(ana, ben):
    ben.is_active = False
    ben.save()

    assert names("ana", ana) == []
    assert names("ben", ana) == []


def test_those_whose_name_begins_so_come_first_and_at_most_eight_come(ana):
    for number in range(9):
        UserFactory(username=f"x{number}", first_name=f"A Maria {number}")
    UserFactory(username="maria", first_name="Zoe")

    found = names("maria", ana)

    assert found[0] == "maria"
    assert len(found) == MOST_FOUND


def test_people_are_found_by_one_query(ana, ben, django_assert_num_queries):
    with django_assert_num_queries(1):
        names("ben", ana)
