"""Endpoints for the analytics and the click ledger of grids and links."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import actor_of
from gridlink.lib.rest.pagination import page_links, read_page
from gridlink.lib.rest.schema import operation
from gridlink.lib.rest.serializers import validated
from grids.access import grid_write, link_write
from reports.analytics.selectors import analytics_read, ledger_hours, ledger_rows, ledger_sums
from reports.analytics.sources import MetricsSource, grids_source, links_source
from reports.api.analytics.filters import (
    AnalyticsParameters,
    LedgerParameters,
    analytics_query,
    requested_period,
)
from reports.api.analytics.serializers import AnalyticsSerializer, LedgerSerializer


class GridAnalyticsView(APIView):
    """Answer with the metrics of a grid."""

    @operation(
        "Show what became of a grid's clicks", AnalyticsParameters, answers=AnalyticsSerializer
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return clicks on one's own grid by time, link or value.

        The totals are the sums of the results. Hours, days, weeks and months are those of `tz`, and each is
        in the results, also without a click.
        """
        query = validated(AnalyticsParameters, request.query_params)
        grid = grid_write(actor_of(request), slug)
        return _analytics(grids_source(grid_ids=[grid.pk]), query)


class LinkAnalyticsView(APIView):
    """Answer with the metrics of a link."""

    @operation(
        "Show what became of a link's clicks", AnalyticsParameters, answers=AnalyticsSerializer
    )
    def get(self, request: Request, slug: str) -> Response:
        """Return clicks on one's own link by time or value, as of a grid.

        A visitor counts at the first click of a UTC day on the link; views are those of the grid that the
        link is on now.
        """
        query = validated(AnalyticsParameters, request.query_params)
        link = link_write(actor_of(request), slug)
        return _analytics(links_source(link_ids=[link.pk]), query)


def _analytics(source: MetricsSource, query: dict[str, Any]) -> Response:
    # The selector's rows are JSON already: a serializer would take longer over thousands than the database.
    return Response(analytics_read(query=analytics_query(query, source=source)))


class GridLedgerView(APIView):
    """Answer with the ledger of a grid."""

    @operation("Show the ledger of a grid", LedgerParameters, answers=LedgerSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Return accepted clicks and their outcomes per link and UTC hour, newest first."""
        query = validated(LedgerParameters, request.query_params)
        grid, period = grid_write(actor_of(request), slug), requested_period(query)
        hours = ledger_hours(grid=grid, period=period, link=query.get("link", ""))
        sums = ledger_sums(hours=hours)
        page = read_page(
            hours,
            ordering=("-hour", "-link_id"),
            cursor=query.get("cursor"),
            limit=query["limit"],
            represent=lambda rows: ledger_rows(hours=rows, period=period),
        )
        whole = {
            **period.as_json,
            "balanced": sums.is_balanced,
            "totals": sums.totals,
            **page_links(request, page),
            "results": page.results,
        }
        return Response(LedgerSerializer(whole).data)
