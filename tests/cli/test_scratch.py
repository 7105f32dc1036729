"""The folder of a run, and what is left of runs that were killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from minion.bootstrap.scratch import remove_left_over, scratch

RUNNING = """\
import sys, time
from pathlib import Path
from minion.bootstrap.scratch import scratch

with scratch(Path(sys.argv[1])) as folder:
    (folder / "work").mkdir()
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    command = [sys.executable, "-c", RUNNING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def soon(true: Callable[[], bool]) -> bool:
    for _ in range(500):
        if true():
            return True
        time.sleep(0.01)
    return False


def test_it_is_gone_a_moment_after_its_run(tmp_path: Path) -> None:
    with scratch(tmp_path) as folder:
        (folder / "work" / "deep").mkdir(parents=True)
        (folder / "work" / "deep").chmod(0o500)
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o077 == 0
    assert soon(lambda: list(tmp_path.iterdir()) == [])


def test_what_a_killed_run_left_is_removed_by_the_next(
    running: tuple[subprocess.Popen[str], Path], tmp_path: Path
) -> None:
    process, folder = running
    with scratch(tmp_path) as mine:
        remove_left_over(tmp_path)
        time.sleep(0.3)  # as long as removing would take
        assert folder.is_dir(), "it still runs"
        process.kill()
        process.wait()
        remove_left_over(tmp_path)
        assert soon(lambda: not folder.exists())
        assert mine.is_dir()


def test_other_peoples_links_are_not_followed_and_young_folders_are_left(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "minion-run-link").symlink_to(target)
    interrupted = tmp_path / "minion-run-x.gone"
    interrupted.mkdir()
    young, old = tmp_path / "minion-run-young", tmp_path / "minion-run-old"
    young.mkdir()
    old.mkdir()
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    remove_left_over(tmp_path)
    assert soon(lambda: not old.exists() and not interrupted.exists())
    assert target.is_dir()
    assert young.is_dir()
