"""Pages over real HTTP on loopback, which is allowed by name here and nowhere else."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bench import project
from tests.certificates import self_signed

from minion.adapters.anthropic_model import AnthropicModel, Credential
from minion.adapters.web_pages import WebPages, _asked, _Target, is_global
from minion.adapters.workspace import copy_of_checkout
from minion.bootstrap.place import Place
from minion.bootstrap.prices import priced
from minion.bootstrap.site import Task, Workshop
from minion.domain.config import Egress, RepositoryConfiguration
from minion.domain.secret import Secret
from minion.domain.spec import Scope
from minion.ports.web import NotFetched, Page
from minion.runner.journal import Journal
from minion.tasks.configuration import read_configuration
from minion.tools.bench import ToolBench
from minion.tools.html_text import text_of_html
from minion.tools.limits import WEB_BYTES, WEB_SECONDS
from minion.tools.registry import build_tools

HTML = (
    "<html><head><title>Guide</title><style>p{}</style></head><body><nav>Menu</nav><h1>Sort</h1>"
    "<p>Use <code>sorted</code>,\n or <b>not</b>.</p><ul><li>one<li>two</ul><pre>x = 1\n  y</pre>"
    "<script>alert(1)</script></body></html>"
)


@dataclass
class Site:
    port: int = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def here(self) -> str:
        return f"docs.example:{self.port}"

    def pages(self, *allow: str) -> WebPages:
        return WebPages(allow or ("docs.example",), [self.here])

    def url(self, path: str) -> str:
        return f"http://{self.here}{path}"


HTML_KIND = "text/html; charset=utf-8"
ANSWERS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "/guide": (200, HTML.encode(), {"content-type": HTML_KIND}),
    "/away": (302, b"", {"location": "https://evil.example/"}),
    "/metadata": (302, b"", {"location": "http://169.254.169.254/latest/"}),
    "/moved": (301, b"", {"location": "/guide"}),
    "/loop": (302, b"", {"location": "/loop"}),
    "/big": (200, b"x" * 3_000_000, {}),
    "/image": (200, b"\x89PNG", {"content-type": "image/png"}),
    "/zipped": (200, b"\x1f\x8b", {"content-encoding": "gzip"}),
    "/gone": (404, b"no", {}),
    "/latin": (200, "caf\xe9".encode("latin-1"), {"content-type": "text/plain; charset=latin-1"}),
    "/odd": (200, b"text", {"content-type": "text/plain; charset=klingon"}),
}


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers["host"]))
            try:
                self._drip() if self.path == "/drip" else self._answer(*ANSWERS[self.path])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"content-type": "text/plain", "content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _drip(self) -> None:
            for _ in range(300):
                self.wfile.write(b"H")
                time.sleep(0.1)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(made)) as server:
        server.daemon_threads = True
        made.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield made
        server.shutdown()


def test_a_page_is_read_once(site: Site) -> None:
    pages = site.pages()
    first = pages.fetch(site.url("/guide"))
    assert isinstance(first, Page)
    assert (first.kind, first.text, first.whole) == ("text/html", HTML, True)
    assert pages.fetch(site.url("/guide")) is first
    assert site.asked == [("/guide", site.here)]


def test_the_model_gets_text_that_is_labelled(site: Site, bench: ToolBench) -> None:
    [tool] = build_tools(["web"], replace(bench, web=site.pages()))
    result = tool.call({"url": site.url("/moved")})
    text = str(result.content)
    assert text.startswith(f'<untrusted source="{site.url("/guide")}">\n')
    assert "# Sort" in text
    assert "Use `sorted`, or not." in text
    assert "- one\n- two" in text
    assert "```\nx = 1\n  y\n```" in text
    assert not any(word in text for word in ("alert", "Menu", "p{}"))


def test_the_tool_is_not_offered_where_no_host_is_allowed(bench: ToolBench) -> None:
    assert build_tools(["web"], bench) == []


@pytest.mark.parametrize("path", ["/away", "/metadata", "/loop", "/image", "/zipped", "/gone"])
def test_what_is_not_read(site: Site, path: str) -> None:
    refused = site.pages().fetch(site.url(path))
    assert isinstance(refused, NotFetched), refused
    assert len(site.asked) <= 6


def test_a_big_page_is_cut(site: Site) -> None:
    page = site.pages().fetch(site.url("/big"))
    assert isinstance(page, Page)
    assert (len(page.text), page.whole) == (WEB_BYTES, False)


def test_encodings_are_minded(site: Site) -> None:
    pages = site.pages()
    latin, odd = pages.fetch(site.url("/latin")), pages.fetch(site.url("/odd"))
    assert isinstance(latin, Page)
    assert isinstance(odd, Page)
    assert (latin.text, odd.text) == ("caf\xe9", "text")


def test_a_server_that_never_ends_its_headers_is_left(site: Site) -> None:
    began = time.monotonic()
    assert isinstance(site.pages().fetch(site.url("/drip")), NotFetched)
    assert time.monotonic() - began < WEB_SECONDS + 8


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://docs.example/", "only https"),
        ("https://docs.example:8443/", "only https"),
        ("ftp://docs.example/", "only https"),
        ("https://evil.example/", "is not allowed here; allowed: docs.example"),
        ("https://docs.example.evil.example/", "is not allowed"),
        ("https://docs.example@evil.example/", "user name"),
        ("https://me:secret@docs.example/", "user name"),
        ("https://127.0.0.1/", "not allowed"),
        ("https://[::1]/", "not allowed"),
        ("https://2130706433/", "not allowed"),
        ("docs.example/x", "not a whole address"),
        ("file:///etc/passwd", "not a whole address"),
        ("https://docs.example/" + "x" * 3_000, "more than"),
        ("https://\0", "not an address"),
        ("", "not a whole address"),
    ],
)
def test_addresses_that_are_refused_before_anything_is_sent(url: str, words: str) -> None:
    refused = WebPages(["docs.example"]).fetch(url)
    assert isinstance(refused, NotFetched)
    assert words in refused.reason


def test_hosts_that_are_not_allowed_are_remembered_for_people() -> None:
    pages = WebPages(["docs.example"])
    for host in (
        "evil.example",
        "evil.example",
        "x`y.example",
        "127.0.0.1",
        *(f"h{number}.example" for number in range(9)),
    ):
        pages.fetch(f"https://{host}/")
    assert pages.not_allowed == ("evil.example", "h0.example", "h1.example", "h2.example", "h3.example")


def test_an_allowed_name_that_leads_home_is_refused() -> None:
    refused = WebPages(["localhost"]).fetch("https://localhost/")
    assert isinstance(refused, NotFetched)
    assert "private network" in refused.reason


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104 -- to be refused
            "224.0.0.1",
        ),
        *("240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1"),
        *("fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1"),
        *("2001::1", "2001:db8::1"),
    ],
)
def test_addresses_that_are_not_global(address: str) -> None:
    assert not is_global(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "151.101.0.223", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_that_are_global(address: str) -> None:
    assert is_global(address)


def test_the_domain_of_a_star_is_what_is_below_it(site: Site) -> None:
    pages = WebPages(["*.example"], [site.here])
    assert isinstance(pages.fetch(site.url("/guide")), Page)
    refused = WebPages(["*.docs.example"], [site.here]).fetch(site.url("/guide"))
    assert isinstance(refused, NotFetched)


@pytest.mark.parametrize(
    "host", ["https://docs.example", "docs.example/x", "127.0.0.1", "*", "*.*.x", "a b", "Docs.Example", ""]
)
def test_what_is_no_host_is_no_configuration(host: str) -> None:
    with pytest.raises(ValueError, match="allow"):
        Egress(allow=(host,))
    assert Egress(allow=("docs.python.org", "*.rust-lang.org", "localhost")).allow


def test_the_connection_goes_to_the_address_and_the_certificate_is_the_names(tmp_path: Path) -> None:
    """The address was judged; the name is asked for and has to be the certificate's."""
    pem = self_signed(tmp_path, "docs.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    trusted = ssl.create_default_context(cafile=str(pem))
    hosts: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(self.headers["host"])
            self.send_response(200)
            self.send_header("content-type", "text/plain")
            self.end_headers()
            self.wfile.write(b"safe")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        origin = httpx2.URL(f"https://127.0.0.1:{server.server_address[1]}/")
        with httpx2.Client(verify=trusted) as client:
            good = _asked(
                client, _Target(httpx2.URL("https://docs.example/"), origin, "docs.example"), time.monotonic() + 5
            )
            with pytest.raises(httpx2.ConnectError, match=r"(?i)certificate"):
                _asked(
                    client, _Target(httpx2.URL("https://other.example/"), origin, "other.example"), time.monotonic() + 5
                )
        server.shutdown()
    assert isinstance(good, Page)
    assert (good.url, good.text, hosts) == ("https://docs.example/", "safe", ["docs.example"])


@given(st.text(alphabet=st.sampled_from("<>/abp!-&;# \n\"'=h1lipretitle"), max_size=300))
def test_any_html_is_taken(html: str) -> None:
    assert isinstance(text_of_html(html), str)


def test_hosts_of_the_repositorys_configuration_reach_the_agents_tools(site: Site, tmp_path: Path) -> None:
    configuration = read_configuration(b"egress:\n  allow: [docs.example]\n")
    assert isinstance(configuration, RepositoryConfiguration)
    repository = project.make(tmp_path / "project")
    for loopback, read in (((site.here,), True), ((), False)):
        place = Place.under(tmp_path / f"read-{read}")
        workspace = copy_of_checkout(repository, place.work, place.private).workspace
        task = Task(configuration, Scope(), base_sha=workspace.head_sha)
        model = AnthropicModel("http://127.0.0.1:1", Credential(Secret("key")))  # never asked
        shop = Workshop(model, priced({}, ()), "bubblewrap", None, egress_loopback=loopback)
        web = shop.open(workspace, place, task, Journal([lambda _: None]), lambda: None).bench.web
        assert web is not None
        assert isinstance(web.fetch(site.url("/guide")), Page) is read
        workspace.close()
