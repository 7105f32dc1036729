"""Whatever a model sends as a tool's input, the answer is a result: no exception, no endless wait, and nothing changed
where nothing may change. One real box, and one real file server, for all of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from minion.adapters.sandbox import BoxSettings, Bubblewrap
from minion.agent.calls import Malformed, checked
from minion.domain.checks import PastCheck
from minion.domain.spec import Scope
from minion.ports.web import NotFetched, Page
from minion.tools.base import Tool, ToolResult
from minion.tools.bench import ToolBench
from minion.tools.registry import TOOLS, build_tools

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
SHELL = settings(FUZZ, max_examples=15)


class NoWeb:
    hosts = ("docs.example",)
    not_allowed = ()

    def fetch(self, url: str) -> Page | NotFetched:
        return NotFetched(f"not there: {url[:50]}")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with things that must stay, and beside it what must not be reached."""
    base = tmp_path_factory.mktemp("fuzz")
    (base / "beside").mkdir()
    (base / "beside/x").write_text("beside")
    tree = base / "tree"
    for name in ("src", "secret", ".github", "out"):
        (tree / name).mkdir(parents=True)
    (tree / ".git").write_text("gitdir: /nowhere\n")
    (tree / "src/a.py").write_text("x = 1\n")
    (tree / "src/b.txt").write_text("aaaa " * 3_000 + "\n")
    (tree / "secret/key.txt").write_text("key")
    (tree / ".github/ci.yml").write_text("on: push\n")
    (tree / "outside-link").symlink_to(base / "beside")
    (tree / "secret-link").symlink_to("secret")
    (tree / "loop").symlink_to("loop")
    return base


@pytest.fixture(scope="module")
def fuzz_bench(ground: Path) -> Iterator[ToolBench]:
    out = ground / "out"
    out.mkdir()
    box = Bubblewrap(BoxSettings(workspace=ground / "tree", readable=(out,)))
    files = box.file_server()
    past = (PastCheck(where="base branch", sha="a" * 40, check="test", group="ci", conclusion="success"),)
    scope, protected = Scope(allow=("src/",), forbid=("secret/",)), (".github/",)
    yield ToolBench(box, files, out, scope, protected, shell_timeout_s=5, web=NoWeb(), check_history=past)
    files.close()


@pytest.fixture(scope="module")
def tools(fuzz_bench: ToolBench) -> Mapping[str, Tool]:
    return {tool.schema.name: tool for tool in build_tools(list(TOOLS), fuzz_bench)}


def guarded(base: Path) -> dict[str, str]:
    """Digests of all files outside of the scope."""
    files = [
        path for path in sorted(base.rglob("*")) if path.is_file() and "out" not in path.relative_to(base).parts[:1]
    ]
    kept = [path for path in files if path.relative_to(base).parts[:2] != ("tree", "src")]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


PATHS = st.one_of(
    st.sampled_from(
        [
            *(
                "src/a.py",
                "src/b.txt",
                "src/new.py",
                "src",
                ".",
                "",
                "/",
                "..",
                "../beside/x",
                "/etc/passwd",
                ".git",
                ".git/config",
            ),
            *(
                "secret/key.txt",
                "secret-link/key.txt",
                ".github/ci.yml",
                "outside-link/x",
                "outside-link/new",
                "loop",
                "loop/x",
            ),
            *(
                "src/../secret/key.txt",
                "src/a.py/x",
                "src/./a.py",
                "SRC/a.py",
                "src/.GIT/x",
                "src/" + "n" * 300,
                "d/" * 2_000,
            ),
            *(
                "src/\0",
                "src/\ud800",
                "src/\udcff.txt",
                "src/\u202e.py",
                "-n",
                "--",
                "src/*",
                "/proc/self/environ",
                "/dev/zero",
            ),
            *("src/new\n.py", "~/x", "$HOME", "/run/minion/boxed/server.py", "/proc/self/mem", "/dev/stdin"),
        ]
    ),
    st.text(max_size=40),
)
TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "x",
            "x = 1\n",
            *("key", "on: push", "gitdir", "beside"),
            "aaaa ",
            "\0",
            "\ud800",
            "\r\n",
            "(" * 5_000,
            "x" * 100_000,
            "[" * 50_000,
            "-" * 30_000 + "1",
        ]
    ),
    st.text(max_size=60),
)
REGEXES = st.one_of(
    st.sampled_from(
        [
            *(
                "(a+)+$",
                "(a|aa)+$",
                "(.*)*x",
                "a{1000}{1000}",
                "(?R)",
                "(",
                "[",
                "\\",
                "(?P<x>",
                "(?<=a)",
                "\\n",
                "(?s).*",
                "^$",
            ),
            *("-e", "--files", "--pre=id", "-", "\0", "\ud800", "x" * 200_000, "(?i)" * 500, "a?" * 500 + "a" * 500),
        ]
    ),
    st.text(max_size=30),
)
NUMBERS = st.one_of(st.integers(-3, 30), st.sampled_from([10**6, 2**31, 2**63, 10**30, -(10**30)]))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def called(tool: Tool, arguments: dict[str, Any], within_s: float = 45.0) -> ToolResult:
    """As the loop does it, but without the schema's numeric bounds: they are no part of what a tool relies on."""
    began = time.monotonic()
    result = tool.call(arguments)
    assert isinstance(result, ToolResult)
    assert time.monotonic() - began < within_s
    return result


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_what_does_not_fit_the_schema_never_reaches_a_tool(name: str, tools: Mapping[str, Tool]) -> None:
    schema = tools[name.replace(".", "_")].schema

    @FUZZ
    @given(st.dictionaries(st.sampled_from([*schema.input_schema["properties"], "other"]), ANYTHING, max_size=4))
    def check(arguments: dict[str, Any]) -> None:
        problem = checked(schema, arguments)
        assert problem is None or isinstance(problem, Malformed)

    check()


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_every_tool_shows_examples_that_fit(name: str, tools: Mapping[str, Tool]) -> None:
    schema = tools[name.replace(".", "_")].schema
    assert schema.input_examples
    assert all(checked(schema, example_) is None for example_ in schema.input_examples)
    assert 20 < len(schema.description) < 300


