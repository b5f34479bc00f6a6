"""Define what every format of link files yields: folders, links and problems.

A format is added by a subclass of LinkReader. Readers and writers are pure: they know files
and text, not databases, users or rules about which address is allowed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, ClassVar

SNIFF_BYTES = 64 * 1024


class FormatError(Exception):
    """Signal that a file is not of its format, in a sentence for people."""


# Not frozen, which makes a dataclass three times as slow to make, and these are made by the hundred thousand.
@dataclass(slots=True)
class LinkEntry:
    """Represent one link as the file has it, its address not yet checked.

    Dates are aware and in UTC; `private`, `archived`, `forward_query` and `clicks` are None where the file
    does not say.
    `line` is 1-based (0: not from a file), or the link's place in its list where the reader says so.
    `problems` are the things about this link that were repaired.

    `alias` is its short code elsewhere, without domain and slashes, `clicks` the total that was counted
    there, `source_id` its identifier there. `states` are what else it is there ("starred", "toread"), which
    links here have no other mark for than a tag.
    """

    url: str
    title: str
    note: str = ""
    tags: tuple[str, ...] = ()
    created_on: datetime | None = None
    private: bool | None = None
    line: int = 0
    problems: tuple[str, ...] = ()
    modified_on: datetime | None = None
    archived: bool | None = None
    clicks: int | None = None
    alias: str = ""
    source_id: str = ""
    forward_query: bool | None = None
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """Represent a folder that is entered, or returned to; the next links are in it.

    `path` holds the titles from the outermost folder inwards; it is empty outside any folder. Two folders
    side by side may be equal in all that can be seen: what tells them apart is `identity`. A reader makes
    one FolderEntry per folder, and yields that one again on return. The token, unlike the entry, can be kept
    for long: it holds no text.
    """

    path: tuple[str, ...]
    note: str = ""
    created_on: datetime | None = None
    line: int = 0
    identity: object = field(default_factory=object, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Represent a problem at a 1-based line of the file that belongs to no link."""

    line: int
    message: str


Entry = FolderEntry | LinkEntry | FileProblem


class LinkReader(ABC):
    """Read one file format as a stream, holding only a few entries at a time."""

    source: ClassVar[str]
    """The name of the format in requests and records, for example "netscape"."""

    @classmethod
    @abstractmethod
    def sniff(cls, head: bytes) -> bool:
        """Check whether `head`, the first SNIFF_BYTES of a file, looks like this format."""

    @abstractmethod
    def read(self, file: BinaryIO) -> Iterator[Entry]:
        """Yield the entries in the order of the file; first come links without a folder.

        A folder is announced when its first own link comes, so one without links never is. Raises
        FormatError when the file is not of this format, before the first entry, and wherever it breaks off
        or exceeds a limit. Every record is a link or a problem.
        """
