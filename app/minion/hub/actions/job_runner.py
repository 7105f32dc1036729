"""Runs one job from "Set up job" to "Complete job"."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from minion.hub.actions.artifacts import ArtifactStore
from minion.hub.actions.composite import check_action, run_action
from minion.hub.actions.contexts import github_context, secret_context
from minion.hub.actions.expression_syntax import ExpressionError
from minion.hub.actions.expression_values import Value, to_number, to_text
from minion.hub.actions.expressions import Scope
from minion.hub.actions.host import Host
from minion.hub.actions.job_log import JobLog
from minion.hub.actions.machine import DIED, RUNNER_NAME, Directories, Machine, StepError
from minion.hub.actions.options import ActionsOptions, Knobs
from minion.hub.actions.permissions import for_token
from minion.hub.actions.records import Conclusion, Instance, JobRecord, StepRecord, now
from minion.hub.actions.steps import Frame, begin_record, run_steps
from minion.hub.actions.workflow import Step, UseAction


@dataclass(frozen=True)
class Bench:
    """What all jobs share."""

    host: Host
    options: ActionsOptions
    artifacts: ArtifactStore
    tokens: JobTokens


class JobTokens:
    """Request tokens for OIDC: which running job may ask. Safe to use from any thread."""

    def __init__(self) -> None:
        self._jobs: dict[str, JobRecord] = {}

    def issue(self, base_url: str, job: JobRecord) -> dict[str, str]:
        """The two variables of a job with `id-token: write`.
        https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token"""
        token = secrets.token_urlsafe(32)
        self._jobs[token] = job
        url = f"{base_url}/_services/token/{job.run.id}/{job.id}/idtoken?api-version=2.0"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token}

    def job_of(self, token: str) -> JobRecord | None:
        return self._jobs.get(token)

    def revoke(self, job: JobRecord) -> None:
        for token in [token for token, owner in list(self._jobs.items()) if owner is job]:
            self._jobs.pop(token, None)


@dataclass(frozen=True)
class Ended:
    conclusion: Conclusion
    outputs: Mapping[str, str]
    reason: str | None = None  # DIED when the runner died


def run_job(bench: Bench, job: JobRecord, instance: Instance, knobs: Knobs) -> Ended:
    """Runs the job in a directory of its own, which is removed afterwards."""
    repository = bench.host.repository(job.run.repository_id)
    root = bench.options.work_dir / "jobs" / str(job.id)
    dirs = Directories.create(root, repository.name)
    log = JobLog(job.log)
    token = bench.host.issue_job_token(repository.id, for_token(instance.permissions))
    wants_id = instance.permissions.get("id-token") == "write"
    machine = Machine(
        host=bench.host,
        options=bench.options,
        job=job,
        instance=instance,
        repository=repository,
        dirs=dirs,
        log=log,
        token=token,
        id_token_request=bench.tokens.issue(bench.host.base_url, job) if wants_id else {},
        artifacts=bench.artifacts,
        dies_at=time.monotonic() + bench.options.runner_dies_after_s if knobs.runner_dies else None,
    )
    try:
        return _run(machine)
    finally:
        bench.tokens.revoke(job)
        bench.host.revoke_token(token)
        machine.end_processes()
        log.close()
        dirs.remove()


def _run(machine: Machine) -> Ended:
    setup, *records = plan_steps(machine.instance)
    machine.job.steps = [setup, *records]
    begin_record(machine, setup)
    frame = _set_up(machine)
    setup.status, setup.completed_at = "completed", now()
    setup.conclusion = "failure" if frame is None else "success"
    if frame is None:
        for record in records:
            record.status, record.conclusion = "completed", "skipped"
        return Ended("failure", {})
    run_steps(frame, machine.instance.work.steps, records, run_action)
    if machine.died:
        return Ended("failure", {}, DIED)
    return _complete(machine, frame)


def plan_steps(instance: Instance) -> list[StepRecord]:
    """`Set up job` and one record for each step of the file."""
    names = ["Set up job", *(_step_name(step) for step in instance.work.steps)]
    return [StepRecord(number, name) for number, name in enumerate(names, start=1)]


def _step_name(step: Step) -> str:
    if step.name is not None and step.name.is_literal:
        return to_text(step.name.literal)
    if isinstance(step.work, UseAction):
        return f"Run {step.work.uses}"
    first = to_text(step.work.script.literal).lstrip("\n").split("\n")[0]
    return f"Run {first}"


def _set_up(machine: Machine) -> Frame | None:
    """Masks, token, environment; None when the job cannot begin (the reason is in its log)."""
    instance = machine.instance
    for secret in (machine.token, *instance.secrets.values(), *machine.id_token_request.values()):
        if not secret.startswith("http"):
            machine.log.mask(secret)
    machine.log.write(f"Runner name: '{RUNNER_NAME}'")
    granted = [f"{scope}: {level}" for scope, level in for_token(instance.permissions).items()]
    machine.log.write("\n".join(["##[group]GITHUB_TOKEN Permissions", *granted, "##[endgroup]"]))
    frame = _frame(machine)
    try:
        _check_runner(machine)
        _check_actions(machine)
        _job_environment(machine, frame)
    except (StepError, ExpressionError) as error:
        machine.fail_line(str(error))
        return None
    machine.log.write(f"Complete job name: {machine.job.name}")
    return frame


def _frame(machine: Machine) -> Frame:
    instance, run = machine.instance, machine.run
    event_path = machine.dirs.temp / "_github_workflow" / "event.json"
    event_path.parent.mkdir(parents=True, exist_ok=True)
    event_path.write_text(json.dumps(run.cause.payload), encoding="utf-8")
    github: dict[str, Value] = {
        **github_context(machine.host.base_url, machine.repository, run),
        "job": machine.job.key.rsplit("/", 1)[-1],
        "token": machine.token,
        "workspace": str(machine.dirs.workspace),
        "event_path": str(event_path),
    }
    contexts: dict[str, Value] = {
        "needs": dict(instance.needs),
        "matrix": dict(instance.matrix) if instance.matrix is not None else None,
        "strategy": dict(instance.strategy),
        "inputs": dict(instance.inputs),
        "vars": dict(machine.host.variables(run.repository_id)),
        "secrets": secret_context(instance.secrets, machine.token),
    }
    return Frame(machine, contexts, github, instance.workflow.path, ())


def _check_runner(machine: Machine) -> None:
    """This hub's runner is Linux; containers it has none."""
    foreign = [label for label in machine.instance.labels if label.lower().startswith(("windows", "macos"))]
    unavailable = foreign[0] if foreign else machine.instance.work.unavailable
    if unavailable:
        raise StepError(f"'{unavailable}' is not available in this hub")


