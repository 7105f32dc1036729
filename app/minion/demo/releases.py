"""Two releases of a project from the package index, as source trees."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from minion.demo.changes import Tree
from minion.domain.errors import UsageError

GENERATED = ("PKG-INFO",)
"""Files that a build writes into a source distribution: no repository holds them."""


def fetch(package: str, version: str, directory: Path) -> Path:
    """The source distribution in `directory`, downloaded with pip as this machine configures it, unless it is there.

    Raises `UsageError` when there is no such release or it has no source distribution.
    """
    directory.mkdir(parents=True, exist_ok=True)
    found = _archive(package, version, directory)
    if found is not None:
        return found
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [*command, "--dest", scratch, f"{package}=={version}"], check=False, capture_output=True, text=True
        )
        archives = [path for path in Path(scratch).iterdir() if path.name.endswith((".tar.gz", ".tar.bz2", ".zip"))]
        if done.returncode or not archives:
            raise UsageError(f"no source distribution of {package} {version}: {_last_line(done.stderr)}")
        target = directory / f"{package}-{version}{_suffix(archives[0].name)}"
        target.write_bytes(archives[0].read_bytes())
    return target


def _archive(package: str, version: str, directory: Path) -> Path | None:
    for suffix in (".tar.gz", ".tar.bz2", ".zip"):
        path = directory / f"{package}-{version}{suffix}"
        if path.is_file():
            return path
    return None


def _suffix(name: str) -> str:
    return next(suffix for suffix in (".tar.gz", ".tar.bz2", ".zip") if name.endswith(suffix))


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if "ERROR" in line] or text.strip().splitlines()
    return lines[-1] if lines else "pip said nothing"


def read_tree(archive: Path) -> dict[str, bytes]:
    """The files of a source distribution without its top folder and without what the build generated."""
    if archive.suffix == ".zip":
        return _read_zip(archive)
    tree: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = _inner(member.name)
            if member.isfile() and path and not generated(path):
                stream = tar.extractfile(member)
                tree[path] = stream.read() if stream else b""
    return tree


def _read_zip(archive: Path) -> dict[str, bytes]:
    import zipfile

    with zipfile.ZipFile(archive) as bundle:
        names = [info.filename for info in bundle.infolist() if not info.is_dir()]
        inner = {name: _inner(name) for name in names}
        return {path: bundle.read(name) for name, path in inner.items() if path and not generated(path)}


def _inner(name: str) -> str:
    parts = PurePosixPath(name).parts[1:]
    return "" if ".." in parts else "/".join(parts)


def generated(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.name in GENERATED or any(part.endswith(".egg-info") for part in pure.parts)


def write_tree(tree: Tree, directory: Path) -> None:
    for path, data in tree.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def metadata(archive: Path) -> str:
    """The text of PKG-INFO, or nothing."""
    if archive.suffix == ".zip":
        return ""
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = PurePosixPath(member.name).parts
            if len(parts) == 2 and parts[1] == "PKG-INFO":
                stream = tar.extractfile(member)
                return stream.read().decode(errors="replace") if stream else ""
    return ""
