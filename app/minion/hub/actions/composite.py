"""Runs `uses:` steps: built-in actions, composite actions of the workspace and of repositories on the hub.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsuses
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from minion.hub.actions.action_files import ActionFile, read_action
from minion.hub.actions.builtin import BUILTINS
from minion.hub.actions.builtin.call import ActionCall
from minion.hub.actions.expression_values import Value, to_text
from minion.hub.actions.expressions import Scope
from minion.hub.actions.git_reader import export, resolve_commit
from minion.hub.actions.machine import Machine, StepError
from minion.hub.actions.records import Result
from minion.hub.actions.steps import Frame, StepCall, StepResult, apply_file_commands, run_steps, text_inputs
from minion.hub.actions.workflow import UseAction
from minion.hub.actions.yaml_source import SourceError

MAX_DEPTH = 10
_REMOTE = re.compile(r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)(?:/(?P<path>[^@]+))?@(?P<ref>.+)\Z")


@dataclass(frozen=True)
class Remote:
    owner: str
    name: str
    path: str
    ref: str

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def builtin_key(self) -> str:
        return "/".join(part for part in (self.owner, self.name, self.path) if part).lower()


@dataclass(frozen=True)
class Found:
    """A composite action on disk."""

    directory: Path
    file: ActionFile
    where: str  # path of action.yml as messages name it
    repository: str
    ref: str


def parse_uses(uses: str) -> Remote | None:
    match = _REMOTE.match(uses)
    if match is None:
        return None
    return Remote(match["owner"], match["name"], (match["path"] or "").strip("/"), match["ref"])


def run_action(call: StepCall, use: UseAction) -> StepResult:
    """Raises StepError when the action cannot be found or is of a kind that this hub does not run."""
    machine = call.frame.machine
    remote = parse_uses(use.uses)
    given = text_inputs(use.inputs, call.frame.scope(call.env))
    _heading(machine, use.uses, given)
    if remote is not None and remote.builtin_key in BUILTINS:
        return _run_builtin(call, remote, given)
    found = find_action(machine, use.uses)
    return _run_composite(call, found, given)


def _heading(machine: Machine, uses: str, given: Mapping[str, str]) -> None:
    inputs = ["with:", *(f"  {name}: {value}" for name, value in given.items())] if given else []
    machine.log.write("\n".join([f"##[group]Run {uses}", *inputs, "##[endgroup]"]))


def _run_builtin(call: StepCall, remote: Remote, given: Mapping[str, str]) -> StepResult:
    builtin = BUILTINS[remote.builtin_key]
    unknown = sorted(set(given) - set(builtin.inputs))
    if unknown:
        raise StepError(f"The input '{unknown[0]}' of {remote.full_name} is not available in this hub")
    machine = call.frame.machine
    files = machine.new_file_commands()
    base = {**machine.base_env(call.github), **files.variables()}
    env = machine.process_env(base, {**call.frame.env, **call.env})
    defaults = {name: default for name, default in builtin.inputs.items() if name not in given}
    action = ActionCall(machine, {**defaults, **given}, call.github, env, call.limits)
    builtin.run(action)
    outputs = apply_file_commands(machine, files, [])
    return StepResult("success", "success", {**outputs, **action.outputs})


def check_action(machine: Machine, uses: str) -> None:
    """Raises StepError when an action from elsewhere is not there or cannot run in this hub."""
    remote = parse_uses(uses)
    if remote is None or remote.builtin_key not in BUILTINS:
        find_action(machine, uses)


def find_action(machine: Machine, uses: str) -> Found:
    """Raises StepError."""
    if uses.startswith("./"):
        directory = (machine.dirs.workspace / uses).resolve()
        return _read(directory, uses, machine.repository.full_name, machine.run.cause.ref)
    if uses.startswith("docker://"):
        raise StepError(f"Docker actions are not available in this hub: {uses}")
    remote = parse_uses(uses)
    if remote is None:
        raise StepError(f"Expected format {{org}}/{{repo}}[/path]@ref or ./path. Actual '{uses}'")
    directory = _download(machine, remote)
    return _read(directory, uses, remote.full_name, remote.ref)


def _download(machine: Machine, remote: Remote) -> Path:
    found = machine.host.find_repository(remote.owner, remote.name)
    own = found is not None and found.id == machine.repository.id
    if found is None or (found.private and not own):
        why = "it is neither built into this hub nor a repository on it"
        raise StepError(f"Unable to resolve action {remote.full_name}, repository not found: {why}")
    commit = resolve_commit(found.git_dir, remote.ref)
    if commit is None:
        raise StepError(
            f"Unable to resolve action `{remote.full_name}@{remote.ref}`, unable to find version `{remote.ref}`"
        )
    machine.log.write(f"Download action repository '{remote.full_name}@{remote.ref}' (SHA:{commit})")
    target = machine.dirs.actions / remote.owner / remote.name / commit
    if not target.exists():
        export(found.git_dir, commit, target)
    return target / remote.path


def _read(directory: Path, uses: str, repository: str, ref: str) -> Found:
    file = next((directory / name for name in ("action.yml", "action.yaml") if (directory / name).is_file()), None)
    if file is None:
        raise StepError(
            f"Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '{directory}'. "
            "Did you forget to run actions/checkout before running your local action?"
        )
    where = f"{uses}/{file.name}"
    try:
        action = read_action(file.read_text(encoding="utf-8"), where)
    except SourceError as error:
        raise StepError(str(error)) from error
    if action.using != "composite":
        raise StepError(f"{uses}: actions that run using '{action.using}' are not available in this hub")
    return Found(directory, action, where, repository, ref)


def _run_composite(call: StepCall, found: Found, given: Mapping[str, str]) -> StepResult:
    frame = call.frame
    if frame.depth >= MAX_DEPTH:
        raise StepError(f"Composite action depth exceeded max depth {MAX_DEPTH}")
    github: dict[str, Value] = {
        **call.github,
        "action_path": str(found.directory),
        "action_repository": found.repository,
        "action_ref": found.ref,
    }
    inner = Frame(
        machine=frame.machine,
        contexts={**_passed_on(frame.contexts), "inputs": _inputs(call, found, given)},
        github=github,
        where=found.where,
        env={**frame.env, **call.env},
        limits=call.limits,
        depth=frame.depth + 1,
    )
    run_steps(inner, found.file.steps, None, run_action)
    return _composite_result(inner, found)


def _passed_on(contexts: Mapping[str, Value]) -> dict[str, Value]:
    return {name: contexts[name] for name in ("strategy", "matrix") if name in contexts}


def _inputs(call: StepCall, found: Found, given: Mapping[str, str]) -> dict[str, Value]:
    declared = {name.lower(): spec for name, spec in found.file.inputs.items()}
    provided = {name.lower(): value for name, value in given.items()}
    unknown = sorted(set(provided) - set(declared))
    if unknown:
        raise StepError(f"Unexpected input '{unknown[0]}', valid inputs are {sorted(found.file.inputs)}")
    scope = call.frame.scope(call.env)
    values: dict[str, Value] = {}
    for key, spec in declared.items():
        if key in provided:
            values[spec.name] = provided[key]
        elif spec.default is not None:
            values[spec.name] = to_text(spec.default.evaluate(scope))
        elif spec.required:
            # GitHub lets a missing required input pass as ""; here it is a failure, so that it is seen.
            raise StepError(f"Input required and not supplied: {spec.name}")
        else:
            values[spec.name] = ""
    return values


def _composite_result(inner: Frame, found: Found) -> StepResult:
    scope: Scope = inner.scope()
    outputs = {name: value.text(scope) for name, value in found.file.outputs.items()}
    cancelled = any(result.conclusion == "cancelled" for result in inner.results.values())
    outcome: Result = "failure" if inner.failed else "cancelled" if cancelled else "success"
    return StepResult(outcome, outcome, outputs)
