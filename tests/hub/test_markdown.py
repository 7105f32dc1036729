from __future__ import annotations

import pytest

from minion.hub.pages.markdown import render


def test_details_fold_and_tables_render() -> None:
    html = render("<details><summary>Receipt</summary>\n\n| a |\n|---|\n| 1 |\n\n</details>")
    assert html.startswith("<details><summary>Receipt</summary>")
    assert "<td>1</td>" in html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b onclick=alert(1)>x",
        "<details ontoggle=alert(1) open>",
        "text <svg/onload=alert(1)>",
    ],
)
def test_nothing_else_becomes_a_tag(hostile: str) -> None:
    assert "<" + hostile.lstrip("tex ").lstrip("<") not in render(hostile)
    assert "&lt;" in render(hostile)


def test_links_lead_to_the_web_only() -> None:
    assert "href" not in render("[x](javascript:alert(1))")
    assert 'href="https://example.com"' in render("[x](https://example.com)")