def _check_actions(machine: Machine) -> None:
    """Finds the actions before the first step, as the runner does; local ones wait for the checkout."""
    for step in machine.instance.work.steps:
        if isinstance(step.work, UseAction) and not step.work.uses.startswith("./"):
            check_action(machine, step.work.uses)


def _job_environment(machine: Machine, frame: Frame) -> None:
    instance = machine.instance
    for layer in (instance.workflow.env, instance.work.env):
        scope = frame.scope()
        machine.env.update({name: value.text(scope) for name, value in layer.items()})
    scope = frame.scope()
    frame.defaults = (instance.work.defaults, instance.workflow.defaults)
    if instance.work.environment is not None:
        machine.job.environment = instance.work.environment.text(scope)
    machine.job_deadline = time.monotonic() + 60 * _minutes(machine, scope)


def _minutes(machine: Machine, scope: Scope) -> float:
    given = machine.instance.work.timeout_minutes
    if given is None:
        return machine.options.max_job_minutes
    minutes = to_number(given.evaluate(scope))
    if not minutes > 0:
        raise ExpressionError("timeout-minutes must be a positive number")
    return min(minutes, machine.options.max_job_minutes)


def _complete(machine: Machine, frame: Frame) -> Ended:
    machine.succeeded = frame.status == "success"
    _run_posts(machine, frame)
    last = _extra_step(machine, "Complete job")
    outputs = _outputs(machine, frame)
    orphans = machine.end_processes()
    machine.log.write("Cleaning up orphan processes")
    for pid in orphans:
        machine.log.write(f"Terminate orphan process: pid ({pid})")
    if machine.timed_out:
        machine.fail_line("The job has exceeded its maximum execution time.")
    _finish_extra(last, "failure" if outputs is None else "success")
    conclusion: Conclusion = "failure" if outputs is None else frame.status
    return Ended(conclusion, outputs or {})


def _run_posts(machine: Machine, frame: Frame) -> None:
    for name, work in reversed(machine.posts):
        record = _extra_step(machine, name)
        conclusion: Conclusion = "success"
        try:
            work()
        except StepError as error:
            machine.fail_line(str(error))
            frame.failed, conclusion = True, "failure"
        _finish_extra(record, conclusion)


def _extra_step(machine: Machine, name: str) -> StepRecord:
    record = StepRecord(len(machine.job.steps) + 1, name)
    machine.job.steps.append(record)
    begin_record(machine, record)
    return record


def _finish_extra(record: StepRecord, conclusion: Conclusion) -> None:
    record.status, record.conclusion, record.completed_at = "completed", conclusion, now()


def _outputs(machine: Machine, frame: Frame) -> dict[str, str] | None:
    """The job's outputs; one that holds a secret is left out, as on GitHub. None when an expression is malformed."""
    outputs: dict[str, str] = {}
    try:
        for name, value in machine.instance.work.outputs.items():
            text = value.text(frame.scope())
            if machine.log.has_secret(text):
                machine.log.write(f"##[warning]Skip output '{name}' since it may contain secret.")
            elif text:
                outputs[name] = text
    except ExpressionError as error:
        machine.fail_line(str(error))
        return None
    return outputs
