"""Compares aliases without case: the short codes that people bring along from elsewhere keep their capitals.

Redirect processes hear of an alias in lower case, in which they keep their responses.
"""

from importlib import import_module

import django.core.validators
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Lower

_BEFORE = import_module("grids.migrations.0002_changes_are_notified")


def _folded(function):
    replaced = function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    return replaced.replace("'key ' || NEW.alias", "'key ' || lower(NEW.alias)")


def _notices(function):
    before = function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    return migrations.RunSQL(_folded(function), before)


def _alias_field():
    return models.CharField(
        blank=True,
        max_length=64,
        null=True,
        validators=[
            django.core.validators.RegexValidator(
                "\\A[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?\\Z",
                "Use 1 to 64 letters (a to z), digits and hyphens, with no hyphen at either end.",
            )
        ],
    )


def _once(model):
    name = f"{model}_alias_once"
    constraint = models.UniqueConstraint(Lower("alias"), condition=Q(is_deleted=False), name=name)
    return [
        migrations.AlterField(model, "alias", _alias_field()),
        migrations.RemoveConstraint(model, name),
        migrations.AddConstraint(model, constraint),
    ]


class Migration(migrations.Migration):
    dependencies = [("grids", "0008_forward_query")]

    operations = [
        *_once("grid"),
        *_once("link"),
        migrations.AddIndex(
            "link",
            models.Index(Lower("alias"), name="link_alias", condition=Q(alias__isnull=False)),
        ),
        _notices(_BEFORE.NOTIFY_LINK),
        _notices(_BEFORE.NOTIFY_GRID),
    ]
