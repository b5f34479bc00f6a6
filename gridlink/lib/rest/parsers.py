"""Parse strict JSON (RFC 8259): UTF-8, no NaN, no duplicate keys, limited depth."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import IO, Any, Never

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from gridlink.lib.json_values import is_deep

_TOO_DEEP = "The JSON is nested too deeply."


class StrictJSONParser(JSONParser):
    """Parse JSON objects, and answer 400 to input that DRF would crash on or accept."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the decoded JSON object; raise ParseError."""
        _check_charset((parser_context or {}).get("encoding") or "utf-8")
        data = _decoded(stream.read())
        if is_deep(data):
            raise ParseError(_TOO_DEEP)
        try:
            # An escape such as \ud800 alone is no character and cannot be stored.
            json.dumps(data, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ParseError("The JSON contains half a surrogate pair.") from error
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        return data


def _check_charset(name: str) -> None:
    try:
        known = codecs.lookup(name).name in ("utf-8", "ascii")
    except (LookupError, ValueError):
        known = False
    if not known:
        raise ParseError("JSON is UTF-8; no other charset is read.")


def _decoded(body: bytes) -> Any:
    try:
        # Given bytes, json.loads would guess the encoding.
        text = body.decode()
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except ValueError as error:
        raise ParseError(f"JSON parse error - {error}") from error
    except RecursionError as error:
        raise ParseError(_TOO_DEEP) from error


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    # Parsers differ in which of the two they take.
    if len(found) < len(pairs):
        raise ParseError("The JSON has a key twice in one object.")
    return found
