"""Where the elements of a page are, and what of them cannot be seen. A length is in CSS pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Names an element in a message: its tag, id and classes, and the beginning of its text.
_NAME = """const name = e => `${e.tagName.toLowerCase()}${e.id && '#' + e.id}`
    + `${[...e.classList].map(c => '.' + c).join('')} ${e.textContent.trim().slice(0, 30)}`;
const box = e => e.getBoundingClientRect();
const shown = e => box(e).width > 0 && box(e).height > 0;
"""
_STICKING_OUT = """() => {
    const wide = document.documentElement.clientWidth;
    return [...document.body.querySelectorAll('*')].filter(shown)
        .filter(e => box(e).left < -1 || box(e).right > wide + 1).map(name)
        .concat(document.documentElement.scrollWidth > wide ? ['the page scrolls'] : []);
}"""
_CUT_OFF = """() => [...document.body.querySelectorAll('*')].filter(shown)
    .filter(e => !e.closest('[aria-hidden=true]')).filter(e => {
    const style = getComputedStyle(e);
    return e.textContent.trim() && (
        style.overflowX != 'visible' && e.scrollWidth > e.clientWidth + 1
        || style.overflowY != 'visible' && e.scrollHeight > e.clientHeight + 1);
}).map(name)"""
_SPILLED = """selector => [...document.querySelectorAll(selector)].flatMap(outer =>
    [...outer.querySelectorAll('*')].filter(shown).filter(e =>
        box(e).left < box(outer).left - 1 || box(e).right > box(outer).right + 1
        || box(e).top < box(outer).top - 1 || box(e).bottom > box(outer).bottom + 1
    ).map(name))"""
_OVERLAPPING = """selector => [...document.querySelectorAll(selector)].flatMap((one, at, all) =>
    all.slice(at + 1).filter(other =>
        box(one).left < box(other).right - 1 && box(other).left < box(one).right - 1
        && box(one).top < box(other).bottom - 1 && box(other).top < box(one).bottom - 1
    ).map(other => `${name(one)} and ${name(other)}`))"""
_OUT_OF_ORDER = """selector => {
    const turn = document.dir == 'rtl' ? -1 : 1;
    const place = e => [Math.round(box(e).top), turn * Math.round(box(e).left)];
    const all = [...document.querySelectorAll(selector)].filter(shown);
    const seen = [...all].sort((a, b) =>
        place(a)[0] - place(b)[0] || place(a)[1] - place(b)[1]);
    return all.filter((e, at) => e != seen[at]).map(name);
}"""
_SMALL = """([selector, least]) => [...document.querySelectorAll(selector)].filter(shown)
    .filter(e => box(e).width < least || box(e).height < least).map(name)"""
_ADOPT = """css => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
TEXT_SPACING = """* {
    line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important;
} p { margin-block-end: 2em !important }"""
"""What a reader may set, and must lose nothing by (WCAG 2.2, 1.4.12)."""
_TEXT_SIZE = 16


def _look(page: Page, script: str, argument: object = None) -> list[str]:
    # Scripts share the helpers of _NAME, which nothing on the page may see.
    found: list[str] = page.evaluate(
        f"argument => {{ {_NAME} return ({script})(argument) }}", argument
    )
    return found


def sticking_out(page: Page) -> list[str]:
    """List what is further left or right than the window; nothing then scrolls sideways."""
    return _look(page, _STICKING_OUT)


def cut_off(page: Page) -> list[str]:
    """List the elements that hide a part of their text, but for decoration."""
    return _look(page, _CUT_OFF)


def spilled(page: Page, selector: str) -> list[str]:
    """List what is partly outside the element that it is in."""
    return _look(page, _SPILLED, selector)


def overlapping(page: Page, selector: str) -> list[str]:
    """List the pairs of elements that cover each other."""
    return _look(page, _OVERLAPPING, selector)


def out_of_order(page: Page, selector: str) -> list[str]:
    """List the elements that are not where their turn is, row by row in the direction of reading."""
    return _look(page, _OUT_OF_ORDER, selector)


def smaller_than(page: Page, least: int, selector: str) -> list[str]:
    """List the elements that are lower or narrower."""
    return _look(page, _SMALL, [selector, least])


def adopt(page: Page, css: str) -> None:
    """Add a reader's own style, which no CSP forbids."""
    page.evaluate(_ADOPT, css)


def enlarge_text(page: Page, percent: int) -> None:
    """Set the browser's size of text, as readers do in its settings (WCAG 2.2, 1.4.4, asks for 200)."""
    session = page.context.new_cdp_session(page)
    size = _TEXT_SIZE * percent // 100
    session.send("Page.enable")
    session.send("Page.setFontSizes", {"fontSizes": {"standard": size, "fixed": size}})
