"""Serve `grids/`: grids, their trash and their layout."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import HasScopeOrReads, actor_of
from gridlink.lib.models import defaults_of
from gridlink.lib.rest.headers import created, digest_of, etag_of, if_match, tagged, versioned
from gridlink.lib.rest.pagination import page_links, read_page
from gridlink.lib.rest.schema import ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, operation
from gridlink.lib.rest.serializers import validated
from grids import selectors
from grids.access import grid_read, grid_trashed, grid_write
from grids.api import examples
from grids.api.filters import (
    GridLinksQuery,
    GridListQuery,
    LayoutQuery,
    list_response,
    without_page,
)
from grids.api.grids.serializers import (
    GridSerializer,
    GridWriteSerializer,
    LayoutPageSerializer,
    LayoutSerializer,
)
from grids.api.links.serializers import LinkFields, LinkSerializer, link_serializer
from grids.layout.occupancy import Tile
from grids.models import Grid
from grids.services import grids, links
from grids.services.changes import GridChanges, NewLink

_EXAMPLES = {"a grid": examples.GRID_WRITE}


def grid_response(request: Request, grid: Grid) -> Response:
    """Return one grid as JSON, or 304; the ETag also tells of its tiles."""
    shown = selectors.grid_shown(actor=request.user, grid=grid)
    total: int = getattr(shown, "links_total", 0)
    etag = etag_of(shown.version, shown.layout_version, total)
    return tagged(request, etag, lambda: GridSerializer(shown).data)


class GridListView(APIView):
    """List and make grids."""

    @operation("List grids", GridListQuery, page_of=GridSerializer)
    def get(self, request: Request) -> Response:
        """List the account's grids; `deleted=true` lists the trash."""
        query = validated(GridListQuery, request.query_params)
        rows = selectors.grid_list(user=actor_of(request), **without_page(query))
        return list_response(request, rows, GridSerializer, query)

    @operation(
        "Make a grid",
        ETAG,
        LOCATION,
        body=GridWriteSerializer,
        examples=_EXAMPLES,
        answers=GridSerializer,
        status=201,
        also=[409],
    )
    def post(self, request: Request) -> Response:
        """Make an empty grid."""
        fields = validated(GridWriteSerializer, request.data)
        grid = grids.grid_create(user=actor_of(request), **fields)
        return created(grid_response(request, grid), request, "grid-detail", grid.slug)


