"""Define clicks and views as they are recorded.

Users, grids and links are named by their keys and without foreign keys: rows come by the million through
COPY, and numbers outlive what they count.
"""

from __future__ import annotations

from django.db import models


class Verdict(models.IntegerChoices):
    """Enumerate what a visit was taken for; a bot's duplicate counts as a bot."""

    HUMAN = 0
    BOT = 1
    DUPLICATE = 2


class UserAgent(models.Model):
    """Store each User-Agent header once, with what is read from it."""

    id = models.AutoField(primary_key=True)
    # SHA-256 of the text as it was sent, since an index over the text itself would be as large again.
    digest = models.BinaryField(max_length=32, unique=True)
    text = models.TextField()
    browser = models.CharField(max_length=64)
    os = models.CharField(max_length=64)
    device = models.CharField(max_length=16)
    # Empty for a person's.
    bot_reason = models.CharField(max_length=64)
    bot_rules = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "reports_user_agent"

    def __str__(self) -> str:
        return self.text


class Visit(models.Model):
    """Define the columns that clicks and views share.

    `visitor` is the keyed hash of reports.clicks.enrichment.visitors, or null for one who must not be
    recognised; `is_first_on_grid` marks a human visitor's first visit of that kind to the grid on a UTC day.
    """

    id = models.BigAutoField(primary_key=True)
    user_id = models.BigIntegerField()
    grid_id = models.BigIntegerField()
    visitor = models.BigIntegerField(null=True)
    is_first_on_grid = models.BooleanField()
    verdict = models.PositiveSmallIntegerField(choices=Verdict.choices)
    bot_reason = models.CharField(max_length=64)
    bot_rules = models.PositiveSmallIntegerField()
    # grids.public.wire.Flag
    flags = models.PositiveSmallIntegerField()
    user_agent = models.ForeignKey(
        UserAgent, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    country = models.CharField(max_length=2)
    referrer = models.CharField(max_length=255)
    language = models.CharField(max_length=16)
    utm_source = models.CharField(max_length=255)
    utm_medium = models.CharField(max_length=255)
    utm_campaign = models.CharField(max_length=255)
    utm_term = models.CharField(max_length=255)
    utm_content = models.CharField(max_length=255)

    class Meta:
        abstract = True


class Click(Visit):
    """Store a counted visit of a link, partitioned by the month of `clicked_on`."""

    # The real primary key is (clicked_on, id), since PostgreSQL requires the partition's column in it.

    clicked_on = models.DateTimeField()
    link_id = models.BigIntegerField()
    # "x,y,width,height" in cells, as the tile lay when it was clicked.
    tile = models.CharField(max_length=32)
    is_first_on_link = models.BooleanField()

    class Meta:
        db_table = "reports_click"
        indexes = [
            models.Index("link_id", "clicked_on", name="click_link"),
            models.Index("user_id", "clicked_on", name="click_user"),
        ]

    def __str__(self) -> str:
        return f"click {self.pk}"


class View(Visit):
    """Store a counted visit of a grid's page; partitioned as clicks are, by `viewed_on`."""

    viewed_on = models.DateTimeField()

    class Meta:
        db_table = "reports_view"
        indexes = [models.Index("grid_id", "viewed_on", name="view_grid")]

    def __str__(self) -> str:
        return f"view {self.pk}"


class SeenVisitor(models.Model):
    """Store who has visited what on a UTC day; deleted with the day's salt."""

    pk = models.CompositePrimaryKey("day", "grid_id", "visitor", "link_id")
    day = models.DateField()
    grid_id = models.BigIntegerField()
    visitor = models.BigIntegerField()
    # 0 for a view.
    link_id = models.BigIntegerField()
    # The last visit that was no duplicate.
    last_on = models.DateTimeField()

    class Meta:
        db_table = "reports_seen_visitor"

    def __str__(self) -> str:
        return f"{self.day} {self.visitor}"


class VisitorSalt(models.Model):
    """Store the secret of a UTC day's visitor hashes; emptied when the day is over."""

    day = models.DateField(primary_key=True)
    salt = models.BinaryField(max_length=32)

    class Meta:
        db_table = "reports_visitor_salt"

    def __str__(self) -> str:
        return str(self.day)
