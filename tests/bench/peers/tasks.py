"""Three bugs that real projects had and mended, as repositories before the fix, and what is done to mend each.

The sources are the releases' own; the change of the code is the later release's, so is the test where it had one.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.bench.child import ENVIRONMENT, ROOT

from minion.demo.releases import fetch, read_tree, write_tree

ARCHIVES = ROOT / ".cache" / "peers" / "archives"
PEER_BLUEPRINT = Path(__file__).with_name("one-agent.yml")
CONFIGURATION = "commands:\n  setup: 'true'\n  lint: python3 -m compileall -q .\n  test: {test}\n"


@dataclass(frozen=True)
class Shell:
    command: str


@dataclass(frozen=True)
class Read:
    """Lines `first` to `last` of a file, from 1."""

    path: str
    first: int
    last: int


@dataclass(frozen=True)
class Edit:
    path: str
    old: str
    new: str


Action = Shell | Read | Edit


@dataclass(frozen=True)
class BugFix:
    """`shows` is a Python program that fails before and passes after; `touched`: the files that the change is made of."""

    package: str
    version: str
    goal: str
    test: str
    shows: str
    looks: Sequence[Action]
    change: Sequence[Edit]
    proof: Action
    touched: tuple[str, ...]

    @property
    def actions(self) -> list[Action]:
        """Ten or eleven steps; one more turn says that it is done."""
        shows = Shell(f"set -o pipefail; python3 -c {shlex.quote(self.shows)} 2>&1 | tail -n 8")
        return [
            Shell("git log --oneline && ls"),
            *self.looks,
            shows,
            *self.change,
            self.proof,
            shows,
            Shell(self.test),
            Shell("git diff"),
        ]

    def make(self, folder: Path) -> None:
        """The repository before the fix, with one commit."""
        folder.mkdir(parents=True)
        write_tree(read_tree(fetch(self.package, self.version, ARCHIVES)), folder)
        ours = {
            ".gitignore": "__pycache__/\n",
            ".github/minion.yml": CONFIGURATION.format(test=self.test),
            ".github/minion/blueprints/one-agent.yml": PEER_BLUEPRINT.read_text(),
        }
        write_tree({path: text.encode() for path, text in ours.items()}, folder)
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false")
        for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-q", "-m", "before")):
            git(folder, *arguments)


def git(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, env=ENVIRONMENT, capture_output=True).stdout


def digest(files: Mapping[str, bytes]) -> str:
    """Of paths and contents, in order of the paths."""
    whole = sha256()
    for path, data in sorted(files.items()):
        whole.update(f"{path}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


def changed_files(folder: Path) -> dict[str, bytes]:
    """What differs from the commit, new files too; a deleted one is empty."""
    listed = git(folder, "status", "--porcelain", "-z", "-uall", "--no-renames").decode()
    paths = [folder / entry[3:] for entry in listed.split("\0") if entry]
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in paths}


def changed_on(folder: Path, branch: str) -> dict[str, bytes]:
    """The same of a branch against `main`."""
    paths = git(folder, "diff", "--name-only", "-z", "main", branch).decode().split("\0")
    return {path: git(folder, "show", f"{branch}:{path}") for path in paths if path}


def by_hand(task: BugFix, folder: Path) -> str:
    """Carries the actions out as they are meant; the digest of what they change. Raises `AssertionError` where the
    programs that show the bug do not fail before and pass after."""
    codes = [_carry_out(folder, action) for action in task.actions]
    shown = [code for action, code in zip(task.actions, codes, strict=True) if action == task.actions[1 + len(task.looks)]]
    found = changed_files(folder)
    if shown[0] == 0 or shown[1] != 0 or codes[-2] != 0 or set(found) != set(task.touched):
        raise AssertionError(f"{task.package} does not behave as described: {codes}, {sorted(found)}")
    return digest(found)


def _carry_out(folder: Path, action: Action) -> int:
    match action:
        case Shell(command):
            command_line = ["/bin/bash", "-c", command]
            return subprocess.run(command_line, cwd=folder, env=ENVIRONMENT, capture_output=True, check=False).returncode
        case Read(path):
            return len((folder / path).read_text()) and 0
        case Edit(path, old, new):
            text = (folder / path).read_text()
            if text.count(old) != 1:
                raise AssertionError(f"{old!r} stands {text.count(old)} times in {path}")
            (folder / path).write_text(text.replace(old, new))
            return 0


TASKS = (
    BugFix(
        package="xmltodict",
        version="0.14.1",
        goal="Elements that hold nothing but whitespace are parsed as that whitespace, although strip_whitespace is on. "
        "They should be None.",
        test="python3 -m unittest discover -s tests",
        shows="import xmltodict; assert xmltodict.parse('<a> </a>') == {'a': None}",
        looks=(
            Shell("grep -n strip_whitespace xmltodict.py tests/*.py"),
            Read("xmltodict.py", 1, 400),
            Read("tests/test_xmltodict.py", 1, 220),
        ),
        change=(
            Edit(
                "xmltodict.py",
                "            if self.strip_whitespace and data and item:\n",
                "            if self.strip_whitespace and data:\n",
            ),
            Edit(
                "tests/test_xmltodict.py",
                "            {'root': {'emptya': \"           \",\n",
                "            {'root': {'emptya': None,\n",
            ),
        ),
        proof=Edit(
            "tests/test_xmltodict.py",
            "        self.assertEqual(parse(xml), dict(root=' '))\n",
            "        self.assertEqual(parse(xml), dict(root=None))\n",
        ),
        touched=("xmltodict.py", "tests/test_xmltodict.py"),
    ),
    BugFix(
        package="mistune",
        version="3.0.1",
        goal="Many lists with alternating bullets in a row end in a RecursionError. They should be parsed.",
        test="PYTHONPATH=src python3 -m unittest discover -s tests -t .",
        shows="import sys; sys.path.insert(0, 'src'); import mistune; mistune.html('* a\\n- b\\n' * 400)",
        looks=(
            Shell("grep -n parse_method src/mistune/*.py"),
            Read("src/mistune/list_parser.py", 1, 260),
            Read("tests/test_misc.py", 1, 200),
        ),
        change=(
            Edit(
                "src/mistune/list_parser.py",
                "                state.cursor = m.end() + 1\n                break\n            tok_index = len(state.tokens)\n",
                "                state.cursor = m.end() + 1\n                break\n\n            if tok_type == 'list':\n"
                "                break\n\n            tok_index = len(state.tokens)\n",
            ),
        ),
        proof=Edit(
            "tests/test_misc.py",
            "    def test_before_parse_hooks(self):\n",
            "    def test_many_lists(self):\n        html = mistune.html('* a\\n- b\\n' * 400)\n"
            "        self.assertEqual(html.count('<ul>'), 800)\n\n    def test_before_parse_hooks(self):\n",
        ),
        touched=("src/mistune/list_parser.py", "tests/test_misc.py"),
    ),
    BugFix(
        package="unidiff",
        version="0.7.4",
        goal="Files in git's binary patch format are not recognised as binary. `GIT binary patch` should do it, as "
        "`Binary files differ` does.",
        test="python3 -m unittest discover -s tests",
        shows="import unidiff; text = 'diff --git a/x.png b/x.png\\nindex 1..2 100644\\nGIT binary patch\\ndelta 6\\n'; "
        "assert unidiff.PatchSet(text)[0].is_binary_file",
        looks=(
            Shell("grep -n -i binary unidiff/*.py"),
            Read("unidiff/patch.py", 240, 620),
            Read("HISTORY", 1, 60),
        ),
        change=(
            Edit(
                "unidiff/patch.py",
                "            patch_info.append(line)\n\n    @classmethod\n    def from_filename",
                "            if line == 'GIT binary patch\\n':\n                current_file.is_binary_file = True\n"
                "                patch_info = None\n                current_file = None\n                continue\n\n"
                "            patch_info.append(line)\n\n    @classmethod\n    def from_filename",
            ),
            Edit("HISTORY", "0.7.4 - 2022-06-26\n", "0.7.5 - unreleased\n------------------\n\n"
                 "* Support binary patch format.\n\n0.7.4 - 2022-06-26\n"),
        ),
        proof=Shell(
            "cat > tests/test_binary.py <<'EOF'\nimport unittest\n\nfrom unidiff import PatchSet\n\n\n"
            "class BinaryTest(unittest.TestCase):\n    def test_binary_patch(self):\n"
            "        text = 'diff --git a/x.png b/x.png\\nindex 1..2 100644\\nGIT binary patch\\ndelta 6\\n'\n"
            "        self.assertTrue(PatchSet(text)[0].is_binary_file)\nEOF"
        ),
        touched=("HISTORY", "tests/test_binary.py", "unidiff/patch.py"),
    ),
)  # fmt: skip
