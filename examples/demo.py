"""A walk through Gridlink from outside: bookmarks become grids and come back as files.

    GRIDLINK_URL=http://127.0.0.1:8000 python examples/demo.py

It knows nothing but the HTTP API, holds every figure against another source, leaves the files in
`demo-output/` (or the folder DEMO_OUTPUT) and ends with 0 only if every check held.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import urllib3
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
BOOKMARKS = ROOT / "examples" / "bookmarks.html"
HTTP_SECONDS = 30
JOB_SECONDS = 120
POLL_SECONDS = 0.5
FIRST, LAST = 100, 299

Json = dict[str, Any]
Answer = urllib3.BaseHTTPResponse
# Whether it holds, and what it says with its figures.
Check = tuple[bool, str]
# What a title holds is for people to read, not for the console to interpret.
console = Console(highlight=False, markup=False, emoji=False)


class DemoError(Exception):
    """The demo cannot go on; the message is for the user."""


class Api:
    """The HTTP API of a site, as one account once `token` is set."""

    def __init__(self, site: str) -> None:
        self.token = ""
        self._root = f"{site}/api/v1/"
        retries = urllib3.Retry(connect=0, read=0, redirect=3)
        self._pool = urllib3.PoolManager(timeout=HTTP_SECONDS, retries=retries)

    def fetch(self, url: str, method: str = "GET", *, expect: int = 0, **options: Any) -> Answer:
        """What the server answers, without the token; raises DemoError for a status not expected."""
        try:
            answer = self._pool.request(method, url, **options)
        except urllib3.exceptions.HTTPError as error:
            reason = str(getattr(error, "reason", error)).rpartition(": ")[2]
            raise DemoError(f"{method} {bare(url)} got no answer: {reason}") from error
        if expect and answer.status != expect:
            said = " ".join(answer.data[:300].decode(errors="replace").split())
            raise DemoError(f"{method} {bare(url)} answered {answer.status}: {said}")
        return answer

    def call(self, path: str, method: str = "GET", *, expect: int = 200, **options: Any) -> Any:
        """The JSON that a path of the API answers with, with the token."""
        url = urljoin(self._root, path)
        headers = {"Authorization": f"Token {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        answer = self.fetch(url, method, expect=expect, headers=headers, **options)
        try:
            return answer.json()
        except ValueError as error:
            raise DemoError(f"{method} {bare(url)} did not answer with JSON") from error

    def rows(self, path: str) -> Iterator[Json]:
        """Every row of a list, page after page."""
        following: str | None = path
        while following:
            page = self.call(following)
            yield from page["results"]
            following = page["next"]


def bare(url: str) -> str:
    """The address without its query, which may hold a signature."""
    return url.partition("?")[0]


@dataclass(frozen=True)
class Download:
    """The file of a finished job, kept at `path`; `said` is what the API says of it."""

    path: Path
    body: bytes
    said: Json
    result: Json

    def table(self) -> list[dict[str, str]]:
        """The rows of a CSV file."""
        return list(csv.DictReader(io.StringIO(self.body.decode(), newline="")))


def main() -> int:
    """Run the demo; the exit code."""
    # Ended by its parent, it still gives the terminal its cursor back.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        return demo(os.environ.get("GRIDLINK_URL", "http://127.0.0.1:8000").rstrip("/"))
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
    except OSError as error:
        print(f"demo: {error.filename}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        console.show_cursor()
        return 128 + signal.SIGINT
    return 1


def demo(site: str) -> int:
    """Every step, one after the other; 0 if every check held, else 1."""
    folder = Path(os.environ.get("DEMO_OUTPUT") or ROOT / "demo-output")
    folder.mkdir(parents=True, exist_ok=True)
    api, key = Api(site), secrets.token_hex(16)
    username = sign_up(api, site)
    verdicts = import_bookmarks(api, folder, key)
    on_grids = show_grids(api)
    exports = export(api, folder)
    files = [verdicts, *exports]
    heading("Checks")
    failed = failures(import_checks(api, verdicts, key))
    failed += failures(link_checks(api, exports, verdicts.result["links"], on_grids))
    failed += sum(failures(file_checks(api, file)) for file in files)
    show_ways_on(site, files, username, api.token)
    console.print(f"{failed} checks FAILED" if failed else "Every check held.", style="bold")
    return 1 if failed else 0


def heading(text: str) -> None:
    """Begin a step."""
    console.print(f"\n{text}", style="bold")


def say(text: str) -> None:
    """Print a line unwrapped, so that an address or a command can be copied whole."""
    console.print(f"  {text}", soft_wrap=True)


def sign_up(api: Api, site: str) -> str:
    """Open an account and take a token; the user name."""
    console.print(f"Sign up at {site}", style="bold")
    who = {"username": f"demo-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
    api.call("auth/register/", "POST", expect=201, json=who)
    api.token = api.call("auth/token/", "POST", json={**who, "name": "demo"})["token"]
    say(f"{who['username']} has an account and a token")
    return who["username"]


def upload(api: Api, key: str) -> Json:
    """Upload the bookmarks; the job that reads them."""
    file = (BOOKMARKS.name, BOOKMARKS.read_bytes(), "text/html")
    headers = {"Idempotency-Key": key}
    job: Json = api.call("imports/", "POST", expect=202, fields={"file": file}, headers=headers)
    return job


def import_bookmarks(api: Api, folder: Path, key: str) -> Download:
    """Import the bookmarks and show what became of them; the verdicts."""
    heading(f"Import {os.path.relpath(BOOKMARKS)}")
    (job,) = follow(api, {"import": upload(api, key)})
    tally = "{links} links on {grids} grids; {refused} refused, {problems} problems in the file"
    say(tally.format_map(job["result"]))
    verdicts = download(api, folder, job)
    for row in verdicts.table():
        if row["verdict"] != "created":
            line = f"  Line {row['line']} {row['verdict']}: {row['title']} {row['url']}"
            console.print(line, no_wrap=True, overflow="ellipsis")
            say(f"  {row['remarks']}")
    return verdicts


def follow(api: Api, jobs: dict[str, Json]) -> list[Json]:
    """Watch jobs, each under a name, until all have succeeded."""
    deadline = time.monotonic() + JOB_SECONDS
    columns = TextColumn("  {task.description:<8}"), BarColumn(36), TextColumn("{task.fields[at]}")
    with Progress(*columns, console=console) as progress:
        bars = {name: progress.add_task(name, **shown(job)) for name, job in jobs.items()}
        while any(job["status"] in ("queued", "running") for job in jobs.values()):
            if time.monotonic() > deadline:
                states = ", ".join(f"{name} is {job['status']}" for name, job in jobs.items())
                raise DemoError(f"{states} after {JOB_SECONDS} s; does a worker run?")
            time.sleep(POLL_SECONDS)
            jobs = {name: api.call(f"jobs/{job['slug']}/") for name, job in jobs.items()}
            for name, job in jobs.items():
                progress.update(bars[name], **shown(job))
    for name, job in jobs.items():
        if job["status"] != "succeeded":
            raise DemoError(f"{name} {job['status']}: {job['error']} (job {job['slug']})")
    return list(jobs.values())


def shown(job: Json) -> Json:
    """How far a job is, as fields of a progress bar."""
    done, total, unit = (job["progress"][key] for key in ("done", "total", "unit"))
    at = f"{job['status']}, {done:,} {unit}" if unit else job["status"]
    return {"completed": done, "total": total, "at": at}


def download(api: Api, folder: Path, job: Json) -> Download:
    """Fetch the file of a job by its signed address, which needs no token."""
    (said,) = job["files"]
    body, path = api.fetch(said["url"], expect=200).data, folder / Path(said["name"]).name
    path.write_bytes(body)
    return Download(path, body, said, job["result"])


def show_grids(api: Api) -> int:
    """The account's grids as a table; the number of links on them."""
    heading("Grids")
    grids = list(api.rows("grids/?ordering=title&limit=10"))
    table = Table("Title", "Links", "Made on", "Visibility", box=None, padding=(0, 0, 0, 2))
    table.columns[1].justify = "right"
    for grid in grids:
        made_on, links = grid["created_on"][:10], f"{grid['links_total']:,}"
        table.add_row(grid["title"], links, made_on, grid["visibility"])
    console.print(table)
    return sum(grid["links_total"] for grid in grids)


