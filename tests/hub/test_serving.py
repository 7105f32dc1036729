"""The hub as a process, and its pages."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2

from .conftest import REPO, World

PROGRAM = (
    "import sys, pathlib; from minion.hub.server import serve; serve('127.0.0.1', 0, pathlib.Path(sys.argv[1]), [], {})"
)


def test_it_says_where_it_listens_and_ends_on_a_signal(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"hub listening on (http://127\.0\.0\.1:\d+)\n", line)
        assert found is not None
        secret = tmp_path / "data" / "control-token"
        assert secret.stat().st_mode & 0o777 == 0o600
        headers = {"Authorization": f"Bearer {secret.read_text()}"}
        made = httpx2.post(f"{found[1]}/_hub/create_user", json={"login": "ann"}, headers=headers)
        assert made.json()["login"] == "ann"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0


def page(world: World, path: str) -> str:
    answer = httpx2.get(f"{world.hub.url}{path}")
    assert answer.status_code == 200
    assert "script" not in answer.headers["Content-Security-Policy"]
    return answer.text


def test_pages_show_what_happened_and_escape_it(world: World) -> None:
    ann, bob = world.hub.user("ann"), world.hub.user("bob")
    ann.open_issue(REPO, "A <script>alert(1)</script> bug", "- [ ] one\n- [x] two\n\n|a|b|\n|-|-|\n|1|2|", ["minion"])
    bob.comment(REPO, 1, "<img src=x onerror=alert(1)> [go](javascript:alert(1)) <!-- secretly -->")
    ann.call("POST", f"/repos/{REPO}/issues/1/reactions", {"content": "eyes"})
    text = page(world, f"/{REPO}/issues/1")
    assert "<script>" not in text
    assert "<img" not in text
    assert 'href="javascript' not in text
    assert "secretly" not in text
    assert '<input type="checkbox" disabled checked>' in text
    assert "<table>" in text
    assert "👀 1" in text
    assert "labeled" in text
    bob.commit(REPO, "topic", {"src/app.py": "one\n2\nthree\n"}, "Change\n\nMinion-Task: t1\nMinion-Round: 1")
    bob.open_pr(REPO, "topic", "main", "A change")
    commits = page(world, f"/{REPO}/pull/2/commits")
    assert '<th class="dim">Minion-Task</th><td>t1</td>' in commits
    assert '<span class="add">+2</span>' in page(world, f"/{REPO}/pull/2/files")
    for path in ("", f"/{REPO}", f"/{REPO}/issues", f"/{REPO}/pulls", f"/{REPO}/pull/2", f"/{REPO}/pull/2/checks"):
        page(world, path or "/")
    page(world, f"/{REPO}/blob/main/src/app.py")
    assert httpx2.get(f"{world.hub.url}/{REPO}/issues/99").status_code == 404
