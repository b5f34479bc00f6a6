"""What the formats for people say around a result, all of it: another language is another `Phrases`, and a
line in `_PHRASES`.

What columns, facts and tables are called is not here: kinds of reports say that, in English, and it is kept
with the result. A page that says but half of its words in a language is in none.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's; what is in braces is put in by name, as its reader writes numbers and dates."""

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
    peaks: str = "Each bar is the highest of about {rows} rows."
    more_rows: str = "{rows} more in the table."
    drawn: str = "{titles}: {rows} rows."
    drawn_between: str = "{titles}: {rows} rows, from {first} to {last}."
    no_font: str = (
        "No font here has some of the characters in this report: each is shown by its number, as [U+4E2D]. "
        "Whoever runs Gridlink can install fonts for most scripts with: make fonts"
    )
    summary: str = "Summary"
    zone: str = "Time zone of all days and times"
    made_on: str = "Made on"
    run: str = "Run"
    listed: tuple[str, str, str, str] = ("Table", "First sheet", "Rows", "Note")


ENGLISH = Phrases()
_PHRASES = {each.language: each for each in (ENGLISH,)}


def phrases_of(language: str) -> Phrases:
    """Those of the language, as `de`, or English."""
    return _PHRASES.get(language, ENGLISH)
