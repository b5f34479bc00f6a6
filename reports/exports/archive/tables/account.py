"""The account itself. No password, no token: nobody signs in with an archive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from babel import Locale, UnknownLocaleError

from gridlink.accounts.models import JobMail, User, WeekStart
from gridlink.lib.models import defaults_of
from gridlink.lib.zones import zone_names
from reports.exports.archive.table import Field, Scope, Table
from reports.exports.archive.values import Choice, Maybe, Moment, Ref, Text, Value

_CHOSEN = ("display_name", "time_zone", "week_start", "locale", "email_jobs")


def _is_locale(text: str) -> bool:
    try:
        return str(Locale.parse(text)) == text
    except (ValueError, UnknownLocaleError):
        return False


def _any(_: str) -> bool:
    return True


# What one instance may know and another not.
_KNOWN: dict[str, Callable[[str], bool]] = {
    "time_zone": lambda name: name in zone_names(),
    "locale": _is_locale,
}


def _setting(name: str, value: Value) -> Field:
    """Null where an archive does not tell it, as those of schema 1."""
    return Field(name, name, Maybe(value), since=2, default=None)


class AccountTable(Table):
    """One row. Restored into another account it gives that its display name and its settings, each unless the
    account has one that is not the default; who signs in, and how, stays as it is."""

    name = "account"
    fields = (
        Field("slug", "slug", Ref("us")),
        Field("username", "username", Text(150)),
        Field("email", "email", Text(254)),
        Field("display_name", "display_name", Text(100)),
        Field("created_on", "created_on", Moment()),
        _setting("time_zone", Text(64)),
        _setting("week_start", Choice(WeekStart.values)),
        _setting("locale", Text(32)),
        _setting("email_jobs", Choice(JobMail.values)),
    )
    source = "FROM accounts_user WHERE id = %(user)s"
    order = "id"
    key = ("slug",)
    derived = frozenset({"slug", "username", "email", "created_on"})
    faults = (("SELECT line FROM archive_account WHERE line > 1", "is a second account"),)
    is_told = True
    label = "username"
    # The names of what the account here takes over.
    extra = ("taken varchar[]",)

    def decide(self, cursor: Any, scope: Scope) -> None:
        """What was chosen here stays."""
        cursor.execute(f"SELECT {', '.join(_CHOSEN)} FROM archive_account")
        for values in cursor.fetchall():
            there = dict(zip(_CHOSEN, values, strict=True))
            taken, remarks = _compared(there, User.objects.get(pk=scope.user_id))
            fate = "update" if taken else "kept" if remarks else "unchanged"
            cursor.execute(
                "UPDATE archive_account SET fate = %s, remark = %s, taken = %s",
                [fate, "; ".join(remarks), taken],
            )

    def put(self, cursor: Any, scope: Scope) -> None:
        """What is taken over."""
        cursor.execute("SELECT taken FROM archive_account WHERE fate = 'update'")
        for (taken,) in cursor.fetchall():
            columns = ", ".join(f"{name} = row.{name}" for name in taken)
            cursor.execute(
                f"""
                UPDATE accounts_user AS here SET {columns}, modified_on = now()
                FROM archive_account AS row WHERE here.id = %(user)s""",
                scope.params,
            )


def _compared(there: dict[str, str | None], here: User) -> tuple[list[str], list[str]]:
    """What the account takes over, and why it does not the rest."""
    defaults, taken, remarks = defaults_of(User, *_CHOSEN), [], []
    for name, value in there.items():
        words, own = name.replace("_", " "), getattr(here, name)
        if value is None or value == own:
            continue
        if not _KNOWN.get(name, _any)(value):
            remarks.append(f"there is no {words} {value!r} here")
        elif own != defaults[name]:
            remarks.append(f"the account has another {words}, which stays")
        else:
            taken.append(name)
    return taken, remarks
