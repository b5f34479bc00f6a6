"""Read accounts and tokens."""

from __future__ import annotations

import hashlib

from django.db.models import QuerySet

from gridlink.accounts.models import Token, User


def token_digest(token: str) -> str:
    """Return the hash of a token; its 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_by_secret(*, secret: str) -> Token | None:
    """Return the token with its user, in one query by a unique index."""
    return Token.objects.select_related("user").filter(digest=token_digest(secret)).first()


def token_list(*, user: User) -> QuerySet[Token]:
    """Return a user's tokens, including expired ones."""
    return Token.objects.filter(user=user)
