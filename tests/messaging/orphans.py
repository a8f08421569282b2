"""Rows that point at rows which are not there."""

from functools import cache

from django.apps import apps
from django.db import connection, models
from django.db.models import F, Value


def orphans():
    """Each broken reference from a table of `messaging`, as (model, field, id of the row).

    Found by looking at the models themselves: a foreign key that is added later is covered.
    """
    with connection.cursor() as cursor:
        cursor.execute(*_broken(connection.vendor))
        return cursor.fetchall()


@cache
def _broken(_vendor):
    """One question for all of it, in SQL: a model test asks it thousands of times."""
    broken = []
    for model in apps.get_app_config("messaging").get_models():
        for field in model._meta.concrete_fields:
            if not isinstance(field, models.ForeignKey):
                continue
            there = field.related_model._base_manager.values("pk")
            rows = model._base_manager.exclude(**{field.attname: None}).exclude(
                **{f"{field.attname}__in": there}
            )
            names = Value(model.__name__), Value(field.name)
            broken.append(rows.order_by().values_list(*names, F("pk")))
    return broken[0].union(*broken[1:], all=True).query.sql_with_params()
