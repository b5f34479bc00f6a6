"""What every table has in common."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from gridlink.lib.errors import PreconditionFailed


class Record(models.Model):
    """A row with a public identifier and the time fields every table names alike.

    Subclasses declare `slug` themselves, since each kind has a prefix of its own. Services set
    `modified_on`; nothing sets it behind their back.
    """

    created_on = models.DateTimeField(default=timezone.now, editable=False)
    modified_on = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


class SoftDeleted(models.Model):
    """A row that can be put in the trash and taken out again."""

    is_deleted = models.BooleanField(default=False)
    deleted_on = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


def defaults_of(model: type[models.Model], *names: str) -> dict[str, Any]:
    """The values that fields of a model have when nobody gives one."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    return {name: fields[name].get_default() for name in names}


def count_field() -> models.BigIntegerField[int, int]:
    """A count that grows: with a default of the database's, too, since it is added to by SQL that names only
    what it adds."""
    return models.BigIntegerField(default=0, db_default=0)


def require_version(current: int, expected: int | None) -> None:
    """Raises PreconditionFailed when `expected` names another version than the current one."""
    if expected is not None and expected != current:
        raise PreconditionFailed(
            f"It changed since you read it: the version is now {current}, not {expected}.",
            headers={"ETag": f'"{current}"'},
        )
