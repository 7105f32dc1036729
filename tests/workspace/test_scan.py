"""A scan asks again only for what may have changed; and what did change is never missed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from minion.adapters.workspace.raw import Entry
from minion.adapters.workspace.scan import HashCache, Scanner, blob_id
from minion.domain.changeset import FileMode

MANY = 60


class Tree:
    def __init__(self, root: Path) -> None:
        self.root = root
        for number in range(MANY):
            self.write(f"part{number % 7}/{number}.py", f"x = {number}\n")
        base = {f"part{n % 7}/{n}.py": Entry(FileMode.FILE, blob_id(f"x = {n}\n".encode())) for n in range(MANY)}
        self.cache = HashCache()
        self.scanner = Scanner(root, base, self.cache)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def changed(self) -> list[str]:
        return sorted(self.scanner.scan().changed)

    def hashed(self) -> int:
        """Files that one scan reads."""
        before = self.cache.hashed
        self.scanner.scan()
        return self.cache.hashed - before

    def settle(self) -> None:
        """Until the stamps of all files are old enough to be believed."""
        end = time.monotonic() + 20
        while self.hashed():
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_what_was_not_touched_is_not_read_again(tree: Tree) -> None:
    assert tree.hashed() == MANY
    tree.settle()
    tree.write("part1/1.py", "x = 100\n")
    tree.write("new.py", "x = 1\n")
    (tree.root / "link").symlink_to("new.py")
    assert tree.hashed() == 3
    assert tree.changed() == ["link", "new.py", "part1/1.py"]


def test_an_edit_of_the_same_length_is_seen_at_once_and_after_a_while(tree: Tree) -> None:
    """Also when who edits sets the time back."""
    place = tree.root / "part0/0.py"
    for number in range(1, 6):
        tree.write("part0/0.py", f"x = {number}\n")
        assert tree.scanner.scan().changed["part0/0.py"] == Entry(FileMode.FILE, blob_id(f"x = {number}\n".encode()))
    tree.settle()
    facts = place.stat()
    tree.write("part0/0.py", "x = 9\n")
    os.utime(place, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert tree.scanner.scan().changed["part0/0.py"] == Entry(FileMode.FILE, blob_id(b"x = 9\n"))


def test_other_modes_and_kinds_are_seen(tree: Tree) -> None:
    tree.settle()
    (tree.root / "part0/0.py").chmod(0o755)
    (tree.root / "part1/1.py").unlink()
    (tree.root / "part1/1.py").symlink_to("8.py")
    (tree.root / "part2/2.py").unlink()
    found = tree.scanner.scan().changed
    assert {path: entry and entry.mode for path, entry in found.items()} == {
        "part0/0.py": FileMode.EXECUTABLE,
        "part1/1.py": FileMode.SYMLINK,
        "part2/2.py": None,
    }


@pytest.mark.parametrize("place", ["", "part3/"])
def test_ignore_rules_are_asked_again_when_they_change(tree: Tree, place: str) -> None:
    rules = f"{place}.gitignore"
    tree.write(f"{place}a.tmp", "1")
    tree.write(f"{place}b.tmp", "1")
    assert tree.changed() == [f"{place}a.tmp", f"{place}b.tmp"]
    tree.write(rules, "a.tmp\n")
    assert tree.changed() == [rules, f"{place}b.tmp"]
    tree.write(rules, "b.tmp\n")
    assert tree.changed() == [rules, f"{place}a.tmp"]
    (tree.root / rules).unlink()
    assert tree.changed() == [f"{place}a.tmp", f"{place}b.tmp"]


def test_rules_above_decide_anew_for_folders_below(tree: Tree) -> None:
    tree.write("part3/.gitignore", "!kept.log\n")
    tree.write("part3/kept.log", "1")
    tree.write("part3/other.log", "1")
    tree.write(".gitignore", "*.log\n")
    assert tree.changed() == [".gitignore", "part3/.gitignore", "part3/kept.log"]
    tree.write(".gitignore", "")
    assert tree.changed() == [".gitignore", "part3/.gitignore", "part3/kept.log", "part3/other.log"]


def test_folders_may_be_deeper_than_calls_may_be_nested(tree: Tree) -> None:
    places = [tree.root]
    for _ in range(1100):
        places.append(places[-1] / "d")
        places[-1].mkdir()
    (places[-1] / "x").write_text("1")
    assert [path.count("/") for path in tree.changed()] == [1100]
    (places[-1] / "x").unlink()
    for place in reversed(places[1:]):
        place.rmdir()


@pytest.mark.parametrize(
    ("age_ns", "parts_ns", "believed"),
    [(20_000_000, 5, False), (500_000_000, 5, True), (500_000_000, 0, False), (2_500_000_000, 0, True)],
)
def test_stamps_are_believed_once_another_change_would_show_in_them(age_ns: int, parts_ns: int, believed: bool) -> None:
    """`parts_ns`: a file system that counts whole seconds shows none."""
    changed = time.time_ns() - age_ns
    changed += parts_ns - changed % 1_000_000_000 % 10 if parts_ns else -(changed % 1_000_000_000)
    cache, stamp = HashCache(), (1, 2, changed, changed, 0o100644)
    cache.put("a", stamp, Entry(FileMode.FILE, "0" * 40))
    assert (cache.get("a", stamp) is not None) == believed
