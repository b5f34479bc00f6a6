"""Serve `links/`: all links of the account, on any of its grids."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.permissions import HasScopeOrReads, actor_of
from gridlink.lib.models import defaults_of
from gridlink.lib.rest.headers import created, if_match, versioned
from gridlink.lib.rest.schema import ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, operation
from gridlink.lib.rest.serializers import validated
from grids import selectors
from grids.access import link_read, link_trashed, link_write
from grids.api import examples
from grids.api.filters import LinkListQuery, list_response, without_page
from grids.api.links.serializers import LinkSerializer, LinkWriteSerializer, link_serializer
from grids.models import Link
from grids.services import links
from grids.services.changes import LinkChanges, NewLink

_EXAMPLES = {"a link": examples.LINK_WRITE}


class LinkListView(APIView):
    """List and make links."""

    @operation("List links", LinkListQuery, page_of=LinkSerializer)
    def get(self, request: Request) -> Response:
        """List the account's links, newest first; `deleted=true` lists the trash."""
        query = validated(LinkListQuery, request.query_params)
        rows = selectors.link_list(user=actor_of(request), **without_page(query))
        return list_response(request, rows, LinkSerializer, query)

    @operation(
        "Make a link",
        ETAG,
        LOCATION,
        body=LinkWriteSerializer,
        examples=_EXAMPLES,
        answers=LinkSerializer,
        status=201,
        also=[404, 409],
    )
    def post(self, request: Request) -> Response:
        """Make a link, by default on the first free place of its grid."""
        fields = validated(LinkWriteSerializer, request.data)
        link = links.link_create(user=actor_of(request), new=NewLink(**fields))
        return created(versioned(request, LinkSerializer(link)), request, "link-detail", link.slug)


class LinkDetailView(APIView):
    """Show, change and delete one link."""

    permission_classes = (HasScopeOrReads,)

    @operation("Show a link", IF_NONE_MATCH, ETAG, answers=LinkSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Show one's own link, or any on a public or unlisted grid without a token."""
        link = link_read(request.user, slug)
        return versioned(request, link_serializer(request.user, link.user_id)(link))

    @operation(
        "Replace a link's fields",
        IF_MATCH,
        ETAG,
        body=LinkWriteSerializer,
        examples=_EXAMPLES,
        answers=LinkSerializer,
        also=[409],
    )
    def put(self, request: Request, slug: str) -> Response:
        """Replace all fields but place and size; those left out are reset to their defaults."""
        fields = validated(LinkWriteSerializer, request.data)
        return self._change(request, slug, LinkChanges(**{**_link_defaults(), **fields}))

    @operation(
        "Change a link",
        IF_MATCH,
        ETAG,
        body=LinkWriteSerializer(partial=True),
        examples={"a new place": {"x": 2, "y": 0}},
        answers=LinkSerializer,
        also=[409],
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change the fields that are sent; `grid` moves the link to another own grid."""
        fields = validated(LinkWriteSerializer, request.data, partial=True)
        return self._change(request, slug, LinkChanges(**fields))

    @operation("Put a link in the trash", IF_MATCH, also=[409])
    def delete(self, request: Request, slug: str) -> Response:
        """Put the link in the trash and free its place; `restore/` brings it back."""
        link = link_write(actor_of(request), slug)
        links.link_delete(link=link, version=if_match(request))
        return Response(status=204)

    def _change(self, request: Request, slug: str, changes: LinkChanges) -> Response:
        link = link_write(actor_of(request), slug)
        changed = links.link_update(link=link, version=if_match(request), changes=changes)
        return versioned(request, LinkSerializer(changed))


def _link_defaults() -> dict[str, Any]:
    names = ("note", "tags", "alias", "background", "style", "active_from", "active_until")
    return defaults_of(Link, *names, "forward_query")


class LinkRestoreView(APIView):
    """Take links out of the trash."""

    @operation("Take a link out of the trash", answers=LinkSerializer, also=[409])
    def post(self, request: Request, slug: str) -> Response:
        """Restore the link to its old place or, when taken, the first free one."""
        link = links.link_restore(link=link_trashed(actor_of(request), slug))
        return versioned(request, LinkSerializer(link))
