"""Fetch an account's object for an identifier that somebody sent, or raise NotFound."""

from __future__ import annotations

from django.db.models import QuerySet

from gridlink.accounts.models import Token, User
from gridlink.lib.errors import NotFound
from gridlink.lib.text import is_storable


def token_write(actor: User, slug: str) -> Token:
    """Return the actor's own token; raise NotFound for any other."""
    token = Token.objects.filter(user=actor, slug=slug).first()
    if token is None:
        raise NotFound
    return token


def users_named(username: str) -> QuerySet[User]:
    """Select the active user with this name, which is lower case however it is typed."""
    if not is_storable(username):
        return User.objects.none()
    return User.objects.filter(username=username.lower(), is_active=True)
