"""The account itself. No password, no token: nobody signs in with an archive."""

from __future__ import annotations

from typing import Any

from reports.archive.scope import Scope
from reports.archive.table import Field, Table
from reports.archive.values import Moment, Ref, Text


class AccountTable(Table):
    """One row. Restored into another account it gives that its display name, unless it has one; who signs in,
    and how, stays as it is."""

    name = "account"
    fields = (
        Field("slug", "slug", Ref("us")),
        Field("username", "username", Text(150)),
        Field("email", "email", Text(254)),
        Field("display_name", "display_name", Text(100)),
        Field("created_on", "created_on", Moment()),
    )
    source = "FROM accounts_user WHERE id = %(user)s"
    order = "id"
    key = ("slug",)
    derived = frozenset({"slug", "username", "email", "created_on"})
    faults = (("SELECT line FROM archive_account WHERE line > 1", "is a second account"),)
    is_told = True
    label = "username"

    def decide(self, cursor: Any, scope: Scope) -> None:
        """A name that is there stays."""
        cursor.execute(
            """
            UPDATE archive_account AS row SET
                fate = CASE WHEN here.display_name = row.display_name THEN 'unchanged'
                    WHEN here.display_name = '' THEN 'update' ELSE 'kept' END,
                remark = CASE WHEN here.display_name IN ('', row.display_name) THEN ''
                    ELSE 'the account has another display name, which stays' END
            FROM accounts_user AS here WHERE here.id = %(user)s""",
            scope.params,
        )

    def put(self, cursor: Any, scope: Scope) -> None:
        """The display name."""
        cursor.execute(
            """
            UPDATE accounts_user AS here SET display_name = row.display_name, modified_on = now()
            FROM archive_account AS row
            WHERE here.id = %(user)s AND row.fate = 'update'""",
            scope.params,
        )
