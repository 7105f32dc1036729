"""Judge nodes and run nodes."""

from __future__ import annotations

from minion.blueprint.model import Limits, RunNode
from minion.blueprint.state import ContextEntry
from minion.domain.config import Commands
from minion.domain.spec import Scope

from .conftest import NOWHERE, Build, call, judge

DIFF = ContextEntry("workspace.diff", "--- a/calc.py\n+++ b/calc.py\n", tainted=True)
REASON = {"criterion": "solves it", "file": "calc.py", "line": 2, "problem": "still subtracts"}


def verdict(word: str, *reasons: dict[str, object]) -> dict[str, object]:
    return call("verdict", verdict=word, summary="seen", reasons=list(reasons))


def change(at: object) -> None:
    (at.root / "calc.py").write_text("def add(a, b):\n    return a + b\n")  # type: ignore[attr-defined]


def test_a_judge_reads_and_passes(place: Build) -> None:
    at = place(
        {"calls": [call("task", names=["workspace.diff"]), call("read", path="calc.py")]}, {"calls": [verdict("pass")]}
    )
    change(at)
    report = at.visit(judge(context=("workspace.diff",)), context=[DIFF])
    assert report.result.outcome == "pass"
    offered = {tool["name"] for tool in at.bodies[0]["tools"]}
    assert offered == {"read", "search", "task", "verdict"}


def test_a_veto_cites_lines(place: Build) -> None:
    at = place({"calls": [verdict("veto")]}, {"calls": [verdict("veto", REASON)]})
    change(at)
    report = at.visit(judge(context=("workspace.diff",)), context=[DIFF])
    assert report.result.outcome == "veto"
    assert report.result.output["reasons"] == [REASON]
    assert "needs at least one reason" in at.texts(1)


def test_nothing_changed_is_vetoed_without_a_call(place: Build) -> None:
    at = place({"calls": [verdict("pass")]})
    assert at.visit(judge(context=("workspace.diff",))).result.outcome == "veto"
    assert at.bodies == []


def test_a_judge_that_never_judges_fails(place: Build) -> None:
    at = place({"text": "hm"}, {"text": "hm"}, {"text": "hm"}, {"text": "hm"})
    change(at)
    assert at.visit(judge(context=("workspace.diff",)), context=[DIFF]).result.outcome == "fail"


def run(**changes: object) -> RunNode:
    return RunNode(name="it", next=NOWHERE, **changes)  # type: ignore[arg-type]


def test_a_run_node_says_how_its_command_ended(place: Build) -> None:
    at = place()
    assert at.visit(run(argv=("true",))).result.outcome == "ok"
    failed = at.visit(run(script="echo out; echo err >&2; exit 3")).result
    assert (failed.outcome, failed.output["exit_code"]) == ("fail", 3)
    assert failed.output["text"] == "out\nerr"
    slow = at.visit(run(argv=("sleep", "30"), limits=Limits(wall_s=1.0))).result
    assert slow.outcome == "timeout"


def test_the_repository_s_own_test_command_is_counted(place: Build) -> None:
    at = place()
    result = at.visit(run(command="test", parse="junit")).result
    assert (result.outcome, result.output["counts"]) == ("fail", "1 passed, 1 failed")


def test_a_command_that_the_repository_has_not_is_skipped(place: Build) -> None:
    at = place(files={"README.md": "hi\n"}, commands=Commands())
    result = at.visit(run(command="lint")).result
    assert (result.outcome, result.output["skipped"]) == ("ok", True)


def test_boxed_commands_have_no_network_and_set_up_runs_outside_on_base_files_only(place: Build) -> None:
    commands = Commands(setup="cat calc.py; cp calc.py .venv-marker.txt; mkdir -p .venv && touch .venv/ready")
    at = place(commands=commands)
    change(at)
    result = at.visit(run(command="setup", network="open", prepare=True)).result
    assert result.outcome == "ok"
    assert "a - b" in result.output["text"]  # what the base has, not what was written since
    assert "a + b" in (at.root / "calc.py").read_text()
    assert (at.root / ".venv" / "ready").exists()
    assert [kind for kind, *_ in at.events] == ["setup.output"]
    boxed = at.visit(run(argv=("bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/53"))).result
    assert boxed.outcome == "fail"


def test_a_changed_makefile_does_not_change_the_commands_that_judge_it(place: Build) -> None:
    at = place(files={"Makefile": "test:\n\tfalse\n"}, commands=Commands())
    (at.root / "Makefile").write_text("other:\n\ttrue\n")
    assert at.visit(run(command="test")).result.outcome == "fail"


def test_a_formatter_says_whether_it_changed_anything(place: Build) -> None:
    at = place(commands=Commands(format="grep -q formatted calc.py || echo '# formatted' >> calc.py"))
    first, second = at.visit(run(command="format")), at.visit(run(command="format"))
    assert (first.result.output["changed"], second.result.output["changed"]) == (True, False)
    assert "automatic fixes" in first.summary
    assert second.summary == ""


def test_a_check_that_passed_is_told_to_people_as_gates_are(place: Build) -> None:
    at = place()
    change(at)
    assert at.visit(run(command="test", parse="junit")).gates == (("it", "2 passed"),)
    assert at.visit(run(argv=("true",))).gates == ()


FORMATTED = {
    "pyproject.toml": "[tool.ruff.format]\n",
    "a.py": "x = 1;\n",
    "sub/b.py": "x = 1;\n",
    "kept/c.py": "x = 1;\n",
}


def test_a_formatter_that_was_detected_gets_what_may_change(place: Build) -> None:
    at = place(files=FORMATTED, commands=Commands(), scope=Scope(forbid=("kept/",)))
    assert at.visit(run(command="format")).result.output["changed"] is True
    assert at.bench.workspace.changed_paths() == ["a.py", "sub/b.py"]


def test_where_a_branch_changed_something_only_that_is_formatted(place: Build) -> None:
    at = place(files=FORMATTED, commands=Commands())
    (at.root / "sub" / "b.py").write_text("y = 2;\n")
    at.visit(run(command="format"))
    assert (at.root / "a.py").read_text() == "x = 1;\n"
    assert (at.root / "sub" / "b.py").read_text() == "y = 2\n"


def test_a_linter_s_own_fixes_are_part_of_formatting(place: Build) -> None:
    at = place(
        files={"ruff.toml": "[lint]\nselect = ['F']\n", "pyproject.toml": "", "a.py": "import os\n"},
        commands=Commands(),
    )
    assert at.visit(run(command="format")).result.output["changed"] is True
    assert (at.root / "a.py").read_text() == ""
