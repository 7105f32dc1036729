"""Whatever happens to a tree: base + change set is that tree."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.workspace.conftest import Repository

from minion.adapters.workspace import CloneSource, GitWorkspace, clone
from minion.domain.changeset import FileMode

NAMES = st.sampled_from(["a", "b", "c.py", "é", "with space", "-x", "sub"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.tuples(st.binary(max_size=40), st.sampled_from([FileMode.FILE, FileMode.EXECUTABLE, FileMode.SYMLINK]))
TREES = st.dictionaries(PATHS, CONTENTS, max_size=8)

Tree = dict[str, tuple[bytes, FileMode]]


def sound(tree: Tree) -> Tree:
    """Without paths below another file, and with link targets that a file system takes."""
    files = {path for path in tree if not any(path.startswith(other + "/") for other in tree if other != path)}
    return {
        path: (data.replace(b"\0", b"0") or b"target", mode) if mode == FileMode.SYMLINK else (data, mode)
        for path, (data, mode) in tree.items()
        if path in files
    }


def lay(root: Path, tree: Tree) -> None:
    for path, (data, mode) in tree.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if mode == FileMode.SYMLINK:
            Path(target).symlink_to(data.decode("utf-8", errors="surrogateescape"))
        else:
            target.write_bytes(data)
            target.chmod(0o755 if mode == FileMode.EXECUTABLE else 0o644)


def clear(root: Path) -> None:
    for path in sorted(root.rglob("*"), key=lambda path: len(path.parts), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        elif path != root / ".git":
            path.unlink()


def opened(repository: Repository, folder: Path) -> GitWorkspace:
    source = CloneSource(url=f"file://{repository.path}", sha=repository.git("rev-parse", "HEAD"))
    return clone(source, folder / "work", folder / "private")


@settings(max_examples=settings.default.max_examples // 2)
@given(before=TREES.map(sound), after=TREES.map(sound))
def test_base_and_change_set_make_the_tree(before: Tree, after: Tree) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository = Repository(folder / "origin")
        lay(repository.path, before)
        repository.commit()
        first, second = opened(repository, folder / "one"), opened(repository, folder / "two")
        clear(Path(first.root))
        lay(Path(first.root), after)
        change_set = first.change_set()
        second.apply(change_set)
        assert second.change_set() == change_set
        assert second.tree_digest() == first.tree_digest()
        with first.base_tree():
            assert first.change_set().empty
        assert first.change_set() == change_set
        first.close()
        second.close()
