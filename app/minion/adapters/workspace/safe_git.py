"""Git, run so that nothing of a tree's choosing is executed.

Hooks, `core.fsmonitor`, filter drivers, `textconv` and external diff programs are commands that a repository can name
in its configuration or attributes (https://git-scm.com/docs/git-config, https://git-scm.com/docs/gitattributes). So
the git directory, the configuration and the attributes are always ours.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import git

from minion.domain.errors import Outage

CONFIGURATION = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = false
\thooksPath = /dev/null
\tfsmonitor = false
\tuntrackedCache = false
\tautocrlf = false
\tattributesFile = /dev/null
[gc]
\tauto = 0
[maintenance]
\tauto = false
[fetch]
\trecurseSubmodules = false
[safe]
\tdirectory = *
"""
# `$GIT_DIR/info/attributes` outranks every .gitattributes of the tree: bytes stay as they are, and no driver is named.
ATTRIBUTES = "* -text -filter -ident -working-tree-encoding !eol !crlf !diff !merge !export-subst\n"
_FORCED = {"core.hooksPath": "/dev/null", "core.fsmonitor": "false", "core.attributesFile": "/dev/null"}


class SafeGit:
    """Runs git on `git_dir` with our configuration. `config` is the file that stands in for the user's own."""

    def __init__(self, git_dir: Path, config: Path, work_tree: Path | None = None) -> None:
        self.git_dir = git_dir
        self._environment = _environment(git_dir, config, work_tree)
        self._git = git.Git(str(work_tree or git_dir))
        self._git.update_environment(**self._environment)

    def run(
        self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, timeout_s: float | None = None
    ) -> bytes:
        """Standard output. Raises `GitFailed` with git's own words."""
        with tempfile.TemporaryFile() as stream:
            stream.write(stdin)
            stream.seek(0)
            try:
                output = self._git.execute(
                    ["git", *arguments],
                    istream=stream,
                    env=dict(env or {}),
                    kill_after_timeout=timeout_s,
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                )
            except git.GitCommandError as error:
                raise GitFailed(arguments[0], _words(error)) from None
        return output

    def repository(self) -> git.Repo:
        """For reading objects."""
        repository = git.Repo(str(self.git_dir))
        repository.git.update_environment(**self._environment)
        return repository

    def line(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        return self.run(*arguments, env=env).decode("utf-8", errors="surrogateescape").strip()


class GitFailed(Outage):
    """Git ended with an error; `words` are its standard error."""

    def __init__(self, command: str, words: str) -> None:
        super().__init__(f"git {command} failed: {words}")
        self.words = words


def _words(error: git.GitCommandError) -> str:
    """GitPython wraps standard error as `\\n  stderr: '…'`."""
    return str(error.stderr).strip().removeprefix("stderr:").strip().strip("'") or f"exit status {error.status}"


def _environment(git_dir: Path, config: Path, work_tree: Path | None) -> dict[str, str]:
    """Each variable that could point git elsewhere (https://git-scm.com/docs/git#_environment_variables) is set."""
    settings = {
        "GIT_DIR": str(git_dir),
        "GIT_OBJECT_DIRECTORY": str(git_dir / "objects"),
        "GIT_INDEX_FILE": str(git_dir / "index"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
        "GIT_NAMESPACE": "",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_PARAMETERS": "",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
        **forced(),
    }
    return settings | ({"GIT_WORK_TREE": str(work_tree)} if work_tree is not None else {})


def forced(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Configuration in git's environment: it outranks every file, and shows up neither in a file nor in `ps`."""
    pairs = list((_FORCED | dict(extra or {})).items())
    variables = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def new_repository(private: Path, work_tree: Path) -> SafeGit:
    """An empty repository at `<private>/git` for files at `work_tree`, with our configuration and attributes."""
    git_dir, config = private / "git", private / "gitconfig"
    private.mkdir(parents=True, exist_ok=True, mode=0o700)
    work_tree.mkdir(parents=True, exist_ok=True)
    config.write_text(CONFIGURATION)
    # All that makes a folder a repository (https://git-scm.com/docs/gitrepository-layout).
    for folder in ("objects/info", "objects/pack", "refs/heads", "info"):
        (git_dir / folder).mkdir(parents=True, exist_ok=True)
    (git_dir / "HEAD").write_text("ref: refs/heads/main\n")
    (git_dir / "config").write_text(CONFIGURATION)
    (git_dir / "info" / "attributes").write_text(ATTRIBUTES)
    return SafeGit(git_dir, config, work_tree)
