"""Validate a link's `style`."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from gridlink.lib.errors import Invalid
from gridlink.lib.json_values import is_deep
from gridlink.lib.text import unstorable_text

STYLE_BYTES = 4096
# Python's `$` also matches before a last newline; the length does not.
COLOUR = {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$", "maxLength": 7}
STYLE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "text_colour": COLOUR,
        "border_colour": COLOUR,
        "border_width": {"type": "integer", "minimum": 0, "maximum": 16},
        "radius": {"type": "integer", "minimum": 0, "maximum": 64},
        "font": {"enum": ["sans", "serif", "mono"]},
        "align": {"enum": ["start", "centre", "end"]},
        "icon": {"type": "string", "maxLength": 64},
        "shadow": {"type": "boolean"},
        # The heading of the section that begins with this tile.
        "section": {"type": "string", "maxLength": 100},
        # Whether the address is the owner's own page elsewhere: rel="me".
        "me": {"type": "boolean"},
    },
}
_validator = Draft202012Validator(STYLE_SCHEMA)


def check_style(style: Any) -> dict[str, Any]:
    """Return the style. Raises Invalid with a message per property that is wrong."""
    if style == {}:
        return {}
    if is_deep(style):
        raise Invalid("A style has no property that is nested so deeply.")
    if unstorable_text(style):
        raise Invalid("Text may not contain NUL characters or lone surrogates.")
    if len(json.dumps(style)) > STYLE_BYTES:
        raise Invalid(f"A style may not be larger than {STYLE_BYTES} bytes.")
    problems = [
        f"{'.'.join(map(str, error.path)) or 'style'}: {error.message}"
        for error in _validator.iter_errors(style)
    ]
    if problems:
        raise Invalid(" ".join(problems[:10]))
    return dict(style)
