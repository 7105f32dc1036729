"""Runs a list of steps: conditions, environment, time-outs, results. Used for jobs and for composite actions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from minion.hub.actions.contexts import hash_files
from minion.hub.actions.expression_syntax import ExpressionError
from minion.hub.actions.expression_values import Value, to_number, to_text, truthy
from minion.hub.actions.expressions import STATUS_FUNCTIONS, Scope, Special, Template
from minion.hub.actions.file_commands import FileCommandError, FileCommands
from minion.hub.actions.machine import Machine, StepError, StepLimits
from minion.hub.actions.processes import Exited, NotStarted, Stopped
from minion.hub.actions.records import Result, StepRecord, now
from minion.hub.actions.scripts import script_command, script_heading
from minion.hub.actions.workflow import Defaults, RunScript, Step, UseAction


@dataclass
class StepResult:
    outcome: Result
    conclusion: Result
    outputs: dict[str, str] = field(default_factory=dict)

    def as_value(self) -> Value:
        outputs: dict[str, Value] = dict(self.outputs)
        return {"outputs": outputs, "outcome": self.outcome, "conclusion": self.conclusion}


@dataclass
class Frame:
    """Where steps stand: in a job, or in a composite action called by a job."""

    machine: Machine
    contexts: Mapping[str, Value]  # without env, steps, job, runner and github
    github: dict[str, Value]
    where: str  # the file, for messages
    defaults: tuple[Defaults, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)  # of the step that called the action
    results: dict[str, StepResult] = field(default_factory=dict)
    limits: StepLimits | None = None  # of the step that called the action
    failed: bool = False
    depth: int = 0

    @property
    def status(self) -> Result:
        if self.machine.cancelled:
            return "cancelled"
        return "failure" if self.failed else "success"

    def scope(self, step_env: Mapping[str, str] | None = None) -> Scope:
        env: dict[str, Value] = {**self.machine.env, **self.env, **(step_env or {})}
        return Scope(
            {
                **self.contexts,
                "github": {**self.github, "action_status": self.status},
                "env": env,
                "steps": {name: result.as_value() for name, result in self.results.items()},
                "job": {"status": self.status, "check_run_id": self.machine.job.id},
                "runner": self.machine.runner_context(),
            },
            self._functions(),
        )

    def _functions(self) -> Mapping[str, Special]:
        return {
            "success": lambda _: self.status == "success",
            "failure": lambda _: self.status == "failure",
            "cancelled": lambda _: self.machine.cancelled,
            "always": lambda _: True,
            "hashfiles": lambda arguments: hash_files(self.machine.dirs.workspace, arguments),
        }


@dataclass(frozen=True)
class StepCall:
    """One step about to run, with its environment worked out."""

    frame: Frame
    step: Step
    env: Mapping[str, str]
    limits: StepLimits
    github: Mapping[str, Value]


ActionRunner = Callable[[StepCall, UseAction], StepResult]


def run_steps(
    frame: Frame, steps: tuple[Step, ...], records: list[StepRecord] | None, run_action: ActionRunner
) -> None:
    """Runs the steps in order; their results are in `frame.results`, their states in `records`."""
    for number, step in enumerate(steps):
        record = records[number] if records is not None else None
        frame.machine.check_cancel()
        result = _run_step(frame, step, record, run_action)
        if step.id:
            frame.results[step.id] = result
        else:
            frame.results[f"__{number}"] = result
        if result.conclusion == "failure":
            frame.failed = True
        _finish_record(record, result)
        if frame.machine.died:
            return


def _finish_record(record: StepRecord | None, result: StepResult) -> None:
    if record is None:
        return
    record.status, record.conclusion = "completed", result.conclusion
    record.completed_at = now()
    record.started_at = record.started_at or record.completed_at


def begin_record(machine: Machine, record: StepRecord | None) -> None:
    """Marks a step of the job as running, and where its log begins."""
    if record is None:
        return
    record.status, record.started_at = "in_progress", now()
    machine.job.step_offsets.append((record.number, machine.log.begin_step()))


def _run_step(frame: Frame, step: Step, record: StepRecord | None, run_action: ActionRunner) -> StepResult:
    try:
        github = _step_github(frame, step)
        env = _texts(step.env, frame.scope())
        if not _wanted(frame, step.condition, env):
            return StepResult("skipped", "skipped")
        begin_record(frame.machine, record)
        if record is not None and step.name is not None:
            record.name = frame.machine.log.masked(step.name.text(frame.scope(env))) or record.name
        call = StepCall(frame, step, env, _limits(frame, step, env), github)
        result = _attempt(call, run_action)
        return _forgiven(call, result)
    except ExpressionError as error:
        begin_record(frame.machine, record if record is not None and record.status == "queued" else None)
        frame.machine.fail_line(f"The template is not valid. {frame.where} (Line: {step.line}): {error}")
        return StepResult("failure", "failure")


def _step_github(frame: Frame, step: Step) -> dict[str, Value]:
    match step.work:
        case RunScript():
            name = "__run"
        case UseAction(uses):
            name = "__" + uses.partition("@")[0].replace("/", "_")
        case _:
            raise AssertionError(step.work)
    return {**frame.github, "action": step.id or name}


def _texts(values: Mapping[str, Template], scope: Scope) -> dict[str, str]:
    return {name: value.text(scope) for name, value in values.items()}


def _wanted(frame: Frame, condition: Template | None, env: Mapping[str, str]) -> bool:
    """Without a status function in it, a condition also wants success().
    https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#status-check-functions"""
    if condition is None:
        return frame.status == "success"
    if not condition.calls(STATUS_FUNCTIONS) and frame.status != "success":
        return False
    return truthy(condition.evaluate(frame.scope(env)))