def export(api: Api, folder: Path) -> list[Download]:
    """All links as CSV and as HTML."""
    heading("Export")
    wishes = {form: {"kind": "links", "format": form} for form in ("csv", "netscape")}
    jobs = {
        name: api.call("exports/", "POST", expect=202, json=wish) for name, wish in wishes.items()
    }
    return [download(api, folder, job) for job in follow(api, jobs)]


def failures(checks: Iterable[Check]) -> int:
    """Print a line for each check; the number of those that failed."""
    failed = 0
    for holds, said in checks:
        console.print(
            "  ok    " if holds else "  FAILED", style="green" if holds else "red", end=""
        )
        say(said)
        failed += not holds
    return failed


def import_checks(api: Api, verdicts: Download, key: str) -> Iterator[Check]:
    """Each entry has one verdict, and the same upload again starts no second job."""
    given = Counter(row["verdict"] for row in verdicts.table())
    kinds = {"created": "links", "refused": "refused", "problem": "problems"}
    for verdict, name in kinds.items():
        said = verdicts.result[name]
        yield given[verdict] == said, f"verdicts.csv: {given[verdict]} {verdict}; the API: {said}"
    said = verdicts.said["rows"]
    yield given.total() == said, f"verdicts.csv: {given.total()} rows; the API: {said}"
    upload(api, key)
    jobs = len(list(api.rows("jobs/?kind=grids.import")))
    yield jobs == 1, f"The same upload sent twice under one key: {jobs} import"


