"""The tables of an archive. A new one is a class, and its name here: after those that it refers to."""

from __future__ import annotations

from reports.archive.table import Table
from reports.archive.tables.account import AccountTable
from reports.archive.tables.agents import AgentsTable
from reports.archive.tables.grids import GridsTable
from reports.archive.tables.links import LinksTable
from reports.archive.tables.reports import ReportsTable
from reports.archive.tables.schedules import SchedulesTable
from reports.archive.tables.sums import (
    GridDayValuesTable,
    GridHoursTable,
    LinkDaysTable,
    LinkHoursTable,
)
from reports.archive.tables.visits import ClicksTable, ViewsTable
from reports.archive.tables.webhooks import WebhooksTable

TABLES: tuple[Table, ...] = (
    AccountTable(),
    GridsTable(),
    LinksTable(),
    ReportsTable(),
    SchedulesTable(),
    WebhooksTable(),
    AgentsTable(),
    ClicksTable(),
    ViewsTable(),
    LinkHoursTable(),
    LinkDaysTable(),
    GridHoursTable(),
    GridDayValuesTable(),
)
