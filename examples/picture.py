"""Convert a page of a PDF to a small PNG for the documentation."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections import Counter

_PER_INCH = 109
_COLOURS = 64


def picture(document: bytes) -> bytes:
    """Return the first page as drawn by pdftoppm of Poppler."""
    command = ["pdftoppm", "-r", f"{_PER_INCH}", "-f", "1", "-l", "1"]
    drawn = subprocess.run(command, input=document, capture_output=True, check=True).stdout
    _, size, _, pixels = drawn.split(b"\n", 3)
    width, height = map(int, size.split())
    colours = [pixels[at : at + 3] for at in range(0, len(pixels), 3)]
    palette = [colour for colour, _ in Counter(colours).most_common(_COLOURS)]
    nearest = {colour: _nearest(palette, colour) for colour in set(colours)}
    indexes = bytes(nearest[colour] for colour in colours)
    # Each line begins with the filter that it is under: none.
    lines = b"".join(b"\0" + indexes[at : at + width] for at in range(0, len(indexes), width))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(lines, 9))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in [*parts, (b"IEND", b"")])


def _nearest(palette: list[bytes], colour: bytes) -> int:
    def far(place: int) -> int:
        return sum((one - other) ** 2 for one, other in zip(palette[place], colour, strict=True))

    return min(range(len(palette)), key=far)


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
