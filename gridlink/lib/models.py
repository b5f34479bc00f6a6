"""What every table has in common."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from gridlink.lib.slugs import SLUG_LENGTH


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


__all__ = ["SLUG_LENGTH", "Record", "SoftDeleted"]
