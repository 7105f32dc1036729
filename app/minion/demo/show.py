"""The demo itself: prepare, set the stage, ask, watch, judge, print."""

from __future__ import annotations

import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table

from minion.demo import releases
from minion.demo.pair import Pair, PairFolder
from minion.demo.preparation import prepare
from minion.demo.stage import Play, Stage, set_stage
from minion.demo.watch import Watch

PACKAGE, BEFORE, AFTER = "parse", "1.20.1", "1.20.2"
"""The default pair: a small pure-Python package, before and after a known fix."""
FOLLOW = re.compile(r"http://\S+/tasks/[0-9a-f]{32}")


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line. `environment` is this process's; little of it is passed on."""

    package: str
    before: str
    after: str
    outcome: str
    keep: bool
    chaos: bool
    seed: int
    cache: Path
    timeout_s: float
    environment: Mapping[str, str]


class Show:
    def __init__(self, wish: Wish, console: Console) -> None:
        self.wish = wish
        self.console = console
        self.started = time.monotonic()

    def say(self, text: str) -> None:
        self.console.print(f"[dim]{time.monotonic() - self.started:6.1f}s[/dim]  {text}")

    def prepare(self) -> tuple[Pair, PairFolder]:
        wish = self.wish
        return prepare(wish.cache, wish.package, wish.before, wish.after, self.say)

    def play(self) -> int:
        """0 when the expected end was reached and the verdict holds, else 1."""
        pair, folder = self.prepare()
        before, after = (
            releases.read_tree(releases.fetch(pair.package, version, folder.archives))
            for version in (pair.before, pair.after)
        )
        play = Play(pair, folder, before, after, mended=self.wish.outcome == "success")
        place = Path(tempfile.mkdtemp(prefix="minion-demo-"))
        signal.signal(signal.SIGTERM, _leave)  # so that the processes below are ended on the way out
        with set_stage(play, place, self.wish.environment, self.say) as stage:
            ended = self._watch(stage)
            held = ended == self.wish.outcome and self._verdict(stage, play)
            self._report(stage)
            if self.wish.keep:
                self._wait(stage, place)
        if held:
            shutil.rmtree(place, ignore_errors=True)
            return 0
        self.console.print(f"[red]The task {_missed(ended, self.wish)}.[/red] Logs: {place}")
        return 1

    def _watch(self, stage: Stage) -> str | None:
        self._await_base(stage)
        stage.project("POST", f"/issues/{stage.issue}/labels", labels=["minion"])
        self.say(f"issue #{stage.issue} labelled [bold]minion[/bold]; from here on we only watch")
        watch = Watch(stage.hub, stage.world, stage.issue, self.say)
        if not self.wish.chaos:
            return watch.until_ended(self.wish.timeout_s)
        stop = threading.Event()
        chaos = threading.Thread(target=self._chaos, args=(stage, stop))
        chaos.start()
        try:
            return watch.until_ended(self.wish.timeout_s)
        finally:
            stop.set()
            chaos.join()

    def _await_base(self, stage: Stage) -> None:
        """The base branch's own CI, as on any repository that has been there for a while."""
        deadline = time.monotonic() + self.wish.timeout_s
        while time.monotonic() < deadline:
            runs = stage.project("GET", "/actions/runs")["workflow_runs"]
            if runs and all(run["status"] == "completed" for run in runs):
                self.say(f"CI of the base branch: {runs[0]['conclusion']}")
                return
            time.sleep(0.2)

    def _chaos(self, stage: Stage, stop: threading.Event) -> None:
        """Kills the App at random seconds and starts it again, until the task has ended."""
        dice = random.Random(self.wish.seed)  # noqa: S311 -- a seed that can be given again, not a secret
        while not stop.wait(dice.uniform(0.5, 8)):
            stage.app.kill()
            self.say("[red]the App's process is killed[/red]")
            stop.wait(dice.uniform(0.1, 1.5))
            stage.app.start()
            self.say("[green]the App's process is back[/green]")

    def _verdict(self, stage: Stage, play: Play) -> bool:
        release = releases.fetch(play.pair.package, play.pair.after, play.folder.archives)
        command = [sys.executable, "-m", "minion.demo.verdict", f"--api={stage.hub.api}", f"--server={stage.hub.url}"]
        question = [f"--repo={stage.world.repository}", f"--issue={stage.issue}", f"--expect={self.wish.outcome}"]
        self.console.print("\n[bold]Read back from the hub, over REST and git alone[/bold]")
        done = subprocess.run(
            [*command, *question, f"--release={release}"],
            check=False,
            input=stage.world.maintainer_token + "\n",
            capture_output=True,
            text=True,
        )
        self.console.print(done.stdout.rstrip() or done.stderr[-2000:], markup=False)
        return done.returncode == 0

    def _report(self, stage: Stage) -> None:
        home = f"{stage.hub.url}/{stage.world.repository}"
        follow = self._follow(stage)
        links = [("issue", f"{home}/issues/{stage.issue}")]
        for pull in stage.project("GET", "/pulls?state=all"):
            links += [("PR", f"{home}/pull/{pull['number']}"), ("diff", f"{home}/pull/{pull['number']}/files")]
        links.append(("follow", follow or "none: there is no status comment"))
        self.console.print("\n[bold]Links[/bold]" + ("" if self.wish.keep else " (KEEP=1 leaves them up)"))
        for name, address in links:
            self.console.print(f"  {name:7} {address}")
        if follow is not None:
            self.console.print(_rounds(_task(follow)))

    def _follow(self, stage: Stage) -> str | None:
        """The address of the follow-along page, as the status comment gives it."""
        comments = stage.project("GET", f"/issues/{stage.issue}/comments")
        found = [match[0] for item in comments if (match := FOLLOW.search(item["body"]))]
        return found[0] if found else None

    def _wait(self, stage: Stage, place: Path) -> None:
        self.console.print(f"\nEverything is left running (logs in {place}). End it with Ctrl-C.")
        try:
            while stage.app.running:
                time.sleep(0.5)
        except KeyboardInterrupt:
            self.console.print("Stopped.")


def _leave(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _missed(ended: str | None, wish: Wish) -> str:
    if ended is None:
        return f"did not end within {wish.timeout_s:.0f} s"
    return "ended as expected, but not every line above holds" if ended == wish.outcome else f"ended as {ended}"


def _task(follow: str) -> dict[str, Any]:
    answer = httpx2.get(follow, headers={"Accept": "application/json"}, timeout=30, trust_env=False)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def _rounds(task: dict[str, Any]) -> Table:
    """One row for each visit of a node, and the sum."""
    columns = ("round", "node", "outcome", "turns", "tokens", "cost", "seconds")
    table = Table(*columns, title="\nRounds", title_justify="left", show_footer=True)
    lines = task["receipt"]["lines"]
    for line in lines:
        tokens = sum(int(value) for value in line["tokens"].values())
        spent = (f"{tokens:,}", f"${float(line['usd']):.4f}") if tokens else ("", "")
        table.add_row(
            str(line["round"]),
            line["node"],
            line["outcome"],
            str(line["turns"] or ""),
            *spent,
            f"{line['seconds']:.1f}",
        )
    table.columns[1].footer = "total"
    table.columns[3].footer = str(sum(line["turns"] for line in lines))
    table.columns[4].footer = f"{sum(int(value) for line in lines for value in line['tokens'].values()):,}"
    table.columns[5].footer = f"${sum(float(line['usd']) for line in lines):.4f}"
    table.columns[6].footer = f"{sum(line['seconds'] for line in lines):.1f}"
    return table
