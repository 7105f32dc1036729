"""The change set is what git itself would commit, computed from bytes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.workspace.conftest import Repository

from minion.adapters.workspace import GitWorkspace
from minion.domain.changeset import ChangedFile, ChangeSet, FileMode
from minion.domain.errors import UsageError
from minion.domain.ids import CommitSha

Opener = Callable[[Repository], GitWorkspace]


def root(workspace: GitWorkspace) -> Path:
    return Path(workspace.root)


def by_path(workspace: GitWorkspace) -> dict[str, ChangedFile]:
    return {file.path: file for file in workspace.change_set().files}


def test_a_fresh_clone_has_no_changes(workspace: GitWorkspace) -> None:
    assert workspace.change_set().empty
    assert workspace.diff() == ""
    assert (root(workspace) / "README.md").read_text() == "# Widget\n"
    assert os.access(root(workspace) / "bin/run", os.X_OK)
    assert (root(workspace) / "link").readlink() == Path("README.md")
    assert (root(workspace) / ".git").read_text() == f"gitdir: {workspace.git_dir}\n"
    status = ["git", "status", "--porcelain"]
    assert subprocess.run(status, cwd=workspace.root, check=True, capture_output=True, timeout=30).stdout == b""


def test_edits_new_files_modes_links_and_deletions(workspace: GitWorkspace) -> None:
    tree = root(workspace)
    (tree / "src/widget.py").write_text("def size():\n    return 2\n")
    (tree / "src/new.py").write_text("x = 1\n")
    (tree / "README.md").chmod(0o755)
    (tree / "link").unlink()
    (tree / "link").symlink_to("src")
    (tree / "bin/run").unlink()
    (tree / "noise.log").write_text("ignored\n")
    (tree / "build").mkdir()
    (tree / "build/out").write_text("ignored\n")
    files = by_path(workspace)
    assert sorted(files) == ["README.md", "bin/run", "link", "src/new.py", "src/widget.py"]
    assert files["bin/run"].data is None
    assert files["README.md"].mode == FileMode.EXECUTABLE
    assert (files["link"].mode, files["link"].data) == (FileMode.SYMLINK, b"src")
    assert files["src/new.py"].data == b"x = 1\n"
    assert workspace.changed_paths() == sorted(files)


def test_the_diff_is_unified_and_cut(workspace: GitWorkspace) -> None:
    (root(workspace) / "src/widget.py").write_text("def size():\n    return 2\n")
    diff = workspace.diff()
    assert "--- a/src/widget.py" in diff
    assert "-    return 1\n+    return 2" in diff
    assert "more characters of the diff" in workspace.diff(limit=40)


def test_what_tools_leave_behind_is_left_out_unless_the_repository_wants_it(
    repository: Repository, opened: Opener
) -> None:
    repository.write(".gitignore", "!node_modules/\n")
    repository.commit()
    workspace = opened(repository)
    for name in ("__pycache__/a.pyc", ".venv/bin/x", "node_modules/left/index.js", "pkg.egg-info/PKG-INFO"):
        (root(workspace) / name).parent.mkdir(parents=True)
        (root(workspace) / name).write_text("x")
    assert workspace.changed_paths() == ["node_modules/left/index.js"]


def test_a_tracked_file_counts_though_a_rule_ignores_it(repository: Repository, opened: Opener) -> None:
    repository.write("kept.log", "one\n")
    repository.write("build/tracked.txt", "one\n")
    repository.commit()
    workspace = opened(repository)
    (root(workspace) / "kept.log").write_text("two\n")
    (root(workspace) / "build/tracked.txt").unlink()
    (root(workspace) / "build/other.txt").write_text("two\n")
    # As in git, nothing new below an ignored folder is looked at, though a tracked file is in it.
    assert workspace.changed_paths() == ["build/tracked.txt", "kept.log"]


def test_nested_ignore_files_decide_before_broader_ones(repository: Repository, opened: Opener) -> None:
    repository.write("docs/.gitignore", "!keep.log\n*.tmp\n")
    repository.commit()
    workspace = opened(repository)
    for name in ("docs/keep.log", "docs/other.log", "docs/x.tmp", "x.tmp"):
        (root(workspace) / name).write_text("x")
    assert workspace.changed_paths() == ["docs/keep.log", "x.tmp"]


def test_a_folder_may_become_a_file_and_the_other_way_round(workspace: GitWorkspace, repository: Repository) -> None:
    tree = root(workspace)
    (tree / "src/widget.py").unlink()
    (tree / "src").rmdir()
    (tree / "src").write_text("now a file\n")
    (tree / "README.md").unlink()
    (tree / "README.md").mkdir()
    (tree / "README.md/part").write_text("now a folder\n")
    files = by_path(workspace)
    assert sorted(files) == ["README.md", "README.md/part", "src", "src/widget.py"]
    assert "now a folder" in workspace.diff()
    with workspace.base_tree():
        assert (tree / "src/widget.py").read_text() == "def size():\n    return 1\n"
        assert (tree / "README.md").is_file()
    assert by_path(workspace) == files


def test_a_workspace_that_is_still_is_looked_at_once(workspace: GitWorkspace) -> None:
    tree = root(workspace)
    (tree / "src/widget.py").write_text("changed\n")
    with workspace.still():
        digest = workspace.tree_digest()
        (tree / "late.txt").write_text("nobody may, here")
        assert workspace.tree_digest() == digest
        assert workspace.changed_paths() == ["src/widget.py"]
    assert workspace.changed_paths() == ["late.txt", "src/widget.py"]


def test_lines_are_counted_as_git_counts_them(workspace: GitWorkspace) -> None:
    tree = root(workspace)
    (tree / "src/widget.py").write_text("def size():\n    return 2\n\n\nMORE = 1\n")
    (tree / "README.md").rename(tree / "READ\tME.md")
    (tree / "picture.bin").write_bytes(b"\0\1\2")
    counted = workspace.line_counts(workspace.change_set())()
    assert counted == {"src/widget.py": (4, 1), "READ\tME.md": (0, 0)}


def build(tree: Path, text: str) -> None:
    (tree / "build").mkdir(exist_ok=True)
    (tree / "build/out.js").write_text(text)


def test_the_base_is_judged_without_what_the_work_has_built(workspace: GitWorkspace) -> None:
    tree = root(workspace)
    (tree / "tool.log").write_text("made by the preparation")
    (tree / "node_modules").mkdir()
    workspace.preparation_done()
    (tree / "src/widget.py").write_text("def size():\n    return 2\n")
    build(tree, "of the work")
    with workspace.base_tree():
        assert not (tree / "build").exists()
        assert (tree / "tool.log").exists()
        assert (tree / "node_modules").is_dir()
        build(tree, "of the base")
        (tree / "base.log").write_text("of the base")
    assert (tree / "build/out.js").read_text() == "of the work"
    assert not (tree / "base.log").exists()
    assert workspace.changed_paths() == ["src/widget.py"]
    assert not list(workspace.git_dir.parent.glob("aside-*"))


def test_what_the_work_has_built_comes_back_from_a_gate_that_failed(workspace: GitWorkspace) -> None:
    tree = root(workspace)
    build(tree, "of the work")
    with pytest.raises(RuntimeError, match="gate"):
        failing_gate(workspace, tree)
    assert (tree / "build/out.js").read_text() == "of the work"


def test_a_link_in_the_way_of_what_was_built_is_not_followed(workspace: GitWorkspace, tmp_path: Path) -> None:
    tree, outside = root(workspace), tmp_path / "outside"
    outside.mkdir()
    (tree / "made").mkdir()
    (tree / "made/tool.log").write_text("of the work")
    with workspace.base_tree():
        (tree / "made").rmdir()
        (tree / "made").symlink_to(outside)
    assert not list(outside.iterdir())
    assert (tree / "made/tool.log").read_text() == "of the work"


def test_what_is_set_up_on_the_base_stays(workspace: GitWorkspace) -> None:
    tree = root(workspace)
    with workspace.base_tree(products=True):
        build(tree, "of the base")
    assert (tree / "build/out.js").read_text() == "of the base"


def test_a_link_in_place_of_a_folder_is_not_followed(workspace: GitWorkspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "widget.py").write_text("not ours\n")
    tree = root(workspace)
    (tree / "src/widget.py").unlink()
    (tree / "src").rmdir()
    (tree / "src").symlink_to(outside)
    assert sorted(by_path(workspace)) == ["src", "src/widget.py"]
    assert by_path(workspace)["src"].mode == FileMode.SYMLINK
    with workspace.base_tree():
        assert not (tree / "src").is_symlink()
    assert (tree / "src").is_symlink()
    assert (outside / "widget.py").read_text() == "not ours\n"


def test_a_hard_link_is_replaced_not_written_through(workspace: GitWorkspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("not ours\n")
    tree = root(workspace)
    (tree / "README.md").unlink()
    os.link(outside, tree / "README.md")
    with workspace.base_tree():
        assert (tree / "README.md").read_text() == "# Widget\n"
    assert outside.read_text() == "not ours\n"


@pytest.mark.parametrize(
    "path", ["../out", "/etc/x", "a/../../x", ".git/config", "sub/.GIT/hooks/x", "", "a//b", "./x"]
)
def test_apply_refuses_paths_out_of_the_tree(workspace: GitWorkspace, path: str) -> None:
    change = ChangeSet(base_sha=CommitSha(workspace.head_sha), files=(ChangedFile.of(path, b"x"),))
    with pytest.raises(UsageError):
        workspace.apply(change)


def test_apply_does_not_write_through_a_link(workspace: GitWorkspace, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root(workspace) / "docs").symlink_to(outside)
    change = ChangeSet(base_sha=CommitSha(workspace.head_sha), files=(ChangedFile.of("docs/a.txt", b"x"),))
    workspace.apply(change)
    assert list(outside.iterdir()) == []
    assert (root(workspace) / "docs/a.txt").read_bytes() == b"x"


def test_the_digest_follows_the_tree(workspace: GitWorkspace) -> None:
    fresh = workspace.tree_digest()
    (root(workspace) / "a.txt").write_text("1")
    changed = workspace.tree_digest()
    (root(workspace) / "a.txt").write_text("2")
    again = workspace.tree_digest()
    (root(workspace) / "a.txt").unlink()
    assert len({fresh, changed, again}) == 3
    assert workspace.tree_digest() == fresh


def test_a_change_with_the_old_size_and_time_is_seen(workspace: GitWorkspace) -> None:
    target = root(workspace) / "src/widget.py"
    before = target.stat()
    target.write_text("def size():\n    return 9\n")
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert workspace.changed_paths() == ["src/widget.py"]


def test_files_that_no_change_set_can_carry_are_named(workspace: GitWorkspace) -> None:
    os.mkfifo(root(workspace) / "pipe")
    with (root(workspace) / "huge").open("wb") as stream:
        stream.truncate(60_000_000)
    (root(workspace) / os.fsdecode(b"bad\xff")).write_text("x")
    assert sorted(workspace.left_out()) == [os.fsdecode(b"bad\xff"), "huge", "pipe"]
    assert workspace.change_set().empty


def test_what_preparation_made_is_not_the_task_s_work(workspace: GitWorkspace) -> None:
    tree = root(workspace)
    (tree / "vendor").mkdir()
    (tree / "vendor/lib.js").write_text("1")
    (tree / "README.md").write_text("touched by an installer\n")
    assert workspace.preparation_done() == ["vendor/lib.js"]
    assert (tree / "README.md").read_text() == "# Widget\n"
    assert workspace.change_set().empty
    (tree / "vendor/lib.js").write_text("2")
    assert workspace.changed_paths() == ["vendor/lib.js"]


def test_attributes_of_the_tree_change_no_byte(repository: Repository, opened: Opener) -> None:
    repository.write(".gitattributes", "*.txt text eol=crlf ident\n*.bin -diff\n")
    repository.write("a.txt", "$Id$\nline\n")
    repository.commit()
    workspace = opened(repository)
    assert (root(workspace) / "a.txt").read_bytes() == b"$Id$\nline\n"
    assert workspace.change_set().empty
    (root(workspace) / "evil.bin").write_text("shown\n")
    assert "+shown" in workspace.diff()


def test_base_reads(workspace: GitWorkspace) -> None:
    (root(workspace) / "README.md").write_text("changed\n")
    assert workspace.read_at_base("README.md") == b"# Widget\n"
    assert workspace.read_at_base("nothing") is None
    assert workspace.list_at_base() == [".gitignore", "README.md", "bin/run", "link", "src/widget.py"]


def test_the_work_comes_back_after_an_error_and_after_what_a_gate_left(workspace: GitWorkspace) -> None:
    tree = root(workspace)
    (tree / "src/widget.py").write_text("def size():\n    return 2\n")
    (tree / "src/new.py").write_text("x = 1\n")
    os.utime(tree / "src/new.py", ns=(1_000_000_000, 1_000_000_000))
    before = workspace.tree_digest()
    with pytest.raises(RuntimeError, match="gate"):
        failing_gate(workspace, tree)
    assert workspace.tree_digest() == before
    assert (tree / "src/new.py").stat().st_mtime_ns == 1_000_000_000


def failing_gate(workspace: GitWorkspace, tree: Path) -> None:
    with workspace.base_tree():
        assert not (tree / "src/new.py").exists()
        (tree / "README.md").write_text("a formatter did this\n")
        (tree / "report.xml").write_text("<x/>")
        raise RuntimeError("gate")


def test_submodules_are_left_as_they_are(repository: Repository, opened: Opener, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other")
    sha = other.commit()
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{sha},third")
    repository.git("commit", "--quiet", "--message", "a submodule")
    workspace = opened(repository)
    assert workspace.change_set().empty
    with workspace.base_tree():
        pass
    assert workspace.change_set().empty


def test_a_repository_inside_the_tree_executes_nothing(workspace: GitWorkspace, tmp_path: Path) -> None:
    tree, canary = root(workspace), tmp_path / "canary"
    subprocess.run(["git", "init", "--quiet", str(tree / "sub")], check=True)
    (tree / "sub/.git/config").write_text(f"[core]\nrepositoryformatversion = 0\nfsmonitor = touch {canary}\n")
    (tree / "sub/file").write_text("x")
    (tree / ".git").unlink()
    (tree / ".git").mkdir()
    (tree / ".git/config").write_text(f'[core]\nfsmonitor = touch {canary}\n[filter "x"]\nclean = touch {canary}\n')
    (tree / ".gitattributes").write_text("* filter=x\n")
    assert workspace.changed_paths() == [".gitattributes", "sub/file"]
    assert workspace.diff()
    with workspace.base_tree():
        pass
    assert not canary.exists()
