"""What a box is made of: values that the composition root computes once."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

GIB = 1024**3
BOXED = Path(__file__).with_name("boxed")
ENTRY = "import sys; sys.path.insert(0, sys.argv.pop(1)); from boxed.server import main; main()"
"""Starts the file server; its first argument is the folder that holds the package `boxed`."""
LINT_SERVER = Path(__file__).with_name("lint_server.py")
LINT_WORKER = Path(__file__).with_name("lint_worker.cjs")
ATTEMPTS = Path(__file__).with_name("attempts.py")


@dataclass(frozen=True)
class Limits:
    """`file_bytes` per file, `data_bytes` per process, `memory_bytes` for the whole box where cgroups can be made."""

    processes: int = 512
    files: int = 4096
    file_bytes: int = 2 * GIB
    data_bytes: int = 8 * GIB
    memory_bytes: int = 6 * GIB
    tmp_bytes: int = 2 * GIB


@dataclass(frozen=True)
class BoxSettings:
    """`workspace` is writable; `tool_cache` and `readable` are read-only, all at the same absolute paths inside.

    `search_path` comes before the system's own. `git_dir` is shown read-only, at its own path when
    the workspace's `.git` is a file that names it, else as that `.git`; without it the workspace's own is, or nothing.
    """

    workspace: Path
    git_dir: Path | None = None
    tool_cache: tuple[Path, ...] = ()
    search_path: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    etc: Path | None = None
    """A folder that `mounts.stage_etc` made; without it each file is mounted by itself, which takes longer."""


def interpreter() -> Path:
    """The real binary of the Python that runs this process, outside any virtual environment."""
    base = Path(sys.base_prefix)
    candidate = base / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return (candidate if candidate.exists() else base / "bin" / "python3").resolve()


def python_prefix() -> Path:
    return Path(sys.base_prefix).resolve()


def ripgrep() -> Path | None:
    """The binary that the `ripgrep` wheel installs beside our own scripts, else one on the path."""
    beside = Path(sysconfig.get_path("scripts")) / "rg"
    if beside.exists():
        return beside.resolve()
    found = shutil.which("rg")
    return Path(found).resolve() if found else None


@dataclass(frozen=True)
class KnownTools:
    """For `BoxSettings.tool_cache` and `.search_path`."""

    tool_cache: tuple[Path, ...]
    search_path: tuple[Path, ...]


def known_tools(environment: Mapping[str, str]) -> KnownTools:
    """Where version managers and Actions' set-up steps keep toolchains, and which of those the machine's PATH names.

    Only folders that hold programs: beside some of them (`~/.cargo`, `~/.nvm`) lie credentials.
    """
    home = Path(environment.get("HOME", "/nonexistent"))
    named = [Path(value) / part for name, part in _NAMED.items() if (value := environment.get(name))]
    caches = [path.resolve() for path in [*named, *(home / part for part in _IN_HOME), *_ANYWHERE] if path.is_dir()]
    entries = [Path(entry) for entry in environment.get("PATH", "").split(":") if entry.startswith("/")]
    inside = [entry for entry in entries if any(entry.resolve().is_relative_to(cache) for cache in caches)]
    # rustup's own `cargo` looks for its toolchains below a home that the box does not have
    toolchains = [folder for cache in caches if cache.name == "toolchains" for folder in sorted(cache.glob("*/bin"))]
    rust = sorted(toolchains, key=lambda folder: not folder.parent.name.startswith("stable"))
    return KnownTools(tuple(dict.fromkeys(caches)), tuple(dict.fromkeys([*rust, *inside])))


_NAMED = {
    "RUNNER_TOOL_CACHE": "",
    "PYENV_ROOT": "versions",
    "NVM_DIR": "versions",
    "CARGO_HOME": "bin",
    "RUSTUP_HOME": "toolchains",
    "GOROOT": "",
    "JAVA_HOME": "",
}
_IN_HOME = (
    *(".pyenv/versions", ".nvm/versions", ".cargo/bin", ".rustup/toolchains", ".local/share/uv/python"),
    *(".local/share/mise/installs", ".asdf/installs", ".volta/tools", ".rbenv/versions", ".sdkman/candidates"),
)
_ANYWHERE = (Path("/opt/hostedtoolcache"), Path("/usr/local/go"), Path("/opt/java"))


def usable_caches(settings: BoxSettings) -> list[Path]:
    """Existing tool caches with our own Python's prefix, without what the system's `/usr` already holds."""
    wanted = [python_prefix(), *(path.resolve() for path in settings.tool_cache)]
    unique = dict.fromkeys(path for path in wanted if path.is_dir() and not path.is_relative_to("/usr"))
    return [path for path in unique if path not in _TOO_BROAD]


_TOO_BROAD = frozenset(Path(name) for name in ("/", "/home", "/root", "/etc", "/var", "/run", "/proc", "/sys", "/tmp"))  # noqa: S108
