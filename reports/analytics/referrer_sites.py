"""Group the hosts of referrers by site: clicks from l.facebook.com are from facebook.com.

Sums and clicks keep the host. It is grouped when it is read, so that a new line here counts for all time.
"""

from __future__ import annotations

import json

# Sites with the hosts that lead to them, each with all hosts below it: pages for phones, redirects that hide
# the page, short links, and the packages of apps.
_HOSTS = {
    "bsky.app": ("bsky.app", "xyz.blueskyweb.app"),
    "discord.com": ("discord.com", "discordapp.com", "com.discord"),
    "duckduckgo.com": ("duckduckgo.com", "com.duckduckgo.mobile.android"),
    "facebook.com": (
        *("facebook.com", "fb.com", "fb.me", "fb.watch", "284882215"),
        *("com.facebook.katana", "com.facebook.lite"),
    ),
    "flipboard.com": ("flipboard.com", "flip.it", "flipboard.app"),
    "google.com": ("com.google.android.googlequicksearchbox",),
    "instagram.com": ("instagram.com", "instagr.am", "389801252", "com.instagram.android"),
    "line.me": ("line.me", "jp.naver.line.android"),
    "linkedin.com": ("linkedin.com", "lnkd.in", "com.linkedin.android"),
    "mail.google.com": ("mail.google.com", "com.google.android.gm"),
    "mail.yahoo.com": ("mail.yahoo.com", "com.yahoo.mobile.client.android.mail"),
    "messenger.com": ("messenger.com", "m.me", "com.facebook.orca"),
    "outlook.com": (
        *("outlook.com", "outlook.live.com", "outlook.office.com", "outlook.office365.com"),
        "com.microsoft.office.outlook",
    ),
    "pinterest.com": (
        *(
            "pinterest.com",
            "pin.it",
            "com.pinterest",
            "pinterest.at",
            "pinterest.ca",
            "pinterest.ch",
        ),
        *(
            "pinterest.co.uk",
            "pinterest.com.au",
            "pinterest.com.mx",
            "pinterest.de",
            "pinterest.es",
        ),
        *("pinterest.fr", "pinterest.ie", "pinterest.it", "pinterest.jp", "pinterest.nz"),
        *("pinterest.pt", "pinterest.se"),
    ),
    "reddit.com": ("reddit.com", "redd.it", "com.reddit.frontpage"),
    "slack.com": ("slack.com", "slack-redir.net", "com.slack"),
    "snapchat.com": ("snapchat.com", "com.snapchat.android"),
    "teams.microsoft.com": (
        *("teams.microsoft.com", "teams.live.com", "teams.cdn.office.net", "com.microsoft.teams"),
    ),
    "telegram.org": ("telegram.org", "telegram.me", "t.me", "org.telegram.messenger"),
    "threads.com": ("threads.com", "threads.net", "com.instagram.barcelona"),
    "tiktok.com": ("tiktok.com", "com.zhiliaoapp.musically", "com.ss.android.ugc.trill"),
    "tumblr.com": ("tumblr.com", "umblr.com", "com.tumblr"),
    "vk.com": ("vk.com", "vk.ru", "com.vkontakte.android"),
    "weibo.com": ("weibo.com", "weibo.cn", "t.cn", "com.sina.weibo"),
    "whatsapp.com": ("whatsapp.com", "wa.me", "com.whatsapp"),
    "x.com": ("x.com", "twitter.com", "t.co", "com.twitter.android"),
    "youtube.com": ("youtube.com", "youtu.be", "544007664", "com.google.android.youtube"),
}
_SITES = {host: site for site, hosts in _HOSTS.items() for host in hosts}
_PATTERN = rf"(?:^|\.)({'|'.join(host.replace('.', r'[.]') for host in _SITES)})$"


def site_of(column: str) -> str:
    """Return SQL for the site of a column's host, or for the host itself."""
    site = f"'{json.dumps(_SITES)}'::jsonb ->> substring({column} from '{_PATTERN}')"
    return f"coalesce({site}, {column})"
