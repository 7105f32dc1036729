"""Where rounds run: the repository that the operator names, the owner's `minion-runner`, or the repository itself."""

from __future__ import annotations

from typing import Final

from minion.domain.task import Task
from minion.orchestrator.desk import NoHome, RunnerHome
from minion.ports.github import GitHubGate

_CONVENTION: Final = "minion-runner"


class RunnerHomesOnGitHub:
    """Asked anew each time: somebody may just have mended what was missing."""

    def __init__(self, gate: GitHubGate, configured: str | None, workflow: str) -> None:
        self._gate = gate
        self._configured = configured
        self._workflow = workflow

    def home(self, task: Task) -> RunnerHome | NoHome:
        for owner, name in self._candidates(task):
            found = self._in(owner, name)
            if found is not None:
                return found
        places = " or ".join(f"{owner}/{name}" for owner, name in self._candidates(task))
        return NoHome(
            f"There is nowhere to run: the App needs access to {places}, with `.github/workflows/{self._workflow}` "
            "(Minion's `action/runner-workflow.yml`) on its default branch. Then comment `/minion retry`."
        )

    def _candidates(self, task: Task) -> list[tuple[str, str]]:
        if self._configured is not None:
            owner, _, name = self._configured.partition("/")
            return [(owner, name)]
        return [(task.owner, _CONVENTION), (task.owner, task.name)]

    def _in(self, owner: str, name: str) -> RunnerHome | None:
        installation = self._gate.find_installation(owner, name)
        if installation is None:
            return None
        github = self._gate.installation(installation)
        facts = github.repository(owner, name)
        if facts is None or not github.workflow_exists(facts.ref, self._workflow):
            return None
        return RunnerHome(facts.ref, facts.owner_id, self._workflow, facts.default_branch)
