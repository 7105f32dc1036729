"""A round from the claim to the result: real HTTP, real git, node executors that do what the test says."""

from __future__ import annotations

import io
import os
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.runner.conftest import AppStub
from tests.runner.sites import ScriptedSite, Step, done, make_repository, site_at

from minion.adapters.control_plane import HttpControlPlane
from minion.blueprint.engine import Engine
from minion.blueprint.library import assemble
from minion.blueprint.state import State
from minion.domain.changeset import ChangedFile, ChangeSet
from minion.domain.config import Environment, RepositoryConfiguration
from minion.domain.errors import Outage, UsageError
from minion.domain.ids import CommitSha, TaskId
from minion.domain.protocol import RoundGrant, RoundResult
from minion.domain.secret import Secret
from minion.domain.spec import TaskSpec, ThreadEntry
from minion.nodes.base import NodeReport, Opinion, Visit
from minion.runner.action import Ended, Job, carry_out
from minion.runner.actions_log import ActionsLog
from minion.runner.journal import Journal
from minion.runner.round import OpenSite
from minion.runner.site import Site

BLUEPRINT = """
apiVersion: minion/v1
kind: Blueprint
name: small
description: Set up, work, push.
inputs: {issue: {type: integer, required: true}}
caps: {pushes: 2, usd: 2, wall: 1h}
defaults: {fail: handoff}
start: setup
nodes:
  setup: {type: run, command: setup, prepare: true, network: open, next: work}
  work:
    type: agent
    goal: Do it.
    context: [task.spec, task.thread, repo.map, checks.failures?]
    tools: [read, edit]
    gate: [test]
    limits: {turns: 5, usd: 1, visits: 2}
    next: push
  test: {type: run, command: test, gate_only: true}
  push: {type: action, uses: push, next: done}
  handoff: {type: action, uses: handoff, next: gave_up}
  done: {type: end, status: success}
  gave_up: {type: end, status: handed_off}
"""
EVENTS, RESULT = "/api/v1/rounds/t1/events", "/api/v1/rounds/t1/result"


def engine() -> Engine:
    library = assemble({"small": BLUEPRINT})
    assert isinstance(library, dict), library
    return Engine(library)


def setup(site: ScriptedSite, visit: Visit) -> NodeReport:
    site.write("generated.txt", "left behind by set-up")
    return done(visit)


def work(site: ScriptedSite, visit: Visit) -> NodeReport:
    site.write("code.py", "x = 2\n")
    return done(visit, usd="0.25")


class Bench:
    """One claimed round on a repository with one commit, and the App that it talks to."""

    def __init__(self, app: AppStub, folder: Path) -> None:
        self.app = app
        self.folder = folder
        self.sha = CommitSha(make_repository(folder / "origin", {"code.py": "x = 1\n", "README.md": "hello\n"}))
        self.site: ScriptedSite | None = None
        self.journal: Journal | None = None
        self.out = io.StringIO()
        app.standing[EVENTS] = (200, {"lease_s": 60})
        app.standing[RESULT] = (200, {"accepted": True})

    def grant(self, **changes: Any) -> RoundGrant:
        state = engine().start("small", {"issue": 5})
        spec = TaskSpec(title="Set x", objective="x is 2", author="ann", author_can_write=True, requested_by="ann")
        given: dict[str, Any] = {
            "task_id": TaskId("t1"),
            "round": 1,
            "attempt": 1,
            "fence": 3,
            "run_token": "run-token",
            "repository": "o/r",
            "number": 5,
            "clone_url": "unused",
            "clone_token": "clone-token",
            "base_branch": "main",
            "base_sha": self.sha,
            "head_sha": self.sha,
            "spec": spec,
            "blueprints": {"small": BLUEPRINT},
            "state": state.model_dump(mode="json"),
            "configuration": RepositoryConfiguration(),
            "models": {},
            "model_base_url": "http://localhost/model",
            "usd_left": Decimal(5),
            "wall_left_s": 600.0,
            "follow_url": "http://localhost/tasks/x",
        }
        return RoundGrant(**(given | changes))

    def carry_out(self, steps: dict[str, Step], grant: RoundGrant | None = None, **site: Any) -> Ended:
        self.app.standing["/api/v1/claim"] = (200, (grant or self.grant()).model_dump(mode="json"))

        def open_site(_: RoundGrant, journal: Journal, __: object) -> Site:
            self.journal = journal
            self.site = site_at(self.folder / "origin", self.sha, self.folder / "place", steps)
            for name, value in site.items():
                setattr(self.site, name, value)
            return self.site

        return self.run(open_site)

    def run(self, open_site: OpenSite) -> Ended:
        plane = HttpControlPlane(self.app.url, patience_s=3)
        job = Job("nonce", lambda: Secret("oidc"), plane, open_site, ActionsLog(self.out))
        try:
            return carry_out(job)
        finally:
            plane.close()

    def result(self) -> RoundResult:
        (body,) = self.app.bodies(RESULT)
        return RoundResult.model_validate(body)


