"""Serve `users/{username}/`: what visitors may see of a user."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from gridlink.accounts.access import user_read
from gridlink.lib.rest.pagination import page_url, read_page
from gridlink.lib.rest.schema import answer, operation
from grids.api import examples
from grids.api.filters import ProfileQuery
from grids.api.profiles.serializers import ProfileSerializer
from grids.models import Link
from grids.selectors import profile_grids, profile_links


class ProfileView(APIView):
    """Show users to visitors."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @operation(
        "Show a user's public grids",
        ProfileQuery,
        answers=answer(ProfileSerializer, examples.PROFILE),
        public=True,
    )
    def get(self, request: Request, username: str) -> Response:
        """Show a user's public grids, newest first, each with its first links."""
        query = ProfileQuery.parse(request.query_params)
        user = user_read(username)
        page = read_page(
            profile_grids(user=user),
            ordering=("-created_on", "-id"),
            cursor=query.get("cursor"),
            limit=query["limit"],
        )
        links = profile_links(grids=page.rows)
        profile = {
            "slug": user.slug,
            "username": user.username,
            "display_name": user.display_name,
            "created_on": user.created_on,
            "next": page_url(request, page.next),
            "previous": page_url(request, page.previous),
            "grids": [_grid(request, grid, links[grid.pk]) for grid in page.rows],
        }
        return Response(ProfileSerializer(profile).data)


def _grid(request: Request, grid: Any, links: list[Link]) -> dict[str, Any]:
    shown = ("slug", "title", "description", "alias", "theme", "columns", "created_on")
    return {
        **{name: getattr(grid, name) for name in shown},
        "links_total": grid.links_total,
        "links_url": reverse("grid-links", args=[grid.slug], request=request),
        "links": links,
    }
