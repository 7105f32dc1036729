"""What a person's repository says: its configuration, its blueprints, its rules, its branches."""

from __future__ import annotations

import tempfile
from pathlib import Path

from minion.adapters.workspace import branch_tip, copy_of_checkout
from minion.agent.rules import RuleBook
from minion.blueprint.team import Team, blueprint_name, gather, program_name
from minion.bootstrap.place import Place
from minion.domain.config import RepositoryConfiguration
from minion.domain.errors import UsageError
from minion.ports.workspace import Workspace
from minion.shipped import shipped
from minion.tasks.branches import branch_name
from minion.tasks.configuration import PATH, Broken, read_configuration


def explain_rules(path: str, repository: str) -> str:
    """Which rule files of the checkout's HEAD an agent would be given for `path`, and why."""
    with tempfile.TemporaryDirectory(prefix="minion-rules-", ignore_cleanup_errors=True) as folder:
        place = Place.under(Path(folder))
        book = RuleBook(copy_of_checkout(Path(repository), place.work, place.private).workspace)
        given = [*book.opening(), *book.touched([path])]
    lines = [f"{rule.source}: {rule.why} ({len(rule.text)} characters)" for rule in given]
    lines = lines or [f"No rule file applies to {path}."]
    lines += [f"{source}: left out, no room ({book.max_bytes:,} bytes for all rules)" for source in book.dropped]
    lines += [f"{skipped}: not given" for skipped in book.skipped]
    lines += [f"{problem}: not loaded" for problem in book.problems]
    return "\n".join(lines)


def free_branch(repository: Path, number: int, title: str) -> str:
    """`minion/<slug>`, with the issue's number before it where there is one, and another behind where an earlier run
    left a branch of that name."""
    wanted = branch_name(number, title)
    wanted = wanted if number else wanted.replace("minion/0-", "minion/", 1)
    names = (wanted, *(f"{wanted}-{attempt}" for attempt in range(2, 10_000)))
    return next(name for name in names if branch_tip(repository, name) is None)


def configuration_of(workspace: Workspace) -> RepositoryConfiguration:
    read = read_configuration(workspace.read_at_base(PATH))
    if isinstance(read, Broken):
        raise UsageError(str(read))
    return read


def library_of(workspace: Workspace, name: str) -> Team:
    """The shipped blueprints and the team's own, which win. Raises `UsageError` with every problem at its place when
    what `name` needs is broken; other broken files stop nothing."""
    paths = [path for path in workspace.list_at_base() if blueprint_name(path) or program_name(path)]
    files: dict[str, bytes | None] = {path: workspace.read_at_base(path) or b"" for path in paths}
    team = gather(shipped(), files, only=name)
    if team.broken or name not in team.library:
        team = gather(shipped(), files)  # what is said of it tells what else there is
    if name in team.broken:
        raise UsageError("\n".join(map(str, team.broken[name])))
    return team
