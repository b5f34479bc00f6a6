"""List the tables of an archive, each after those that it refers to."""

from __future__ import annotations

from reports.exports.archive.table import Table
from reports.exports.archive.tables.account import AccountTable
from reports.exports.archive.tables.agents import AgentsTable
from reports.exports.archive.tables.grids import GridsTable
from reports.exports.archive.tables.links import LinksTable
from reports.exports.archive.tables.reports import ReportsTable
from reports.exports.archive.tables.schedules import SchedulesTable
from reports.exports.archive.tables.sums import (
    GridDayValuesTable,
    GridHoursTable,
    LinkDaysTable,
    LinkHoursTable,
)
from reports.exports.archive.tables.visits import ClicksTable, ViewsTable
from reports.exports.archive.tables.webhooks import WebhooksTable

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
