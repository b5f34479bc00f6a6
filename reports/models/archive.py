"""Define what is remembered of accounts that were restored from an archive."""

from __future__ import annotations

from django.db import models

from gridlink.lib.slugs import SLUG_LENGTH


class FormerKey(models.Model):
    """Store the slug of a deleted grid or link whose clicks are restored."""

    pk = models.CompositePrimaryKey("kind", "key")
    # The prefix of the slug.
    kind = models.CharField(max_length=2)
    key = models.BigIntegerField()
    name = models.CharField(max_length=SLUG_LENGTH)
    user_id = models.BigIntegerField()

    class Meta:
        db_table = "reports_former_key"
        constraints = [
            models.UniqueConstraint(fields=["user_id", "kind", "name"], name="former_key_once")
        ]

    def __str__(self) -> str:
        return self.name


class DeletedSlug(models.Model):
    """Store the owner of a deleted row for good.

    An archive of another account never gets its slug, which addresses name. Triggers of
    reports/migrations/0007 store it.
    """

    slug = models.CharField(max_length=SLUG_LENGTH, primary_key=True)
    user_id = models.BigIntegerField()

    class Meta:
        db_table = "reports_deleted_slug"

    def __str__(self) -> str:
        return self.slug


class RawFrom(models.Model):
    """Store since when a restored grid has raw rows; older sums cannot be rebuilt."""

    grid_id = models.BigIntegerField(primary_key=True)
    day = models.DateField()

    class Meta:
        db_table = "reports_raw_from"

    def __str__(self) -> str:
        return f"grid {self.grid_id} from {self.day}"
