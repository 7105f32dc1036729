"""Rounds: dispatch a run, wait for its claim, watch its lease, and give it one more attempt."""

from __future__ import annotations

import secrets
from typing import Final

from minion.comments.voice import sentence
from minion.domain.config import Environment
from minion.domain.task import Task, TaskStatus
from minion.orchestrator.desk import Desk, NoHome, RunnerHome
from minion.orchestrator.step import Later, Scene, Step, changed, hand_off
from minion.ports.github import GitHub, WriteRefused
from minion.ports.store import Lease

_ATTEMPTS: Final = 2


def work(scene: Scene) -> Step:
    """The blueprint rests at a node that needs a checkout."""
    home = scene.desk.homes.home(scene.task)
    if isinstance(home, NoHome):
        return hand_off(scene.task, home.remedy)
    lease = scene.desk.leases.current(scene.task.id)
    if lease is None or (lease.ended and lease.round <= scene.task.round):
        if scene.task.status is TaskStatus.PUBLISHING:
            reason = scene.task.reason or "the round ended before its work was done"
            return hand_off(scene.task, _with_run(scene, home, lease, reason))
        return _offer(scene, home, scene.task.round + 1)
    return _watch(scene, home, lease)


def _watch(scene: Scene, home: RunnerHome, lease: Lease) -> Step:
    expired = scene.now >= lease.expires_at
    if lease.claimed_at is None and lease.dispatched_at is None and not expired:
        return _dispatch(scene, home, lease)
    if not expired:
        return Later(_on(scene.task, lease), lease.expires_at)
    _cancel(scene.desk, home, lease)
    if lease.attempt < _ATTEMPTS:
        return _offer(scene, home, lease.round)
    scene.desk.leases.end(lease.task_id, lease.fence)
    return hand_off(_on(scene.task, lease), _why(scene, home, lease))


def _offer(scene: Scene, home: RunnerHome, round_: int) -> Step:
    nonce = secrets.token_hex(16)
    expires_at = scene.now + scene.desk.timing.claim
    lease = scene.desk.leases.offer(scene.task, round_, nonce, scene.now, expires_at)
    if lease is None:  # saving this step is refused too: the task is read again
        return Later(scene.task, scene.now)
    return _dispatch(scene, home, lease)


def _dispatch(scene: Scene, home: RunnerHome, lease: Lease) -> Step:
    """A dispatch whose answer was lost is found again by its nonce; a second run would only lose the claim."""
    task = _on(scene.task, lease)
    runners = scene.desk.gate.installation(home.repository.installation_id)
    inputs = {"nonce": lease.nonce, "app_url": scene.desk.public_url, **_label(task)}
    answer = runners.dispatch(home.repository, home.workflow, home.ref, inputs)
    if isinstance(answer, WriteRefused):
        scene.desk.leases.end(lease.task_id, lease.fence)
        return hand_off(task, _cannot_dispatch(home, task, answer.reason))
    scene.desk.leases.dispatched(lease.task_id, lease.fence, scene.now)
    return Later(task, lease.expires_at)


def _on(task: Task, lease: Lease) -> Task:
    return changed(task, status=TaskStatus.WORKING, round=lease.round)


def _run_of(runners: GitHub, home: RunnerHome, lease: Lease) -> int | None:
    """The run that carries the lease's nonce in its name."""
    runs = runners.dispatched_runs(home.repository, home.workflow)
    return next((run.id for run in runs if lease.nonce in run.title), None)


def _cancel(desk: Desk, home: RunnerHome, lease: Lease) -> None:
    runners = desk.gate.installation(home.repository.installation_id)
    run_id = lease.run_id or _run_of(runners, home, lease)
    if run_id is not None:
        runners.cancel_run(home.repository, run_id)


def stop(desk: Desk, task: Task) -> None:
    """Ends the task's lease, if one is live, and its run: after this no result of it is taken."""
    lease = desk.leases.current(task.id)
    if lease is None or lease.ended:
        return
    home = desk.homes.home(task)
    if isinstance(home, RunnerHome):
        _cancel(desk, home, lease)
    desk.leases.end(lease.task_id, lease.fence)


def _with_run(scene: Scene, home: RunnerHome, lease: Lease | None, reason: str) -> str:
    """The reason, and where its log is: https://docs.github.com/en/actions/how-tos/monitor-workflows/use-workflow-run-logs"""
    if lease is None or lease.run_id is None:
        return reason
    url = f"{scene.desk.server_url}/{home.repository.full_name}/actions/runs/{lease.run_id}"
    gap = "\n\n" if "\n" in reason else " "
    return f"{sentence(reason)}{gap}[The run]({url})."


def _why(scene: Scene, home: RunnerHome, lease: Lease) -> str:
    place = f"{home.repository.full_name} ({home.workflow})"
    if lease.claimed_at is not None:
        minutes = int(scene.desk.timing.lease.total_seconds() // 60)
        return f"The runner in {place} went silent for {minutes} minutes, twice. Look at its last run there."
    minutes = int(scene.desk.timing.claim.total_seconds() // 60)
    return (
        f"Two runs were asked for in {place}, and none began within {minutes} minutes. Look there whether Actions are "
        "enabled, minutes are left, and a runner with the asked-for label is online; then comment `/minion retry`."
    )


def _label(task: Task) -> dict[str, str]:
    """Named only where the repository wants another runner: GitHub refuses inputs that a workflow does not declare."""
    wanted = task.configuration.environment.runs_on
    return {} if wanted == Environment().runs_on else {"runner": wanted}


def _cannot_dispatch(home: RunnerHome, task: Task, reason: str) -> str:
    label = "`environment.runs_on` needs the input `runner` in the workflow. " if _label(task) else ""
    return (
        f"GitHub did not take the run in {home.repository.full_name}: {reason}. {label}The file "
        f"`.github/workflows/{home.workflow}` has to be on its default branch with `on: workflow_dispatch`, "
        "and the App needs access to that repository; then comment `/minion retry`."
    )
