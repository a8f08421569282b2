"""Rows that point at rows which are not there."""

from django.apps import apps
from django.db import models


def orphans():
    """Each broken reference from a table of `messaging`, as (model, field, id of the row).

    Found by looking at the models themselves: a foreign key that is added later is covered.
    """
    broken = []
    for model in apps.get_app_config("messaging").get_models():
        for field in model._meta.concrete_fields:
            if not isinstance(field, models.ForeignKey):
                continue
            there = field.related_model._base_manager.values("pk")
            rows = model._base_manager.exclude(**{field.attname: None}).exclude(
                **{f"{field.attname}__in": there}
            )
            broken += [(model.__name__, field.name, pk) for pk in rows.values_list("pk", flat=True)]
    return broken
