"""Provide small files of links as the tools write them."""

from __future__ import annotations

import json

CHROME = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<!-- This is an automatically generated file. -->
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks</H1>
<DL><p>
    <DT><A HREF="https://a.example/" ADD_DATE="1600000000" ICON="data:image/png;base64,AA">A</A>
</DL><p>
"""
LINKDING = "\n\r".join(
    [
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>",
        '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">',
        "<TITLE>Bookmarks</TITLE>",
        "<H1>Bookmarks</H1>",
        "<DL><p>",
        '<DT><A HREF="https://a.example/?x=1&y=2" ADD_DATE="1600000000" TAGS="a,b">url,title</A>',
        "<DD>[linkding-notes]notes[/linkding-notes]",
        "</DL><p>",
    ]
)

DUB = (
    "Short link,Destination URL,Clicks,Leads,Created at,Link ID,Updated at,Tags,Archived\r\n"
    "https://dub.sh/promo,https://a.example/?x=1,12,0,2024-05-01T10:00:00.000Z,link_1,"
    '2024-06-01T10:00:00.000Z,"News, Spring sale",No\r\n'
    "https://acme.link/,https://b.example/,0,0,2024-05-02T10:00:00.000Z,link_2,"
    "2024-05-02T10:00:00.000Z,'@home,Yes\r\n"
)
SHLINK_WEB = (
    '"createdAt","domain","shortCode","shortUrl","longUrl","title","tags","visits"\n'
    '"2024-05-01T10:00:00+02:00","s.test","abc","https://s.test/abc","https://a.example/",'
    '"A","x|y","7"\n'
)
SHLINK_IMPORT = "Long URL;Short code;Domain;Title;Tags\nhttps://a.example/;abc;;A;x|y\n"
SHLINK_SHORT_URL = "long url,SHORT URL\nhttps://a.example/,https://s.test/deep/abc?q#f\n"
YOURLS = 'source,target,hits\r\n"/ozh/","https://a.example/?q=""x""","1,234"\r\n'
BITLY = (
    "created_at\tid\tlink\tlong_url\ttitle\ttags\tarchived\tengagements\n"
    "2020-10-26T17:20:40+0000\tbit.ly/XXXX\thttps://bit.ly/XXXX\thttps://a.example/\tA\tx,y"
    "\tfalse\t3\n"
)
KUTT = (
    "id,address,banned,created_at,updated_at,description,domain,link,target,visit_count\n"
    "u1,abc,false,2024-05-01T10:00:00.000Z,2024-05-02T10:00:00.000Z,About,,"
    "https://kutt.it/abc,https://a.example/,9\n"
)
REBRANDLY = (
    "id|title|slashtag|destination|createdAt|updatedAt|clicks\n"
    "r1|A|abc|https://a.example/|2024-05-01T10:00:00Z|2024-05-02T10:00:00Z|4\n"
)
SHORT_IO = (
    "originalURL,path,title,archived,tags,createdAt\n"
    "https://a.example/,abc,A,false,x,1714557600000\n"
)
GRIDLINK = (
    "link,grid,grid_title,url,title,note,tags,alias,x,created_on,modified_on\n"
    'Lk1,Gr1,Home,https://a.example/,\'=1+1,"two\nlines","a|b, c\\, d, e\\\\f",promo,0,'
    "2024-05-01T10:00:00.000001Z,2024-05-02T10:00:00.000000Z\n"
    "Lk2,Gr2,Home,https://b.example/,B,,,,1,"
    "2024-05-01T10:00:00.000000Z,2024-05-02T10:00:00.000000Z\n"
    "Lk3,Gr1,Home,https://c.example/,C,,,,2,"
    "2024-05-01T10:00:00.000000Z,2024-05-02T10:00:00.000000Z\n"
)
POCKET = (
    "title,url,time_added,tags,status\n"
    '"A, the first",https://a.example/,1600000000,x|y z,unread\n'
    "https://b.example/,https://b.example/,1600000001,,archive\n"
)

