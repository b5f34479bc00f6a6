"""Define the roll-ups: sums of clicks and views by time, link, grid, user and value.

A grid or link never changes its owner, so that a user's sums are those of all their grids.
"""

from __future__ import annotations

from django.db import models

from gridlink.lib.models import count_field


class Dimension(models.IntegerChoices):
    """Enumerate what clicks are broken down by, besides time and link."""

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


class Counts(models.Model):
    """Count accepted clicks: accepted = humans + duplicates + bots + refused.

    A visitor is counted once per UTC day, at the first human click, so that visitors of all hours or days can
    be added up.
    """

    accepted = count_field()
    humans = count_field()
    duplicates = count_field()
    bots = count_field()
    # Redirected, but the click's details could not be stored or read.
    refused = count_field()
    # By their first click on the grid.
    visitors = count_field()

    class Meta:
        abstract = True


class LinkHour(Counts):
    """Count a link's clicks on one grid in an hour: the ledger."""

    pk = models.CompositePrimaryKey("link_id", "hour", "grid_id")
    link_id = models.BigIntegerField()
    hour = models.DateTimeField()
    grid_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    # By their first click on the link.
    link_visitors = count_field()

    class Meta:
        db_table = "reports_link_hour"
        indexes = [models.Index("grid_id", "hour", name="link_hour_grid")]

    def __str__(self) -> str:
        return f"link {self.link_id} at {self.hour}"


class LinkDay(Counts):
    """Count a link's clicks on one grid on a UTC day."""

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


class ViewCounts(Counts):
    """Count the accepted views of a grid's page as well as clicks."""

    # By humans, without duplicates: what `humans` is for clicks.
    views = count_field()
    views_accepted = count_field()
    views_duplicates = count_field()
    views_bots = count_field()
    views_refused = count_field()
    views_visitors = count_field()

    class Meta:
        abstract = True


class GridHour(ViewCounts):
    """Count a grid's clicks and views in an hour."""

    pk = models.CompositePrimaryKey("grid_id", "hour")
    grid_id = models.BigIntegerField()
    hour = models.DateTimeField()
    user_id = models.BigIntegerField()

    class Meta:
        db_table = "reports_grid_hour"
        # Finds all grids that a user ever had.
        indexes = [models.Index("user_id", "grid_id", name="grid_hour_user")]

    def __str__(self) -> str:
        return f"grid {self.grid_id} at {self.hour}"


class UserHour(ViewCounts):
    """Count clicks and views of all grids of a user in an hour."""

    pk = models.CompositePrimaryKey("user_id", "hour")
    user_id = models.BigIntegerField()
    hour = models.DateTimeField()

    class Meta:
        db_table = "reports_user_hour"

    def __str__(self) -> str:
        return f"user {self.user_id} at {self.hour}"


class DayValue(models.Model):
    """Count clicks on a UTC day by value; '' stands for unknown or none."""

    day = models.DateField()
    dimension = models.PositiveSmallIntegerField(choices=Dimension.choices)
    value = models.CharField(max_length=255)
    humans = count_field()
    duplicates = count_field()
    bots = count_field()
    visitors = count_field()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.get_dimension_display()} {self.value} on {self.day}"


class GridDayValue(DayValue):
    """Count a grid's clicks by value."""

    pk = models.CompositePrimaryKey("grid_id", "dimension", "day", "value")
    grid_id = models.BigIntegerField()

    class Meta:
        db_table = "reports_grid_day_value"


class UserDayValue(DayValue):
    """Count the clicks of all grids of a user by value."""

    pk = models.CompositePrimaryKey("user_id", "dimension", "day", "value")
    user_id = models.BigIntegerField()

    class Meta:
        db_table = "reports_user_day_value"
