"""Files that come with the package: found in the wheel, or in the checkout that an editable install points to."""

from __future__ import annotations

from pathlib import Path

from minion.domain.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent


def shipped() -> dict[str, str]:
    """The blueprints that come with Minion: name to YAML text. Raises `UsageError` when the install lacks them."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder("blueprints").glob("*.yml"))}


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
