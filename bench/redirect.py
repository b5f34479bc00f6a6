"""Measure counted redirects against nginx, which counts nothing: `make bench-redirect`.

wrk requests both over 64 connections in turns on the same cores: nginx, one process, for a fixed
`return 302`; the public process for a thousand links, answering only after Redis has stored the
click, with `appendfsync everysec` and with `always`. Afterwards everything is drained into PostgreSQL,
and as many clicks must be there as the process says it accepted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from django.conf import settings
from redis import Redis

from bench.load import Size, load
from bench.report import conclude, say, show
from bench.servers import public_site
from bench.wrk import CONNECTIONS, Run, measured, nginx, wrk
from grids.models import Grid, Link, Visibility
from grids.public import wire
from reports.clicks.ingest.ingest import drain
from reports.models import Click

RATIO, P99 = 0.3, 0.020
_SECONDS, _ROUNDS = 5, 3
_LINKS = Size(users=10)
_LOCATION = "location / { return 302 https://example.org/; }"
# What browsers send; the agents go round.
_SCRIPT = """
local paths = {%s}
local agents = {
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) " ..
    "Chrome/141.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 " ..
    "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
}
local requests, at = {}, 0
init = function()
  for i, path in ipairs(paths) do
    requests[i] = wrk.format("GET", path, {["User-Agent"] = agents[i %% #agents + 1],
      ["Accept"] = "text/html", ["Accept-Language"] = "de-AT,de;q=0.9,en;q=0.8",
      ["Referer"] = "https://news.example.com/today"})
  end
end
request = function() at = at %% #requests + 1; return requests[at] end
"""


def main() -> int:
    """Measure and report; return the exit code."""
    return measured("redirect", _measure)


def _measure(name: str, url: str, folder: Path) -> int:
    load(_LINKS)
    Grid.objects.update(visibility=Visibility.PUBLIC)
    settings.CLICKS_REDIS_URL = url
    redis: Redis = Redis.from_url(url)
    script = folder / "requests.lua"
    slugs = Link.objects.values_list("slug", flat=True)
    script.write_text(_SCRIPT % ", ".join(f'"/l/{slug}"' for slug in slugs))
    with public_site(name, url) as port, nginx(folder, _LOCATION) as nginx_port:
        options = ["-s", str(script)]
        wrk(port, "", 2, options)
        sides: dict[str, list[Run]] = {"nginx": [], "everysec": [], "always": []}
        for _ in range(_ROUNDS):
            sides["nginx"].append(wrk(nginx_port, "", _SECONDS, options))
            for sync in ("everysec", "always"):
                redis.config_set("appendfsync", sync)
                sides[sync].append(wrk(port, "", _SECONDS, options))
    return _report(sides, _all_found(redis))


def _all_found(redis: Redis) -> bool:
    accepted = sum(int(count) for count in redis.hvals(wire.COUNTERS))
    say(f"Draining {accepted:,} clicks")
    drain(seconds=3600)
    found = Click.objects.count()
    say(
        f"Accepted {accepted:,}, found in Postgres {found:,}, left in the stream {redis.xlen(wire.STREAM)}"
    )
    return accepted == found


def _report(sides: dict[str, list[Run]], is_complete: bool) -> int:
    rates = {side: median(run.rate for run in runs) for side, runs in sides.items()}
    p99 = {side: median(run.p99 for run in runs) for side, runs in sides.items()}
    names = {
        "nginx": "nginx, return 302",
        "everysec": "redirect, appendfsync everysec",
        "always": "redirect, appendfsync always",
    }
    rows = [
        [
            names[side],
            f"{rates[side]:,.0f}",
            f"{p99[side] * 1000:.1f}",
            f"{rates[side] / rates['nginx']:.2f}",
        ]
        for side in sides
    ]
    show(f"Sent on, {CONNECTIONS} connections", ["", "requests/s", "p99 ms", "of nginx"], rows)
    ratio = rates["everysec"] / rates["nginx"]
    return conclude(
        "redirect",
        ratio=round(ratio, 3),
        ratio_always=round(rates["always"] / rates["nginx"], 3),
        p99_ms=round(p99["everysec"] * 1000, 1),
        complete=is_complete,
        target={"ratio": RATIO, "p99_ms": P99 * 1000},
        holds=ratio >= RATIO and p99["everysec"] < P99 and is_complete,
    )


if __name__ == "__main__":
    sys.exit(main())
