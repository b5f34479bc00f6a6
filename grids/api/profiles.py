"""Serve `users/{username}/`: what visitors may see of a user."""

from __future__ import annotations

from functools import partial
from typing import Any

from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from gridlink.lib.rest.pagination import NEWEST_FIRST, page_links, read_page
from gridlink.lib.rest.schema import operation
from gridlink.lib.rest.serializers import ReadSerializer, validated
from grids.access import profile_read
from grids.api.examples import PROFILE
from grids.api.fields import StyleField
from grids.api.filters import ProfileQuery
from grids.models import ColourScheme, Link, theme_choices
from grids.selectors import profile_grids, profile_links


class ProfileLinkSerializer(ReadSerializer):
    """Represent a link to visitors, without its note."""

    slug = serializers.CharField()
    url = serializers.CharField()
    short_url = serializers.CharField(help_text="Where visitors click it, counted.")
    title = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    background = serializers.CharField()
    style = StyleField()  # type: ignore[assignment]


class ProfileGridSerializer(ReadSerializer):
    """Represent a public grid and a few first links; `links_url` leads to all of them."""

    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    alias = serializers.CharField(allow_null=True)
    theme = serializers.ChoiceField(theme_choices())
    colour_scheme = serializers.ChoiceField(ColourScheme.choices)
    columns = serializers.IntegerField()
    created_on = serializers.DateTimeField()
    links_total = serializers.IntegerField()
    links_url = serializers.URLField()
    links = ProfileLinkSerializer(many=True)


class ProfileSerializer(ReadSerializer):
    """Represent a user to visitors; `next` and `previous` page through the grids."""

    example = PROFILE

    slug = serializers.CharField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    created_on = serializers.DateTimeField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    grids = ProfileGridSerializer(many=True)


class ProfileView(APIView):
    """Show users to visitors."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @operation("Show a user's public grids", ProfileQuery, answers=ProfileSerializer, public=True)
    def get(self, request: Request, username: str) -> Response:
        """Show a user's public grids, newest first, each with a few of its links.

        Somebody without a public grid is not found.
        """
        query = validated(ProfileQuery, request.query_params)
        user = profile_read(username)
        page = read_page(
            profile_grids(user=user),
            ordering=NEWEST_FIRST,
            cursor=query.get("cursor"),
            limit=query["limit"],
            represent=partial(_grids, request),
        )
        profile = {
            "slug": user.slug,
            "username": user.username,
            "display_name": user.display_name,
            "created_on": user.created_on,
            **page_links(request, page),
            "grids": page.results,
        }
        # Its parts are JSON already.
        return Response(profile)


def _grids(request: Request, grids: list[Any]) -> list[Any]:
    links = profile_links(grids=grids)
    shown = [_grid(request, grid, links[grid.pk]) for grid in grids]
    return list(ProfileGridSerializer(shown, many=True).data)


def _grid(request: Request, grid: Any, links: list[Link]) -> dict[str, Any]:
    shown = (
        "slug",
        "title",
        "description",
        "alias",
        "theme",
        "colour_scheme",
        "columns",
        "created_on",
    )
    return {
        **{name: getattr(grid, name) for name in shown},
        "links_total": grid.links_total,
        "links_url": reverse("grid-links", args=[grid.slug], request=request),
        "links": links,
    }
