"""Fetch an account's object for an identifier that somebody sent, or raise NotFound."""

from __future__ import annotations

from gridlink.accounts.models import Token, User
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
    if is_storable(username):
        # Names are lower case, however they are typed.
        user = User.objects.filter(username=username.lower(), is_active=True).first()
        if user is not None:
            return user
    raise NotFound
