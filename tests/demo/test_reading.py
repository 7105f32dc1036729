"""What is read off a source distribution: requirements, release notes."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from minion.demo import releases
from minion.demo.release_notes import headline, new_lines, notes_path
from minion.demo.requirements import build_requirements, requirements_of_tests, runtime_requirements

METADATA = """\
Metadata-Version: 2.1
Name: p
Requires-Dist: attrs>=20
Requires-Dist: old; python_version < "3"
Requires-Dist: hypothesis; extra == "test"
Requires-Dist: sphinx; extra == "docs"
"""


def test_requirements_of_the_package_and_of_its_tests() -> None:
    tree = {
        "tox.ini": b"[testenv]\ndeps =\n    pytest\n    py38: mock\ncommands = pytest\n",
        "requirements-test.txt": b"freezegun  # time\n-r other.txt\ntox\n",
        "pyproject.toml": b'[build-system]\nrequires = ["flit_core<4"]\n[dependency-groups]\ntest = ["pytest-mock"]\n',
    }
    assert runtime_requirements(METADATA) == ["attrs>=20"]
    assert set(requirements_of_tests(METADATA, tree)) == {"hypothesis", "pytest", "mock", "freezegun", "pytest-mock"}
    assert build_requirements(tree) == ["flit_core<4"]
    assert build_requirements({}) == ["setuptools", "wheel"]


@pytest.mark.parametrize("broken", [b"[", b"\xff\xfe", b"[build-system\n"])
def test_broken_files_name_nothing(broken: bytes) -> None:
    assert requirements_of_tests("", {"tox.ini": broken, "setup.cfg": broken, "pyproject.toml": broken}) == []


def test_the_release_notes_are_the_file_that_names_the_version() -> None:
    before = {"README.rst": b"x\n", "docs/CHANGES.rst": b"1.0\n===\n", "CHANGELOG": b"old\n"}
    after = {
        "README.rst": b"x 1.1\n",
        "docs/CHANGES.rst": b"1.1\n===\n\n- Bug fixes.\n\n1.0\n===\n",
        "CHANGELOG": b"old\n",
    }
    assert notes_path(before, after, "1.1") == "docs/CHANGES.rst"
    assert notes_path(before, before, "1.1") is None


def test_the_headline_says_something() -> None:
    lines = new_lines(b"", b"1.1 (2024-01-01)\n===============\n\n- 1.1 Fields may hold a hyphen now.\n")
    assert headline(lines, "1.1") == "Fields may hold a hyphen now"


def test_a_tree_has_no_generated_files_and_nothing_from_outside(tmp_path: Path) -> None:
    archive = tmp_path / "p-1.tar.gz"
    names = ["p-1/PKG-INFO", "p-1/p.egg-info/SOURCES.txt", "p-1/src/p.py", "p-1/../../evil", "p-1/setup.cfg"]
    with tarfile.open(archive, "w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 1
            tar.addfile(info, io.BytesIO(b"x"))
    assert set(releases.read_tree(archive)) == {"src/p.py", "setup.cfg"}
