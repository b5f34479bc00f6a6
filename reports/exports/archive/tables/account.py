"""Archive the account itself, without password or tokens: nobody can sign in with an archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from babel import Locale, UnknownLocaleError

from gridlink.accounts.models import User
from gridlink.lib.models import defaults_of
from gridlink.lib.zones import zone_names
from reports.exports.archive.fields import model_fields
from reports.exports.archive.table import Scope, Table
from reports.exports.archive.values import nullable, reference

_SETTINGS = ("time_zone", "week_start", "locale", "email_jobs")
_RESTORED = ("display_name", *_SETTINGS)


def _is_locale(text: str) -> bool:
    try:
        return str(Locale.parse(text)) == text
    except (ValueError, UnknownLocaleError):
        return False


# Values that one instance may know and another not.
_IS_KNOWN: dict[str, Callable[[str], bool]] = {
    "time_zone": lambda name: name in zone_names(),
    "locale": _is_locale,
}


class AccountTable(Table):
    """Restore the display name and the settings, where the account here has the default.

    Who signs in, and how, stays unchanged.
    """

    name = "account"
    model = User
    fields = (
        *model_fields(
            User,
            "account",
            ("slug", "username", "email", "display_name", "created_on"),
            overrides={"slug": reference("us")},
        ),
        *(
            # Null where an archive does not have it, as those of schema 1.
            replace(field, value=nullable(field.value), since=2, default=None)
            for field in model_fields(User, "account", _SETTINGS)
        ),
    )
    left_out = frozenset(
        {"id", "password", "last_login", "is_superuser", "is_staff", "is_active", "modified_on"}
    )
    source = "FROM accounts_user AS account WHERE account.id = %(user)s"
    order = "account.id"
    key = ("slug",)
    derived = frozenset({"slug", "username", "email", "created_on"})
    is_reported = True
    label = "username"
    # The names of the fields that the account here takes over.
    staged = ("adopted varchar[]",)

    def conflicts(self) -> list[tuple[str, str]]:
        """Return also a second row."""
        second = ("SELECT line FROM archive_account WHERE line > 1", "is a second account")
        return [*super().conflicts(), second]

    def decide(self, cursor: Any, scope: Scope) -> None:
        """Adopt values where the account here has the default."""
        cursor.execute(f"SELECT {', '.join(_RESTORED)} FROM archive_account")
        for values in cursor.fetchall():
            archived = dict(zip(_RESTORED, values, strict=True))
            adopted, remarks = _compared(archived, User.objects.get(pk=scope.user_id))
            outcome = "update" if adopted else "kept" if remarks else "unchanged"
            cursor.execute(
                "UPDATE archive_account SET outcome = %s, remark = %s, adopted = %s",
                [outcome, "; ".join(remarks), adopted],
            )

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Write the adopted values to the account here."""
        cursor.execute("SELECT adopted FROM archive_account WHERE outcome = 'update'")
        for (adopted,) in cursor.fetchall():
            columns = ", ".join(f"{name} = row.{name}" for name in adopted)
            cursor.execute(
                f"""
                UPDATE accounts_user AS here SET {columns}, modified_on = now()
                FROM archive_account AS row WHERE here.id = %(user)s""",
                scope.params,
            )


def _compared(archived: dict[str, str | None], here: User) -> tuple[list[str], list[str]]:
    """Return the fields that the account adopts, and why it keeps others."""
    defaults, adopted, remarks = defaults_of(User, *_RESTORED), list[str](), list[str]()
    for name, value in archived.items():
        words, own = name.replace("_", " "), getattr(here, name)
        if value is None or value == own:
            continue
        if name in _IS_KNOWN and not _IS_KNOWN[name](value):
            remarks.append(f"there is no {words} {value!r} here")
        elif own != defaults[name]:
            remarks.append(f"the account has another {words}, which stays")
        else:
            adopted.append(name)
    return adopted, remarks
