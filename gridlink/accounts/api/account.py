"""Serve `account/`: a user's profile and preferences."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts.api import examples
from gridlink.accounts.api.serializers import AccountSerializer, UserSerializer
from gridlink.accounts.permissions import actor_of
from gridlink.accounts.services import account_update
from gridlink.lib.rest.schema import answer, body_example, errors
from gridlink.lib.rest.serializers import validated


class AccountView(APIView):
    """Show and change one's own account."""

    @extend_schema(
        summary="Show the account",
        responses={200: answer(UserSerializer, examples.USER), **errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Return the account that the token belongs to."""
        return Response(UserSerializer(actor_of(request)).data)

    @extend_schema(
        summary="Change the account",
        request=AccountSerializer,
        responses={200: answer(UserSerializer, examples.USER), **errors(400, 401, 403, 413)},
        examples=[body_example("preferences", examples.PREFERENCES)],
    )
    def patch(self, request: Request) -> Response:
        """Change the given fields; without an e-mail address no e-mail is sent."""
        changes = validated(AccountSerializer, request.data)
        return Response(UserSerializer(account_update(user=actor_of(request), **changes)).data)
