"""Provide the fields and checks that models of all apps share."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from gridlink.lib.errors import PreconditionFailed


class Record(models.Model):
    """Provide creation and modification times; services set `modified_on` themselves."""

    created_on = models.DateTimeField(default=timezone.now, editable=False)
    modified_on = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


class SoftDeleted(models.Model):
    """Mark rows that can be put into the trash and restored."""

    is_deleted = models.BooleanField(default=False)
    deleted_on = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


def defaults_of(model: type[models.Model], *names: str) -> dict[str, Any]:
    """Return the default values of a model's fields."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    return {name: fields[name].get_default() for name in names}


def count_field() -> models.BigIntegerField[int, int]:
    """Return a counter with a database default, for SQL that names only some counters."""
    return models.BigIntegerField(default=0, db_default=0)


def require_version(current: int, expected: int | None) -> None:
    """Raise PreconditionFailed unless `expected` is the current version or None."""
    if expected is not None and expected != current:
        raise PreconditionFailed(
            f"It changed since you read it: the version is now {current}, not {expected}.",
            headers={"ETag": f'"{current}"'},
        )
