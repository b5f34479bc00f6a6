"""Countries of addresses, and what happens when the database changes."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.clicks.enrichment import countries
from reports.clicks.enrichment.countries import CHECK_SECONDS, country
from tests.support.reports.mmdb import mmdb

RECORDS = {
    "8.8.8.0/24": {"country_code": "US"},
    "91.198.174.192/32": {"country_code": "NL"},
    "2001:db8::/32": {"country_code": "DE"},
    "192.0.2.0/24": {"country": {"iso_code": "FR"}},
    "198.51.100.0/28": {"country_code": "zz"},
    "198.51.100.16/28": {"country_code": "EUR"},
    "198.51.100.32/28": {"country_code": (5, 7)},
    "198.51.100.48/28": {"continent": {"code": "EU"}},
    "198.51.100.64/28": "US",
    "198.51.100.80/28": {"country": "US"},
}


class Clock:
    """Seconds, that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(countries, "monotonic", clock)
    return clock


@pytest.fixture(autouse=True)
def path(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the database is looked for, with none there and none read yet."""
    file = tmp_path / "geo" / "country.mmdb"
    file.parent.mkdir()
    settings.COUNTRY_DB = file
    monkeypatch.setattr(countries, "_database", countries._Database())
    return file


@pytest.fixture
def database(path: Path) -> Path:
    path.write_bytes(mmdb(RECORDS))
    return path


def replace(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.message for each in caplog.records if each.levelno >= logging.WARNING]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("8.8.8.8", "US"),
        ("8.8.8.255", "US"),
        ("8.8.9.0", ""),
        ("91.198.174.192", "NL"),
        ("91.198.174.193", ""),
        ("2001:db8::1", "DE"),
        ("2001:DB8:0:0:0:0:0:1", "DE"),
        ("2001:db9::1", ""),
        ("::ffff:8.8.8.8", "US"),
        ("::FFFF:808:808", "US"),
        ("0:0:0:0:0:ffff:8.8.8.8", "US"),
        ("::ffff:8.8.9.9", ""),
        ("192.0.2.1", "FR"),
        ("10.0.0.1", ""),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("fe80::1%eth0", ""),
        ("198.51.100.1", ""),
        ("198.51.100.17", ""),
        ("198.51.100.33", ""),
        ("198.51.100.49", ""),
        ("198.51.100.65", ""),
        ("198.51.100.81", ""),
        ("", ""),
        ("unknown", ""),
        ("8.8.8.8:80", "US"),
        ("8.8.8", ""),
        (" 8.8.8.8", "US"),
        ("8.8.8.8\x00", ""),
        ("\ud800", ""),
        (":\ud800", ""),
    ],
)
def test_country(address: str, code: str, caplog: pytest.LogCaptureFixture) -> None:
    assert country(address) == code
    assert country(address) == code
    assert warnings(caplog) == []


def test_without_a_database_nothing_is_known(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        clock.now += CHECK_SECONDS
        assert country("8.8.8.8") == ""
    assert warnings(caplog) == ["countries_unknown"]


@pytest.mark.parametrize(
    "content", [b"", b"\xab\xcd\xefMaxMind.com", mmdb(RECORDS)[:-20], b"x" * 9000]
)
def test_a_broken_database_is_logged_once(
    path: Path, content: bytes, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    for _ in range(5):
        clock.now += CHECK_SECONDS
        assert country("8.8.8.8") == ""
    assert warnings(caplog) == ["countries_unknown"]


def test_broken_records_are_logged_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = mmdb({"0.0.0.0/1": {"country_code": "US"}, "128.0.0.0/1": {"country_code": "DE"}})
    # Of the last record a text that goes on far behind the end of the data.
    path.write_bytes(whole.replace(b"\x42DE", b"\x5f\xff\xff\xff"[:3]))
    assert [country(address) for address in ("1.2.3.4", "200.1.1.1", "200.1.1.2")] == ["US", "", ""]
    assert warnings(caplog) == ["countries_unknown"]


def test_a_folder_instead_of_a_file(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.mkdir()
    assert country("8.8.8.8") == ""
    assert warnings(caplog) == ["countries_unknown"]


def test_a_new_file_is_noticed_after_a_minute(database: Path, clock: Clock) -> None:
    assert country("8.8.8.8") == "US"
    replace(database, mmdb({"8.8.8.0/24": {"country_code": "CA"}}))
    clock.now += CHECK_SECONDS - 1
    assert country("8.8.8.8") == "US"
    clock.now += 1
    assert country("8.8.8.8") == "CA"


def test_the_file_appears_and_disappears(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    contents = [None, mmdb(RECORDS), None, b"broken", mmdb(RECORDS)]
    said = []
    for content in contents:
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        clock.now += CHECK_SECONDS
        said.append((country("8.8.8.8"), len(warnings(caplog))))
    assert said == [("", 1), ("US", 1), ("", 2), ("", 3), ("US", 3)]


def test_a_file_overwritten_in_place_does_no_harm(database: Path, clock: Clock) -> None:
    """Cut short while it is mapped, it would, by SIGBUS; what was read stays until the next look."""
    assert country("2001:db8::1") == "DE"
    os.truncate(database, 0)
    assert country("8.8.8.8") == "US"
    clock.now += CHECK_SECONDS
    assert country("8.8.8.8") == ""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("geo") / "country.mmdb"
    file.write_bytes(mmdb(RECORDS))
    return file


@given(
    st.one_of(
        st.text(st.characters(), max_size=99),
        st.text("0123456789abcdef:.%", max_size=50),
        st.ip_addresses().map(str),
        st.ip_addresses(v=4).map(lambda address: f"::ffff:{address}"),
    )
)
def test_any_text_is_accepted(shared: Path, address: str) -> None:
    find = countries._open(shared)
    assert re.fullmatch("([A-Z]{2})?", find(address))
