"""The API as a client sees it, over the test client: real views, no shortcuts into services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from gridlink.accounts.models import Token, User
from gridlink.accounts.selectors import token_digest

PASSWORD = "correct horse battery staple"


def make_user(username: str) -> User:
    """An account with PASSWORD; without hashing it, which would take most of a test's time."""
    user = User(username=username)
    user.set_unusable_password()
    user.save()
    return user


class Client:
    """A person at the API. Answers have `.json` decoded already; `status` is asserted by the tests."""

    def __init__(self, user: User | None = None, scopes: tuple[str, ...] = ("admin",)) -> None:
        self.user = user
        self.http = APIClient(raise_request_exception=False)
        if user is not None:
            self.token = self._token(user, scopes)
            self.http.credentials(HTTP_AUTHORIZATION=f"Token {self.token}")

    @staticmethod
    def _token(user: User, scopes: tuple[str, ...]) -> str:
        secret = f"glt_test-{user.username}-{'-'.join(scopes)}"
        Token.objects.update_or_create(
            digest=token_digest(secret),
            defaults={
                "user": user,
                "name": "test",
                "scopes": list(scopes),
                "expires_on": timezone.now() + timedelta(days=1),
                "last_used_on": timezone.now(),
            },
        )
        return secret

    def get(self, path: str, **headers: str) -> Any:
        """GET a path below /api/v1/, or an absolute one."""
        return self.http.get(_path(path), headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST JSON."""
        return self.http.post(_path(path), body or {}, format="json", headers=headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        """PUT JSON."""
        return self.http.put(_path(path), body, format="json", headers=headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        """PATCH JSON."""
        return self.http.patch(_path(path), body, format="json", headers=headers)

    def delete(self, path: str, **headers: str) -> Any:
        """DELETE."""
        return self.http.delete(_path(path), headers=headers)

    def upload(self, path: str, file: Any, **fields: str) -> Any:
        """POST a form with a file."""
        return self.http.post(_path(path), {"file": file, **fields}, format="multipart")


def _path(path: str) -> str:
    return path if path.startswith(("/", "http")) else f"/api/v1/{path}"


def content(response: Any) -> bytes:
    """The whole body of a streamed answer."""
    return b"".join(response.streaming_content)
