"""`minion run` that is stopped and gone on with: real processes, real signals, a model that plays a script."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import DONE, EDIT, FIXED, READ, environment, git, script
from tests.cli.test_run import TASK, answer, until

from minion.scripted.script import Script
from minion.scripted.server import ScriptedModel

FOREVER = {"calls": [{"name": "shell", "input": {"command": "sleep 300"}}]}
"""The session of the implementing agent stands still here."""
RUN_IN = "minion run --resume"


def forever() -> Script:
    return script(READ, EDIT, FOREVER)


@contextmanager
def going(model: ScriptedModel, project: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`minion run` at the head of a process group of its own, as a shell starts it."""
    command = [sys.executable, "-m", "minion", "run", *options, "--repo", str(project)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(model),
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def asked(model: ScriptedModel, count: int) -> Callable[[], bool]:
    return lambda: len(model.requests) >= count


def stands_still(model: ScriptedModel, process: subprocess.Popen[str]) -> None:
    """Triage and three turns were answered, and the last one's command runs."""
    until(asked(model, 4), seconds=60)
    until(lambda: _sleeping(process.pid) != 0, seconds=60)


def _sleeping(ancestor: int) -> int:
    """The process of the command that stands still, among those that the run has started; 0: not there."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    parents = {int(pid): int(parent) for pid, parent, _ in rows}
    for pid, _, args in rows:
        at = int(pid)
        while args == "sleep 300" and at in parents:
            at = parents[at]
            if at == ancestor:
                return int(pid)
    return 0


def stopped(project: Path, sign: signal.Signals, *options: str, whole_group: bool = False) -> tuple[Any, str, float]:
    with ScriptedModel(forever()) as model, going(model, project, TASK, *options) as process:
        stands_still(model, process)
        began = time.monotonic()
        (os.killpg if whole_group else os.kill)(process.pid, sign)
        out, err = process.communicate(timeout=30)
        return process.returncode, out + err, time.monotonic() - began


@pytest.mark.parametrize(
    ("sign", "whole_group"), [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)]
)
def test_a_signal_stops_cleanly_and_says_how_to_go_on(project: Path, sign: signal.Signals, whole_group: bool) -> None:
    code, said, seconds = stopped(project, sign, whole_group=whole_group)
    assert code == 130
    assert seconds < 2 or machine_is_busy()
    assert "stopped: stopped by the person who started it" in said
    assert RUN_IN in said
    assert "Traceback" not in said
    assert git(project, "show", "minion/make-double-double:calc.py") == FIXED.strip()


def machine_is_busy() -> bool:
    """The two seconds are for a machine that has them."""
    return os.getloadavg()[0] > 1.5 * (os.cpu_count() or 1)


SLOW_TO_END = """
import sys, time
from minion.bootstrap.stopping import Stopper
Stopper(lambda words: print(words, flush=True)).install()
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(60)
"""


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_it_at_once(second: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-c", SLOW_TO_END], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline().startswith("Stopping; what was done is kept.")
        process.send_signal(second)
        assert process.wait(timeout=20) == 130
    finally:
        process.kill()
        process.communicate()


def test_a_box_dies_with_its_run(project: Path) -> None:
    with ScriptedModel(forever()) as model, going(model, project, TASK) as process:
        stands_still(model, process)
        box = _sleeping(process.pid)
        process.kill()
        process.wait()
    until(lambda: not _alive(box))


def _alive(process: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return listed.stdout.strip() != "" and "Z" not in listed.stdout


def test_a_stopped_run_goes_on_with_a_fresh_session_that_knows_the_tree(project: Path) -> None:
    _, out, _ = stopped(project, signal.SIGINT, "--json")
    before = json.loads(out.splitlines()[-1])
    assert before["resume"].startswith("t")
    done, model = run_again(project, script(DONE), "--json")
    said = answer(done)
    assert (done.returncode, said["status"]) == (0, "success"), done.stderr
    assert said["branch"] == before["branch"] == "minion/make-double-double"
    assert git(project, "show", f"{said['branch']}:calc.py") == FIXED.strip()
    first = json.dumps(model.requests[0]["body"]["messages"])
    assert "An earlier session of this step was interrupted. Its work is in the tree: 1 changed files" in first
    assert "Decide whether" not in first, "triage was executed already"
    nodes = [(line["node"], line["outcome"]) for line in said["receipt"]["lines"]]
    assert nodes.count(("triage", "ok")) == 1
    assert ("implement", "interrupted") in nodes
    assert ("implement", "ok") in nodes
    assert float(said["receipt"]["usd"]) > float(before["receipt"]["usd"])
    assert not list((project / ".git/minion/runs").iterdir()), "nothing is left to go on with"


def run_again(
    project: Path, played: Script, *options: str, wanted: str | None = None
) -> tuple[subprocess.CompletedProcess[str], ScriptedModel]:
    with ScriptedModel(played) as model:
        command = [sys.executable, "-m", "minion", "run", "--repo", str(project), *options, "--resume"]
        command += [wanted] if wanted else []
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(model), timeout=120)
    return done, model


def test_a_run_whose_process_was_killed_goes_on_from_the_last_node(project: Path) -> None:
    with ScriptedModel(forever()) as model, going(model, project, TASK) as process:
        stands_still(model, process)
        process.kill()
        process.wait()
    done, model = run_again(project, script(READ, EDIT, DONE), "--json")
    said = answer(done)
    assert said["status"] == "success", done.stderr
    lines = said["receipt"]["lines"]
    killed = next(line for line in lines if line["outcome"] == "interrupted")
    assert killed["turns"] == 3, "what the killed session cost is counted"
    assert len(model.requests) == 4, "three turns and the judge"


def test_what_is_kept_holds_no_key_and_is_for_the_person_alone(project: Path) -> None:
    stopped(project, signal.SIGINT)
    (state,) = (project / ".git/minion/runs").glob("*/state.json")
    assert "sk-canary-4711" not in state.read_text()
    assert state.stat().st_mode & 0o077 == 0
    assert state.parent.stat().st_mode & 0o077 == 0


def test_the_money_counts_over_all_resumes(project: Path) -> None:
    stopped(project, signal.SIGINT, "--max", "$0.5")
    done, model = run_again(project, script(DONE), "--json", "--max", "$0.005")
    said = answer(done)
    assert (said["status"], model.requests) == ("handed_off", [])
    assert float(said["receipt"]["usd"]) > 0.003


def test_a_branch_that_somebody_moved_is_refused(project: Path) -> None:
    stopped(project, signal.SIGINT)
    git(project, "branch", "--force", "minion/make-double-double", "main")
    done, model = run_again(project, script(DONE))
    assert (done.returncode, model.requests) == (2, [])
    assert "minion/make-double-double was changed since the run" in done.stderr


def test_a_state_that_does_not_fit_is_refused(project: Path) -> None:
    stopped(project, signal.SIGINT)
    (state,) = (project / ".git/minion/runs").glob("*/state.json")
    kept = json.loads(state.read_text())
    name = next(iter(kept["state"]["digests"]))
    state.write_text(json.dumps(kept | {"state": kept["state"] | {"digests": {name: "0" * 64}}}))
    done, _ = run_again(project, script(DONE))
    assert done.returncode == 2
    assert "has changed since the task began" in done.stderr
    state.write_text("{}")
    done, _ = run_again(project, script(DONE))
    assert done.returncode == 2
    assert "cannot be read by this version" in done.stderr


def test_a_run_that_goes_on_elsewhere_is_refused(project: Path) -> None:
    with ScriptedModel(forever()) as model, going(model, project, TASK) as process:
        stands_still(model, process)
        done, _ = run_again(project, script(DONE))
        assert done.returncode == 2
        assert "is still going on in another process" in done.stderr


@pytest.mark.parametrize(
    ("wanted", "words"), [(None, "there is nothing to go on with"), ("t123", "there is nothing to go on with")]
)
def test_without_a_run_there_is_nothing_to_go_on_with(project: Path, wanted: str | None, words: str) -> None:
    done, _ = run_again(project, script(DONE), wanted=wanted)
    assert done.returncode == 2
    assert words in done.stderr
