"""The environment inside: an allow-list, made from nothing."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from minion.adapters.sandbox.settings import BoxSettings, python_prefix, usable_caches

HOME = "/tmp/home"  # noqa: S108 -- inside the box, where /tmp is its own
_SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


def search_path(settings: BoxSettings) -> str:
    """The workspace's own tools first, then the tool caches', then the system's."""
    workspace = settings.workspace
    own = [workspace / ".venv" / "bin", workspace / "venv" / "bin", workspace / "node_modules" / ".bin"]
    caches = [folder for cache in usable_caches(settings) if (folder := cache / "bin").is_dir()]
    present = [path for path in own if path.is_dir()]
    return ":".join(map(str, dict.fromkeys([*present, *settings.search_path, *caches, *map(Path, _SYSTEM_PATH)])))


def box_environment(settings: BoxSettings, home: str = HOME) -> dict[str, str]:
    environment = {
        "PATH": search_path(settings),
        "HOME": home,
        "USER": "minion",
        "LOGNAME": "minion",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "TZ": "UTC",
        "CI": "1",
        "NO_COLOR": "1",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "npm_config_update_notifier": "false",
        # The box's user is mapped, so git cannot see that it owns the tree.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    return environment | _shared_python() | _virtual_environment(settings.workspace) | dict(settings.env)


def _shared_python() -> dict[str, str]:
    """A Python built with a shared library outside the system's folders needs to be told where that is."""
    library = python_prefix() / "lib"
    shared = bool(sysconfig.get_config_var("Py_ENABLE_SHARED"))
    outside = not python_prefix().is_relative_to("/usr")
    return {"LD_LIBRARY_PATH": str(library)} if shared and outside else {}


def _virtual_environment(workspace: Path) -> dict[str, str]:
    folder = workspace / ".venv"
    return {"VIRTUAL_ENV": str(folder)} if (folder / "bin").is_dir() else {}
