"""Walk through Gridlink's API: make a page, import bookmarks, click, export."""

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
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from examples.review import review, review_checks
from examples.showcase import make_showcase, page_address, page_checks
from examples.site import Api, Check, DemoError, Json, bare, console, failures, heading, say
from examples.visits import clicks

ROOT = Path(__file__).resolve().parent.parent
BOOKMARKS = ROOT / "examples" / "bookmarks.html"
JOB_SECONDS = 120
POLL_SECONDS = 1
FIRST, LAST = 100, 299


class Download(NamedTuple):
    """Hold a finished job's file, saved at `path`, and the API's data on it."""

    path: Path
    body: bytes
    said: Json

    def table(self) -> list[dict[str, str]]:
        """Return the rows of a CSV file."""
        return list(csv.DictReader(io.StringIO(self.body.decode(errors="replace"), newline="")))


def main() -> int:
    """Run the demo; the exit code."""
    # Ended by its parent, it still gives the terminal its cursor back.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        return demo(os.environ.get("GRIDLINK_URL", "http://127.0.0.1:8000").rstrip("/"))
    except (DemoError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        console.show_cursor()
        return 128 + signal.SIGINT
    return 1


def demo(site: str) -> int:
    """Run every step; return 0 if every check held, otherwise 1."""
    folder = Path(os.environ.get("DEMO_OUTPUT") or ROOT / "demo-output")
    folder.mkdir(parents=True, exist_ok=True)
    api, key = Api(site), secrets.token_hex(16)
    username = sign_up(api, site)
    grid, links = make_showcase(api, f"library-{secrets.token_hex(3)}")
    tally, verdicts = import_bookmarks(api, folder, key)
    on_grids, exports = show_grids(api), export(api, folder)
    humans, click_checks = clicks(api, grid, links)
    reports = [fetch(api, folder, said) for said in review(api, follow)["files"]]
    heading("Checks")
    failed = failures(import_checks(api, tally, verdicts, key))
    failed += failures(link_checks(api, exports, tally["links"] + len(links), on_grids))
    failed += failures(page_checks(api, grid, links))
    failed += sum(failures(file_checks(api, file)) for file in (verdicts, *exports))
    failed += failures(click_checks)
    failed += failures(review_checks({by_format(file): file.body for file in reports}, humans))
    failed += sum(failures(file_checks(api, file)) for file in reports)
    show_ways_on(
        site, page_address(grid, links), [verdicts, *exports, *reports], username, api.token
    )
    heading(f"{failed} checks FAILED" if failed else "Every check held.")
    return 1 if failed else 0


def sign_up(api: Api, site: str) -> str:
    """Open an account and take a token; the user name."""
    console.print(f"Sign up at {site}", style="bold")
    who = {"username": f"demo-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(16)}
    api.call("auth/register/", "POST", json=who)
    api.token = api.call("auth/token/", "POST", json={**who, "name": "demo"})["token"]
    say(f"{who['username']} has an account and a token")
    return who["username"]


def upload(api: Api, key: str) -> Json:
    """Upload the bookmarks; the job that reads them."""
    file = (BOOKMARKS.name, BOOKMARKS.read_bytes(), "text/html")
    return api.call("imports/", "POST", fields={"file": file}, headers={"Idempotency-Key": key})


def import_bookmarks(api: Api, folder: Path, key: str) -> tuple[Json, Download]:
    """Import the bookmarks and show what became of them; the tally and the verdicts."""
    heading(f"Import {os.path.relpath(BOOKMARKS)}")
    (job,) = follow(api, {"import": upload(api, key)})
    tally, verdicts = job["result"], download(api, folder, job)
    say("{links} links on {grids} grids; {refused} refused, {problems} problems".format(**tally))
    for row in verdicts.table():
        if row["verdict"] != "create":
            line = "  Line {line} {verdict}: {title} {url}".format(**row)
            console.print(line, no_wrap=True, overflow="ellipsis")
            say(f"  {row['remarks']}")
    return tally, verdicts


def follow(api: Api, jobs: dict[str, Json]) -> list[Json]:
    """Watch jobs, each under a name, until all have succeeded."""
    deadline = time.monotonic() + JOB_SECONDS
    bar = BarColumn(36, pulse_style="cyan", complete_style="cyan", finished_style="green")
    columns = TextColumn("  {task.description:<8}"), bar, TextColumn("{task.fields[at]}")
    with Progress(*columns, console=console) as progress:
        bars = {name: progress.add_task(name, **_shown(job)) for name, job in jobs.items()}
        while any(job["status"] in ("queued", "running") for job in jobs.values()):
            if time.monotonic() > deadline:
                raise DemoError(f"{', '.join(jobs)}: not done in {JOB_SECONDS} s; is a worker up?")
            time.sleep(POLL_SECONDS)
            jobs = {name: api.call(f"jobs/{job['slug']}/") for name, job in jobs.items()}
            for name, job in jobs.items():
                progress.update(bars[name], **_shown(job))
    for name, job in jobs.items():
        if job["status"] != "succeeded":
            raise DemoError(f"{name} {job['status']}: {job['error']} (job {job['slug']})")
    return list(jobs.values())


def _shown(job: Json) -> Json:
    done, total, unit = (job["progress"][key] for key in ("done", "total", "unit"))
    at = f"{job['status']}, {done:,} {unit}" if unit else job["status"]
    return {"completed": done, "total": total, "at": at}


def download(api: Api, folder: Path, job: Json) -> Download:
    """Fetch the first file of a job."""
    return fetch(api, folder, job["files"][0])


def fetch(api: Api, folder: Path, said: Json) -> Download:
    """Fetch a file by its signed address, which needs no token."""
    answer, path = api.fetch(said["url"]), folder / Path(said["name"]).name
    if answer.status != 200:
        raise DemoError(f"GET {bare(said['url'])} answered {answer.status}")
    path.write_bytes(answer.data)
    return Download(path, answer.data, said)


def by_format(file: Download) -> str:
    """Return the extension of a file name."""
    return file.path.suffix.removeprefix(".")


def show_grids(api: Api) -> int:
    """Print the account's grids; return the number of their links."""
    heading("Grids")
    grids = list(api.rows("grids/?ordering=title&limit=10"))
    table = Table("Title", "Links", "Visibility", box=None, padding=(0, 0, 0, 2))
    table.columns[1].justify = "right"
    for grid in grids:
        table.add_row(grid["title"], f"{grid['links_total']:,}", grid["visibility"])
    console.print(table)
    return sum(grid["links_total"] for grid in grids)


def export(api: Api, folder: Path) -> list[Download]:
    """Export all links as CSV and as HTML."""
    heading("Export")
    jobs = {}
    for form in ("csv", "netscape"):
        jobs[form] = api.call("exports/", "POST", json={"kind": "links", "format": form})
    return [download(api, folder, job) for job in follow(api, jobs)]


def import_checks(api: Api, tally: Json, verdicts: Download, key: str) -> Iterator[Check]:
    """Check that each entry has one verdict, and that a repeated upload starts no job."""
    given = Counter(row["verdict"] for row in verdicts.table())
    told = {"create": "links", "refused": "refused", "problem": "problems"}
    for verdict, name in told.items():
        rows, said = given[verdict], tally[name]
        yield rows == said, f"verdicts.csv: {rows} {verdict}; the API: {said}"
    rows, said = given.total(), verdicts.said["rows"]
    yield rows == said, f"verdicts.csv: {rows} rows; the API: {said}"
    upload(api, key)
    jobs = len(list(api.rows("jobs/?kind=grids.import")))
    yield jobs == 1, f"The same upload sent twice under one key: {jobs} import"


def link_checks(api: Api, exports: list[Download], imported: int, on_grids: int) -> Iterator[Check]:
    """Check that the exports hold the links that were imported and that the API lists."""
    table, page = exports
    for file, links in ((table, len(table.table())), (page, page.body.count(b"<A "))):
        said = file.said["rows"]
        text = f"{links} links; the API: {said}, on the grids {on_grids}, made {imported}"
        yield links == said == on_grids == imported, f"{file.path.name}: {text}"
    exported = {(row["link"], row["url"]) for row in table.table()}
    listed = {(link["slug"], link["url"]) for link in api.rows("links/?limit=100")}
    text = f"{len(exported)} addresses; the API: {len(listed)}, {len(exported ^ listed)} differ"
    yield exported == listed, f"{table.path.name}: {text}"


def file_checks(api: Api, file: Download) -> Iterator[Check]:
    """Check a file's size and hash, ranges, and access without token or signature."""
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


def show_ways_on(site: str, page: str, files: list[Download], username: str, token: str) -> None:
    """Print where the files are, and what to open next."""
    heading("Files")
    say("\n  ".join(os.path.relpath(file.path) for file in files))
    heading("Open, while Gridlink runs")
    say(f"Page      {page}")
    say(f"API docs  {site}/api/docs/")
    say(f"Admin     {site}/admin/  {_login('ADMIN')}")
    if port := os.environ.get("FLOWER_PORT"):
        say(f"Flower    http://127.0.0.1:{port}/  {_login('FLOWER')}")
    heading(f"Go on as {username}, with its token")
    say(f"curl -H 'Authorization: Token {token}' {site}/api/v1/grids/")


def _login(role: str) -> str:
    return "  ".join(os.environ.get(f"{role}_{word}", "") for word in ("USER", "PASSWORD"))


if __name__ == "__main__":
    sys.exit(main())
