"""Turn a request for an export into a job to submit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridlink.accounts.models import User
from gridlink.lib.errors import Invalid
from grids.access import grids_write, links_write
from reports.analytics.periods import parse_bounds
from reports.exports.archive.format import ARCHIVE_FORMAT
from reports.exports.archive.format import KIND as ACCOUNT
from reports.exports.archive.runner import ARCHIVE
from reports.exports.formats.csv import DELIMITERS, CsvFormat
from reports.exports.registry import FORMATS, SOURCES, formats_of
from reports.exports.runner import EXPORT


def export_params(
    *,
    user: User,
    kind: str,
    format: str = "",
    compression: str = "none",
    columns: Sequence[str] = (),
    time_zone: str = "UTC",
    delimiter: str = "comma",
    bom: bool = False,
    times: str = "offset",
    filters: dict[str, Any],
) -> tuple[str, dict[str, Any]]:
    """Return the kind and the parameters of the job that makes an export.

    Raises NotFound for a grid or link in the filters that is not the user's, and Invalid for choices that do
    not go together. An account is exported completely, without choices. Without a format, it is the one that
    suits the kind.
    """
    format = format or (ARCHIVE_FORMAT if kind == ACCOUNT else CsvFormat.name)
    if kind == ACCOUNT:
        _check_whole(format, compression, columns, filters, time_zone)
        return ARCHIVE, {}
    _check_format(kind, format, compression)
    _check_columns(kind, format, columns)
    if format != CsvFormat.name and (bom, delimiter, times) != (False, "comma", "offset"):
        message = "Only CSV has a delimiter, a byte order mark and a choice of time formats."
        raise _invalid("format", message)
    return EXPORT, {
        "kind": kind,
        "format": format,
        "compression": compression,
        "columns": list(columns),
        "filters": _filters(user, kind, filters, time_zone),
        "style": {
            "zone": time_zone,
            "delimiter": DELIMITERS[delimiter],
            "bom": bom,
            "times": times,
        },
    }


def _check_whole(format: str, *choices: object) -> None:
    if format != ARCHIVE_FORMAT:
        raise _invalid("format", f"An account is exported as {ARCHIVE_FORMAT}.")
    if choices != ("none", (), {}, "UTC"):
        raise _invalid("kind", "An account is exported completely; there is nothing to choose.")


def _check_format(kind: str, format: str, compression: str) -> None:
    if format not in formats_of(kind):
        known = ", ".join(formats_of(kind))
        raise _invalid("format", f"Exports of {kind} have no such format; choose one of: {known}.")
    if FORMATS[format].is_compressed and compression != "none":
        raise _invalid("compression", "This format compresses its files itself.")


def _check_columns(kind: str, format: str, columns: Sequence[str]) -> None:
    known = [column.name for column in SOURCES[kind].columns]
    if unknown := [name for name in columns if name not in known]:
        raise _invalid(
            "columns", f"There is no column {unknown[0]!r}; choose from: {', '.join(known)}."
        )
    if len(set(columns)) < len(columns):
        raise _invalid("columns", "Name each column only once.")
    if columns and FORMATS[format].has_fixed_columns:
        raise _invalid("columns", "The columns of this format cannot be chosen.")


def _filters(user: User, kind: str, filters: dict[str, Any], zone: str) -> dict[str, Any]:
    """Return the filters as a job stores them, with times as instants."""
    known = SOURCES[kind].filters
    if unknown := [name for name in filters if name not in known]:
        raise _invalid("filters", f"Exports of {kind} have no filter {unknown[0]!r}.")
    grids_write(user, filters.get("grids", ()))
    links_write(user, filters.get("links", ()))
    since, until = parse_bounds(since=filters.get("from", ""), until=filters.get("to", ""), tz=zone)
    moments = {"from": since, "to": until}
    return filters | {name: moment.isoformat() for name, moment in moments.items() if moment}


def _invalid(field: str, message: str) -> Invalid:
    return Invalid("This export cannot be made.", fields={field: [message]})
