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
    PasswordSerializer,
    RegisterSerializer,
    TokenRequestSerializer,
    TokenSerializer,
    UserSerializer,
)
from gridlink.accounts.models import Scope, Token
from gridlink.accounts.permissions import actor_of
from gridlink.accounts.selectors import token_list
from gridlink.accounts.throttle import client_of
from gridlink.lib.rest.pagination import PageQuery, page_response
from gridlink.lib.rest.schema import errors, operation
from gridlink.lib.rest.serializers import validated


class RegisterView(APIView):
    """Create accounts."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @operation(
        "Open an account",
        body=RegisterSerializer,
        examples={"a new account": examples.REGISTER},
        answers=UserSerializer,
        status=201,
        also=[403, 429],
        public=True,
    )
    def post(self, request: Request) -> Response:
        """Create an account; the operator can close sign-up (403)."""
        data = validated(RegisterSerializer, request.data)
        user = services.user_register(**data, address=client_of(request))
        return Response(UserSerializer(user).data, status=201)


class TokenView(APIView):
    """Issue tokens."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @operation(
        "Trade a password for a token",
        body=TokenRequestSerializer,
        examples={"a log-in": examples.TOKEN_REQUEST},
        answers=IssuedTokenSerializer,
        also=[401, 429],
        public=True,
    )
    def post(self, request: Request) -> Response:
        """Issue a token for a password; a refusal never tells whether the name exists."""
        data = validated(TokenRequestSerializer, request.data)
        token, secret = services.token_issue(**data, address=client_of(request))
        body = {**TokenSerializer(token).data, "token": secret}
        return Response(body, headers={"Cache-Control": "no-store"})


class TokenListView(APIView):
    """List the account's tokens."""

    scope = Scope.ADMIN

    @operation("List tokens", PageQuery, page_of=TokenSerializer)
    def get(self, request: Request) -> Response:
        """List the account's tokens, newest first. Needs the scope `admin`."""
        return page_response(request, token_list(user=actor_of(request)), TokenSerializer)


class TokenDetailView(APIView):
    """Show and revoke one of the account's tokens."""

    scope = Scope.ADMIN

    @operation("Show a token", answers=TokenSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Show one of the account's tokens, without its secret. Needs the scope `admin`."""
        return Response(TokenSerializer(token_write(actor_of(request), slug)).data)

    @operation("Revoke a token")
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

    @operation("Show the account", answers=UserSerializer)
    def get(self, request: Request) -> Response:
        """Return the account that the token belongs to."""
        return Response(UserSerializer(actor_of(request)).data)

    @operation(
        "Change the account",
        body=AccountSerializer,
        examples={"preferences": examples.PREFERENCES},
        answers=UserSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Change the given fields; without an e-mail address no e-mail is sent."""
        changes = services.AccountChanges(**validated(AccountSerializer, request.data))
        user = services.account_update(user=actor_of(request), changes=changes)
        return Response(UserSerializer(user).data)


class PasswordView(APIView):
    """Change one's own password."""

    @operation(
        "Change the password",
        body=PasswordSerializer,
        examples={"a new password": examples.PASSWORD_CHANGE},
        also=[429],
    )
    def post(self, request: Request) -> Response:
        """Change the password, which revokes all tokens, this one too, and ends all sessions.

        A wrong current password counts as an attempt to log in.
        """
        data = validated(PasswordSerializer, request.data)
        address = client_of(request)
        services.password_change(user=actor_of(request), address=address, **data)
        return Response(status=204)
