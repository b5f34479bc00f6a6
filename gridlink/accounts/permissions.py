"""What a token may be used for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from gridlink.accounts.models import Scope, Token, User

if TYPE_CHECKING:  # the views read the settings, which name this module
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """Reading needs `read`, anything else `write`; a view's `scope` names another."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """False without a token, or with one whose scopes do not reach; `message` says which."""
        if not isinstance(request.auth, Token):
            return False
        default = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        scope = getattr(view, "scope", default)
        self.message = f"The token lacks the scope '{scope.value}'."
        return request.auth.allows(scope)


class HasScopeOrReads(HasScope):
    """Anybody may read what is public; a token that is sent must still be good for it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """As HasScope, but an anonymous reader passes."""
        if request.auth is None and request.method in SAFE_METHODS:
            return True
        return super().has_permission(request, view)


def actor_of(request: Request) -> User:
    """The signed-in user of a view that HasScope guards."""
    assert isinstance(request.user, User)
    return request.user
