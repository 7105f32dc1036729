"""Imports that a copy of the checkout hides."""

from __future__ import annotations

import threading
from contextlib import suppress
from importlib import import_module


def preload(*modules: str) -> None:
    """In a thread, one after the other; whoever needs one before waits for it, and says so if it cannot be had."""

    def load() -> None:
        with suppress(ImportError):
            for module in modules:
                import_module(module)

    threading.Thread(target=load, name="preload", daemon=True).start()
