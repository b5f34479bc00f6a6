"""How far the stream of clicks has been counted, and what of it could not be."""

from __future__ import annotations

from django.db import models

from gridlink.lib.models import count_field


class Producer(models.Model):
    """How far the groups of one redirect process have been counted: the position a reader goes on from."""

    name = models.CharField(max_length=32, primary_key=True)
    # Of its last group that is counted, or was found to be missing.
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
    """How far clicks are stored; a single row. See reports.clicks.watermark."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    # The key of the last one, and how often stored ones have been judged again.
    click = models.BigIntegerField()
    judged_again = models.BigIntegerField()

    class Meta:
        db_table = "reports_watermark"

    def __str__(self) -> str:
        return f"click {self.click}"


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
