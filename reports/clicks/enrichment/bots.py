"""Detect bots by their User-Agent header and by how they request.

A header is a person's if it names a browser and no rule knows better. A new rule is a new line in `_RULES`.
Raise RULES_VERSION with every change of the rules, and with another release of `crawlerdetect`: rows say by
which version they were classified, and `manage.py rejudge_bots` reclassifies those of an older one.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from crawlerdetect.crawlerdetect import get_compiled_exclusions_regex
from crawlerdetect.providers.crawlers import data as crawlers

from grids.public.wire import Flag
from reports.clicks.enrichment.patterns import first_of

RULES_VERSION: int = 2

# The reason of a rule for browsers that crawlerdetect would take for bots.
_PERSON = "person"
# A reason, and what to find anywhere in the header, in any case; the first match counts.
_RULES: list[tuple[str, str]] = [
    (_PERSON, r"Slack_SSB/|^Lynx/[0-9]"),
    # Programs that show a card of the page in a conversation. Messages on Apple's systems say
    # "facebookexternalhit/1.1 Facebot Twitterbot/1.0"; Signal says "WhatsApp/2".
    ("previewer", r"Slackbot|Slack-ImgProxy"),
    ("previewer", r"^WhatsApp/"),
    ("previewer", r"TelegramBot"),
    ("previewer", r"facebookexternalhit|facebookcatalog|Facebot|meta-external"),
    ("previewer", r"Twitterbot"),
    ("previewer", r"LinkedInBot"),
    ("previewer", r"Discordbot"),
    ("previewer", r"SkypeUriPreview|MicrosoftPreview|BingPreview"),
    ("previewer", r"Mastodon/|Misskey/|Pleroma |Akkoma |Lemmy/|Friendica "),
    ("previewer", r"Bluesky Cardyb"),
    ("previewer", r"^Viber"),
    ("previewer", r"line-poker|kakaotalk-scrap"),
    ("previewer", r"Snap URL Preview"),
    ("previewer", r"vkShare|redditbot|Pinterest(bot|/0)|^Tumblr/"),
    ("previewer", r"Embedly|Iframely"),
    ("previewer", r"Synapse \(bot|Mattermost-Bot|Rocket\.Chat|ZulipURLPreview"),
    ("previewer", r"ms-office"),
    # Trello, Steam's chat, Yahoo's mail and others.
    ("previewer", r"preview|LinkExpander|URLLookup|unfurl|ImageProxy"),
    ("previewer", r"Google-Read-Aloud|GoogleImageProxy|Google-PageRenderer|YahooMailProxy"),
    # Browsers without a screen.
    (
        "headless",
        r"Headless|PhantomJS|SlimerJS|HtmlUnit|Cypress/|jsdom/|Playwright|Selenium|splash ",
    ),
    # What opens links in mails and pages to see whether they do harm.
    (
        "scanner",
        r"Google-Safety|\bscan(ner|ning)?\b|scanner|Scan/|Foregenix|Assetnote|watchTowr|Inspici",
    ),
    ("scanner", r"SecurityHeaders|abuse\.|CybaaAgent|360JK"),
    # Uptime checks and page tests.
    ("monitor", r"UptimeRobot|Uptime-Kuma|Better ?Uptime|Better Stack|HetrixTools|updown\.io"),
    ("monitor", r"Pingdom|StatusCake|Site24x7|NodePing|Checkly|Freshping|Datadog"),
    ("monitor", r"GoogleStackdriverMonitoring|Amazon-Route53-Health-Check|ELB-HealthChecker"),
    ("monitor", r"kube-probe|Blackbox Exporter|Zabbix|nagios|check_http"),
    ("monitor", r"Chrome-Lighthouse|Google Page Speed|GTmetrix|PTST/"),
    (
        "monitor",
        r"monitor|synthetics|Catchpoint|ThousandEyes|AppInsights|Rigor\)|TestLocally|Hotjar",
    ),
    ("monitor", r"Silktide|MarketGoo|TagInspector|CookieHub|Criticalcss|SQWatcher|Functionize"),
    # HTTP libraries and command-line tools.
    ("library", r"\bcurl/|libcurl|^Wget|HTTPie/|^xh/|aria2/"),
    ("library", r"python-requests|Python-urllib|aiohttp|python-httpx|^Python/|Scrapy|pycurl"),
    ("library", r"Go-http-client|fasthttp|^colly|^resty|^Go "),
    (
        "library",
        r"okhttp|Apache-HttpClient|^Java/|^Java-http-client|Jakarta Commons|^Dalvik/|ktor-client",
    ),
    ("library", r"node-fetch|^node$|undici|axios/|^got |\bgot/|superagent|^Deno/|^Bun/"),
    ("library", r"libwww-perl|LWP::|Mojolicious|^Perl"),
    ("library", r"GuzzleHttp|^PHP|Symfony HttpClient|WordPress/"),
    ("library", r"^Ruby|Faraday|http\.rb/|Typhoeus|Mechanize|rest-client"),
    ("library", r"reqwest|^hyper/|^ureq|^isahc|Dart/|RestSharp|PowerShell/|^libsoup|^Mikrotik"),
    ("library", r"PostmanRuntime|insomnia/|ApacheBench|^k6/|^Locust|vegeta|^wrk|^hey/|^oha/"),
    # Apps on Apple's systems that fetch without a browser: those name the app first.
    ("library", r"^[^/]+/\S+ (\([^)]*\) )?CFNetwork/"),
    # Who sends them says where to complain: browsers name no page, address or site.
    (
        "crawler",
        r"https?://|\bwww\.|[\w.+-]@[\w-]+\.[a-z]|\([^()]*\w\.(?-i:com|net|org|ai|io)\b[^()]*\)?$",
    ),
    # Browsers say nothing more in these parentheses.
    ("crawler", r"\(KHTML, like Gecko; "),
    (
        "crawler",
        r"(?-i:[A-Za-z. -]Agent)\b|CloudflareDiagnostics|scraping|research|Measurement|verification",
    ),
    (
        "crawler",
        r"^[^ (]+ Mozilla/5\.0 \((Macintosh|Windows NT)|Prospect|NewsNow|\bnewsai|Manus-User",
    ),
    (
        "crawler",
        r"\bDevin/|\bBW/|Collapsify|Sparkler|Convertify|Scope3/|Sindup/|Readable/|\bDlc/|\bHLB/",
    ),
    ("crawler", r"AdSenseInfeed"),
]
# The engines of browsers, and older or smaller browsers that name none. "Mozilla/5.0" says nothing: all
# programs that want to pass for a browser begin with it.
_BROWSERS = [
    r"AppleWebKit|KHTML, ?like|(Gecko|Goanna|Trident|Presto|KHTML|Servo)/[0-9]|MSIE [0-9]",
    r"\b(Firefox|Chrome|Safari|Ladybird|NetSurf|Dillo|Konqueror|HbbTV)/[0-9]|\bOpera[ /]|Opera ?Mini",
    r"\b(w3m|ELinks|amaya)/[0-9]|^Links \(|NetFront|UCWEB|UC ?Browser|UP\.Browser|Obigo|Teleca|MIDP",
    r"^(Nokia|SonyEricsson|BlackBerry|SAMSUNG-|LG-|MOT-|DoCoMo)|PLAYSTATION|Nintendo",
]
_FLAG_REASONS = [(int(Flag.HEAD), "head"), (int(Flag.PREFETCH), "prefetch")]
# Rust's engine has no lookaround.
_LOOKAROUND = re.compile(r"\(\?<?[!=]")
_own = first_of(_RULES)
_browsers = first_of([("browser", each) for each in _BROWSERS])
_crawlers = first_of([("crawler", each) for each in crawlers if not _LOOKAROUND.search(each)])
_CACHED = 16_384


@lru_cache(_CACHED)
def agent_reason(user_agent: str) -> str:
    """Return why this header is a bot's; '' for a person's browser.

    Reasons are 'previewer', 'headless', 'scanner', 'monitor', 'library', 'crawler'; 'empty' without a header,
    and 'no_browser' for one that names no browser.
    """
    text = user_agent.encode(errors="replace").decode().strip()
    if not text:
        return "empty"
    reason = _own(text) or ("crawler" if _is_crawler(text) else "")
    if not reason:
        return "" if _browsers(text) else "no_browser"
    return "" if reason == _PERSON else reason


@lru_cache(16)
def request_reason(flags: int) -> str:
    """Return why these `wire.Flag`s are a bot's: 'head' or 'prefetch', or ''."""
    return next((reason for flag, reason in _FLAG_REASONS if flags & flag), "")


def _is_crawler(text: str) -> bool:
    if not _is_listed(text):
        return False
    # Only now, since it is slow: without the words that browsers use, such as "compatible" and "Cubot".
    return _is_listed(get_compiled_exclusions_regex().sub("", text))


def _is_listed(text: str) -> bool:
    return bool(_crawlers(text) or _lookaround().search(text))


@cache
def _lookaround() -> re.Pattern[str]:
    patterns = [each for each in crawlers if _LOOKAROUND.search(each)]
    return re.compile("|".join(patterns) or "(?!)", re.IGNORECASE)
