"""Text that a spreadsheet will show as text.

A cell that begins with one of these characters is run as a formula by spreadsheet programs, whoever wrote
it (OWASP, "CSV Injection"). An apostrophe in front makes it text again; readers of our files take it off.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"[=+\-@\t\r\n]")
# The same set as a Postgres regular expression, for text that never passes through Python.
_FORMULA_SQL = r"^[=+@\t\r\n-]"


def guard(text: str) -> str:
    """The text, behind an apostrophe when a spreadsheet would run it."""
    return f"'{text}" if _FORMULA.match(text) else text


def guard_sql(expression: str) -> str:
    """The same in SQL, for an expression of type text that holds no parameter."""
    return f"CASE WHEN {expression} ~ E'{_FORMULA_SQL}' THEN '''' || {expression} ELSE {expression} END"
