"""Fill a database with generated accounts by COPY, reproducibly.

Rows are written in the order of their time, with all users mixed, as happens in production. So the
links of one user lie far apart on disk, and no measurement gains from locality that production lacks.
"""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from django.core.management.color import no_style
from django.db import connection

from gridlink.accounts.models import Token, User
from gridlink.accounts.selectors import token_digest
from grids.models import Grid, Link

RARE, COMMON = "zeppelin", "guide"
# A rare word is in the title of one link in this many, the common one in every tenth.
_RARE_IN, _COMMON_IN = 10_000, 10
# More than a hundred: with fewer frequent words PostgreSQL guesses how many rows a beginning of one matches.
_WORDS = [
    "album", "almanac", "anchor", "animal", "apple", "april", "arcade", "archive", "army",
    "artist", "atlas", "autumn", "avenue", "bakery", "balcony", "ballet", "bamboo", "basket",
    "beach", "bell", "bench", "berry", "bicycle", "bird", "blanket", "blossom", "boat", "bottle",
    "bread", "bridge", "brush", "butter", "cabin", "cake", "camera", "canal", "candle", "canvas",
    "carpet", "carving", "castle", "cathedral", "cello", "ceramic", "chapter", "cheese", "cherry",
    "chess", "choir", "cinema", "circle", "citizen", "city", "cliff", "cloud", "coast", "coffee",
    "colour", "comet", "compass", "concert", "cook", "copper", "coral", "cottage", "cotton",
    "country", "course", "craft", "cycling", "dance", "dawn", "desert", "dialogue", "dictionary",
    "dinner", "dolphin", "door", "dragon", "drawing", "dream", "earth", "east", "echo", "engine",
    "essay", "evening", "expedition", "fable", "falcon", "farm", "feather", "festival", "field",
    "film", "fire", "fish", "flower", "flute", "folk", "forest", "fountain", "fox", "fruit",
    "gallery", "garden", "glacier", "glass", "gold", "grammar", "granite", "grass", "guitar",
    "hammer", "harbour", "hill", "history", "honey", "horse", "house", "ice", "ink", "interview",
    "iron", "island", "ivory", "jazz", "journal", "juice", "kitchen", "lake", "lamp", "language",
    "lantern", "leaf", "lecture", "lemon", "letter", "library", "light", "lighthouse", "lion",
    "magnet", "maple", "marble", "market", "mask", "meadow", "melody", "mirror", "monument",
    "moon", "mountain", "mural", "museum", "music", "myth", "notebook", "novel", "orchard",
    "painting", "paper", "photo", "piano", "podcast", "poem", "pottery", "railway", "recipe",
    "record", "river", "school", "shop", "sketch", "song", "station", "studio", "summer",
    "theatre", "travel", "valley", "village", "violin", "walk", "weather", "winter", "workshop",
    "writing",
]  # fmt: skip
_TAGS = ("art", "books", "code", "food", "later", "music", "news", "school", "travel", "work")
_HOSTS = ("example.org", "example.com", "blog.example.net", "shop.example.com", "www.example.edu")
_BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
_STEP = timedelta(seconds=20)
_COLUMNS = 6
_CHUNK = 20_000
# Later than now, so that reads are not also writes of `last_used_on`, which happen once a minute.
_USED_ON = "2100-01-01"


@dataclass(frozen=True, slots=True)
class Size:
    """Define the amount of data: each user has `grids` grids of `links` links.

    `heavy` links belong to one more user, the last, on grids of a thousand; it is 0 or a multiple of a
    thousand links a step.
    """

    users: int
    grids: int = 10
    links: int = 10
    heavy: int = 0

    @property
    def heavy_user(self) -> int:
        """Return the key of the user who owns the heavy links."""
        return self.users + 1

    @property
    def steps(self) -> int:
        """Return how many links each user adds, one after another."""
        return self.grids * self.links


def username_of(user: int) -> str:
    """Return the name of a user by key."""
    return f"user-{user}"


def token_of(user: int) -> str:
    """Return the secret of a user's token."""
    return f"glt_bench-{user}"


def load(size: Size) -> None:
    """Fill the current, empty database."""
    chance = random.Random(size.users)
    users = range(1, size.heavy_user + bool(size.heavy))
    _copy(User, _USER, (_user(chance, user) for user in users))
    _copy(Token, _TOKEN, (_token(chance, user) for user in users))
    _copy(Grid, _GRID, _grids(chance, size))
    with _without_indexes(Link):
        _copy(Link, _LINK, _links(chance, size))
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [User, Token, Grid, Link]):
            cursor.execute(statement)
        # Autovacuum would do it a minute later, in the middle of the measurement.
        cursor.execute("VACUUM ANALYZE")