LINKSTACK = json.dumps(
    {
        "links": [
            {
                "id": 3,
                "link": "https://b.example/",
                "title": "Second",
                "type": "link",
                "order": 1,
                "click_number": 0,
                "up_link": "no",
                "user_id": 1,
                "button_id": 1,
                "created_at": "2023-05-05T12:00:00.000000Z",
                "updated_at": "2023-05-06T12:00:00.000000Z",
                "custom_css": "",
            },
            {"id": 4, "link": "", "title": "<b>Hi</b>", "order": 2, "button_id": 93},
            {"id": 5, "link": None, "title": "Heading", "order": 3, "button_id": 42},
            {"id": 6, "link": "https://a.example/", "title": "First", "order": 0, "button_id": 2}
            | {"click_number": 42},
        ]
    }
)
LINKSTACK_USER = json.dumps(
    {
        "id": 1,
        "name": "Ann",
        "email": "ann@example.org",
        "littlelink_name": "ann",
        "littlelink_description": "My links",
        "created_at": "2023-05-05 12:00:00",
        "links": [{"link": "https://a.example/", "title": "A", "button_id": 1}],
        "image_data": "iVBORw0KGgo=" * 1000,
        "image_extension": "png",
    }
)
LINKWARDEN = json.dumps(
    {
        "name": "Ann",
        "username": "ann",
        "email": "ann@example.org",
        "collections": [
            {
                "id": 2,
                "name": "Python",
                "description": "",
                "color": "#0ea5e9",
                "parentId": 1,
                "createdAt": "2024-01-01T00:00:00.000Z",
                "rssSubscriptions": [{"name": "Feed", "url": "https://f.example/feed"}],
                "links": [
                    {
                        "id": 9,
                        "name": "A",
                        "type": "url",
                        "description": "About",
                        "url": "https://a.example/",
                        "textContent": "long " * 100,
                        "importDate": None,
                        "createdAt": "2024-01-02T00:00:00.000Z",
                        "updatedAt": "2024-01-03T00:00:00.000Z",
                        "tags": [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}],
                    },
                    {"id": 10, "name": "A file", "type": "pdf", "url": None, "tags": []},
                ],
            },
            {
                "id": 1,
                "name": "Dev",
                "description": "All of it",
                "parentId": None,
                "createdAt": "2023-01-01T00:00:00.000Z",
                "rssSubscriptions": [],
                "links": [{"id": 11, "name": "B", "url": "https://b.example/", "tags": []}],
            },
        ],
        "pinnedLinks": [
            {"id": 9, "name": "A", "url": "https://a.example/"},
            {"id": 99, "name": "Shared", "url": "https://c.example/"},
        ],
    }
)
WALLABAG = json.dumps(
    [
        {
            "is_archived": 1,
            "is_starred": 1,
            "tags": ["x", "y"],
            "is_public": False,
            "id": 7,
            "title": "A",
            "url": "https://a.example/",
            "content": "<p>url,title</p>",
            "created_at": "2016-09-08T11:55:58+0200",
            "updated_at": "2016-09-08T12:55:58+0200",
        },
        {"is_archived": 0, "is_starred": 0, "tags": [], "id": 8, "url": "https://b.example/"},
    ]
)
OMNIVORE = json.dumps(
    [
        {
            "id": "o1",
            "slug": "a-1",
            "title": "A",
            "description": "About",
            "author": None,
            "url": "https://a.example/",
            "state": "Archived",
            "readingProgress": 0,
            "thumbnail": "",
            "labels": ["x", "y"],
            "savedAt": "2024-01-02T00:00:00.000Z",
            "updatedAt": "2024-01-03T00:00:00.000Z",
            "publishedAt": None,
        }
    ]
)

SAMPLES: list[tuple[str, str, str]] = [
    ("chrome", "netscape", CHROME),
    ("linkding", "netscape", LINKDING),
    ("dub", "csv", DUB),
    ("shlink web", "csv", SHLINK_WEB),
    ("shlink import", "csv", SHLINK_IMPORT),
    ("shlink short url", "csv", SHLINK_SHORT_URL),
    ("yourls", "csv", YOURLS),
    ("bitly", "csv", BITLY),
    ("kutt", "csv", KUTT),
    ("rebrandly", "csv", REBRANDLY),
    ("short.io", "csv", SHORT_IO),
    ("gridlink", "csv", GRIDLINK),
    ("pocket", "pocket", POCKET),
    ("linkstack", "linkstack", LINKSTACK),
    ("linkstack user", "linkstack", LINKSTACK_USER),
    ("linkwarden", "linkwarden", LINKWARDEN),
    ("wallabag", "wallabag", WALLABAG),
    ("omnivore", "omnivore", OMNIVORE),
]
"""Every sample with its name and the source that it is from."""
