"""`manage.py rejudge_bots`: stored clicks and views judged by the bot rules of today."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reports.clicks.audit.expected import days_between
from reports.clicks.audit.rejudge import Moved, rejudge_agents, rejudge_day
from reports.clicks.enrichment.bots import RULES_VERSION
from reports.management.commands.rebuild_rollups import kept_days, utc_day


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
        first, last = kept_days(options["since"], options["until"])
        turned = rejudge_agents()
        self.stdout.write(f"Rules {RULES_VERSION}: {turned} User-Agent headers judged otherwise")
        total = Moved()
        for day in days_between(first, last):
            moved = rejudge_day(day=day)
            if moved != Moved():
                self.stdout.write(f"{day}: {_told(moved)}")
            total += moved
        self.stdout.write(f"In all: {_told(total)}")


def _told(moved: Moved) -> str:
    return (
        f"clicks {moved.clicks_to_bot} human to bot, {moved.clicks_to_human} bot to human;"
        f" views {moved.views_to_bot} human to bot, {moved.views_to_human} bot to human"
    )
