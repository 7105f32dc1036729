"""Which packages the tests of an unknown project need: read from its metadata and its usual files. Pure."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from minion.demo.changes import Tree

TEST_EXTRAS = frozenset({"test", "tests", "testing", "dev", "pytest"})
TEST_FILE = re.compile(
    r"^(requirements[-_/.]?)?(requirements/)?(test|tests|testing|dev)[\w-]*\.(txt|in)$|^requirements[-_](test|dev)\w*\.txt$"
)
HEAVY = frozenset(
    {"tox", "nox", "sphinx", "twine", "black", "mypy", "flake8", "pylint", "coveralls", "pre-commit", "bumpversion"}
)
"""Named in test extras, used for other things: left out to keep the preparation short."""


def runtime_requirements(metadata: str) -> list[str]:
    """`Requires-Dist` without extras (https://packaging.python.org/en/latest/specifications/core-metadata/)."""
    return [str(req) for req in _requires(metadata) if _applies(req, "")]


def requirements_of_tests(metadata: str, tree: Tree) -> list[str]:
    found = [str(_bare(req)) for req in _requires(metadata) if any(_applies(req, extra) for extra in TEST_EXTRAS)]
    found += _groups(tree) + _tox(tree) + _files(tree) + _setup_cfg(tree)
    return list(dict.fromkeys(line for line in found if _wanted(line)))


def build_requirements(tree: Tree) -> list[str]:
    """`build-system.requires`, or what PEP 517 takes in its absence."""
    data = _toml(tree)
    requires = data.get("build-system", {}).get("requires")
    return [str(line) for line in requires] if requires else ["setuptools", "wheel"]


def _requires(metadata: str) -> Iterator[Requirement]:
    for line in HeaderParser().parsestr(metadata).get_all("Requires-Dist") or []:
        try:
            yield Requirement(line)
        except InvalidRequirement:
            continue


def _applies(requirement: Requirement, extra: str) -> bool:
    if requirement.marker is None:
        return not extra
    if not extra:
        return "extra" not in str(requirement.marker) and requirement.marker.evaluate()
    return "extra" in str(requirement.marker) and requirement.marker.evaluate({"extra": extra})


def _bare(requirement: Requirement) -> Requirement:
    requirement.marker = None
    return requirement


def _wanted(line: str) -> bool:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return False
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return False
    return requirement.name.lower() not in HEAVY and not requirement.url


def _toml(tree: Tree) -> dict[str, Any]:
    try:
        return tomllib.loads(tree.get("pyproject.toml", b"").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}


def _groups(tree: Tree) -> list[str]:
    groups = _toml(tree).get("dependency-groups", {})
    return [line for name, lines in groups.items() if name in TEST_EXTRAS for line in lines if isinstance(line, str)]


def _ini(data: bytes) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(data.decode())
    except (configparser.Error, UnicodeDecodeError):
        return configparser.ConfigParser()
    return parser


def _lines(text: str) -> Iterable[str]:
    return (line.split("#")[0].strip() for line in text.splitlines())


def _tox(tree: Tree) -> list[str]:
    deps = _ini(tree.get("tox.ini", b"")).get("testenv", "deps", fallback="")
    return [re.sub(r"^[\w{},.-]+:\s*", "", line) for line in _lines(deps)]


def _setup_cfg(tree: Tree) -> list[str]:
    parser = _ini(tree.get("setup.cfg", b""))
    section = "options.extras_require"
    if not parser.has_section(section):
        return []
    return [line for name in parser[section] if name in TEST_EXTRAS for line in _lines(parser[section][name])]


def _files(tree: Tree) -> list[str]:
    return [
        line
        for path, data in tree.items()
        if TEST_FILE.match(path)
        for line in _lines(data.decode(errors="replace"))
        if line and not line.startswith("-")
    ]
