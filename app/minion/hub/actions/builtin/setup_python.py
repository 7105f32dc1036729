"""actions/setup-python with the interpreters of this machine. https://github.com/actions/setup-python"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from minion.hub.actions.builtin.call import ActionCall, Builtin
from minion.hub.actions.machine import StepError

_NAME = re.compile(r"python(3(\.\d+)?)?\Z")
_ASK = "import platform, sys; print(platform.python_implementation(), *sys.version_info[:3])"


@dataclass(frozen=True)
class Interpreter:
    path: Path
    version: Version


def _run(call: ActionCall) -> None:
    call.refuse("architecture", "", "x64", "arm64")
    call.refuse("freethreaded", "false", "")
    wanted = _wanted(call)
    found = _find(call, wanted)
    if found is None:
        raise StepError(f"The version '{wanted}' with architecture 'x64' was not found on this machine.")
    if call.inputs["cache"]:
        call.log(f"cache: '{call.inputs['cache']}' is not restored in this hub")
    directory = found.path.parent
    call.add_path(directory)
    if not (directory / "python").exists():
        call.add_path(_wrappers(call, found))
    call.outputs.update({"python-version": str(found.version), "python-path": str(found.path), "cache-hit": "false"})
    call.machine.env["pythonLocation"] = str(directory)
    call.log(f"Successfully set up CPython ({found.version})")


def _wanted(call: ActionCall) -> str:
    if call.inputs["python-version"]:
        return call.inputs["python-version"].strip()
    file = call.in_workspace(call.inputs["python-version-file"] or ".python-version")
    if file.is_file() and file.suffix != ".toml":
        lines = [line for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]
        return lines[0].strip() if lines else ""
    if call.inputs["python-version-file"]:
        raise StepError(f"The specified python version file at: {file} cannot be read in this hub")
    return ""


def matches(wanted: str, version: Version) -> bool:
    """Whether a version satisfies `3.11`, `3.x`, `3.11.4`, `>=3.10 <3.13` or nothing. Raises StepError."""
    if wanted in {"", "x", "3.x", "3"}:
        return True
    spec = re.sub(r"\.x\b", "", wanted)
    if re.fullmatch(r"\d+(\.\d+){0,2}", spec):
        exact = [int(part) for part in spec.split(".")]
        return list(version.release[: len(exact)]) == exact
    try:
        return version in SpecifierSet(re.sub(r"\s+(?=[<>=!~])", ",", spec))
    except InvalidSpecifier as error:
        raise StepError(f"python-version '{wanted}' is not available in this hub") from error


def _find(call: ActionCall, wanted: str) -> Interpreter | None:
    for path in _candidates(call):
        version = _version(call, path)
        if version is not None and matches(wanted, version):
            return Interpreter(path, version)
    return None


def _candidates(call: ActionCall) -> Iterator[Path]:
    for directory in call.machine.options.search_path():
        folder = Path(directory)
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if _NAME.match(path.name))


def _version(call: ActionCall, path: Path) -> Version | None:
    try:
        words = call.capture([str(path), "-I", "-c", _ASK], call.machine.dirs.temp).split()
    except StepError:
        return None
    return Version(".".join(words[1:])) if len(words) == 4 and words[0] == "CPython" else None


def _wrappers(call: ActionCall, found: Interpreter) -> Path:
    """`python` and `pip` for an interpreter whose directory has only `python3`."""
    directory = call.machine.dirs.tools / "Python" / str(found.version) / "bin"
    directory.mkdir(parents=True, exist_ok=True)
    for name, before in (("python", ""), ("python3", ""), ("pip", " -m pip"), ("pip3", " -m pip")):
        wrapper = directory / name
        wrapper.write_text(f'#!/bin/sh\nexec "{found.path}"{before} "$@"\n')
        wrapper.chmod(0o755)
    return directory


SETUP_PYTHON = Builtin(
    {
        "python-version": "",
        "python-version-file": "",
        "cache": "",
        "cache-dependency-path": "",
        "architecture": "",
        "check-latest": "false",
        "token": "",
        "update-environment": "true",
        "allow-prereleases": "false",
        "freethreaded": "false",
    },
    _run,
)