@pytest.fixture
def bench(app: AppStub, tmp_path: Path) -> Bench:
    return Bench(app, tmp_path)


def test_a_round_ends_at_the_push_with_what_the_work_changed(bench: Bench) -> None:
    ended = bench.carry_out({"setup": setup, "work": work})
    result = bench.result()
    assert ended == Ended("accepted", 0, "", "http://localhost/tasks/x")
    assert [(file.path, file.data) for file in result.change_set.files] == [("code.py", b"x = 2\n")]
    assert result.digest == result.change_set.digest()
    assert result.change_set.base_sha == bench.sha
    assert result.error == ""
    assert [(line.node, line.round, line.usd) for line in result.receipt] == [
        ("setup", 1, Decimal(0)),
        ("work", 1, Decimal("0.25")),
    ]


def test_doubts_and_what_could_not_be_taken_are_told(bench: Bench) -> None:
    def doubtful(site: ScriptedSite, visit: Visit) -> NodeReport:
        os.mkfifo(Path(site.workspace.root) / "pipe")
        Path(os.fsdecode(os.fsencode(site.workspace.root) + b"/caf\xe9")).touch()
        opinion = Opinion("low", ("It may be slow.",), ("Is empty allowed?",))
        return replace(work(site, visit), opinion=opinion)

    bench.carry_out({"setup": setup, "work": doubtful})
    result = bench.result()
    assert (result.confidence, result.risks) == ("low", ("It may be slow.",))
    assert result.open_questions == ("Is empty allowed?",)
    assert result.notes == (
        "`caf\\udce9` is not in the change: its name is not UTF-8",
        "`pipe` is not in the change: it is neither a file nor a symbolic link",
    )


def test_the_app_can_follow_the_state_by_its_log(bench: Bench) -> None:
    grant = bench.grant()
    bench.carry_out({"setup": setup, "work": work}, grant)
    before, after = engine().restore(grant.state), engine().restore(bench.result().state)
    assert isinstance(before, State)
    assert isinstance(after, State)
    assert engine().replay(before, after) == after
    assert getattr(engine().pending(after), "name", "") == "push"


def test_the_agent_sees_the_spec_as_trusted_and_strangers_as_not(bench: Bench) -> None:
    entry = ThreadEntry(author="eve", author_can_write=False, kind="comment", url="", created_at="", text="hi")
    spec = bench.grant().spec.model_copy(update={"thread": (entry,)})
    bench.carry_out({"setup": setup, "work": work}, bench.grant(spec=spec))
    assert bench.site is not None
    context = {found.path: found for found in bench.site.visits[-1].context}
    assert context.keys() == {"task.spec", "task.thread", "repo.map"}
    assert (context["task.spec"].tainted, context["task.thread"].tainted, context["repo.map"].tainted) == (
        False,
        True,
        False,
    )
    assert context["task.spec"].value == {"title": "Set x", "objective": "x is 2", "author": "ann"} | {
        "requested_by": "ann",
        "when_unclear": "ask",
    }
    assert "README.md code.py" in context["repo.map"].value
    assert [gate.name for gate in bench.site.visits[-1].gates] == ["test"]


