"""Clicks and views as they were recorded, and the sums kept of them.

Users, grids and links are named by their keys and without foreign keys: rows come by the million through
COPY, and numbers outlive what they count.
"""

from __future__ import annotations

from django.db import models

from gridlink.lib.models import count_field

# Models that Django looks for here.
from reports.archive_models import FormerKey as FormerKey
from reports.archive_models import RawFrom as RawFrom
from reports.stream_models import Producer as Producer
from reports.stream_models import SetAside as SetAside
from reports.stream_models import Watermark as Watermark


class Verdict(models.IntegerChoices):
    """What a recorded visit was taken for. Of a bot's repeat, "bot" is said."""

    HUMAN = 0
    BOT = 1
    DUPLICATE = 2


class Dimension(models.IntegerChoices):
    """By what clicks are broken down, besides time and link."""

    COUNTRY = 1
    DEVICE = 2
    BROWSER = 3
    OS = 4
    REFERRER = 5
    LANGUAGE = 6
    UTM_SOURCE = 7
    UTM_MEDIUM = 8
    UTM_CAMPAIGN = 9
    UTM_TERM = 10
    UTM_CONTENT = 11
    TILE = 12


class UserAgent(models.Model):
    """Each different User-Agent header once, with what it says and what the bot rules make of it."""

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
    """The columns that clicks and views share.

    `visitor` is the keyed hash of reports.clicks.visitors, or null for one who must not be recognised;
    `is_first_on_grid` marks a human visitor's first visit of that kind to the grid on a UTC day.
    """

    id = models.BigAutoField(primary_key=True)
    user_id = models.BigIntegerField()
    grid_id = models.BigIntegerField()
    visitor = models.BigIntegerField(null=True)
    is_first_on_grid = models.BooleanField()
    verdict = models.PositiveSmallIntegerField(choices=Verdict.choices)
    bot_reason = models.CharField(max_length=64)
    bot_rules = models.PositiveSmallIntegerField()
    # grids.redirect.wire.Flag
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
    """One counted visit of a link. Partitioned by the month of `clicked_on`; the real primary key is
    (clicked_on, id), since PostgreSQL wants the partition's column in it."""

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
    """One counted visit of a grid's page. Partitioned as clicks are, by `viewed_on`."""

    viewed_on = models.DateTimeField()

    class Meta:
        db_table = "reports_view"
        indexes = [models.Index("grid_id", "viewed_on", name="view_grid")]

    def __str__(self) -> str:
        return f"view {self.pk}"


class SeenVisitor(models.Model):
    """Who has been where on a UTC day: what "first" and "again" are told by. Kept no longer than the day's
    salt. `link_id` is 0 for a view; `last_on` is the last visit that was not a duplicate."""

    pk = models.CompositePrimaryKey("day", "grid_id", "visitor", "link_id")
    day = models.DateField()
    grid_id = models.BigIntegerField()
    visitor = models.BigIntegerField()
    link_id = models.BigIntegerField()
    last_on = models.DateTimeField()

    class Meta:
        db_table = "reports_seen_visitor"

    def __str__(self) -> str:
        return f"{self.day} {self.visitor}"


class VisitorSalt(models.Model):
    """The secret of one UTC day's visitor hashes, destroyed when the day is over."""

    day = models.DateField(primary_key=True)
    salt = models.BinaryField(max_length=32)

    class Meta:
        db_table = "reports_visitor_salt"

    def __str__(self) -> str:
        return str(self.day)


class Counts(models.Model):
    """What became of accepted clicks: accepted = humans + duplicates + bots + refused. Visitors are human
    visitors' first clicks of a UTC day, so that any parts of time add up to the whole."""

    accepted = count_field()
    humans = count_field()
    duplicates = count_field()
    bots = count_field()
    # Sent on, but their details could not be kept or read.
    refused = count_field()
    # First on the grid.
    visitors = count_field()

    class Meta:
        abstract = True


class LinkHour(Counts):
    """A link's clicks, while it was on one grid, in the hour that begins at `hour`: the ledger."""

    pk = models.CompositePrimaryKey("link_id", "hour", "grid_id")
    link_id = models.BigIntegerField()
    hour = models.DateTimeField()
    grid_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    # First on the link.
    link_visitors = count_field()

    class Meta:
        db_table = "reports_link_hour"
        indexes = [models.Index("grid_id", "hour", name="link_hour_grid")]

    def __str__(self) -> str:
        return f"link {self.link_id} at {self.hour}"


class LinkDay(Counts):
    """A link's clicks, while it was on one grid, on a UTC day."""

    pk = models.CompositePrimaryKey("link_id", "day", "grid_id")
    link_id = models.BigIntegerField()
    day = models.DateField()
    grid_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    link_visitors = count_field()

    class Meta:
        db_table = "reports_link_day"
        indexes = [models.Index("grid_id", "day", name="link_day_grid")]

    def __str__(self) -> str:
        return f"link {self.link_id} on {self.day}"


class GridHour(Counts):
    """A grid's clicks and views in the hour that begins at `hour`."""

    pk = models.CompositePrimaryKey("grid_id", "hour")
    grid_id = models.BigIntegerField()
    hour = models.DateTimeField()
    user_id = models.BigIntegerField()
    # Of humans and without repeats, as `humans` are of clicks.
    views = count_field()
    views_accepted = count_field()
    views_duplicates = count_field()
    views_bots = count_field()
    views_refused = count_field()
    views_visitors = count_field()

    class Meta:
        db_table = "reports_grid_hour"

    def __str__(self) -> str:
        return f"grid {self.grid_id} at {self.hour}"


class GridDayValue(models.Model):
    """A grid's clicks on a UTC day with one value of a dimension; '' stands for unknown or none."""

    pk = models.CompositePrimaryKey("grid_id", "dimension", "day", "value")
    grid_id = models.BigIntegerField()
    day = models.DateField()
    dimension = models.PositiveSmallIntegerField(choices=Dimension.choices)
    value = models.CharField(max_length=255)
    humans = count_field()
    duplicates = count_field()
    bots = count_field()
    visitors = count_field()

    class Meta:
        db_table = "reports_grid_day_value"

    def __str__(self) -> str:
        return f"{self.get_dimension_display()} {self.value} on {self.day}"
