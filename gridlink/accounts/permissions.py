"""Check that a token's scopes allow a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from gridlink.accounts.models import Scope, Token, User

if TYPE_CHECKING:  # Views read the settings, which name this module.
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """Require the scope `read` for safe methods, `write` for others, or the view's own `scope`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Check the token's scopes; `message` then names the missing one."""
        if not isinstance(request.auth, Token):
            return False
        default = Scope.READ if request.method in SAFE_METHODS else Scope.WRITE
        scope = getattr(view, "scope", default)
        self.message = f"The token lacks the scope '{scope.value}'."
        return request.auth.allows(scope)


class HasScopeOrReads(HasScope):
    """Let anonymous users read; a token that is sent must still have the scope."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Check as HasScope does, but let an anonymous reader pass."""
        if request.auth is None and request.method in SAFE_METHODS:
            return True
        return super().has_permission(request, view)


def actor_of(request: Request) -> User:
    """Return the signed-in user of a view that HasScope guards."""
    assert isinstance(request.user, User)
    return request.user