def _limits(frame: Frame, step: Step, env: Mapping[str, str]) -> StepLimits:
    outer = frame.limits or StepLimits(None)
    if step.timeout_minutes is None:
        return StepLimits(outer.deadline, outer.minutes, frame.machine.cancelled)
    minutes = to_number(step.timeout_minutes.evaluate(frame.scope(env)))
    if not minutes > 0:
        raise ExpressionError("timeout-minutes must be a positive number")
    own = StepLimits(time.monotonic() + 60 * minutes, minutes, frame.machine.cancelled)
    sooner = outer.deadline is not None and own.deadline is not None and outer.deadline < own.deadline
    return StepLimits(outer.deadline, outer.minutes, own.after_cancel) if sooner else own


def _attempt(call: StepCall, run_action: ActionRunner) -> StepResult:
    machine = call.frame.machine
    try:
        match call.step.work:
            case RunScript() as script:
                return _run_script(call, script)
            case UseAction() as use:
                return run_action(call, use)
    except StepError as failure:
        machine.fail_line(str(failure))
        outcome: Result = "cancelled" if machine.cancelled and not call.limits.after_cancel else "failure"
        return StepResult(outcome, outcome)


def _forgiven(call: StepCall, result: StepResult) -> StepResult:
    given = call.step.continue_on_error
    if result.outcome != "failure" or given is None:
        return result
    if truthy(given.evaluate(call.frame.scope(call.env))):
        result.conclusion = "success"
    return result


def _run_script(call: StepCall, script: RunScript) -> StepResult:
    machine, scope = call.frame.machine, call.frame.scope(call.env)
    files = machine.new_file_commands()
    base = {**machine.base_env(call.github), **files.variables()}
    env = machine.process_env(base, {**call.frame.env, **call.env})
    text = script.script.text(scope)
    command = script_command(machine, script, call.frame.defaults, scope, env)
    machine.log.write(script_heading(text, command, _shown_env(call)))
    ending, problems = machine.run_command(command, call.limits)
    outputs = apply_file_commands(machine, files, problems)
    match ending:
        case Exited(0) if not problems:
            return StepResult("success", "success", outputs)
        case Exited(code):
            if code:
                machine.fail_line(f"Process completed with exit code {code}.")
            return StepResult("failure", "failure", outputs)
        case NotStarted(message):
            machine.fail_line(message)
            return StepResult("failure", "failure", outputs)
        case Stopped(reason):
            machine.fail_line(reason)
            outcome: Result = "cancelled" if machine.cancelled else "failure"
            return StepResult(outcome, outcome, outputs)


def _shown_env(call: StepCall) -> Mapping[str, str]:
    return {**call.frame.machine.env, **call.frame.env, **call.env}


def apply_file_commands(machine: Machine, files: FileCommands, problems: list[str]) -> dict[str, str]:
    """Takes over what the step wrote; returns its outputs. Malformed files are added to `problems`."""
    try:
        outputs = files.outputs()
        files.state()
        env, paths, summary = files.env(), files.paths(), files.summary()
    except FileCommandError as error:
        problems.append(str(error))
        machine.fail_line(str(error))
        return {}
    # Default variables cannot be changed. https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    machine.env.update({k: v for k, v in env.items() if not k.startswith(("GITHUB_", "RUNNER_"))})
    machine.path[:0] = reversed(paths)
    machine.job.summary += machine.log.masked(summary)
    return outputs


def text_inputs(values: Mapping[str, Template], scope: Scope) -> dict[str, str]:
    """The `with` of a step as strings."""
    return {name: to_text(value.evaluate(scope)) for name, value in values.items()}
