"""A workflow file, read once into frozen types.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from minion.hub.actions.expressions import Template
from minion.hub.actions.triggers import Trigger

Tree: TypeAlias = "Template | tuple[Tree, ...] | Mapping[str, Tree]"
InputType: TypeAlias = Literal["string", "boolean", "number", "choice", "environment"]


@dataclass(frozen=True)
class InputSpec:
    """An input of workflow_dispatch or workflow_call."""

    name: str
    type: InputType
    required: bool
    default: Template | None
    options: tuple[str, ...]


@dataclass(frozen=True)
class CallSpec:
    """`on.workflow_call`."""

    inputs: Mapping[str, InputSpec]
    secrets: Mapping[str, bool]  # name → required
    outputs: Mapping[str, Template]


@dataclass(frozen=True)
class Concurrency:
    group: Template
    cancel_in_progress: Template | None


@dataclass(frozen=True)
class Defaults:
    shell: Template | None = None
    working_directory: Template | None = None


@dataclass(frozen=True)
class RunScript:
    script: Template
    shell: Template | None
    working_directory: Template | None


@dataclass(frozen=True)
class UseAction:
    uses: str
    inputs: Mapping[str, Template]


@dataclass(frozen=True)
class Step:
    id: str
    name: Template | None
    condition: Template | None
    work: RunScript | UseAction
    env: Mapping[str, Template]
    continue_on_error: Template | None
    timeout_minutes: Template | None
    line: int


@dataclass(frozen=True)
class Strategy:
    matrix: Tree | None
    fail_fast: Template | None
    max_parallel: Template | None
    line: int


@dataclass(frozen=True)
class Steps:
    """A job that runs steps. `unavailable` names a key that this hub cannot honour; the job then fails."""

    runs_on: Tree
    environment: Template | None
    env: Mapping[str, Template]
    defaults: Defaults
    outputs: Mapping[str, Template]
    steps: tuple[Step, ...]
    timeout_minutes: Template | None
    continue_on_error: Template | None
    unavailable: str | None


@dataclass(frozen=True)
class CalledWorkflow:
    """A job that calls a reusable workflow."""

    uses: str
    inputs: Mapping[str, Template]
    secrets: Mapping[str, Template] | Literal["inherit"]


@dataclass(frozen=True)
class Job:
    key: str
    name: Template | None
    needs: tuple[str, ...]
    condition: Template | None
    permissions: Mapping[str, str] | None
    strategy: Strategy | None
    concurrency: Concurrency | None
    work: Steps | CalledWorkflow
    line: int


@dataclass(frozen=True)
class Workflow:
    """`permissions` None means the default of the repository."""

    path: str
    name: str
    run_name: Template | None
    triggers: Mapping[str, Trigger]
    dispatch_inputs: Mapping[str, InputSpec]
    call: CallSpec | None
    permissions: Mapping[str, str] | None
    env: Mapping[str, Template]
    defaults: Defaults
    concurrency: Concurrency | None
    jobs: Mapping[str, Job]