@FUZZ
@given(path=PATHS, start=NUMBERS, count=NUMBERS)
def test_read(tools: Mapping[str, Tool], path: str, start: int, count: int) -> None:
    result = called(tools["read"], {"path": path, "start": start, "count": count})
    assert str(result.content).strip() != "beside"
    assert "root:x:" not in str(result.content)


@FUZZ
@given(
    pattern=REGEXES,
    path=PATHS,
    glob=st.text(max_size=12) | st.sampled_from(["{", "[", "!", "**", "\0", "../**"]),
    context=NUMBERS,
    limit=NUMBERS,
)
@example(pattern="(a+)+$", path="src", glob="", context=0, limit=5)
@example(pattern="a", path="src", glob="", context=0, limit=0)
def test_search(tools: Mapping[str, Tool], pattern: str, path: str, glob: str, context: int, limit: int) -> None:
    arguments = {"pattern": pattern, "path": path, "glob": glob, "context": context, "limit": limit}
    result = called(tools["search"], arguments)
    assert "beside" not in str(result.content).replace(path, "").replace(pattern or "\0", "")


@FUZZ
@given(path=PATHS, content=TEXTS)
def test_write(tools: Mapping[str, Tool], ground: Path, path: str, content: str) -> None:
    before = guarded(ground)
    called(tools["write"], {"path": path, "content": content})
    assert guarded(ground) == before


@FUZZ
@example(path="secret/key.txt", edits=[("key", "x", True)])
@example(path="secret-link/key.txt", edits=[("key", "x", True)])
@example(path=".github/ci.yml", edits=[("push", "x", True)])
@example(path=".git", edits=[("gitdir", "x", True)])
@example(path="outside-link/x", edits=[("beside", "x", True)])
@given(path=PATHS, edits=st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), min_size=1, max_size=4))
def test_edit(tools: Mapping[str, Tool], ground: Path, path: str, edits: list[tuple[str, str, bool]]) -> None:
    before = guarded(ground)
    called(tools["read"], {"path": path})
    changes = [{"old": old, "new": new, "all": every} for old, new, every in edits]
    called(tools["edit"], {"path": path, "edits": changes})
    assert guarded(ground) == before


@SHELL
@given(
    command=st.sampled_from(
        [
            "",
            "\0",
            "\ud800",
            "exit 300",
            "kill -9 $$",
            "cat /dev/urandom | head -c 200000",
            "(",
            "x" * 130_000,
            "printf '\\377\\033['",
        ]
    )
    | st.text(max_size=20),
    cwd=st.sampled_from([".", "..", "/", "nowhere", "\0", "src", "-"]) | st.text(max_size=8),
    timeout=st.sampled_from([1, 0, -5, 10**12]),
)
def test_shell(tools: Mapping[str, Tool], command: str, cwd: str, timeout: int) -> None:
    called(tools["shell"], {"command": command, "cwd": cwd, "timeout": timeout})


@SHELL
@given(
    name=st.sampled_from(["git_log", "git_show", "git_blame"]),
    path=PATHS,
    text=TEXTS,
    commit=TEXTS | st.just("HEAD"),
    number=NUMBERS,
)
def test_git(tools: Mapping[str, Tool], name: str, path: str, text: str, commit: str, number: int) -> None:
    given_ = {"path": path, "text": text, "commit": commit, "start": number, "count": number, "file": bool(number % 2)}
    called(tools[name], given_)


@FUZZ
@given(url=TEXTS, check=TEXTS)
def test_web_and_history(tools: Mapping[str, Tool], url: str, check: str) -> None:
    called(tools["web"], {"url": url})
    called(tools["ci_history"], {"check": check})


def test_reads_at_the_same_time_answer_each_their_own(tools: Mapping[str, Tool], ground: Path) -> None:
    for number in range(30):
        (ground / f"tree/src/c{number}.txt").write_text(f"content {number}\n")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: tools["read"].call({"path": f"src/c{number}.txt"}), range(30)))
        found = list(pool.map(lambda number: tools["search"].call({"pattern": f"content {number}$"}), range(30)))
    assert [str(result.content) for result in results] == [f"content {number}" for number in range(30)]
    assert [str(result.content) for result in found] == [f"src/c{n}.txt\n1:content {n}" for n in range(30)]


def test_a_file_server_that_died_is_started_again(fuzz_bench: ToolBench, tools: Mapping[str, Tool]) -> None:
    dead = fuzz_bench.files.call({"op": "read", "path": ["not", "a", "path"]})
    assert dead["ok"] is False
    fuzz_bench.files.close()
    assert not tools["read"].call({"path": "src/a.py"}).error


def test_narrowed_and_scoped_at_once(fuzz_bench: ToolBench) -> None:
    [write] = build_tools(["write"], replace(fuzz_bench, narrowing=(("src/only.py",),)))
    assert write.call({"path": "src/other.py", "content": ""}).error
    assert not write.call({"path": "src/only.py", "content": ""}).error
