"""Where the rounds of a task run: the configured repository, else OWNER/minion-runner, else the repository itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from minion.domain.task import Task
from minion.orchestrator.desk import NoHome, RunnerHome
from minion.ports.clock import Clock
from minion.ports.github import GitHub, GitHubGate

DEFAULT_NAME = "minion-runner"
KEPT_S = 60.0
"""How long a home that was found is believed in: it is asked for at every dispatch and claim."""


@dataclass
class ConfiguredHomes:
    """Implements `orchestrator.desk.RunnerHomes`. `repository` is `owner/name`, or None for the defaults."""

    gate: GitHubGate
    clock: Clock
    repository: str | None
    workflow: str
    _found: dict[str, tuple[float, RunnerHome]] = field(default_factory=dict)

    def home(self, task: Task) -> RunnerHome | NoHome:
        key = self.repository or f"{task.owner}/{task.name}"
        known = self._found.get(key)
        if known is not None and self.clock.monotonic() - known[0] < KEPT_S:
            return known[1]
        for github, owner, name in self._candidates(task):
            home = self._at(github, owner, name)
            if home is not None:
                self._found[key] = (self.clock.monotonic(), home)
                return home
        return self._nowhere(task)

    def _candidates(self, task: Task) -> Iterator[tuple[GitHub, str, str]]:
        if self.repository is None:
            github = self.gate.installation(task.installation_id)
            yield github, task.owner, DEFAULT_NAME
            yield github, task.owner, task.name
            return
        owner, _, name = self.repository.partition("/")
        installation = self.gate.find_installation(owner, name)
        if installation is not None:
            yield self.gate.installation(installation), owner, name

    def _at(self, github: GitHub, owner: str, name: str) -> RunnerHome | None:
        facts = github.repository(owner, name)
        if facts is None or facts.archived or not github.workflow_exists(facts.ref, self.workflow):
            return None
        return RunnerHome(facts.ref, facts.owner_id, self.workflow, facts.default_branch)

    def _nowhere(self, task: Task) -> NoHome:
        place = self.repository or f"{task.owner}/{DEFAULT_NAME}"
        return NoHome(
            f"There is no runner. Create the repository `{place}` (private, without secrets), put "
            f"`action/runner-workflow.yml` there as `.github/workflows/{self.workflow}` on its default branch, "
            "and install the App on it."
        )
