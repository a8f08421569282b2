"""Names of people, and finding people by them."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from messaging.folded_names import FoldedNames
from messaging.people import MOST_FOUND, MOST_LISTED, display_name, people_listed, people_named
from messaging.signals import receivers_off
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def names(text, searcher):
    return [person.username for person in people_named(text, searcher=searcher)]


def test_a_person_is_shown_under_the_name_they_chose(ana):
    assert display_name(ana) == "Ana Lima"

    ana.first_name = ""
    assert display_name(ana) == "ana"


@pytest.mark.parametrize(
    "text", ["ben", "BEN", "Ben O", "ode", "  ben   ode ", "ode ben", "@ben", "b", "en"]
)
def test_people_are_found_by_any_part_of_either_name(ana, ben, text):
    assert names(text, ana) == ["ben"]


@pytest.mark.parametrize("text", ["", " ", "\0", "%%", "__", "n", "nobody"])
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
        ("Tomás Aldaba", "Tomas Aldaba"),
        ("Tomas Aldaba", "tomás"),
        ("Odile Marchepied", "Marchepied Odile"),
        ("Anna Straße", "strasse"),
        ("Anna Strasse", "straße"),
        ("Jan z Łodzi", "lodz"),
        ("Søren Ærø", "aero soren"),
        ("Guðrún Þórsdóttir", "gudrun thors"),
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


def test_one_letter_finds_those_with_a_word_that_begins_with_it(ana):
    for name in ("Zoe Bell", "Bob", "Abby"):
        UserFactory(username=f"{name[0].lower()}1", first_name=name)

    assert names("b", ana) == ["b1", "z1"]


def test_few_people_are_listed_by_their_names_and_many_are_not(ana):
    UserFactory(username="z", first_name="Élise")
    UserFactory(username="a", first_name="Zoe")
    UserFactory(username="frank", first_name="")
    UserFactory(username="closed", first_name="Dora", is_active=False)

    assert [person.username for person in people_listed(ana)] == ["z", "frank", "a"]

    UserFactory.create_batch(MOST_LISTED - 3)
    assert len(people_listed(ana)) == MOST_LISTED

    UserFactory()
    assert people_listed(ana) == []


def test_a_new_name_is_found_and_the_old_one_is_not(ana, ben):
    ben.first_name = "Łukasz"
    ben.save(update_fields=["first_name"])

    assert names("lukasz", ana) == ["ben"]
    assert names("ode", ana) == []


def test_migrating_folds_the_names_that_no_receiver_has_folded(ana):
    with receivers_off():
        get_user_model().objects.create(username="tomas", first_name="Tomás")
    UserFactory(username="jose", first_name="José")
    FoldedNames.objects.filter(user__username="jose").update(names="as before", folding=0)
    assert names("tomas", ana) == names("jose", ana) == []

    call_command("migrate", verbosity=0)

    assert names("tomas", ana) == ["tomas"]
    assert names("jose", ana) == ["jose"]
