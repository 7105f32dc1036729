"""Real boxes around a small tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from minion.adapters.sandbox import BoxSettings, Bubblewrap, Unsafe
from minion.ports.sandbox import Sandbox


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "src").mkdir(parents=True)
    (folder / "src/widget.py").write_text("def size():\n    return 1\n")
    return folder


@pytest.fixture
def box(tree: Path) -> Bubblewrap:
    return Bubblewrap(BoxSettings(workspace=tree))


@pytest.fixture(params=["bubblewrap", "unsafe"])
def sandbox(request: pytest.FixtureRequest, tree: Path) -> Sandbox:
    """Each adapter of the port, for what they promise alike."""
    settings = BoxSettings(workspace=tree)
    return Bubblewrap(settings) if request.param == "bubblewrap" else Unsafe(settings)
