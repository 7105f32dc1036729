"""Answers that GitHub gives and the hub does not: fed from a small server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from minion.adapters.github import ClientOptions, GitHubApp
from minion.domain.errors import Outage
from minion.domain.ids import CommitSha, RepositoryRef
from minion.domain.secret import Secret

from .conftest import Wall

REPO = RepositoryRef(7, "acme", "widgets", 55)
BASE: dict[str, Any] = {
    "POST /app/installations/55/access_tokens": {"token": "ghs_x", "expires_at": "2999-01-01T00:00:00.5Z"},
    "GET /app": {"id": 12, "slug": "minion"},
    "GET /repos/acme/widgets": {"id": 7, "name": "widgets", "owner": {"login": "acme", "id": 1}},
}
Answers = dict[str, Any]


@pytest.fixture(scope="module")
def key() -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@contextmanager
def serving(answers: Answers) -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """A GitHub that says what it is told: a JSON value, or (status, headers, bytes)."""
    seen: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            line = f"{self.command} {self.path.removeprefix('/api/v3').partition('?')[0]}"
            seen.append((line, {name.lower(): value for name, value in self.headers.items()}))
            said = (BASE | answers).get(line, (404, {}, b"{}"))
            status, headers, body = said if isinstance(said, tuple) else (200, {}, json.dumps(said).encode())
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 -- the base class's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def app_at(key: str) -> Iterator[Callable[..., GitHubApp]]:
    made: list[GitHubApp] = []

    def make(url: str, **options: Any) -> GitHubApp:
        app = GitHubApp(12, Secret(key), ClientOptions(f"{url}/api/v3", pause_s=0.01, **options), Wall())
        made.append(app)
        return app

    yield make
    for app in made:
        app.close()


def comment(number: int, login: str, kind: str = "Bot", app: int | None = None) -> dict[str, Any]:
    via = None if app is None else {"id": app}
    return {"id": number, "body": "m", "user": {"login": login, "type": kind}, "performed_via_github_app": via}


def test_a_comment_is_ours_by_the_app_or_by_its_bot(app_at: Callable[..., GitHubApp]) -> None:
    entries = [
        comment(1, "minion[bot]"),
        comment(2, "minion[bot]", app=12),
        comment(3, "minion", "User"),
        comment(4, "other[bot]"),
        comment(5, "other[bot]", app=99),
        {"id": 6, "body": None, "user": None},
    ]
    with serving({"GET /repos/acme/widgets/issues/4/comments": entries}) as (url, _):
        found = app_at(url).installation(55).comments(REPO, 4)
    assert [one.app_id for one in found] == [12, 12, None, None, 99, None]
    assert (found[5].author, found[5].body) == ("ghost", "")


def test_a_log_is_fetched_without_our_token(app_at: Callable[..., GitHubApp]) -> None:
    """The link leads to another host's storage; here the other host is another port."""
    lines = b"2026-01-01T00:00:01.0Z noise\n2026-01-01T00:00:09.0Z ##[error]boom\n"
    run = {
        "id": 5,
        "name": "test",
        "status": "completed",
        "conclusion": "startup_failure",
        "app": {"id": 15368, "slug": "github-actions"},
        "details_url": "https://github.com/acme/widgets/actions/runs/3/job/44",
    }
    step = {
        "name": "Run",
        "conclusion": "failure",
        "started_at": "2026-01-01T00:00:08Z",
        "completed_at": "2026-01-01T00:00:09Z",
    }
    with serving({"GET /signed": (200, {}, lines)}) as (storage, stored):
        answers: Answers = {
            f"GET /repos/acme/widgets/commits/{'a' * 40}/check-runs": {"total_count": 1, "check_runs": [run]},
            "GET /repos/acme/widgets/actions/runs": {"total_count": 0, "workflow_runs": []},
            f"GET /repos/acme/widgets/commits/{'a' * 40}/statuses": [],
            "GET /repos/acme/widgets/actions/jobs/44": {"id": 44, "steps": [step]},
            "GET /repos/acme/widgets/actions/jobs/44/logs": (302, {"Location": f"{storage}/signed?sig=1"}, b""),
            "GET /repos/acme/widgets/check-runs/5/annotations": [],
        }
        with serving(answers) as (url, _):
            github = app_at(url).installation(55)
            (check,) = github.checks(REPO, CommitSha("a" * 40))
            (failed,) = github.failed_steps(REPO, check)
    assert check.conclusion == "startup_failure", "a word that typed models may not know"
    assert failed.log == "2026-01-01T00:00:09.0Z ##[error]boom"
    assert "authorization" not in stored[0][1]


