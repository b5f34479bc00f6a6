"""Test cells formatted by locale, and the display of unsafe characters."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from babel import UnknownLocaleError
from hypothesis import given
from hypothesis import strategies as st

from reports.reporting.renderers.text import labels
from reports.reporting.renderers.text.control_characters import (
    is_right_to_left,
    isolate_direction,
    plain_text,
)
from reports.reporting.renderers.text.labels import Labels
from reports.reporting.renderers.text.localization import Localizer
from reports.reporting.results.cells import Cell, CellType

MOMENT = datetime(2026, 7, 1, 12, 3, 7, tzinfo=UTC)


def said(kind: CellType, value: Cell, locale: str = "en_GB", zone: str = "Europe/Berlin") -> str:
    return Localizer(locale=locale, zone=zone).cell(kind, value)


@pytest.mark.parametrize(
    ("locale", "kind", "value", "words"),
    [
        ("en_GB", CellType.INTEGER, 1234567, "1,234,567"),
        ("de", CellType.INTEGER, -1234567, "-1.234.567"),
        ("fr", CellType.INTEGER, 1234567, "1\u202f234\u202f567"),
        ("hi", CellType.INTEGER, 1234567, "12,34,567"),
        ("en_GB", CellType.NUMBER, 1234.567, "1,234.57"),
        ("en_GB", CellType.NUMBER, 3.0, "3.00"),
        ("en_GB", CellType.NUMBER, 0.00012345, "0.000123"),
        ("en_GB", CellType.NUMBER, -0.0, "0.00"),
        ("en_GB", CellType.NUMBER, 1.5e300, "1.5E300"),
        ("en_GB", CellType.NUMBER, -1.5e-300, "-1.5E-300"),
        ("en_GB", CellType.INTEGER, 10**30, "1" + 10 * ",000"),
        ("en_GB", CellType.RATE, 0.25, "25.00%"),
        ("en_GB", CellType.RATE, 0.1234, "12.34%"),
        ("en_GB", CellType.RATE, -1.5, "-150.00%"),
        ("en_GB", CellType.RATE, -0.0, "0.00%"),
        ("en_GB", CellType.RATE, 1e28, "1" + 10 * ",000" + ".00%"),
        ("de", CellType.RATE, 0.1234, "12,34\xa0%"),
        ("tr", CellType.RATE, 0.1234, "%12,34"),
        ("en_GB", CellType.FLAG, True, "Yes"),
        ("en_GB", CellType.FLAG, False, "No"),
        ("en_GB", CellType.DAY, date(2026, 1, 5), "5 Jan 2026"),
        ("en_US", CellType.DAY, date(2026, 1, 5), "Jan 5, 2026"),
        ("de", CellType.DAY, date(2026, 1, 5), "5. Jan. 2026"),
        ("pt_PT", CellType.DAY, date(2026, 1, 5), "5 de janeiro de 2026"),
        ("ja", CellType.DAY, date(2026, 1, 5), "2026/01/05"),
        ("ko", CellType.DAY, date(2026, 1, 5), "2026. 1. 5."),
        ("ar", CellType.DAY, date(2026, 1, 5), "5 يناير 2026"),
        ("en_GB", CellType.MOMENT, MOMENT, "1 Jul 2026, 14:03:07 CEST"),
        ("de", CellType.MOMENT, MOMENT, "1. Juli 2026, 14:03:07 CEST"),
        ("en_GB", CellType.TEXT, "", ""),
        ("en_GB", CellType.ADDRESS, "https://example.org/?a=1", "https://example.org/?a=1"),
        *[("en_GB", kind, None, "\u2013") for kind in CellType],
    ],
)
def test_cells(locale: str, kind: CellType, value: Cell, words: str) -> None:
    assert said(kind, value, locale) == words


def test_a_zone_without_letters() -> None:
    words = said(CellType.MOMENT, MOMENT, zone="America/Sao_Paulo")
    assert words == "1 Jul 2026, 09:03:07 UTC-03"


def test_an_hour_that_comes_twice() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert said(CellType.MOMENT, first) == "25 Oct 2026, 02:30:00 CEST"
    assert said(CellType.MOMENT, second) == "25 Oct 2026, 02:30:00 CET"


@pytest.mark.parametrize(
    ("locale", "language", "reader"),
    [("en_GB", "en-GB", "en-GB"), ("ar", "en", "ar"), ("he_IL", "en", "he-IL")],
)
def test_phrases_are_english_whoever_reads(locale: str, language: str, reader: str) -> None:
    words = Localizer(locale=locale, zone="UTC")
    assert (words.language, words.direction, words.reader_language) == (language, "ltr", reader)


def test_another_language_is_a_line_in_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(labels._BY_LANGUAGE, "ar", Labels(language="ar", yes="نعم"))
    words = Localizer(locale="ar_EG", zone="UTC")
    assert (words.language, words.direction) == ("ar-EG", "rtl")
    assert words.cell(CellType.FLAG, True) == "نعم"


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        (CellType.RATE, [0.0, 0.1, 0.2], ["0%", "10%", "20%"]),
        (CellType.RATE, [0.0, 0.005, 0.01], ["0.0%", "0.5%", "1.0%"]),
        (CellType.RATE, [-1.0, 0.0, 1.0], ["-100%", "0%", "100%"]),
        (CellType.NUMBER, [0.0, 0.5, 1.0], ["0.0", "0.5", "1.0"]),
        (CellType.NUMBER, [0.0, 2000.0], ["0", "2,000"]),
        (CellType.NUMBER, [0.0, 1e300], ["0.00", "1E300"]),
        (CellType.INTEGER, [0.0, 500.0, 1000.0], ["0", "500", "1,000"]),
    ],
)
def test_ticks(kind: CellType, values: list[float], words: list[str]) -> None:
    assert Localizer(locale="en_GB", zone="UTC").ticks(kind, values) == words


@pytest.mark.parametrize("locale", ["ar", "bg", "cs", "de", "fa", "fi", "ko", "lt", "pt_PT", "sk"])
def test_no_month_is_taken_for_a_day(locale: str) -> None:
    words, day = Localizer(locale=locale, zone="UTC"), date(2026, 1, 5)
    shown = words.cell(CellType.DAY, day)
    assert shown.startswith("2026") or "1" not in shown
    assert not {"M", "0"} & set(*words.axis(CellType.DAY, [day]))


@given(st.lists(st.floats(-1e9, 1e9).map(lambda value: round(value, 4)), min_size=2))
def test_rates_have_as_many_decimals(values: list[float]) -> None:
    shown = [said(CellType.RATE, value) for value in values]
    assert {len(each.partition(".")[2]) for each in shown} == {3}


@pytest.mark.parametrize("locale", ["xx", "zz_ZZ"])
def test_a_locale_that_there_is_not(locale: str) -> None:
    with pytest.raises(UnknownLocaleError):
        Localizer(locale=locale, zone="UTC")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n\tb\u2028c\x85d", "a b c d"),
        ("  a  b ", " a b "),
        ("a\x00\x1b[31m\x7f", "a[U+0000][U+001B][31m[U+007F]"),
        ("evil\u202etxt.exe", "evil[U+202E]txt.exe"),
        ("\ud800 \ufffe \ue000 \U0010ffff", "[U+D800] [U+FFFE] [U+E000] [U+10FFFF]"),
        ("👩\u200d💻 العربية\u200f", "👩\u200d💻 العربية\u200f"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain_text(text) == shown


@given(st.text(st.characters()))
def test_plain_text_is_whole_and_stays(text: str) -> None:
    shown = plain_text(text)
    assert shown.encode().decode() == shown
    assert not set(shown) & set(map(chr, range(32)))
    assert plain_text(shown) == shown


@pytest.mark.parametrize(
    ("text", "right", "marked"),
    [
        ("abc", False, "abc"),
        ("1, 2: العربية abc", True, "\u20681, 2: العربية abc\u2069"),
        ("abc עברית", False, "\u2068abc עברית\u2069"),
        ("05\u200f/01", True, "\u206805\u200f/01\u2069"),
        ("12 %", False, "12 %"),
        ("", False, ""),
    ],
)
def test_direction(text: str, right: bool, marked: str) -> None:
    assert (is_right_to_left(text), isolate_direction(text)) == (right, marked)
