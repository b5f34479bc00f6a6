"""Provide the demo with the HTTP API of a site and a console."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urljoin

import urllib3
from rich.console import Console

Json = dict[str, Any]
Check = tuple[bool, str]
# What a title holds is for people to read, not for the console to interpret.
console = Console(highlight=False, markup=False, emoji=False)


class DemoError(Exception):
    """Report why the demo cannot go on; the message is for the user."""


class Api:
    """Request the HTTP API, as one account once `token` is set."""

    def __init__(self, site: str) -> None:
        self.token = ""
        self._root = f"{site}/api/v1/"
        self._pool = urllib3.PoolManager(timeout=30, retries=urllib3.Retry(connect=0, read=0))

    def fetch(self, url: str, method: str = "GET", **options: Any) -> urllib3.BaseHTTPResponse:
        """Whatever the server answers, without the token; raises DemoError when it does not."""
        try:
            return self._pool.request(method, url, **options)
        except urllib3.exceptions.HTTPError as error:
            reason = str(getattr(error, "reason", error)).rpartition(": ")[2]
            raise DemoError(f"{method} {bare(url)} got no answer: {reason}") from error

    def call(self, path: str, method: str = "GET", **options: Any) -> Json:
        """Return the JSON of an API path; raise DemoError for an error."""
        url = urljoin(self._root, path)
        headers = {"Authorization": f"Token {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        answer = self.fetch(url, method, headers=headers, **options)
        try:
            body = answer.json()
        except ValueError:
            body = "no JSON"
        if answer.status not in (200, 201, 202) or not isinstance(body, dict):
            raise DemoError(f"{method} {bare(url)} answered {answer.status}: {body}")
        return body

    def rows(self, path: str) -> Iterator[Json]:
        """Yield every row of a list, page by page."""
        while path:
            page = self.call(path)
            yield from page["results"]
            path = page["next"]


def bare(url: str) -> str:
    """Return a URL without its query, which may hold a signature."""
    return url.partition("?")[0]


def heading(text: str) -> None:
    """Begin a part of the output."""
    console.print(f"\n{text}", style="bold")


def say(text: str) -> None:
    """Print a line."""
    # Unwrapped, so that an address or a command can be copied whole.
    console.print(f"  {text}", soft_wrap=True)


def failures(checks: Iterable[Check]) -> int:
    """Print each check with its figures; return how many failed."""
    failed = 0
    for holds, said in checks:
        word, colour = ("ok    ", "green") if holds else ("FAILED", "bold red")
        console.print(f"  {word}", style=colour, end="")
        say(said)
        failed += not holds
    return failed