def test_older_versions_of_the_api_may_be_asked_for(app_at: Callable[..., GitHubApp]) -> None:
    with serving({}) as (url, seen):
        app_at(url, api_version="2022-11-28").installation(55).repository("acme", "widgets")
    assert {headers["x-github-api-version"] for _, headers in seen} == {"2022-11-28"}


def test_a_dispatch_without_an_answer_is_one_without_a_run(app_at: Callable[..., GitHubApp]) -> None:
    """Before run details were returned, GitHub said 204."""
    answers: Answers = {
        "GET /repos/acme/widgets/actions/workflows/minion.yml/runs": {"total_count": 0, "workflow_runs": []},
        "POST /repos/acme/widgets/actions/workflows/minion.yml/dispatches": (204, {}, b""),
    }
    with serving(answers) as (url, _):
        said = app_at(url).installation(55).dispatch(REPO, "minion.yml", "main", {"nonce": "n"})
    assert (getattr(said, "run_id", 0), getattr(said, "url", "")) == (None, None)


def test_custom_roles_count_as_their_base(app_at: Callable[..., GitHubApp]) -> None:
    path = "GET /repos/acme/widgets/collaborators/{}/permission"
    answers: Answers = {
        path.format("ann"): {"permission": "write", "role_name": "Release manager"},
        path.format("rob"): {"permission": "read", "role_name": "triage"},
        path.format("dependabot%5Bbot%5D"): (404, {}, b'{"message": "dependabot[bot] is not a user"}'),
    }
    with serving(answers) as (url, _):
        github = app_at(url).installation(55)
        found = [github.permission(REPO, login).value for login in ("ann", "rob", "dependabot[bot]")]
    assert found == ["write", "triage", "none"]


def test_a_file_of_several_megabytes_comes_from_its_blob(app_at: Callable[..., GitHubApp]) -> None:
    answers: Answers = {
        "GET /repos/acme/widgets/contents/big%20%23.txt": {
            "type": "file",
            "encoding": "none",
            "content": "",
            "sha": "b1",
        },
        "GET /repos/acme/widgets/git/blobs/b1": {"encoding": "base64", "content": "aGVsbG8="},
    }
    with serving(answers) as (url, _):
        assert app_at(url).installation(55).file(REPO, "big #.txt", "main") == b"hello"


def test_where_the_plan_has_no_rules_nothing_is_required_by_them(app_at: Callable[..., GitHubApp]) -> None:
    """Private repositories of free plans."""
    words = b'{"message": "Upgrade to GitHub Pro or make this repository public to enable this feature."}'
    answers: Answers = {
        "GET /repos/acme/widgets/rules/branches/main": (403, {}, words),
        "GET /repos/acme/widgets/branches/main": {"name": "main", "protected": False},
    }
    with serving(answers) as (url, _):
        assert app_at(url).installation(55).required_checks(REPO, "main") == ()


def test_a_graphql_that_stumbles_is_no_refusal(app_at: Callable[..., GitHubApp]) -> None:
    words = "Something went wrong while executing your query. Please include `F00D` when reporting this issue."
    with serving({"POST /api/graphql": {"data": None, "errors": [{"message": words}]}}) as (url, seen):
        github = app_at(url).installation(55)
        with pytest.raises(Outage, match="Something went wrong"):
            github.review_threads(REPO, 4)
    assert sum(line == "POST /api/graphql" for line, _ in seen) == 3, "asked again"
