"""Serve `auth/` and `account/`: sign-up, log-in, one's own tokens and account."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gridlink.accounts import services
from gridlink.accounts.access import token_write
from gridlink.accounts.api import examples
from gridlink.accounts.api.serializers import (
    AccountSerializer,
    IssuedTokenSerializer,
    RegisterSerializer,
    TokenRequestSerializer,
    TokenSerializer,
    UserSerializer,
)
from gridlink.accounts.models import Scope, Token
from gridlink.accounts.permissions import actor_of
from gridlink.accounts.selectors import token_list
from gridlink.accounts.throttle import client_address
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import answer, body_example, errors, page_of
from gridlink.lib.rest.serializers import validated


class RegisterView(APIView):
    """Create accounts."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        summary="Open an account",
        request=RegisterSerializer,
        responses={201: answer(UserSerializer, examples.USER), **errors(400, 403, 413, 429)},
        examples=[body_example("a new account", examples.REGISTER)],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Create an account; the operator can close sign-up (403)."""
        data = validated(RegisterSerializer, request.data)
        user = services.user_register(**data, address=client_address(request))
        return Response(UserSerializer(user).data, status=201)


class TokenView(APIView):
    """Issue tokens."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        summary="Trade a password for a token",
        request=TokenRequestSerializer,
        responses={
            200: answer(IssuedTokenSerializer, examples.ISSUED_TOKEN),
            **errors(400, 401, 413, 429),
        },
        examples=[body_example("a log-in", examples.TOKEN_REQUEST)],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Issue a token for a password; a refusal never tells whether the name exists."""
        data = validated(TokenRequestSerializer, request.data)
        issued = services.token_issue(**data, address=client_address(request))
        body = {**TokenSerializer(issued.token).data, "token": issued.secret}
        return Response(body, headers={"Cache-Control": "no-store"})


class TokenListView(APIView):
    """List the account's tokens."""

    scope = Scope.ADMIN

    @extend_schema(
        summary="List tokens",
        parameters=[PageQuery],
        responses={200: page_of(TokenSerializer, examples.TOKEN), **errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """List the account's tokens, newest first. Needs the scope `admin`."""
        return page_response(
            request,
            token_list(user=actor_of(request)),
            query=PageQuery.parse(request.query_params),
            ordering=("-created_on", "-id"),
            serialize=lambda rows: TokenSerializer(rows, many=True).data,
        )


class TokenDetailView(APIView):
    """Show and revoke one of the account's tokens."""

    scope = Scope.ADMIN

    @extend_schema(
        summary="Show a token",
        responses={200: answer(TokenSerializer, examples.TOKEN), **errors(401, 403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Show one of the account's tokens, without its secret. Needs the scope `admin`."""
        return Response(TokenSerializer(token_write(actor_of(request), slug)).data)

    @extend_schema(summary="Revoke a token", responses={204: None, **errors(401, 403, 404)})
    def delete(self, request: Request, slug: str) -> Response:
        """Revoke a token at once. Needs the scope `admin`."""
        services.token_revoke(token=token_write(actor_of(request), slug))
        return Response(status=204)


class CurrentTokenView(APIView):
    """Revoke the token of this request."""

    scope = Scope.READ

    @extend_schema(summary="Log out", responses={204: None, **errors(401)})
    def delete(self, request: Request) -> Response:
        """Revoke the token this request was made with; any scope allows it."""
        assert isinstance(request.auth, Token)
        services.token_revoke(token=request.auth)
        return Response(status=204)


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
        changes = services.AccountChanges(**validated(AccountSerializer, request.data))
        user = services.account_update(user=actor_of(request), changes=changes)
        return Response(UserSerializer(user).data)
