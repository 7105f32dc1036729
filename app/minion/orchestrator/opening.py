"""A request becomes a task: who may, what the repository says, what is asked, and where it begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from minion.blueprint.engine import Engine
from minion.blueprint.library import needed
from minion.blueprint.model import Blueprint
from minion.blueprint.team import FOLDER, MOST_FILES, PROGRAMS, Team, blueprint_name, gather, program_name
from minion.domain.config import RepositoryConfiguration
from minion.domain.errors import UsageError
from minion.domain.ids import RepositoryRef, new_capability, new_task_id
from minion.domain.spec import TaskSpec
from minion.domain.task import Task
from minion.orchestrator.desk import Desk
from minion.orchestrator.request_text import Request, spec_of, takes_up_reviews
from minion.orchestrator.starting_point import StartingPoint, of_issue, of_pull
from minion.ports.github import GitHub, PullRequest, RepositoryFacts
from minion.tasks.configuration import PATH, Broken, read_configuration
from minion.tasks.outgoing import code

_MOST_PROBLEMS: Final = 5


@dataclass(frozen=True)
class House:
    """A repository as it stands on its default branch: its facts, its configuration and the blueprints it knows."""

    facts: RepositoryFacts
    configuration: RepositoryConfiguration
    team: Team

    @property
    def names(self) -> frozenset[str]:
        return self.team.names

    @property
    def descriptions(self) -> dict[str, str]:
        """Of all that may be asked for; for a broken one, where it is broken."""
        good = {name: blueprint.description for name, blueprint in self.team.library.items()}
        return good | {name: f"broken: {problems[0]}" for name, problems in sorted(self.team.broken.items())}


@dataclass(frozen=True)
class Unusable:
    """In words for the person who asked."""

    reason: str


def house_of(desk: Desk, github: GitHub, repository: RepositoryRef) -> House | Unusable:
    facts = github.repository(repository.owner, repository.name)
    if facts is None or facts.ref.id != repository.id:
        return Unusable(f"{repository.full_name} is not the repository that it was")
    branch = facts.default_branch
    configuration = read_configuration(github.file(repository, PATH, branch))
    if isinstance(configuration, Broken):
        return Unusable(f"the configuration is broken:\n{configuration}")
    return House(facts, configuration, gather(desk.shipped, _team_files(github, repository, branch)))


def _team_files(github: GitHub, repository: RepositoryRef, branch: str) -> dict[str, bytes | None]:
    """The programs too, where a blueprint may run one."""

    def read(folder: str, wanted: Callable[[str], str | None]) -> dict[str, bytes | None]:
        paths = sorted(path for path in github.list_files(repository, folder, branch) if wanted(path) is not None)
        texts = {path: github.file(repository, path, branch) for path in paths[:MOST_FILES]}
        return {path: text for path, text in texts.items() if text is not None} | dict.fromkeys(paths[MOST_FILES:])

    files = read(FOLDER, blueprint_name)
    run_some = any(b"program" in text for text in files.values() if text is not None)
    return files | (read(PROGRAMS, program_name) if run_some else {})


def open_task(desk: Desk, github: GitHub, house: House, request: Request) -> Task | Unusable:
    """The task, not stored yet, resting at its blueprint's first node. The actor may do this."""
    item = github.item(request.repository, request.number)
    if item is None:
        return Unusable(f"#{request.number} is gone")
    pull = github.pull(request.repository, request.number) if item.is_pull else None
    blueprint = _blueprint(house, request, pull)
    if isinstance(blueprint, Unusable):
        return blueprint
    library = {name: house.team.library[name] for name in needed(house.team.library, request.start.blueprint)}
    spec = spec_of(desk, github, request, item, takes_up_reviews=takes_up_reviews(library.values()))
    start = _start(github, house, request, pull, spec.spec)
    begun = _begin(house, blueprint, request, pull, spec.spec)
    if isinstance(start, str) or isinstance(begun, str):
        return Unusable(start if isinstance(start, str) else str(begun))
    now = desk.clock.now()
    return Task(
        id=new_task_id(),
        capability=new_capability(),
        repository_id=request.repository.id,
        installation_id=request.repository.installation_id,
        owner=request.repository.owner,
        name=request.repository.name,
        number=request.number,
        is_pull=item.is_pull,
        pull_number=None if pull is None else pull.number,
        branch=start.branch,
        blueprint=request.start.blueprint,
        blueprints=house.team.pinned(library),
        state=begun,
        spec=spec.spec,
        configuration=house.configuration,
        base_branch=start.base,
        base_sha=start.base_sha,
        head_sha=start.head_sha,
        notes=(*spec.notes, *_left_out(house.team)),
        max_usd=request.start.max_usd,
        trigger_comment_id=request.comment_id,
        trigger_in_review=request.in_review,
        trigger_review_id=request.review_id,
        created_at=now,
        updated_at=now,
        due_at=now,
    )


def _blueprint(house: House, request: Request, pull: PullRequest | None) -> Blueprint | Unusable:
    name = request.start.blueprint
    blueprint = house.team.library.get(name)
    if blueprint is not None:
        return _misplaced(blueprint, request, pull) or blueprint
    broken = "\n".join(map(str, house.team.broken.get(name, ())[:_MOST_PROBLEMS]))
    return Unusable(
        f"the blueprint `{name}` is broken:\n{broken}" if broken else f"there is no blueprint `{name}` here"
    )


def _begin(
    house: House, blueprint: Blueprint, request: Request, pull: PullRequest | None, spec: TaskSpec
) -> dict[str, object] | str:
    """The first state; in words what keeps it from beginning."""
    inputs = {
        "issue" if pull is None else "pr": request.number,
        "text": request.start.text,
        "may_ask": spec.when_unclear == "ask",
        "may_choose": spec.when_unclear == "choose",
    }
    try:
        state = Engine(house.team.library).start(blueprint.name, inputs, max_usd=request.start.max_usd)
    except UsageError as error:
        return str(error)
    return state.model_dump(mode="json")


def _misplaced(blueprint: Blueprint, request: Request, pull: PullRequest | None) -> Unusable | None:
    """The inputs `issue` and `pr` say where a blueprint may be started; with both of them, on either."""
    places = {"issue", "pr"} & blueprint.inputs.keys()
    if not places or ("issue" if pull is None else "pr") in places:
        return None
    if pull is None:
        hint = f"`/minion implement` makes a pull request of #{request.number}"
        return Unusable(f"`{blueprint.name}` works on pull requests, and this is an issue; {hint}")
    hint = "`/minion fix` repairs its checks"
    return Unusable(f"`{blueprint.name}` works on issues, and this is a pull request; {hint}")


def _left_out(team: Team) -> tuple[str, ...]:
    """For a task that needs none of the broken files."""
    said = "A blueprint of this repository is broken, and was left out"
    return tuple(f"{said}: {code(str(one), limit=400)}" for one in team.broken_files)


def _start(
    github: GitHub, house: House, request: Request, pull: PullRequest | None, spec: TaskSpec
) -> StartingPoint | str:
    if pull is not None:
        return of_pull(github, request.repository, pull)
    return of_issue(github, request.repository, house.facts.default_branch, spec)