def link_checks(api: Api, files: list[Download], imported: int, on_grids: int) -> Iterator[Check]:
    """The exports hold the very links that were imported and that the API lists."""
    table, page = files
    for file, links in ((table, len(table.table())), (page, page.body.count(b"<A "))):
        said = file.said["rows"]
        text = f"{links} links; the API: {said}, on the grids {on_grids}, imported {imported}"
        yield links == said == on_grids == imported, f"{file.path.name}: {text}"
    exported = Counter((row["link"], row["url"]) for row in table.table())
    listed = Counter((link["slug"], link["url"]) for link in api.rows("links/?limit=100"))
    shared = (exported & listed).total()
    text = f"{exported.total()} addresses; the API: {listed.total()}, of which {shared} the same"
    yield exported == listed, f"{table.path.name}: {text}"


def file_checks(api: Api, file: Download) -> Iterator[Check]:
    """The file is what the API says, can be had in parts, and not without token or signature."""
    name, url, size, sha256 = (file.said[key] for key in ("name", "url", "size", "sha256"))
    digest = hashlib.sha256(file.body).hexdigest()
    text = f"{len(file.body):,} bytes, SHA-256 {digest[:12]}…; the API: {size:,}, {sha256[:12]}…"
    yield (len(file.body), digest) == (size, sha256), f"{name}: {text}"
    part = api.fetch(url, headers={"Range": f"bytes={FIRST}-{LAST}"})
    right = part.data == file.body[FIRST : LAST + 1]
    text = f"bytes {FIRST} to {LAST} answered with {part.status}, {'right' if right else 'wrong'}"
    yield part.status == 206 and right, f"{name}: {text}"
    status = api.fetch(bare(url)).status
    yield status == 401, f"{name}: without a token or a signature answered with {status}"


def show_ways_on(site: str, files: list[Download], username: str, token: str) -> None:
    """Where the files lie, and what to open next."""
    heading("Files")
    for file in files:
        say(os.path.relpath(file.path))
    heading("Open, while Gridlink runs")
    say(f"API docs  {site}/api/docs/")
    say(f"Admin     {site}/admin/{login('ADMIN')}")
    if port := os.environ.get("FLOWER_PORT"):
        say(f"Flower    http://127.0.0.1:{port}/{login('FLOWER')}")
    heading(f"Go on as {username}, with its token")
    say(f"curl -H 'Authorization: Token {token}' {site}/api/v1/grids/\n")


def login(role: str) -> str:
    """The name and password of an operator, as far as the environment has them."""
    words = (os.environ.get(f"{role}_{word}") for word in ("USER", "PASSWORD"))
    return "".join(f"  {word}" for word in words if word)


if __name__ == "__main__":
    sys.exit(main())
