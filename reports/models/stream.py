"""Define how far the stream of clicks is counted, and its unreadable entries."""

from __future__ import annotations

from django.db import models

from gridlink.lib.models import count_field


class Producer(models.Model):
    """Store how far the groups of one `public` process are counted."""

    name = models.CharField(max_length=32, primary_key=True)
    # The number of its last group that is counted, or known to be missing.
    number = models.BigIntegerField()
    # What it says to have accepted up to there, and how much of that never arrived.
    accepted = models.BigIntegerField()
    missing = count_field()
    seen_on = models.DateTimeField()

    class Meta:
        db_table = "reports_producer"

    def __str__(self) -> str:
        return self.name


class Watermark(models.Model):
    """Store how far clicks are stored, in a single row; see reports.clicks.rollups.watermark."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    # The key of the last click, and how often stored clicks were reclassified.
    click = models.BigIntegerField()
    judged_again = models.BigIntegerField()

    class Meta:
        db_table = "reports_watermark"

    def __str__(self) -> str:
        return f"click {self.click}"


class SetAside(models.Model):
    """Store an entry, or an event of it, that could not be read."""

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
