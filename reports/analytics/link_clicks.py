"""Clicks by link, of all links at once and without their names."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from reports.analytics import parts
from reports.analytics.cuts import Kept, cut_hours
from reports.analytics.numbers import Numbers
from reports.analytics.periods import Period
from reports.analytics.subjects import Subject


class LinkClicks(NamedTuple):
    """By the key of a link, those without clicks left out; before what time it is approximate, if it is."""

    links: dict[int, Numbers]
    approximate_before: datetime | None


def read_link_clicks(subject: Subject, period: Period, kept: Kept) -> LinkClicks:
    """One query."""
    cuts = cut_hours(period, (period.start, period.end), kept=kept)
    raw = parts.clicks(subject, cuts, "reports_click.link_id")
    sql = parts.summed_parts([*parts.links(subject, cuts), *raw])
    found = dict(parts.read(sql, subject=subject, period=period, cuts=cuts))
    return LinkClicks(found, cuts.approximate_before)