def test_money_left_is_the_least_of_the_grant_and_the_caps(bench: Bench) -> None:
    bench.carry_out({"setup": setup, "work": work}, bench.grant(usd_left=Decimal("0.70")))
    assert bench.site is not None
    assert [visit.usd for visit in bench.site.visits] == [Decimal("0.70"), Decimal("0.70")]


def test_carried_work_is_there_again_and_set_up_ran_before_it(bench: Bench) -> None:
    seen: list[str] = []

    def setup_again(site: ScriptedSite, visit: Visit) -> NodeReport:
        seen.append((Path(site.workspace.root) / "code.py").read_text())
        return setup(site, visit)

    def finish(site: ScriptedSite, visit: Visit) -> NodeReport:
        seen.append((Path(site.workspace.root) / "code.py").read_text())
        return done(visit)

    first = engine().start("small", {"issue": 5})
    state = engine().apply(first, done(Visit(engine().pending(first), (), (), Decimal(1), 1)).result)  # type: ignore[arg-type]
    carried = ChangeSet(base_sha=bench.sha, files=(ChangedFile.of("code.py", b"x = 3\n"),))
    grant = bench.grant(state=state.model_dump(mode="json"), carried=carried, round=2)
    bench.carry_out({"setup": setup_again, "work": finish}, grant)
    assert seen == ["x = 1\n", "x = 3\n"]
    assert bench.result().change_set == carried


def test_a_set_up_that_fails_at_the_start_of_a_round_keeps_the_carried_work(bench: Bench) -> None:
    first = engine().start("small", {"issue": 5})
    state = engine().apply(first, done(Visit(engine().pending(first), (), (), Decimal(1), 1)).result)  # type: ignore[arg-type]
    carried = ChangeSet(base_sha=bench.sha, files=(ChangedFile.of("code.py", b"x = 3\n"),))
    grant = bench.grant(state=state.model_dump(mode="json"), carried=carried, round=2)
    ended = bench.carry_out({"setup": lambda _, visit: done(visit, "fail", {"text": "no such package"})}, grant)
    result = bench.result()
    assert ended.result == "failed"
    assert "no such package" in result.error
    assert result.change_set == carried
    assert result.state == grant.state


def test_an_outage_in_the_middle_hands_over_what_was_done(bench: Bench) -> None:
    def breaks(site: ScriptedSite, visit: Visit) -> NodeReport:
        work(site, visit)
        raise Outage("the model is down")

    ended = bench.carry_out({"setup": setup, "work": breaks})
    result = bench.result()
    assert (ended.result, ended.exit_code) == ("failed", 1)
    assert result.error == "the model is down"
    assert [file.path for file in result.change_set.files] == ["code.py"]
    state = engine().restore(result.state)
    assert isinstance(state, State)
    assert getattr(engine().pending(state), "name", "") == "work"


def test_a_bug_still_hands_over_what_was_done(bench: Bench) -> None:
    def bug(site: ScriptedSite, visit: Visit) -> NodeReport:
        work(site, visit)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bench.carry_out({"setup": setup, "work": bug})
    assert "unexpectedly" in bench.result().error
    assert [file.path for file in bench.result().change_set.files] == ["code.py"]


def test_a_box_with_a_hole_stops_the_round_before_any_work(bench: Bench) -> None:
    bench.carry_out({"setup": setup, "work": work}, escaped=("read /root",))
    assert "does not hold" in bench.result().error
    assert "read /root" in bench.result().error
    assert bench.result().change_set.empty
    assert bench.site is not None
    assert bench.site.visits == []


