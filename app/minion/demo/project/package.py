"""Builds the source distribution of HEAD and of its first parent: where the code changed, so must the release notes.

Run in a checkout of a pull request's merge commit, whose first parent is the base branch:

    python package.py NOTES [--archive]

NOTES is the path of the release notes; --archive takes `git archive` where the project's build back end does not work.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

NOTES = sys.argv[1]
BUILDS = "--archive" not in sys.argv


def tree_of(commit: str, directory: Path) -> None:
    directory.mkdir()
    archive = subprocess.run(["git", "archive", commit], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", str(directory)], check=True, input=archive)


def source_distribution(commit: str, scratch: Path) -> dict[str, bytes]:
    tree = scratch / commit
    tree_of(commit, tree)
    if not BUILDS:
        return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    out = scratch / f"{commit}-dist"
    command = [sys.executable, "-m", "build", "--sdist", "-x", "--no-isolation", "--outdir", str(out), str(tree)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(out.glob("*.tar.gz"))) as tar:
        return {member.name.partition("/")[2]: contents(tar, member) for member in tar if member.isfile()}


def contents(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    return stream.read() if stream else b""


def code(files: dict[str, bytes]) -> dict[str, bytes]:
    return {
        path: data
        for path, data in files.items()
        if path.endswith(".py") and not path.startswith((".github/", "test")) and "/test" not in path
    }


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        head = source_distribution("HEAD", Path(scratch))
        print(f"the source distribution holds {len(head)} files")
        if subprocess.run(["git", "rev-parse", "--quiet", "--verify", "HEAD^1"], check=False).returncode:
            print("no earlier commit to compare with")
            return 0
        base = source_distribution("HEAD^1", Path(scratch))
    changed = sorted(path for path in code(head) | code(base) if head.get(path) != base.get(path))
    if not changed:
        print("the code in it did not change")
        return 0
    notes = Path(NOTES).read_bytes()
    before = subprocess.run(["git", "show", f"HEAD^1:{NOTES}"], check=True, stdout=subprocess.PIPE).stdout
    if notes != before:
        print(f"{NOTES} tells of the change")
        return 0
    message = f"{', '.join(changed)} changed in the source distribution, but {NOTES} has no entry for it"
    print(f"::error file={NOTES},line=1::{message}")
    print(f"{NOTES}: error: {message}. Add one in the style of the entries before it.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
