"""Reads `jobs`, their steps, and the steps of composite actions.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobs
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from minion.hub.actions import availability as available
from minion.hub.actions.expressions import Availability, Template
from minion.hub.actions.permissions import read_permissions
from minion.hub.actions.reading import (
    condition,
    entries,
    identifier,
    is_absent,
    literal,
    optional_entries,
    optional_template,
    scalar,
    sequence,
    template,
    templates,
    tree,
)
from minion.hub.actions.workflow import (
    CalledWorkflow,
    Concurrency,
    Defaults,
    Job,
    RunScript,
    Step,
    Steps,
    Strategy,
    Tree,
    UseAction,
)
from minion.hub.actions.yaml_source import Entries, Item, Scalar, Sequence, SourceError

_SHARED = frozenset({"name", "permissions", "needs", "if", "strategy", "concurrency"})
_CALLS = _SHARED | {"uses", "with", "secrets"}
_RUNS = _SHARED | {
    *("runs-on", "environment", "outputs", "env", "defaults", "steps", "timeout-minutes", "continue-on-error"),
    *("container", "services"),
}
_SCRIPT_KEYS = frozenset({"run", "shell", "working-directory"})
_USE_KEYS = frozenset({"uses", "with"})
_STEP_KEYS = frozenset({"id", "if", "name", "env", "continue-on-error", "timeout-minutes"})


@dataclass(frozen=True)
class StepRules:
    """What differs between the steps of a job and those of a composite action."""

    text: Availability
    condition: Availability
    keys: frozenset[str]
    shell_required: bool


JOB_STEPS = StepRules(available.STEP, available.STEP_IF, _STEP_KEYS, shell_required=False)
ACTION_STEPS = StepRules(
    available.ACTION_STEP, available.ACTION_STEP_IF, _STEP_KEYS - {"timeout-minutes"}, shell_required=True
)


def read_jobs(found: Entries) -> Mapping[str, Job]:
    if not found.items:
        raise SourceError("The workflow must contain at least one job with no dependencies", found.line)
    jobs = {key: _job(key, value, found.key_lines[key]) for key, value in found}
    for job in jobs.values():
        _check_needs(job, jobs)
    _check_cycles(jobs)
    return jobs


def _job(key: str, item: Item, line: int) -> Job:
    identifier(key, "identifier", line)
    found = entries(item, f"job {key}", line)
    where = f"jobs.{key}"
    calls = "uses" in found.items
    found.expect_only(_CALLS if calls else _RUNS, where)
    return Job(
        key=key,
        name=optional_template(found.get("name"), available.JOB_NAME, f"{where}.name"),
        needs=_names(found.get("needs"), f"{where}.needs"),
        condition=condition(found.get("if"), available.JOB_IF, f"{where}.if"),
        permissions=read_permissions(found.get("permissions")),
        strategy=_strategy(found.get("strategy"), f"{where}.strategy"),
        concurrency=read_concurrency(found.get("concurrency"), available.JOB_CONCURRENCY),
        work=_called(found, where) if calls else _steps_job(found, where),
        line=line,
    )


def _names(item: Item | None, where: str) -> tuple[str, ...]:
    if item is None:
        return ()
    if isinstance(item, Scalar):
        return (literal(item, where),)
    return tuple(literal(child, where) for child in sequence(item, where, item.line).items)


def _check_needs(job: Job, jobs: Mapping[str, Job]) -> None:
    for name in job.needs:
        if name not in jobs:
            raise SourceError(f"Job '{job.key}' depends on unknown job '{name}'.", job.line)


def _check_cycles(jobs: Mapping[str, Job]) -> None:
    done: set[str] = set()
    while len(done) < len(jobs):
        ready = {key for key, job in jobs.items() if key not in done and done.issuperset(job.needs)}
        if not ready:
            stuck = next(job for key, job in jobs.items() if key not in done)
            raise SourceError(f"Job '{stuck.key}' depends on itself through its needs", stuck.line)
        done |= ready


def _strategy(item: Item | None, where: str) -> Strategy | None:
    if item is None:
        return None
    found = entries(item, where, item.line)
    found.expect_only(frozenset({"matrix", "fail-fast", "max-parallel"}), where)
    matrix = found.get("matrix")
    return Strategy(
        matrix=None if matrix is None else _matrix(matrix, f"{where}.matrix"),
        fail_fast=optional_template(found.get("fail-fast"), available.STRATEGY, f"{where}.fail-fast"),
        max_parallel=optional_template(found.get("max-parallel"), available.STRATEGY, f"{where}.max-parallel"),
        line=found.line,
    )


def _matrix(item: Item, where: str) -> Tree:
    if isinstance(item, Entries):
        for key, value in item:
            if not isinstance(value, Sequence) and not (isinstance(value, Scalar) and "${{" in value.text):
                raise SourceError(f"{where}.{key} must be a list or an expression", value.line)
    elif not (isinstance(item, Scalar) and "${{" in item.text):
        raise SourceError(f"{where} must be a mapping or an expression", item.line)
    return tree(item, available.STRATEGY, where)


def read_concurrency(item: Item | None, allowed: Availability) -> Concurrency | None:
    if item is None:
        return None
    if isinstance(item, Scalar):
        return Concurrency(template(item, allowed, "concurrency"), None)
    found = entries(item, "concurrency", item.line)
    found.expect_only(frozenset({"group", "cancel-in-progress"}), "concurrency")
    if "group" not in found.items:
        raise SourceError("Required property is missing: group", found.line)
    cancel = optional_template(found.get("cancel-in-progress"), allowed, "concurrency.cancel-in-progress")
    return Concurrency(template(found.items["group"], allowed, "concurrency.group"), cancel)


def read_defaults(item: Item | None, allowed: Availability) -> Defaults:
    found = optional_entries(item, "defaults")
    if found is None:
        return Defaults()
    found.expect_only(frozenset({"run"}), "defaults")
    run = optional_entries(found.get("run"), "defaults.run")
    if run is None:
        return Defaults()
    run.expect_only(frozenset({"shell", "working-directory"}), "defaults.run")
    return Defaults(
        shell=optional_template(run.get("shell"), allowed, "defaults.run.shell"),
        working_directory=optional_template(run.get("working-directory"), allowed, "defaults.run.working-directory"),
    )


def _called(found: Entries, where: str) -> CalledWorkflow:
    secrets = found.get("secrets")
    inherited = isinstance(secrets, Scalar) and secrets.text == "inherit"
    given: Mapping[str, Template] | Literal["inherit"] = (
        "inherit" if inherited else templates(secrets, available.JOB_SECRETS, f"{where}.secrets")
    )
    uses = literal(found.items["uses"], f"{where}.uses")
    return CalledWorkflow(uses, templates(found.get("with"), available.JOB_WITH, f"{where}.with"), given)


def _steps_job(found: Entries, where: str) -> Steps:
    for key in ("runs-on", "steps"):
        if key not in found.items:
            raise SourceError(f"Required property is missing: {key}", found.line)
    unavailable = next((key for key in ("container", "services") if not is_absent(found.get(key))), None)
    return Steps(
        runs_on=_runs_on(found.items["runs-on"], f"{where}.runs-on"),
        environment=_environment(found.get("environment"), f"{where}.environment"),
        env=templates(found.get("env"), available.JOB_ENV, f"{where}.env"),
        defaults=read_defaults(found.get("defaults"), available.JOB_DEFAULTS),
        outputs=templates(found.get("outputs"), available.JOB_OUTPUTS, f"{where}.outputs"),
        steps=read_steps(found.items["steps"], f"{where}.steps", JOB_STEPS),
        timeout_minutes=optional_template(found.get("timeout-minutes"), available.JOB_NAME, f"{where}.timeout-minutes"),
        continue_on_error=optional_template(
            found.get("continue-on-error"), available.JOB_NAME, f"{where}.continue-on-error"
        ),
        unavailable=unavailable,
    )


def _runs_on(item: Item, where: str) -> Tree:
    if isinstance(item, Entries):
        item.expect_only(frozenset({"group", "labels"}), where)
    return tree(item, available.JOB_NAME, where)


def _environment(item: Item | None, where: str) -> Template | None:
    if item is None or is_absent(item):
        return None
    if isinstance(item, Scalar):
        return template(item, available.JOB_NAME, where)
    found = entries(item, where, item.line)
    found.expect_only(frozenset({"name", "url"}), where)
    if "name" not in found.items:
        raise SourceError("Required property is missing: name", found.line)
    optional_template(found.get("url"), available.JOB_OUTPUTS, f"{where}.url")
    return template(found.items["name"], available.JOB_NAME, f"{where}.name")


def read_steps(item: Item, where: str, rules: StepRules) -> tuple[Step, ...]:
    found = sequence(item, where, item.line)
    steps = tuple(_step(child, f"{where}[{number}]", rules) for number, child in enumerate(found.items))
    seen: set[str] = set()
    for step in steps:
        if step.id and step.id.lower() in seen:
            raise SourceError(
                f"The identifier '{step.id}' may not be used more than once within the same scope.", step.line
            )
        seen.add(step.id.lower())
    return steps


def _step(item: Item, where: str, rules: StepRules) -> Step:
    found = entries(item, where, item.line)
    uses = "uses" in found.items
    if uses == ("run" in found.items):
        raise SourceError(f"{where}: every step must define a 'uses' or a 'run' key, and only one of them", found.line)
    found.expect_only(rules.keys | (_USE_KEYS if uses else _SCRIPT_KEYS), where)
    given = found.get("id")
    return Step(
        id="" if given is None else identifier(literal(given, f"{where}.id"), "identifier", given.line),
        name=optional_template(found.get("name"), rules.text, f"{where}.name"),
        condition=condition(found.get("if"), rules.condition, f"{where}.if"),
        work=_use(found, where, rules) if uses else _script(found, where, rules),
        env=templates(found.get("env"), rules.text, f"{where}.env"),
        continue_on_error=optional_template(found.get("continue-on-error"), rules.text, f"{where}.continue-on-error"),
        timeout_minutes=optional_template(found.get("timeout-minutes"), rules.text, f"{where}.timeout-minutes"),
        line=found.line,
    )


def _use(found: Entries, where: str, rules: StepRules) -> UseAction:
    uses = literal(found.items["uses"], f"{where}.uses").strip()
    if not uses:
        raise SourceError(f"{where}.uses is empty", found.line)
    return UseAction(uses, templates(found.get("with"), rules.text, f"{where}.with"))


def _script(found: Entries, where: str, rules: StepRules) -> RunScript:
    if rules.shell_required and "shell" not in found.items:
        raise SourceError("Required property is missing: shell", found.line)
    scalar(found.items["run"], f"{where}.run")
    return RunScript(
        script=template(found.items["run"], rules.text, f"{where}.run"),
        shell=optional_template(found.get("shell"), rules.text, f"{where}.shell"),
        working_directory=optional_template(found.get("working-directory"), rules.text, f"{where}.working-directory"),
    )