class GridDetailView(APIView):
    """Show, change and delete one grid."""

    permission_classes = (HasScopeOrReads,)

    @operation("Show a grid", IF_NONE_MATCH, ETAG, answers=GridSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Show one's own grid, or any public or unlisted one, which needs no token."""
        return grid_response(request, grid_read(request.user, slug))

    @operation(
        "Replace a grid's fields",
        IF_MATCH,
        ETAG,
        body=GridWriteSerializer,
        examples=_EXAMPLES,
        answers=GridSerializer,
        also=[409],
    )
    def put(self, request: Request, slug: str) -> Response:
        """Replace all fields; those left out are reset to their defaults."""
        fields = validated(GridWriteSerializer, request.data)
        return self._change(request, slug, GridChanges(**{**_GRID_DEFAULTS, **fields}))

    @operation(
        "Change a grid",
        IF_MATCH,
        ETAG,
        body=GridWriteSerializer(partial=True),
        examples={"a new title": {"title": "Read these"}},
        answers=GridSerializer,
        also=[409],
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change the fields that are sent."""
        fields = validated(GridWriteSerializer, request.data, partial=True)
        return self._change(request, slug, GridChanges(**fields))

    @operation("Put a grid in the trash", IF_MATCH)
    def delete(self, request: Request, slug: str) -> Response:
        """Put the grid and its links in the trash; `restore/` brings them back."""
        grid = grid_write(actor_of(request), slug)
        grids.grid_delete(grid=grid, version=if_match(request))
        return Response(status=204)

    def _change(self, request: Request, slug: str, changes: GridChanges) -> Response:
        grid = grid_write(actor_of(request), slug)
        changed = grids.grid_update(grid=grid, version=if_match(request), changes=changes)
        return grid_response(request, changed)


_GRID_DEFAULTS = defaults_of(
    Grid, "description", "alias", "visibility", "theme", "colour_scheme", "columns"
)


class GridRestoreView(APIView):
    """Take grids out of the trash."""

    @operation("Take a grid out of the trash", answers=GridSerializer, also=[409])
    def post(self, request: Request, slug: str) -> Response:
        """Restore the grid and its links as they were."""
        grid = grid_trashed(actor_of(request), slug)
        return grid_response(request, grids.grid_restore(grid=grid))


class GridLayoutView(APIView):
    """Show and save where the tiles of a grid are."""

    permission_classes = (HasScopeOrReads,)

    @operation(
        "Show a grid's layout", LayoutQuery, IF_NONE_MATCH, ETAG, answers=LayoutPageSerializer
    )
    def get(self, request: Request, slug: str) -> Response:
        """Show the place of every link, as PUT takes it, with an own ETag.

        A page has 5,000 places; while its ETag is that of the first, all pages are of one layout.
        """
        query = validated(LayoutQuery, request.query_params)
        return _layout(request, grid_read(request.user, slug), query)

    @operation(
        "Save a grid's layout",
        IF_MATCH,
        ETAG,
        body=LayoutSerializer,
        examples={"a layout": examples.LAYOUT_WRITE},
        answers=LayoutPageSerializer,
    )
    def put(self, request: Request, slug: str) -> Response:
        """Set the place of every link at once; If-Match takes the layout's ETag.

        The answer is the first page of the new layout.
        """
        grid = grid_write(actor_of(request), slug)
        version = if_match(request)
        places = validated(LayoutSerializer, request.data)["links"]
        tiles = {place.pop("slug"): Tile(**place) for place in places}
        saved = grids.layout_save(grid=grid, version=version, tiles=tiles)
        return _layout(request, saved, validated(LayoutQuery, {}))


def _layout(request: Request, grid: Grid, query: dict[str, Any]) -> Response:
    """Return a page of a layout, or 304; the time decides what others see."""

    def shown() -> dict[str, Any]:
        page = read_page(
            selectors.grid_tiles(actor=request.user, grid=grid),
            ordering=("y", "x", "id"),
            cursor=query.get("cursor"),
            limit=query["limit"],
            represent=lambda tiles: [
                {name: getattr(tile, name) for name in selectors.TILE} for tile in tiles
            ],
        )
        return {**page_links(request, page), "links": page.results}

    if grid.user_id == request.user.pk:
        return tagged(request, etag_of(grid.layout_version), shown)
    seen = shown()
    return tagged(request, etag_of(grid.layout_version, digest_of(seen)), lambda: seen)


class GridLinksView(APIView):
    """List and make the links of a grid."""

    permission_classes = (HasScopeOrReads,)

    @operation("List a grid's links", GridLinksQuery, page_of=LinkSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """List the links of one's own grid, or of any public or unlisted one."""
        query = validated(GridLinksQuery, request.query_params)
        grid = grid_read(request.user, slug)
        rows = selectors.grid_links(actor=request.user, grid=grid)
        return list_response(request, rows, link_serializer(request.user, grid.user_id), query)

    @operation(
        "Put a link on a grid",
        ETAG,
        LOCATION,
        body=LinkFields,
        examples={"a link": examples.GRID_LINK_WRITE},
        answers=LinkSerializer,
        status=201,
        also=[409],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Put a link on the grid, by default on the first free place."""
        grid = grid_write(actor_of(request), slug)
        fields = validated(LinkFields, request.data)
        link = links.link_create(user=actor_of(request), new=NewLink(grid=grid.slug, **fields))
        return created(versioned(request, LinkSerializer(link)), request, "link-detail", link.slug)
