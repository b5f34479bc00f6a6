"""Test public identifiers and aliases."""

from __future__ import annotations

import re
from itertools import islice

import pytest
from django.core.exceptions import ValidationError

from gridlink.lib.slugs import (
    ALIAS_PATTERN,
    SLUG_LENGTH,
    SlugConverter,
    alias_validator,
    new_slug,
    new_slugs,
)


@pytest.mark.parametrize(
    "slugs",
    [{new_slug("gr") for _ in range(1000)}, set(islice(new_slugs("gr"), 1000))],
    ids=["one by one", "many at once"],
)
def test_a_new_slug_has_its_format_and_is_unique(slugs: set[str]) -> None:
    assert len(slugs) == 1000
    assert {len(slug) for slug in slugs} == {SLUG_LENGTH}
    assert all(re.fullmatch(SlugConverter.regex, slug) for slug in slugs)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gr_",
        "gr_" + "0" * 31,
        "gr_" + "0" * 33,
        "gr_" + "A" * 32,
        "gr_" + "g" * 32,
        "GR_" + "0" * 32,
        "gr_" + "0" * 32 + "\n",
        " gr_" + "0" * 32,
        "gr_" + "٠" * 32,
    ],
)
def test_texts_that_are_not_slugs(text: str) -> None:
    assert not re.fullmatch(SlugConverter.regex, text)


@pytest.mark.parametrize("alias", ["a", "7", "a-b", "a--b", "x" * 64])
def test_aliases(alias: str) -> None:
    alias_validator(alias)


@pytest.mark.parametrize(
    "alias",
    ["", "-", "a-", "-a", "a_b", "a.b", "a b", "ä", "a\n", "\na", "x" * 65, "a/b", "٠"],
)
def test_texts_that_are_not_aliases(alias: str) -> None:
    with pytest.raises(ValidationError, match=r"^..Use 1 to 64 letters"):
        alias_validator(alias)


def test_no_alias_is_a_slug() -> None:
    assert not re.fullmatch(ALIAS_PATTERN, new_slug("gr"))
