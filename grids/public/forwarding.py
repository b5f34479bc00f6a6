"""Append a visitor's query to the address that a link leads to."""

from __future__ import annotations

from urllib.parse import quote_from_bytes, unquote_to_bytes

# Headers of more bytes are refused by many proxies and servers: such a query is not forwarded at all.
QUERY_MAX = 4096
# What a query may hold as it is (RFC 3986, section 3.4), and what browsers leave in it besides.
_SAFE = "%!$&'()*+,;=:@/?[]|{}^`\\"
_SCHEMES = (b"https://", b"http://")


def forwarded(location: bytes, query: bytes) -> bytes:
    """Return a link's `location` with the parameters of `query` that it does not have itself.

    The fragment stays last. Whatever bytes the query has, the result is ASCII without spaces and controls.
    """
    if not query or len(query) > QUERY_MAX or not location[:8].lower().startswith(_SCHEMES):
        return location
    address, mark, fragment = location.partition(b"#")
    own = address.partition(b"?")[2]
    names = {_name(parameter) for parameter in own.split(b"&")}
    given = b"&".join(each for each in query.split(b"&") if each and _name(each) not in names)
    if not given:
        return location
    joint = b"&" if own else b"" if address.endswith(b"?") else b"?"
    return address + joint + quote_from_bytes(given, _SAFE).encode() + mark + fragment


def _name(parameter: bytes) -> bytes:
    """Return the name of a parameter as servers compare it; some ignore its case."""
    return unquote_to_bytes(parameter.partition(b"=")[0].replace(b"+", b" ")).lower()
