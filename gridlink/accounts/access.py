"""The only door from an identifier that somebody sent to an account's object."""

from __future__ import annotations

from gridlink.accounts.models import Token, User
from gridlink.accounts.selectors import user_public
from gridlink.lib.errors import NotFound
from gridlink.lib.text import is_storable


def token_write(actor: User, slug: str) -> Token:
    """The actor's own token; raises NotFound for anything else."""
    token = Token.objects.filter(user=actor, slug=slug).first()
    if token is None:
        raise NotFound
    return token


def user_read(username: str) -> User:
    """Anybody's public account; raises NotFound."""
    user = user_public(username=username) if is_storable(username) else None
    if user is None:
        raise NotFound
    return user
