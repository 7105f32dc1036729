"""The lint server in both sandboxes, and what its box keeps from linters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from minion.adapters.sandbox import BoxSettings, Bubblewrap
from minion.adapters.sandbox.unsafe import Unsafe
from minion.ports.sandbox import FileServer

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


@pytest.fixture(params=[Bubblewrap, Unsafe])
def server(tree: Path, request: pytest.FixtureRequest) -> Iterator[FileServer]:
    one = request.param(BoxSettings(workspace=tree)).lint_server()
    yield one
    one.close()


@pytest.fixture
def boxed(tree: Path) -> Iterator[FileServer]:
    one = Bubblewrap(BoxSettings(workspace=tree)).lint_server()
    yield one
    one.close()


def job(*argv: str, files: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"argv": list(argv), "folder": "", "files": list(files), "worker": ""}


def ran(server: FileServer, *argv: str, within_s: float = 20.0) -> dict[str, Any]:
    answer: dict[str, Any] = server.call({"op": "run", "jobs": [job(*argv)], "within_s": within_s})
    [result] = answer["results"]
    return dict(result)


def test_programs_are_looked_for_in_the_project_first(server: FileServer, tree: Path) -> None:
    for folder in ("bin", "web/node_modules/.bin"):
        (tree / folder).mkdir(parents=True)
        (tree / folder / "env").write_text("#!/bin/sh\n")
        (tree / folder / "env").chmod(0o755)
    answer = server.call({"op": "programs", "wanted": [["env", "web/src"], ["env", ""], ["no-such-program", ""]]})
    assert answer["found"] == [str(tree / "web/node_modules/.bin/env"), str(tree / "bin/env"), None]


def test_jobs_run_at_the_same_time_and_answer_in_order(server: FileServer) -> None:
    jobs = [job("/bin/sh", "-c", "sleep 0.4; echo one"), job("/bin/echo", "two"), job("/bin/nothing-here")]
    answer: dict[str, Any] = server.call({"op": "run", "jobs": jobs, "within_s": 20})
    assert [result["stdout"] for result in answer["results"]] == ["one\n", "two\n", ""]
    assert [result["exit"] for result in answer["results"]] == [0, 0, 127]


def test_what_takes_too_long_is_ended_with_its_children(server: FileServer) -> None:
    result = ran(server, "/bin/sh", "-c", "sleep 600 & sleep 600", within_s=0.3)
    assert result["timed_out"]
    assert result["seconds"] < 20


def test_configuration_files_that_differ_are_told_with_their_text(server: FileServer, tree: Path) -> None:
    (tree / "src").mkdir()
    (tree / "src/a.py").write_text("x = 1\n")
    (tree / "src/ruff.toml").write_text("new\n")
    (tree / "link.toml").symlink_to("src/ruff.toml")
    answer: dict[str, Any] = server.call(
        {"op": "look", "paths": ["src/a.py", "gone.py", "link.toml"], "names": ["ruff.toml"], "base": {"x.toml": "1"}}
    )
    assert answer["configs"] == {"src/ruff.toml": "new\n", "x.toml": None}
    assert (answer["shas"]["gone.py"], answer["shas"]["link.toml"]) == (None, None)
    assert len(answer["shas"]["src/a.py"]) == 64


@pytest.mark.parametrize("request_", [{}, {"op": "rm"}, {"op": "run"}, {"op": "look", "paths": 3}])
def test_a_strange_request_is_answered(server: FileServer, request_: dict[str, object]) -> None:
    assert server.call(request_)["ok"] is False
    assert server.call({"op": "programs", "wanted": []})["ok"] is True


def test_linters_have_no_network_and_a_tree_that_they_cannot_change(boxed: FileServer, tree: Path) -> None:
    (tree / "a.py").write_text("x = 1\n")
    result = ran(boxed, "/bin/sh", "-c", "echo no >a.py; echo no >new.py; mkdir folder; cat /proc/net/dev")
    assert {path.name for path in tree.iterdir()} - {".git"} == {"a.py"}
    assert (tree / "a.py").read_text() == "x = 1\n"
    devices = [line.split(":")[0].strip() for line in result["stdout"].splitlines()[2:]]
    assert devices == ["lo"]
