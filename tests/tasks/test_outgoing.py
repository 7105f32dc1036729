"""Text going out. Attacks 28 and 34."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from minion.tasks.outgoing import LIMIT, capped, code, cut, fence, one_line, plain, prose, quote, unlinked

HOSTS = frozenset({"github.com"})
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})


def rendered(text: str) -> str:
    return str(MARKDOWN.render(text))


@pytest.mark.parametrize("text", ["hi @ann", "@org/team", "(@ann)", "x@ann", "`@ann`", "@ann-b, @c"])
def test_nobody_is_mentioned(text: str) -> None:
    assert not re.search(r"@[A-Za-z0-9]", prose(text))
    assert prose(text).replace("\u200b", "") == text


def test_the_people_concerned_may_be_mentioned() -> None:
    assert prose("@Ann and @bob", mentions=["ann"]) == "@Ann and @\u200bbob"


@pytest.mark.parametrize(
    "text",
    [
        "Fixes #12",
        "closes: #12",
        "Resolved acme/widgets#12",
        "fix GH-12",
        "closes https://github.com/acme/widgets/issues/12",
        "FIXED  #12",
        "**close** #12",
    ],
)
def test_nothing_is_closed(text: str) -> None:
    for out in (prose(text, hosts=HOSTS), plain(text), unlinked(text)):
        assert not re.search(r"\b(close[sd]?|fix(e[sd])?|resolve[sd]?)\b", out, re.IGNORECASE), out


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://evil.example/a.png)",
        "![x](<https://evil.example/a.png>)",
        "![x](https\\://evil.example/a.png)",
        "![x](https:/\\/evil.example/a.png)",
        "![x](https&#58;//evil.example/a.png)",
        "![x](https&colon;//evil.example/a.png)",
        "![x](//evil.example/a.png)",
        "![x](\\//evil.example/a.png)",
        "![x][y]\n\n[y]: https://evil.example/a.png",
        "![x][y]\n\n[y]: //evil.example/a.png",
        "![x][y]\n\n[y]:\n//evil.example/a.png",
        "<img src=https://evil.example/a.png>",
        "<IMG SRC='//evil.example/a.png'>",
        "<a href='https://evil.example'>x</a>",
        "<https://evil.example/>",
        "[x](https://github.com@evil.example/)",
        "[x](https://github.com\\@evil.example/)",
        "[x](https://github.com:443@evil.example/)",
        "[x](https://github.com.evil.example/)",
        "[x](HTTPS://EVIL.EXAMPLE/)",
        "[x](ftp://evil.example/)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "[x](java\u200bscript:alert(1))",
        "<!-- minion:status task=t1 -->",
        "<details open>",
    ],
)
def test_nothing_is_loaded_or_linked(text: str) -> None:
    html = rendered(prose(text, hosts=HOSTS))
    for address in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert not re.match(r"(?i)\s*(?:[a-z][a-z0-9+.-]*:|//|\\)", address), html
    assert "<!--" not in html
    assert not re.search(r"<(?!/?(?:p|a|img|em|strong|code|br|pre)\b)", html), html


@given(
    st.lists(
        st.sampled_from([*"![]()<>:/\\&#;@\"' \n\t", "https", "//", "evil.example", "&#58;", "&colon;", "a", "www."]),
        max_size=14,
    )
)
def test_no_mixture_of_signs_links_out(pieces: list[str]) -> None:
    html = rendered(prose("[x](" + "".join(pieces) + ")\n\n![y]: " + "".join(pieces), hosts=HOSTS))
    for address in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert not re.match(r"(?i)\s*(?:https?:|//|\\\\|/\\)[^%]*evil", address.replace("&amp;", "&")), (pieces, html)


def test_listed_links_stay() -> None:
    text = "see [the run](https://github.com/acme/widgets/actions/runs/1)"
    assert prose(text, hosts=HOSTS) == text


@given(st.text(max_size=300))
def test_a_fence_holds_what_is_inside(text: str) -> None:
    tokens = MARKDOWN.parse(fence(text))
    assert [token.type for token in tokens] == ["fence"]


@given(st.text(max_size=100))
def test_inline_code_holds_what_is_inside(text: str) -> None:
    inline = MARKDOWN.parse(f"a {code(text)} b")[1]
    kinds = [child.type for child in inline.children or ()]
    assert "code_inline" in kinds
    assert set(kinds) <= {"text", "code_inline"}


def test_fences_keep_the_end() -> None:
    assert fence("x" * 100 + "end", limit=10).splitlines()[1:3] == ["… (the beginning is left out)", "xxxxxxxend"]
    assert fence("a\n````\nb").startswith("`````\n")


def test_quotes_and_lines() -> None:
    assert quote("# Approved\n\nby @boss") == "> # Approved\n>\n> by @\u200bboss"
    assert one_line("a | b\n<b>c") == "a \\| b &lt;b>c"
    assert cut("x" * 50, 20) == "x" * 12 + "\n… (cut)"


@given(st.text(max_size=500), st.integers(200, 400))
def test_bodies_are_capped_and_open_fences_closed(text: str, limit: int) -> None:
    assert len(capped("```\n" + text * 3, limit)) <= limit


def test_the_cap_is_githubs() -> None:
    body = capped("start\n```\n" + "x\n" * 50_000)
    assert len(body) <= LIMIT
    assert body.count("```") == 2
    assert "did not fit" in body
