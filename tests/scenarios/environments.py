"""Virtual environments that are made once and copied by every job: installing takes seconds, copying does not."""

from __future__ import annotations

import fcntl
import hashlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

KEPT: Final = Path(__file__).parents[2] / ".cache" / "projects"
_INSTALL: Final = ("install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-index")


@cache
def ready(wheels: Path, wanted: Sequence[str], *options: str) -> Path:
    """An environment with what is wanted, installed from a folder of wheels."""
    told = " ".join([sys.version, str(wheels), *wanted, *options])
    place = KEPT / f"ready-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
    KEPT.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            shutil.rmtree(place, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
            pip = [sys.executable, "-m", "pip", "--python", str(place), *_INSTALL]
            subprocess.run([*pip, *options, "--find-links", str(wheels), *wanted], check=True)
            (place / "done").touch()
    return place


def copied(place: Path) -> str:
    """Lines for a job: `.venv` as a copy, whose programs name their own interpreter."""
    return (
        f"set -eu\ncp -a {shlex.quote(str(place))} .venv\n"
        "grep -lI '^#!.*/bin/python' .venv/bin/* | xargs -r sed -i \"1s|^#!.*|#!$PWD/.venv/bin/python|\"\n"
    )
