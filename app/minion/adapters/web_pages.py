"""Fetches pages from allowed hosts, outside the box, for agents inside it.

Each redirect is judged as a new address. A name is resolved once, all its addresses have to be global, and the
connection goes to the address that was judged, so that a second answer of the name server changes nothing (DNS
rebinding). The certificate is checked for the name.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx2

from minion.ports.web import NotFetched, Page
from minion.tools.limits import WEB_BYTES, WEB_REDIRECTS, WEB_SECONDS

LONGEST_URL = 2_000
MOST_PAGES = 100
"""Of one round; what was fetched already is not counted again."""
MOST_NAMED = 5
_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,24}")
_READABLE = ("text/", "application/json", "application/xml", "application/xhtml+xml", "application/javascript")
_HEADERS = {
    "accept": "text/html, text/markdown, text/plain, application/json;q=0.8, */*;q=0.1",
    "accept-encoding": "identity",  # so that what is counted is what is read: no bombs
    "user-agent": "minion (https://github.com/minion-bot/minion)",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Addresses that stand for IPv4 ones (RFC 6052, RFC 3056, RFC 4380): where they lead is not for us to find out.
_EMBEDDING = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


@dataclass(frozen=True)
class _Target:
    """`origin` is connected to; `name` is who that has to be."""

    url: httpx2.URL
    origin: httpx2.URL
    name: str


class WebPages:
    """Implements `ports.web.Web`. `loopback` (`host:port`) are servers of this machine that may be read over plain
    HTTP, for trying things out; they have to be among the allowed hosts, too."""

    def __init__(
        self, allow: Sequence[str], loopback: Sequence[str] = (), verify: ssl.SSLContext | bool = True
    ) -> None:
        self._allow = tuple(host.lower() for host in allow)
        self._loopback = frozenset(loopback)
        self._verify = verify
        self._known: dict[str, Page | NotFetched] = {}
        self._asked_for: dict[str, None] = {}
        self._turn = threading.Lock()

    @property
    def hosts(self) -> Sequence[str]:
        return self._allow

    @property
    def not_allowed(self) -> Sequence[str]:
        return tuple(self._asked_for)

    def _remember(self, name: str) -> None:
        if len(self._asked_for) < MOST_NAMED and _NAME.fullmatch(name):
            self._asked_for[name] = None

    def fetch(self, url: str) -> Page | NotFetched:
        with self._turn:
            if url not in self._known:
                if len(self._known) >= MOST_PAGES:
                    return NotFetched(f"{MOST_PAGES} pages were asked for in this round; that is the most")
                self._known[url] = _within(WEB_SECONDS + 1, lambda: self._followed(url))
            return self._known[url]

    def _followed(self, url: str) -> Page | NotFetched:
        ends_at = time.monotonic() + WEB_SECONDS
        # no environment: no proxy and no credentials of .netrc
        with httpx2.Client(trust_env=False, follow_redirects=False, verify=self._verify, headers=_HEADERS) as client:
            for _ in range(WEB_REDIRECTS + 1):
                target = self._judged(url)
                if isinstance(target, NotFetched):
                    return target
                try:
                    answer = _asked(client, target, ends_at)
                except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
                    return NotFetched(f"{target.name} could not be read: {str(error) or type(error).__name__}")
                if not isinstance(answer, str):
                    return answer
                url = urljoin(url, answer)
        return NotFetched(f"more than {WEB_REDIRECTS} redirects")

    def _judged(self, url: str) -> _Target | NotFetched:
        parsed = _parsed(url)
        if isinstance(parsed, NotFetched):
            return parsed
        name = parsed.host.lower().rstrip(".")
        if not any(_fits(name, allowed) for allowed in self._allow):
            self._remember(name)
            return NotFetched(f"{name} is not allowed here; allowed: {', '.join(self._allow) or 'nothing'}")
        if f"{name}:{parsed.port}" in self._loopback and parsed.scheme == "http":
            return _Target(parsed, parsed.copy_with(host="127.0.0.1"), name)
        if parsed.scheme != "https" or parsed.port not in {None, 443}:
            return NotFetched("only https:// on its usual port is fetched")
        address = _address(name)
        return address if isinstance(address, NotFetched) else _Target(parsed, parsed.copy_with(host=address), name)


def _within(seconds: float, work: Callable[[], Page | NotFetched]) -> Page | NotFetched:
    """In a thread that is left alone when it is late: neither a name server nor headers that come byte by byte end by
    a time limit of single reads."""
    found: queue.Queue[Page | NotFetched] = queue.Queue()
    threading.Thread(target=lambda: found.put(work()), name="web-page", daemon=True).start()
    try:
        return found.get(timeout=seconds)
    except queue.Empty:
        return NotFetched(f"it took more than {WEB_SECONDS} s")


def _parsed(url: str) -> httpx2.URL | NotFetched:
    if len(url) > LONGEST_URL:
        return NotFetched(f"an address of more than {LONGEST_URL} characters")
    try:
        parsed = httpx2.URL(url).copy_with(fragment=None)
    except (httpx2.InvalidURL, ValueError, TypeError) as error:
        return NotFetched(f"not an address: {error}")
    if parsed.userinfo:
        return NotFetched("an address with a user name in it is not fetched")
    if not parsed.is_absolute_url or not parsed.host:
        return NotFetched("not a whole address: it begins with https:// and a host")
    return parsed


def _fits(name: str, allowed: str) -> bool:
    return name == allowed or (allowed.startswith("*.") and name.endswith(allowed[1:]))


def _address(name: str) -> str | NotFetched:
    """The first of its addresses, where all are global."""
    try:
        found = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return NotFetched(f"{name} has no address: {error}")
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_global(address) for address in addresses):
        return NotFetched(f"{name} leads into a private network; that is not fetched")
    return addresses[0]


def is_global(address: str) -> bool:
    """False for private, loopback, link-local (cloud metadata), shared, multicast and reserved addresses
    (https://www.iana.org/assignments/iana-ipv4-special-registry), and for those that stand for others."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return is_global(str(parsed.ipv4_mapped))
        if any(parsed in network for network in _EMBEDDING):
            return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _asked(client: httpx2.Client, target: _Target, ends_at: float) -> Page | NotFetched | str:
    """A page, a refusal, or where to go instead."""
    request = client.build_request(
        "GET",
        target.origin,
        headers={"host": target.url.netloc.decode("ascii")},
        extensions={"sni_hostname": target.name, "timeout": httpx2.Timeout(_left(ends_at)).as_dict()},
    )
    response = client.send(request, stream=True)
    try:
        if response.status_code in _REDIRECTS and "location" in response.headers:
            return str(response.headers["location"])
        refusal = _refusal(response)
        return refusal or _page(response, target, ends_at)
    finally:
        response.close()


def _refusal(response: httpx2.Response) -> NotFetched | None:
    kind = response.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if response.status_code != 200:
        return NotFetched(f"the server answered {response.status_code}")
    if response.headers.get("content-encoding", "identity") != "identity":
        return NotFetched("the server sends it compressed, though it was asked not to")
    if not kind.startswith(_READABLE) and not kind.endswith(("+json", "+xml")):
        return NotFetched(f"it is {kind or 'of no known kind'}, not text")
    return None


def _page(response: httpx2.Response, target: _Target, ends_at: float) -> Page | NotFetched:
    kept = bytearray()
    for chunk in response.iter_raw():
        kept += chunk
        if len(kept) > WEB_BYTES:
            break
        if time.monotonic() > ends_at:
            return NotFetched(f"it took more than {WEB_SECONDS} s")
    text = bytes(kept[:WEB_BYTES]).decode(_charset(response), errors="replace")
    kind = response.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    return Page(str(target.url), kind, text, min(len(kept), WEB_BYTES), whole=len(kept) <= WEB_BYTES)


def _charset(response: httpx2.Response) -> str:
    try:
        "".encode(response.charset_encoding or "utf-8")
    except LookupError:
        return "utf-8"
    return response.charset_encoding or "utf-8"


def _left(ends_at: float) -> float:
    return max(0.05, ends_at - time.monotonic())
