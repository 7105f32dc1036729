"""Imports that a copy of the checkout hides."""

from __future__ import annotations

import threading
from importlib import import_module


def preload(*modules: str) -> None:
    """In a thread, one after the other; whoever needs one before waits for it."""

    def load() -> None:
        for module in modules:
            import_module(module)

    threading.Thread(target=load, name="preload", daemon=True).start()
