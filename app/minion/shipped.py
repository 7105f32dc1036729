"""Files that come with the package: found in the wheel, or in the checkout that an editable install points to."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from minion.domain.errors import UsageError

_MOST: Final = 100_000
_PACKAGE = Path(__file__).resolve().parent


def shipped() -> dict[str, str]:
    """The blueprints that come with Minion, name to YAML text, and `programs/FILE` to the text of a program that they
    run (`blueprint.programs` tells them apart). Raises `UsageError` when the install lacks them."""
    there = folder("blueprints")
    blueprints = {path.stem: path.read_text(encoding="utf-8") for path in sorted(there.glob("*.yml"))}
    return blueprints | {f"programs/{name}": data.decode("utf-8") for name, data in programs_in(there).items()}


def programs_in(blueprints: Path) -> dict[str, bytes]:
    """File name to content of the programs beside the blueprints of a folder."""
    found = sorted((blueprints / "programs").glob("*.*"))
    return {path.name: _start_of(path) for path in found if path.suffix in {".py", ".sh"} and path.is_file()}


def _start_of(path: Path) -> bytes:
    """All of it, or more of it than a program may have."""
    with path.open("rb") as file:
        return file.read(_MOST)


def folder(name: str) -> Path:
    """`blueprints` or `action`, where this install has it. Raises `UsageError` when it has none."""
    candidates = (_PACKAGE / "shipped" / name, _PACKAGE.parent.parent / name)
    found = next((path for path in candidates if path.is_dir()), None)
    if found is None:
        raise UsageError(
            f"this install lacks its `{name}` folder; install minion again (pip install --force-reinstall)"
        )
    return found


def manifest() -> str:
    """The text of the App's manifest. Raises `UsageError` when the install lacks it."""
    candidates = (_PACKAGE / "shipped" / "manifest.yml", _PACKAGE.parent.parent / "manifest.yml")
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise UsageError("this install lacks manifest.yml; install minion again (pip install --force-reinstall)")
    return found.read_text(encoding="utf-8")
