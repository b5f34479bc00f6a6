"""Serve `grids/`: grids, their trash and their layout."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from gridlink.accounts.permissions import HasScopeOrReads, actor_of
from gridlink.lib.models import defaults_of
from gridlink.lib.rest.etags import etag_of, if_match
from gridlink.lib.rest.schema import ETAG, IF_MATCH, LOCATION, answer, body_example, errors, page_of
from gridlink.lib.rest.serializers import validated
from grids import selectors
from grids.access import grid_read, grid_trashed, grid_write
from grids.api import examples
from grids.api.filters import GridLinksQuery, GridListQuery, list_response, without_page
from grids.api.grids.serializers import GridSerializer, GridWriteSerializer, LayoutSerializer
from grids.api.links.serializers import LinkFields, LinkSerializer
from grids.layout.occupancy import Tile
from grids.models import Grid
from grids.services import grids, links
from grids.services.changes import GridChanges, NewLink

_GRID_BODY = [body_example("a grid", examples.GRID_WRITE)]


def grid_response(request: Request, grid: Grid, *, status: int = 200) -> Response:
    """Return one grid as JSON with its ETag."""
    shown = selectors.grid_shown(actor=request.user, grid=grid)
    return Response(GridSerializer(shown).data, status=status, headers=etag_of(shown.version))


class GridListView(APIView):
    """List and make grids."""

    @extend_schema(
        summary="List grids",
        parameters=[GridListQuery],
        responses={200: page_of(GridSerializer, examples.GRID), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """List the account's grids; `deleted=true` lists the trash."""
        query = GridListQuery.parse(request.query_params)
        rows = selectors.grid_list(user=actor_of(request), **without_page(query))
        return list_response(request, rows, query=query, serializer_class=GridSerializer)

    @extend_schema(
        summary="Make a grid",
        parameters=[ETAG, LOCATION],
        request=GridWriteSerializer,
        responses={201: answer(GridSerializer, examples.GRID), **errors(400, 401, 403, 409, 413)},
        examples=_GRID_BODY,
    )
    def post(self, request: Request) -> Response:
        """Make an empty grid."""
        fields = validated(GridWriteSerializer, request.data)
        grid = grids.grid_create(user=actor_of(request), **fields)
        response = grid_response(request, grid, status=201)
        response["Location"] = reverse("grid-detail", args=[grid.slug], request=request)
        return response