def test_the_word_to_stop_ends_the_round_and_nothing_is_an_error(bench: Bench) -> None:
    bench.app.standing[EVENTS] = (200, {"cancel": "the issue was closed", "lease_s": 0})
    told = []

    def wait_for_it(_: ScriptedSite, visit: Visit) -> NodeReport:
        """Batches go one after the other: when a second one comes, the answer to the first has been read."""
        ends = time.monotonic() + 10
        while len(bench.app.bodies(EVENTS)) < 2:
            assert time.monotonic() < ends
            assert bench.journal is not None
            bench.journal.emit("agent.text", text="working")
            time.sleep(0.02)
        told.append(visit.node.name)
        return done(visit)

    ended = bench.carry_out({"setup": wait_for_it, "work": work})
    assert (ended.result, ended.exit_code) == ("cancelled", 0)
    assert told == ["setup"]
    assert bench.result().error == "Stopped: the issue was closed"


def test_a_refused_claim_ends_neutral(bench: Bench) -> None:
    bench.app.standing["/api/v1/claim"] = (409, {"reason": "run 8 has it"})

    def never(_: RoundGrant, __: Journal, ___: object) -> Site:
        raise AssertionError

    assert bench.run(never) == Ended("refused", 0, "run 8 has it")
    assert "::notice title=minion::Nothing to do here: run 8 has it" in bench.out.getvalue()
    assert bench.app.bodies(RESULT) == []


def test_a_clone_that_fails_is_reported(bench: Bench) -> None:
    def broken(_: RoundGrant, __: Journal, ___: object) -> Site:
        raise UsageError("bubblewrap is not installed: sudo apt-get install bubblewrap")

    bench.app.standing["/api/v1/claim"] = (200, bench.grant().model_dump(mode="json"))
    assert bench.run(broken).exit_code == 1
    assert "apt-get install bubblewrap" in bench.result().error


def test_an_environment_that_cannot_be_prepared_is_reported_with_its_output(bench: Bench) -> None:
    environment = Environment(setup="echo from-the-script; exit 7")
    configuration = RepositoryConfiguration(environment=environment)
    bench.carry_out({"setup": setup, "work": work}, bench.grant(configuration=configuration))
    assert "exit code 7" in bench.result().error
    assert "from-the-script" in bench.result().error
    assert any(event["kind"] == "setup.output" for body in bench.app.bodies(EVENTS) for event in body["events"])


def test_the_environment_sees_no_token(bench: Bench) -> None:
    leak = bench.folder / "leak"
    script = f"env >{leak}; cat /proc/$PPID/environ >>{leak} 2>/dev/null || true"
    configuration = RepositoryConfiguration(environment=Environment(setup=script))
    bench.carry_out({"setup": setup, "work": work}, bench.grant(configuration=configuration))
    assert "PATH=" in leak.read_text(errors="replace")
    assert "token" not in leak.read_text(errors="replace").replace("GITHUB_TOKEN", "")


@pytest.mark.parametrize("name", ["x; rm -rf /", "-o=a", "Upper", "../x"])
def test_a_package_name_is_no_way_into_a_command(bench: Bench, name: str) -> None:
    configuration = RepositoryConfiguration(environment=Environment(packages=(name,)))
    bench.carry_out({"setup": setup, "work": work}, bench.grant(configuration=configuration))
    assert "is not the name of a Debian package" in bench.result().error


def test_a_state_of_another_version_is_refused_with_words(bench: Bench) -> None:
    bench.carry_out({"setup": setup, "work": work}, bench.grant(blueprints={"small": BLUEPRINT.replace("Do it", "Do")}))
    assert "has changed since the task began" in bench.result().error


def test_tokens_are_masked_in_the_job_log(bench: Bench) -> None:
    bench.carry_out({"setup": setup, "work": work})
    log = bench.out.getvalue()
    assert log.startswith("::add-mask::run-token\n::add-mask::clone-token\n")
    assert log.count("run-token") == log.count("clone-token") == 1
