"""Authenticate API requests by `Authorization: Token <token>`."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from gridlink.accounts.models import Token, User
from gridlink.accounts.selectors import token_by_secret
from gridlink.accounts.services import token_touch

_KEYWORD = "token"


class TokenAuthentication(BaseAuthentication):
    """Authenticate a user by token; `request.auth` becomes the Token."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """Return the user and the token, or None without the header; raise AuthenticationFailed."""
        keyword, _, secret = request.headers.get("Authorization", "").partition(" ")
        if not keyword:
            return None
        if keyword.lower() != _KEYWORD or not secret.isascii() or not secret.strip():
            raise AuthenticationFailed("Send 'Authorization: Token <token>'.")
        token = token_by_secret(secret=secret.strip())
        if token is None or not token.user.is_active:
            raise AuthenticationFailed("The token is not valid.")
        if token.is_expired():
            raise AuthenticationFailed("The token has expired.")
        token_touch(token=token)
        return token.user, token

    def authenticate_header(self, request: HttpRequest) -> str:
        """Return the value of `WWW-Authenticate`, which makes a refusal a 401."""
        return "Token"
