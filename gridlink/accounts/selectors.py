"""Reads of accounts."""

from __future__ import annotations

import hashlib

from django.db.models import QuerySet

from gridlink.accounts.models import Token, User


def token_digest(token: str) -> str:
    """What the table keeps of a token. Tokens hold 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_by_secret(*, secret: str) -> Token | None:
    """The token and its user, in one query by the digest's unique index."""
    return Token.objects.select_related("user").filter(digest=token_digest(secret)).first()


def token_list(*, user: User) -> QuerySet[Token]:
    """A user's tokens, expired ones too."""
    return Token.objects.filter(user=user)


def user_public(*, username: str) -> User | None:
    """An active user by name; names are lower case, however they are typed."""
    return User.objects.filter(username=username.lower(), is_active=True).first()
