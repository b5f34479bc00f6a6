"""Create and change accounts and tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from gridlink.accounts import throttle
from gridlink.accounts.models import Scope, Token, User
from gridlink.accounts.names import is_reserved
from gridlink.accounts.selectors import token_digest
from gridlink.lib.errors import ApplicationError, Conflict, Forbidden, Invalid
from gridlink.lib.unset import UNSET, Unset, given

TOKEN_PREFIX = "glt_"
# Storing the time of use on every request would turn each read into a write.
LAST_USED_STEP = timedelta(minutes=1)


class BadCredentials(ApplicationError):
    """Report a wrong name or password, without telling which."""

    status = 401
    code = "bad_credentials"


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """Hold the fields of an account to change."""

    display_name: str | Unset = UNSET
    email: str | Unset = UNSET
    time_zone: str | Unset = UNSET
    week_start: str | Unset = UNSET
    locale: str | Unset = UNSET
    email_jobs: str | Unset = UNSET


def user_register(
    *, username: str, password: str, email: str = "", display_name: str = "", address: str
) -> User:
    """Create an account for a request from `address`.

    Raises Forbidden when sign-up is closed, Throttled, and Invalid with messages per field.
    """
    if not settings.SIGNUP_OPEN:
        raise Forbidden("Sign-up is closed on this server.")
    throttle.take("signup", address, settings.SIGNUPS_PER_ADDRESS)
    if is_reserved(username):
        reserved = {"username": ["This name is reserved."]}
        raise Invalid("This name is reserved.", fields=reserved)
    user = User(username=username, email=email, display_name=display_name)
    _set_password(user, password, field="password")
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        taken = {"username": ["This name is taken."]}
        raise Invalid("This name is taken.", fields=taken) from error
    return user


def account_update(*, user: User, changes: AccountChanges) -> User:
    """Change an account's profile and preferences."""
    values = given(changes)
    for name, value in values.items():
        setattr(user, name, value)
    user.modified_on = timezone.now()
    user.save(update_fields=[*values, "modified_on"])
    return user


def password_change(*, user: User, current_password: str, new_password: str, address: str) -> None:
    """Change an account's password, which ends its sessions and revokes its tokens.

    Raises Throttled as logging in does, and Invalid for a wrong current password or a weak new one.
    """
    throttle.take_login(user.username, address)
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if not locked.check_password(current_password):
            wrong = {"current_password": ["This is not the password."]}
            raise Invalid("The current password is wrong.", fields=wrong)
        _set_password(locked, new_password, field="new_password")
        locked.modified_on = timezone.now()
        # `save` announces the change to gridlink.accounts.passwords.TokenRevoker.
        locked.save(update_fields=["password", "modified_on"])


def token_issue(
    *,
    username: str,
    password: str,
    name: str,
    scopes: list[str],
    expiry: datetime | None,
    address: str,
) -> tuple[Token, str]:
    """Issue a token for a password; return it with its secret, which is never stored.

    Raises BadCredentials, Throttled, and Invalid for a past expiry. An unknown name takes as long as a
    wrong password, since Django hashes either way.
    """
    throttle.take_login(username, address)
    now = timezone.now()
    expires_on = expiry or now + timedelta(days=settings.TOKEN_DAYS)
    if expires_on <= now:
        raise Invalid("The expiry is past.", fields={"expiry": ["Must be in the future."]})
    user = authenticate(username=username.lower(), password=password)
    if not isinstance(user, User):
        raise BadCredentials("The name or the password is wrong.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        _lock_unchanged(user)
        token = Token.objects.create(
            user=user,
            name=name,
            digest=token_digest(secret),
            scopes=sorted({Scope(scope).value for scope in scopes}),
            expires_on=expires_on,
        )
    return token, secret


def _lock_unchanged(user: User) -> None:
    """Lock the account; raise BadCredentials if its password was changed since it was read.

    Otherwise a token for the old password could be created just after a change revoked them all.
    """
    same = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
    if not same.select_for_update(no_key=True).exists():
        raise BadCredentials("The name or the password is wrong.")


def token_touch(*, token: Token) -> None:
    """Store that a token was used, at most once a minute."""
    now = timezone.now()
    if token.last_used_on is None or now - token.last_used_on >= LAST_USED_STEP:
        Token.objects.filter(pk=token.pk).update(last_used_on=now)


def token_revoke(*, token: Token) -> None:
    """Delete a token, which is refused from then on."""
    token.delete()


def admin_ensure(*, username: str, password: str) -> User:
    """Create or repair the administrator with this name and password.

    Raises Conflict if the name is that of an account without these rights: whoever registered it would get
    them.
    """
    user, is_new = User.objects.get_or_create(username=username)
    if not (is_new or user.is_superuser):
        raise Conflict(f"{username!r} is the name of an account that is no administrator.")
    user.is_staff = user.is_superuser = user.is_active = True
    if not user.check_password(password):
        user.set_password(password)
    user.save()
    return user


def _set_password(user: User, password: str, *, field: str) -> None:
    """Set a password without saving; raise Invalid, naming `field`, if it is weak."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid("The password is too weak.", fields={field: error.messages}) from error
    user.set_password(password)
