"""JSON as RFC 8259 has it: UTF-8, no NaN, and nothing nested beyond reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """DRF's parser, with the inputs that would crash or slip through turned into a clear 400."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The decoded body; raises ParseError for anything that is not a JSON object."""
        try:
            data: Any = super().parse(stream, media_type, parser_context)
            # An escape such as \ud800 alone is no character: nothing could be kept, or even told about it.
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except UnicodeEncodeError as error:
            raise ParseError("The JSON contains half a surrogate pair.") from error
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        return data
