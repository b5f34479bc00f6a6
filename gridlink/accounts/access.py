"""Fetch an account's object for an identifier that somebody sent, or raise NotFound."""

from __future__ import annotations

from gridlink.accounts.models import Token, User
from gridlink.accounts.selectors import user_public
from gridlink.lib.errors import NotFound
from gridlink.lib.text import is_storable


def token_write(actor: User, slug: str) -> Token:
    """Return the actor's own token; raise NotFound for any other."""
    token = Token.objects.filter(user=actor, slug=slug).first()
    if token is None:
        raise NotFound
    return token


def user_read(username: str) -> User:
    """Return an active user by name; raise NotFound."""
    user = user_public(username=username) if is_storable(username) else None
    if user is None:
        raise NotFound
    return user
