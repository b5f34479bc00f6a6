"""Record what imports made and changed, so that they can be matched and undone."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from gridlink.lib.slugs import SLUG_LENGTH

SOURCE_LENGTH = 30


class ImportRun(models.Model):
    """Record an applied import; `source` is the name of its format."""

    job = models.OneToOneField(
        "tasks.Job", on_delete=models.CASCADE, primary_key=True, related_name="import_run"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    source = models.CharField(max_length=SOURCE_LENGTH)

    class Meta:
        db_table = "grids_import_run"
        indexes = [models.Index("user", "source", name="import_run_user_source")]

    def __str__(self) -> str:
        return f"{self.source} {self.job_id}"


class ImportedGrid(models.Model):
    """Record the grid of a folder: the `ordinal`-th, from 1, with this `title`.

    `version` is that of the grid as the import made it; 0 when the grid existed before. Once `is_undone`,
    the row serves only verdicts.
    """

    run = models.ForeignKey(
        ImportRun, on_delete=models.CASCADE, related_name="grids", db_index=False
    )
    # Keys without a constraint: the record outlives the grid.
    grid_id = models.BigIntegerField()
    slug = models.CharField(max_length=SLUG_LENGTH)
    title = models.TextField()
    ordinal = models.PositiveIntegerField()
    version = models.PositiveIntegerField()
    is_undone = models.BooleanField(db_default=False)

    class Meta:
        db_table = "grids_imported_grid"
        constraints = [
            models.UniqueConstraint("run", "title", "ordinal", name="imported_grid_folder")
        ]

    def __str__(self) -> str:
        return self.title


class ImportedLink(models.Model):
    """Record a link that an import made or, if there is a `before`, updated.

    `before` holds the values it had, by column; `grid_id` is the grid of its folder, `source_id` its
    identifier in the source, `version` the link's once the import was done. A link whose version is another
    was changed since.
    """

    # Neither constraint nor index of a foreign key: written a hundred thousand at a time by the statement
    # that makes the links, and kept for links that are gone.
    run = models.ForeignKey(
        ImportRun,
        on_delete=models.CASCADE,
        related_name="links",
        db_index=False,
        db_constraint=False,
    )
    link_id = models.BigIntegerField()
    slug = models.CharField(max_length=SLUG_LENGTH)
    grid_id = models.BigIntegerField()
    line = models.PositiveIntegerField()
    source_id = models.TextField(null=True)  # noqa: DJ001  ("none" equals no other)
    version = models.PositiveIntegerField()
    before = models.JSONField(null=True)
    is_undone = models.BooleanField(db_default=False)

    class Meta:
        db_table = "grids_imported_link"
        indexes = [
            models.Index("run", "id", name="imported_link_order"),
            models.Index("link_id", name="imported_link_link"),
            models.Index(
                "run",
                "source_id",
                name="imported_link_source",
                condition=Q(source_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.slug
