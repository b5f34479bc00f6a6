"""Hold the fixed texts around a result, by language; a result itself is English."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labels:
    """Hold the texts of one language; values in braces are inserted already localized."""

    language: str = "en"
    yes: str = "Yes"
    no: str = "No"
    before: str = "{value} before"
    made: str = "Made on {made_on}. Run {run}. Days and times are those of {zone}."
    no_rows: str = "No rows."
    first_rows: str = (
        "The first {shown} of {rows} rows. The other formats of this report have all of them."
    )
    no_data: str = "No data"
    more_rows: str = "{rows} more in the table."
    drawn: str = "{titles}: {rows} rows."
    drawn_between: str = "{titles}: {rows} rows, from {first} to {last}."
    no_font: str = (
        "No installed font has some of the characters in this report: each is shown by its code point,"
        " such as [U+4E2D]. The operator of Gridlink can install fonts for most scripts with: make fonts"
    )
    summary: str = "Summary"
    zone: str = "Time zone of all days and times"
    made_on: str = "Made on"
    run: str = "Run"
    table_list: tuple[str, str, str, str] = ("Table", "First sheet", "Rows", "Note")


ENGLISH = Labels()
_BY_LANGUAGE = {each.language: each for each in (ENGLISH,)}


def labels_for(language: str) -> Labels:
    """Return the labels in the language, such as `de`, or in English."""
    return _BY_LANGUAGE.get(language, ENGLISH)