_USER = (
    "id", "slug", "username", "display_name", "email", "password",
    "is_superuser", "is_staff", "is_active", "created_on", "modified_on",
)  # fmt: skip
_TOKEN = (
    "id", "slug", "user_id", "name", "digest", "scopes",
    "expires_on", "last_used_on", "created_on", "modified_on",
)  # fmt: skip
_GRID = (
    "id", "slug", "user_id", "title", "description", "visibility", "theme", "colour_scheme", "columns",
    "version", "layout_version", "is_deleted", "created_on", "modified_on",
)  # fmt: skip
_LINK = (
    "id", "slug", "user_id", "grid_id", "url", "url_key", "title", "note", "tags",
    "x", "y", "width", "height", "background", "style",
    "version", "is_deleted", "created_on", "modified_on",
)  # fmt: skip


def _user(chance: random.Random, user: int) -> tuple[object, ...]:
    name, moment = username_of(user), _BEGINNING
    flags = ("f", "f", "t")
    return user, _slug(chance, "us"), name, name.title(), "", "!", *flags, moment, moment


def _token(chance: random.Random, user: int) -> tuple[object, ...]:
    digest, moment = token_digest(token_of(user)), _BEGINNING
    times = (_USED_ON, _USED_ON, moment, moment)
    return user, _slug(chance, "tk"), user, "bench", digest, "{write}", *times


def _grids(chance: random.Random, size: Size) -> Iterator[tuple[object, ...]]:
    owners = [user for _ in range(size.grids) for user in range(1, size.heavy_user)]
    owners += [size.heavy_user] * (size.heavy // 1000)
    for key, user in enumerate(owners, 1):
        moment = _BEGINNING + key * _STEP
        title, note = _title(chance), " ".join(chance.choices(_WORDS, k=8))
        look = ("public", "auto", "auto", _COLUMNS, 1, 1, "f")
        yield key, _slug(chance, "gr"), user, title, note, *look, moment, moment


def _links(chance: random.Random, size: Size) -> Iterator[tuple[object, ...]]:
    key = 0
    for step in range(size.steps):
        for user, grid, place in _places(size, step):
            key += 1
            # The heavy user imports: a thousand links of one instant.
            moment = _BEGINNING + (key if user < size.heavy_user else step * size.users) * _STEP
            title = _title(chance)
            url = f"https://{chance.choice(_HOSTS)}/{title.replace(' ', '-').lower()}/{key}"
            tags = f"{{{','.join(chance.sample(_TAGS, chance.randrange(4)))}}}"
            tile = (place % _COLUMNS, place // _COLUMNS, 1, 1)
            text = (url, _key_of(url), title, "", tags)
            rest = ("", "{}", 1, "f", moment, moment)
            yield key, _slug(chance, "li"), user, grid, *text, *tile, *rest


def _places(size: Size, step: int) -> Iterator[tuple[int, int, int]]:
    """Yield user, grid and position of every link that is added in a step."""
    number, place = step % size.grids, step // size.grids
    for user in range(1, size.heavy_user):
        yield user, number * size.users + user, place
    per_step = size.heavy // size.steps
    for index in range(step * per_step, (step + 1) * per_step):
        yield size.heavy_user, size.grids * size.users + 1 + index // 1000, index % 1000


def _title(chance: random.Random) -> str:
    words = chance.choices(_WORDS, k=4)
    if chance.randrange(_COMMON_IN) == 0:
        words[0] = COMMON
    if chance.randrange(_RARE_IN) == 0:
        words[1] = RARE
    return " ".join(words).capitalize()


def _slug(chance: random.Random, prefix: str) -> str:
    return f"{prefix}_{chance.getrandbits(128):032x}"


def _key_of(url: str) -> str:
    # As `url_key` for an address that is in its normal form already, at a tenth of the time.
    return hashlib.sha256(url.encode()).hexdigest()[:32]


@contextmanager
def _without_indexes(model: type[Link]) -> Iterator[None]:
    """Build the indexes at the end, which takes half the time."""
    with connection.schema_editor() as editor:
        for index in model._meta.indexes:
            editor.remove_index(model, index)
    yield
    with connection.schema_editor() as editor:
        for index in model._meta.indexes:
            editor.add_index(model, index)


def _copy(
    model: type[User | Token | Grid | Link],
    columns: Iterable[str],
    rows: Iterator[tuple[object, ...]],
) -> None:
    """Copy rows into a table; no value needs escaping."""
    statement = f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor:
        while chunk := list(islice(rows, _CHUNK)):
            lines = "".join("\t".join(map(str, row)) + "\n" for row in chunk)
            cursor.copy_expert(statement, io.StringIO(lines))
