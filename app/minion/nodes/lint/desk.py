"""Running the linters of a plan on some files, through one boxed server, and remembering what they said."""

from __future__ import annotations

import hashlib
import posixpath
import shlex
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from minion.nodes.lint.plan import Applied, LintPlan
from minion.nodes.lint.reading import found
from minion.nodes.reports import CommandRun
from minion.ports.sandbox import FileServer

WARM_WITHIN_S = 30.0
FILES_AT_ONCE = 400
"""Files of one process: far below what one command line holds (execve(2))."""

Kind = Literal["lint", "format"]


@dataclass(frozen=True)
class Remark:
    """A finding of a linter, at a path of the repository. `line` is 0 for the file as a whole."""

    linter: str
    path: str
    line: int
    code: str
    message: str
    warning: bool = False

    @property
    def key(self) -> str:
        """Names it on any tree: no line number."""
        return f"{self.path}: {self.label} {self.message}"

    @property
    def label(self) -> str:
        return f"{self.linter} {self.code}".strip()

    @property
    def detail(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.code} {self.message} ({self.linter})"


@dataclass(frozen=True)
class Checked:
    """`shas`: of each file that was there when it was looked at. `silent`: linters that said nothing, and why."""

    remarks: tuple[Remark, ...] = ()
    shas: Mapping[str, str] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    reconfigured: frozenset[str] = frozenset()
    ran: int = 0


class Sitting(Protocol):
    """An agent node's desk; asking for it waits until it is open."""

    @property
    def desk(self) -> LintDesk | None: ...


@dataclass
class LintMemory:
    """For a round: what each linter said of a file's content. Configuration is not in the key, since only the base's
    judges; nor is the linter's version, since a round has one machine."""

    plan: LintPlan | None = None
    sitting: Sitting | None = None
    said: dict[tuple[str, str, str, str], tuple[Remark, ...]] = field(default_factory=dict)
    runs: dict[tuple[object, ...], CommandRun] = field(default_factory=dict)
    """What the repository's own lint command said of a tree, by the tree's digest and the command."""


@dataclass(frozen=True)
class _Job:
    """One process: files of one linter. `shas` are theirs before it ran."""

    one: Applied
    program: str
    shas: Mapping[str, str]

    def request(self) -> dict[str, Any]:
        argv = [self.program, *self.one.linter.check, *self.one.arguments]
        worker = "" if self.one.arguments else self.one.linter.worker
        return {"argv": argv, "folder": self.one.root, "files": relative(self.one, self.shas), "worker": worker}


