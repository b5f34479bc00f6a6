"""Reclassify stored clicks and views by the current bot rules: `manage.py rejudge_bots`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reports.clicks.audit.expected import days_between
from reports.clicks.audit.reclassify import Changes, reclassify_agents, reclassify_day
from reports.clicks.enrichment.bots import RULES_VERSION
from reports.management.commands.rebuild_rollups import days_with_rows, utc_day


class Command(BaseCommand):
    help = "Apply the current bot rules to the stored clicks and views of whole UTC days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since", required=True, type=utc_day, metavar="DATE", help="the first day"
        )
        parser.add_argument(
            "--until", type=utc_day, metavar="DATE", help="the last day, included; default: today"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = days_with_rows(options["since"], options["until"])
        agents = reclassify_agents()
        self.stdout.write(f"Rules {RULES_VERSION}: {agents} User-Agent headers reclassified")
        total = Changes()
        for day in days_between(first, last):
            changes = reclassify_day(day=day)
            if any(changes):
                self.stdout.write(f"{day}: {_summary(changes)}")
            total = total.plus(changes)
        self.stdout.write(f"In all: {_summary(total)}")


def _summary(changes: Changes) -> str:
    return (
        f"clicks {changes.clicks_to_bot} human to bot, {changes.clicks_to_human} bot to human;"
        f" views {changes.views_to_bot} human to bot, {changes.views_to_human} bot to human"
    )
