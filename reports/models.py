"""Clicks and views as they were recorded, and the sums kept of them.

Users, grids and links are named by their keys and without foreign keys: rows come by the million through
COPY, and numbers outlive what they count.
"""

from __future__ import annotations

from django.db import models


def _count() -> models.BigIntegerField[int, int]:
    # The database's default, too: sums are added to by SQL that names only what it adds.
    return models.BigIntegerField(default=0, db_default=0)


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
        indexes = [models.Index("link_id", "clicked_on", name="click_link")]

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

    accepted = _count()
    humans = _count()
    duplicates = _count()
    bots = _count()
    # Sent on, but their details could not be kept or read.
    refused = _count()
    # First on the grid.
    visitors = _count()

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
    link_visitors = _count()

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
    link_visitors = _count()

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
    views = _count()
    views_accepted = _count()
    views_duplicates = _count()
    views_bots = _count()
    views_refused = _count()
    views_visitors = _count()

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
    humans = _count()
    duplicates = _count()
    bots = _count()
    visitors = _count()

    class Meta:
        db_table = "reports_grid_day_value"

    def __str__(self) -> str:
        return f"{self.get_dimension_display()} {self.value} on {self.day}"


class Producer(models.Model):
    """How far the groups of one redirect process have been counted: the position a reader goes on from."""

    name = models.CharField(max_length=32, primary_key=True)
    # Of its last group that is counted, or was found to be missing.
    number = models.BigIntegerField()
    # What it says to have accepted up to there, and how much of that never arrived.
    accepted = models.BigIntegerField()
    missing = _count()
    seen_on = models.DateTimeField()

    class Meta:
        db_table = "reports_producer"

    def __str__(self) -> str:
        return self.name


class SetAside(models.Model):
    """An entry of the stream, or one event of it, that could not be read: kept as it came, and counted as
    refused."""

    id = models.BigAutoField(primary_key=True)
    entry = models.CharField(max_length=64)
    producer = models.CharField(max_length=32)
    number = models.BigIntegerField(null=True)
    events = models.IntegerField()
    reason = models.TextField()
    payload = models.BinaryField()
    created_on = models.DateTimeField()

    class Meta:
        db_table = "reports_set_aside"
        verbose_name_plural = "set aside"

    def __str__(self) -> str:
        return f"{self.entry}: {self.reason}"