class LintDesk:
    """For one node; calls are served one after another. What a linter cannot do is a word in `silent`, no error.

    `root` is the workspace's absolute path, as tools print it.
    """

    def __init__(self, plan: LintPlan, root: str, server: FileServer, memory: LintMemory) -> None:
        self.plan = plan
        self._root = root
        self._server = server
        self._memory = memory
        self._turn = threading.RLock()
        self._programs: dict[tuple[str, str], str | None] | None = None

    def missing(self) -> tuple[str, ...]:
        """Linters that are configured, and not installed here."""
        with self._turn:
            missing = [one.linter.name for one in self.plan.applied if self._program(one) is None]
        return tuple(dict.fromkeys(missing))

    def known(self, path: str, sha: str) -> tuple[Remark, ...] | None:
        """What the linters said of this content of a file; None when not all of them were asked."""
        keys = [(one.linter.name, one.root, path, sha) for one in self.plan.for_path(path) if one.linter.kind == "lint"]
        said = [self._memory.said.get(key) for key in keys]
        return tuple(remark for remarks in said if remarks for remark in remarks) if None not in said else None

    def warm(self, paths: Sequence[str]) -> None:
        """Loads the linters that stay loaded, for files like these."""
        jobs = []
        with self._turn:
            for one in self.plan.applied:
                likely = next((path for path in paths if one in self.plan.for_path(path)), None)
                if one.linter.worker and not one.arguments and likely and self._program(one):
                    jobs.append(_Job(one, "", {likely: ""}).request())
            if jobs:
                self._server.call({"op": "warm", "jobs": jobs, "within_s": WARM_WITHIN_S})

    def check(self, paths: Iterable[str], kinds: Sequence[Kind], within_s: float) -> Checked:
        """What the linters of these kinds say of the files as they are now."""
        wanted = {path: [one for one in self.plan.for_path(path) if one.linter.kind in kinds] for path in paths}
        wanted = {path: ones for path, ones in wanted.items() if ones}
        with self._turn:
            return self._checked(wanted, within_s) if wanted else Checked()

    def _checked(self, wanted: Mapping[str, Sequence[Applied]], within_s: float) -> Checked:
        before, configs = self._look(list(wanted))
        changed = self.plan.reconfigured(configs)
        jobs, silent = self._jobs(wanted, before, changed)
        silent |= dict.fromkeys(changed, "its configuration is not the base's")
        silent |= self._run(jobs, within_s) if jobs else {}
        remarks = [remark for path, ones in wanted.items() for one in ones for remark in self._said(one, path, before)]
        kept = [remark for remark in remarks if remark.linter not in changed]
        return Checked(tuple(kept), before, silent, changed, len(jobs))

    def formatting(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """(folder, command for bash) that format the files, in the order of the table."""
        return self._fixing({one: paths for one in self.plan.applied if one.linter.formats})

    def mending(self, paths: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
        """The same for what linters can mend by themselves; `paths` by the linter's name."""
        linters = [one for one in self.plan.applied if one.linter.fix and one.linter.name in paths]
        return self._fixing({one: paths[one.linter.name] for one in linters})

    def _fixing(self, wanted: Mapping[Applied, Sequence[str]]) -> list[tuple[str, str]]:
        commands = []
        with self._turn:
            _, configs = self._look([path for paths in wanted.values() for path in paths])
            changed = self.plan.reconfigured(configs)
            for one, paths in wanted.items():
                mine = [path for path in paths if one in self.plan.for_path(path)]
                if mine and one.linter.name not in changed and (program := self._program(one)) is not None:
                    argv = [program, *one.linter.fix, *one.arguments, *relative(one, mine)]
                    commands.append((one.root or ".", shlex.join(argv)))
        return commands

    def close(self) -> None:
        self._server.close()

    # --- what the server is asked

    def _program(self, one: Applied) -> str | None:
        if self._programs is None:
            wanted = list(dict.fromkeys((one.linter.program, one.root) for one in self.plan.applied))
            answer = self._server.call({"op": "programs", "wanted": [list(pair) for pair in wanted]})
            found_at = answer.get("found")
            places = found_at if isinstance(found_at, list) and len(found_at) == len(wanted) else [None] * len(wanted)
            self._programs = {
                pair: at if isinstance(at, str) else None for pair, at in zip(wanted, places, strict=True)
            }
        return self._programs[(one.linter.program, one.root)]

    def _look(self, paths: Sequence[str]) -> tuple[dict[str, str], dict[str, str | None]]:
        base = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in self.plan.configs.items()}
        request = {"op": "look", "paths": paths, "names": self.plan.config_names, "base": base}
        answer = self._server.call(request)
        shas = {path: sha for path, sha in _object(answer.get("shas")).items() if isinstance(sha, str)}
        configs = _object(answer.get("configs")).items()
        return shas, {path: text if isinstance(text, str) else None for path, text in configs}

    def _jobs(
        self, wanted: Mapping[str, Sequence[Applied]], shas: Mapping[str, str], changed: frozenset[str]
    ) -> tuple[list[_Job], dict[str, str]]:
        """Only for what is not known yet, and only of linters that are there."""
        files: dict[Applied, dict[str, str]] = {}
        for path, ones in wanted.items():
            for one in ones:
                if (
                    path in shas
                    and one.linter.name not in changed
                    and self._key(one, path, shas) not in self._memory.said
                ):
                    files.setdefault(one, {})[path] = shas[path]
        silent = {one.linter.name: "it is not installed" for one in files if self._program(one) is None}
        jobs = [
            _Job(one, program, part)
            for one, mine in files.items()
            if (program := self._program(one)) is not None
            for part in _parts(mine)
        ]
        return jobs, silent

    def _run(self, jobs: Sequence[_Job], within_s: float) -> dict[str, str]:
        """Runs them and remembers what they said; why those that said nothing did not."""
        request = {"op": "run", "jobs": [job.request() for job in jobs], "within_s": within_s}
        results = _results(self._server.call(request), len(jobs))
        after, _ = self._look([path for job in jobs for path in job.shas])
        silent: dict[str, str] = {}
        for job, result in zip(jobs, results, strict=True):
            reason = self._remember(job, result, after)
            if reason:
                silent[job.one.linter.name] = reason
        return silent

    def _remember(self, job: _Job, result: Mapping[str, Any], after: Mapping[str, str]) -> str:
        if result.get("timed_out"):
            return "it took too long"
        stdout, stderr = str(result.get("stdout", "")), str(result.get("stderr", ""))
        remarks = [remark for remark in remarks_of(job.one, self._root, stdout, stderr) if remark.path in job.shas]
        if result.get("exit") != 0 and not remarks:
            words = (stderr.strip() or stdout.strip()).splitlines()
            return f"it could not run: {words[-1][:200] if words else result.get('exit')}"
        for path, sha in job.shas.items():
            if after.get(path) == sha:
                self._memory.said[self._key(job.one, path, job.shas)] = tuple(
                    remark for remark in remarks if remark.path == path
                )
        return ""

    def _key(self, one: Applied, path: str, shas: Mapping[str, str]) -> tuple[str, str, str, str]:
        return one.linter.name, one.root, path, shas[path]

    def _said(self, one: Applied, path: str, shas: Mapping[str, str]) -> tuple[Remark, ...]:
        return self._memory.said.get(self._key(one, path, shas), ()) if path in shas else ()


def remarks_of(one: Applied, root: str, stdout: str, stderr: str) -> list[Remark]:
    """Their paths are the repository's, however the tool printed them: absolute, or relative to where it ran."""
    return [
        Remark(one.linter.name, _inside(item.path, one, root), item.line, item.code, item.message, item.warning)
        for item in found(one.linter.reading, stdout, stderr)
    ]


def _inside(path: str, one: Applied, root: str) -> str:
    absolute = path.startswith("/")
    return posixpath.normpath(path.removeprefix(f"{root}/") if absolute else f"{one.folder}{path}")


def relative(one: Applied, paths: Iterable[str]) -> list[str]:
    """As arguments: relative to where the linter runs, and never like an option."""
    return [f"./{path.removeprefix(one.folder)}" for path in paths]


def _object(value: object) -> Mapping[str, Any]:
    """What comes out of the box is believed in nothing, not even in its form."""
    return value if isinstance(value, dict) else {}


def _results(answer: Mapping[str, object], count: int) -> list[Mapping[str, Any]]:
    told = answer.get("results")
    if isinstance(told, list) and len(told) == count:
        return [_object(one) for one in told]
    return [{"exit": -1, "stderr": str(answer.get("error", ""))}] * count


def _parts(files: Mapping[str, str]) -> Iterable[dict[str, str]]:
    items = list(files.items())
    return [dict(items[at : at + FILES_AT_ONCE]) for at in range(0, len(items), FILES_AT_ONCE)]