class GridDetailView(APIView):
    """Show, change and delete one grid."""

    permission_classes = (HasScopeOrReads,)

    @extend_schema(
        summary="Show a grid",
        parameters=[ETAG],
        responses={200: answer(GridSerializer, examples.GRID), **errors(401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Show one's own grid, or any public or unlisted one, which needs no token."""
        return grid_response(request, grid_read(request.user, slug))

    @extend_schema(
        summary="Replace a grid's fields",
        parameters=[IF_MATCH, ETAG],
        request=GridWriteSerializer,
        responses={
            200: answer(GridSerializer, examples.GRID),
            **errors(400, 401, 403, 404, 409, 412, 413, 428),
        },
        examples=_GRID_BODY,
    )
    def put(self, request: Request, slug: str) -> Response:
        """Replace all fields; those left out are reset to their defaults."""
        fields = validated(GridWriteSerializer, request.data)
        return self._change(request, slug, GridChanges(**{**_GRID_DEFAULTS, **fields}))

    @extend_schema(
        summary="Change a grid",
        parameters=[IF_MATCH, ETAG],
        request=GridWriteSerializer(partial=True),
        responses={
            200: answer(GridSerializer, examples.GRID),
            **errors(400, 401, 403, 404, 409, 412, 413, 428),
        },
        examples=[body_example("a new title", {"title": "Read these"})],
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change the fields that are sent."""
        fields = validated(GridWriteSerializer, request.data, partial=True)
        return self._change(request, slug, GridChanges(**fields))

    @extend_schema(
        summary="Put a grid in the trash",
        parameters=[IF_MATCH],
        responses={204: None, **errors(400, 401, 403, 404, 412, 428)},
    )
    def delete(self, request: Request, slug: str) -> Response:
        """Put the grid and its links in the trash; `restore/` brings them back."""
        grid = grid_write(actor_of(request), slug)
        grids.grid_delete(grid=grid, version=if_match(request))
        return Response(status=204)

    def _change(self, request: Request, slug: str, changes: GridChanges) -> Response:
        grid = grid_write(actor_of(request), slug)
        changed = grids.grid_update(grid=grid, version=if_match(request), changes=changes)
        return grid_response(request, changed)


_GRID_DEFAULTS = defaults_of(Grid, "description", "alias", "visibility", "theme", "columns")


class GridRestoreView(APIView):
    """Take grids out of the trash."""

    @extend_schema(
        summary="Take a grid out of the trash",
        request=None,
        responses={200: answer(GridSerializer, examples.GRID), **errors(401, 403, 404, 409)},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Restore the grid and its links as they were."""
        grid = grids.grid_restore(grid=grid_trashed(actor_of(request), slug))
        return grid_response(request, grid)


class GridLayoutView(APIView):
    """Show and save where the tiles of a grid are."""

    permission_classes = (HasScopeOrReads,)

    @extend_schema(
        summary="Show a grid's layout",
        parameters=[ETAG],
        responses={200: answer(LayoutSerializer, examples.LAYOUT_WRITE), **errors(401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Show the place of every link, as PUT takes it, with an own ETag."""
        return self._shown(request, grid_read(request.user, slug))

    @extend_schema(
        summary="Save a grid's layout",
        parameters=[IF_MATCH, ETAG],
        request=LayoutSerializer,
        responses={
            200: answer(LayoutSerializer, examples.LAYOUT_WRITE),
            **errors(400, 401, 403, 404, 412, 413, 428),
        },
        examples=[body_example("a layout", examples.LAYOUT_WRITE)],
    )
    def put(self, request: Request, slug: str) -> Response:
        """Set the place of every link at once; If-Match takes the layout's ETag."""
        grid = grid_write(actor_of(request), slug)
        version = if_match(request)
        places = validated(LayoutSerializer, request.data)["links"]
        tiles = {place.pop("slug"): Tile(**place) for place in places}
        saved = grids.layout_save(grid=grid, version=version, tiles=tiles)
        return self._shown(request, saved)

    @staticmethod
    def _shown(request: Request, grid: Grid) -> Response:
        tiles = selectors.grid_tiles(actor=request.user, grid=grid)
        shown = {"links": [{"slug": slug, **place} for slug, place in tiles.items()]}
        return Response(shown, headers=etag_of(grid.layout_version))


class GridLinksView(APIView):
    """List and make the links of a grid."""

    permission_classes = (HasScopeOrReads,)

    @extend_schema(
        summary="List a grid's links",
        parameters=[GridLinksQuery],
        responses={200: page_of(LinkSerializer, examples.LINK), **errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the links of one's own grid, or of any public or unlisted one."""
        query = GridLinksQuery.parse(request.query_params)
        rows = selectors.grid_links(actor=request.user, grid=grid_read(request.user, slug))
        return list_response(request, rows, query=query, serializer_class=LinkSerializer)

    @extend_schema(
        summary="Put a link on a grid",
        parameters=[ETAG, LOCATION],
        request=LinkFields,
        responses={
            201: answer(LinkSerializer, examples.LINK),
            **errors(400, 401, 403, 404, 409, 413),
        },
        examples=[body_example("a link", examples.GRID_LINK_WRITE)],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Put a link on the grid, by default on the first free place."""
        grid = grid_write(actor_of(request), slug)
        fields = validated(LinkFields, request.data)
        link = links.link_create(user=actor_of(request), new=NewLink(grid=grid.slug, **fields))
        headers = {
            **etag_of(link.version),
            "Location": reverse("link-detail", args=[link.slug], request=request),
        }
        return Response(LinkSerializer(link).data, status=201, headers=headers)
