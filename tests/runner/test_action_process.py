"""`minion action` as the job's step runs it: a process of its own, real box, real clone, a scripted model."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.runner.conftest import AppStub
from tests.runner.sites import git, make_repository

from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.state import State
from minion.domain.config import Commands, Environment, RepositoryConfiguration
from minion.domain.ids import CommitSha, TaskId
from minion.domain.protocol import RoundGrant, RoundResult
from minion.domain.spec import TaskSpec
from minion.scripted.script import Script
from minion.scripted.server import ScriptedModel
from minion.shipped import shipped

FILES = {"calc.py": "def double(x):\n    return x + x + 1\n", "README.md": "calc\n"}
SECRETS = ("run-token-canary", "clone-token-canary", "bearer-canary", "oidc-canary")
LOOK = "env; for f in /proc/[0-9]*/environ; do tr '\\0' '\\n' <$f; done; ls -la / /home /root 2>&1; cat .git/config"


def engine() -> Engine:
    library = assemble(shipped())
    assert isinstance(library, dict), library
    return Engine(library)


def turn(name: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"name": name, "input": arguments}]}


def finish(**more: Any) -> dict[str, Any]:
    said = {"status": "done", "summary": "It doubles.", "verified_how": "by hand", "confidence": "high"}
    return turn("finish", **said, risks=[], open_questions=[], **more)


def script(*instead: dict[str, Any]) -> Script:
    plan = {"fit": "do", "kind": "feature", "objective": "o", "paths": ["calc.py"], "done_when": "", "question": ""}
    edit = turn("edit", path="calc.py", edits=[{"old": "x + x + 1", "new": "2 * x"}])
    work = [turn("shell", command=LOOK), turn("read", path="calc.py"), edit, finish()]
    judge = turn("verdict", verdict="pass", summary="Fine.", reasons=[])
    conversations = [
        {"name": "judge", "match": {"tool": ["verdict"]}, "turns": [judge]},
        {"name": "triage", "match": {"contains": ["Decide whether"]}, "turns": [finish(output=plan)]},
        {"name": "work", "match": {"tool": ["edit"]}, "turns": list(instead) or work},
    ]
    return Script.of({"conversations": conversations})


class Action:
    def __init__(self, app: AppStub, folder: Path) -> None:
        self.app = app
        self.folder = folder
        self.sha = CommitSha(make_repository(folder / "origin", FILES))
        (folder / "temp").mkdir()
        app.standing["/token?api-version=2.0&audience=" + app.url.replace(":", "%3A").replace("/", "%2F")] = (
            200,
            {"value": "oidc-canary"},
        )
        app.standing["/api/v1/rounds/t1/events"] = (200, {"lease_s": 60})
        app.standing["/api/v1/rounds/t1/result"] = (200, {"accepted": True})

    def run(self, model: ScriptedModel, **changes: Any) -> subprocess.CompletedProcess[str]:
        process = self.start(model, **changes)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(self, model: ScriptedModel, **changes: Any) -> subprocess.Popen[str]:
        self.app.standing["/api/v1/claim"] = (200, self.grant(model, **changes).model_dump(mode="json"))
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "MINION_APP_URL": self.app.url,
            "MINION_NONCE": "nonce",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.app.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-canary",
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
        }
        command = [sys.executable, "-m", "minion", "action"]
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def grant(self, model: ScriptedModel, **changes: Any) -> RoundGrant:
        spec = TaskSpec(title="Double", objective="Fix it", author="a", author_can_write=True, requested_by="a")
        given: dict[str, Any] = {
            "task_id": TaskId("t1"),
            "round": 1,
            "attempt": 1,
            "fence": 1,
            "run_token": "run-token-canary",
            "repository": "o/r",
            "number": 5,
            "clone_url": f"file://{self.folder}/origin",
            "clone_token": "clone-token-canary",
            "base_branch": "main",
            "base_sha": self.sha,
            "head_sha": self.sha,
            "spec": spec,
            "blueprints": shipped(),
            "state": engine().start("implement", {"issue": 5}).model_dump(mode="json"),
            "configuration": RepositoryConfiguration(commands=Commands(test="python3 -c 'import calc'")),
            "models": {},
            "model_base_url": model.url,
            "usd_left": Decimal(5),
            "wall_left_s": 600.0,
            "follow_url": "http://localhost/tasks/x",
        }
        return RoundGrant(**(given | changes))

    def result(self) -> RoundResult:
        (body,) = self.app.bodies("/api/v1/rounds/t1/result")
        return RoundResult.model_validate(body)


@pytest.fixture
def action(app: AppStub, tmp_path: Path) -> Action:
    return Action(app, tmp_path)


def test_a_whole_round(action: Action) -> None:
    with ScriptedModel(script(), api_key="run-token-canary") as model:
        done = action.run(model)
    result = action.result()
    assert done.returncode == 0, done.stdout + done.stderr
    assert result.error == ""
    assert [(file.path, file.data) for file in result.change_set.files] == [
        ("calc.py", b"def double(x):\n    return 2 * x\n")
    ]
    assert result.sandbox == "bubblewrap"
    assert result.summary == "It doubles."
    assert dict(result.gates)["test"].startswith("passed")
    state = engine().restore(result.state)
    assert isinstance(state, State)
    assert getattr(engine().pending(state), "name", "") == "push"
    assert (action.folder / "output").read_text() == "result=accepted\n"
    assert "(http://localhost/tasks/x)" in (action.folder / "summary").read_text()
    assert list((action.folder / "temp").iterdir()) == []


def test_no_token_is_in_reach_of_the_box_or_in_what_leaves(action: Action) -> None:
    with ScriptedModel(script()) as model:
        done = action.run(model)
        seen = json.dumps([request["body"] for request in model.requests])
    assert "HOME=/tmp/home" in seen
    events = json.dumps(action.app.bodies("/api/v1/rounds/t1/events"))
    unmasked = "\n".join(line for line in done.stdout.splitlines() if not line.startswith("::add-mask::"))
    for secret in SECRETS:
        for place in (seen, events, unmasked, done.stderr, action.result().model_dump_json()):
            assert secret not in place


def test_set_up_outside_the_box_sees_no_token(action: Action) -> None:
    leak = action.folder / "leak"
    script_ = f"env >{leak}; grep -rIl canary {action.folder}/temp >>{leak} 2>/dev/null || true"
    configuration = RepositoryConfiguration(environment=Environment(setup=script_))
    with ScriptedModel(script()) as model:
        action.run(model, configuration=configuration)
    said = leak.read_text()
    assert "PATH=" in said
    assert not any(word in said for word in ("canary", "/private/", "MINION_", "ACTIONS_"))


def test_a_budget_that_is_gone_ends_at_the_handoff_without_a_call(action: Action) -> None:
    with ScriptedModel(script()) as model:
        done = action.run(model, usd_left=Decimal(0))
    assert done.returncode == 0
    assert model.requests == []
    state = engine().restore(action.result().state)
    assert isinstance(state, State)
    assert getattr(engine().pending(state), "name", "") == "handoff"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_job_that_is_cancelled_hands_over_what_was_done(action: Action, number: signal.Signals) -> None:
    """Actions sends SIGINT, and SIGTERM 7.5 seconds later."""
    edit = turn("edit", path="calc.py", edits=[{"old": "x + x + 1", "new": "2 * x"}])
    with ScriptedModel(script(turn("read", path="calc.py"), edit, turn("shell", command="sleep 50"))) as model:
        process = action.start(model)
        ends = time.monotonic() + 60
        while len(model.requests) < 4:
            assert time.monotonic() < ends
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 1, out + err
    assert "stopped on GitHub" in action.result().error
    assert [file.path for file in action.result().change_set.files] == ["calc.py"]


def test_a_failure_that_the_base_has_too_does_not_hold_up_a_later_round(action: Action) -> None:
    """The round starts from a commit on top of the base, as every round after a push does."""
    origin = action.folder / "origin"
    (origin / "README.md").write_text("calc, changed\n")
    git(origin, "commit", "--quiet", "--all", "--message", "second")
    head = CommitSha(git(origin, "rev-parse", "HEAD"))
    commands = Commands(test="python3 -c 'import calc; assert calc.double(0) == 7'")
    with ScriptedModel(script()) as model:
        done = action.run(model, head_sha=head, configuration=RepositoryConfiguration(commands=commands))
    result = action.result()
    assert done.returncode == 0, done.stdout
    assert result.change_set.base_sha == head
    assert [file.path for file in result.change_set.files] == ["calc.py"]
    assert "on the base too" in dict(result.gates)["test"]
