"""The boxed lint server: one file, standard library only, run in the box as `python -I -S lint_server.py WORKSPACE`.

Each line of its input is a request, each line of its output an answer, both JSON objects. The workspace is read-only
here. Linters run at the same time; eslint and prettier, whose start is most of their time, stay loaded in one Node.
"""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

Answer = dict[str, Any]

AT_ONCE = 3
MAX_FILE = 5_000_000
MAX_OUTPUT = 8_000_000
MAX_CONFIG = 200_000
OWN_FOLDERS = ("node_modules/.bin", ".venv/bin", "venv/bin", "vendor/bin", "bin")


class Server:
    """`root` is the workspace, `worker` the script that Node runs, where there is a Node."""

    def __init__(self, root: Path, worker: str | None) -> None:
        self.root = root
        self.node = Worker(root, worker) if worker and shutil.which("node") else None

    # --- what is there

    def programs(self, request: Answer) -> Answer:
        """`wanted`: [[program, folder]] -> `found`: where each is, or null."""
        return {"found": [self.program(name, folder) for name, folder in request["wanted"]]}

    def program(self, name: str, folder: str) -> str | None:
        """In the folders where a project keeps its tools, from its own upwards; else on the path."""
        place = self.root / folder
        for above in [place, *(one for one in place.parents if one.is_relative_to(self.root))]:
            for own in OWN_FOLDERS:
                candidate = above / own / name
                if candidate.is_file() and os.access(candidate, os.X_OK):
                    return str(candidate)
        return shutil.which(name)

    def look(self, request: Answer) -> Answer:
        """`shas` of `paths` (null: not an ordinary file of bearable size), and the `configs` that are not as in
        `base` (path to SHA-256): their text, or null for one that is gone. New ones are told by `names`."""
        shas = {path: None if (self.root / path).is_symlink() else self.sha(path) for path in request["paths"]}
        folders = {str(above) for path in request["paths"] for above in Path(path).parents} | {"."}
        present = self.configs(sorted(folders), request["names"])
        base: dict[str, str] = request["base"]
        differing = [path for path in {*present, *base} if self.sha(path) != base.get(path)]
        return {"shas": shas, "configs": {path: self.text(path) for path in sorted(differing)}}

    def configs(self, folders: list[str], names: list[str]) -> set[str]:
        if not names:
            return set()
        pattern = re.compile("|".join(fnmatch.translate(name) for name in names))
        found = set()
        for folder in folders:
            with contextlib.suppress(OSError):
                entries = [entry for entry in os.listdir(self.root / folder) if pattern.match(entry)]  # noqa: PTH208
                found |= {os.path.normpath(f"{folder}/{entry}") for entry in entries}
        return found

    def sha(self, path: str) -> str | None:
        data = self.data(path, MAX_FILE)
        return None if data is None else hashlib.sha256(data).hexdigest()

    def text(self, path: str) -> str | None:
        data = self.data(path, MAX_CONFIG)
        return None if data is None else data.decode(errors="replace")

    def data(self, path: str, most: int) -> bytes | None:
        """What git would keep: of a link, where it leads."""
        place = self.root / path
        try:
            if place.is_symlink():
                return os.fsencode(place.readlink())
            if not place.is_file() or place.stat().st_size > most:
                return None
            return place.read_bytes()
        except OSError:
            return None

    # --- running

    def run(self, request: Answer) -> Answer:
        """`jobs`: [{argv, folder, files, worker}], all within `within_s`; one result for each, in their order."""
        deadline = time.monotonic() + float(request["within_s"])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return {"results": list(pool.map(lambda job: self.job(job, deadline), request["jobs"]))}

    def job(self, job: Answer, deadline: float) -> Answer:
        if job.get("worker") and self.node is not None:
            answer = self.node.ask(job, deadline)
            if answer is not None:
                return answer
        return self.command(job, deadline)

    def command(self, job: Answer, deadline: float) -> Answer:
        began = time.monotonic()
        argv = [*job["argv"], *job["files"]]
        try:
            with subprocess.Popen(
                argv,
                cwd=self.root / job["folder"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            ) as child:
                return {**ended(child, deadline), "seconds": time.monotonic() - began, "warm": False}
        except OSError as error:
            return failure(127, f"{argv[0]}: {error.strerror}", time.monotonic() - began)

    def warm(self, request: Answer) -> Answer:
        """Loads what the workers will need: `jobs` as those of `run`, with files that are only looked up."""
        deadline = time.monotonic() + float(request["within_s"])
        ready = [self.node is not None and self.node.ask({**job, "warm": True}, deadline) for job in request["jobs"]]
        return {"ready": [bool(one) for one in ready]}


def ended(child: subprocess.Popen[bytes], deadline: float) -> Answer:
    timed_out = False
    try:
        stdout, stderr = child.communicate(timeout=max(0.05, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        timed_out = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        stdout, stderr = child.communicate()
    texts = {"stdout": stdout, "stderr": stderr}
    shown = {name: data[:MAX_OUTPUT].decode(errors="replace") for name, data in texts.items()}
    return {"exit": child.returncode, "timed_out": timed_out, **shown}


def failure(code: int, text: str, seconds: float, timed_out: bool = False) -> Answer:
    facts = {"exit": code, "timed_out": timed_out, "stdout": "", "stderr": text}
    return {**facts, "seconds": seconds, "warm": False}


class Worker:
    """One Node that keeps eslint and prettier loaded; jobs go to it one after another. Started by the first."""

    def __init__(self, root: Path, script: str) -> None:
        self.root = root
        self.script = script
        self.turn = threading.Lock()
        self.child: subprocess.Popen[bytes] | None = None
        self.answers: queue.Queue[bytes] = queue.Queue()
        self.count = 0

    def ask(self, job: Answer, deadline: float) -> Answer | None:
        """None when the worker cannot do it (an old version, a configuration that only the command understands)."""
        began = time.monotonic()
        with self.turn:
            line = self.sent({**job, "folder": str(self.root / job["folder"])}, deadline)
        if line is None:
            return failure(-1, "no answer in time", time.monotonic() - began, timed_out=True)
        answer = json.loads(line or b"{}")
        if not answer.get("ok"):
            return None
        facts = {"exit": answer.get("exit", 0), "timed_out": False, "stdout": answer.get("stdout", ""), "stderr": ""}
        return {**facts, "seconds": time.monotonic() - began, "warm": True}

    def sent(self, request: Answer, deadline: float) -> bytes | None:
        """The answer's line, empty from a worker that died; None in place of one that is late, which is ended."""
        try:
            stdin = self.started().stdin
            if stdin is None:
                return b""
            self.count += 1
            stdin.write(json.dumps({**request, "id": self.count}).encode() + b"\n")
            stdin.flush()
            return self.answered(deadline)
        except OSError:
            self.end()
            return b""
        except queue.Empty:
            self.end()
            return None

    def answered(self, deadline: float) -> bytes:
        """Lines that answer nothing that was asked are what a configuration wrote past us."""
        while line := self.answers.get(timeout=max(0.05, deadline - time.monotonic())):
            with contextlib.suppress(ValueError, AttributeError):
                if json.loads(line).get("id") == self.count:
                    return line
        return b""

    def started(self) -> subprocess.Popen[bytes]:
        if self.child is None or self.child.poll() is not None:
            self.answers = queue.Queue()
            self.child = subprocess.Popen(
                ["node", self.script],
                cwd=self.root,
                # typescript-eslint takes CI for a single run, and would never look at a file again
                # (https://typescript-eslint.io/packages/parser/#allowautomaticsingleruninference)
                env={**os.environ, "TSESTREE_SINGLE_RUN": "false"},  # noqa: TID251 -- of the box
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            threading.Thread(target=pump, args=(self.child, self.answers), daemon=True).start()
        return self.child

    def end(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child = None


def pump(child: subprocess.Popen[bytes], answers: queue.Queue[bytes]) -> None:
    while child.stdout is not None and (line := child.stdout.readline()):
        answers.put(line)
    answers.put(b"")


def answer(server: Server, line: str) -> Answer:
    operations = {"programs": server.programs, "look": server.look, "run": server.run, "warm": server.warm}
    try:
        request = json.loads(line)
        return {"ok": True, **operations[request["op"]](request)}
    except (ValueError, KeyError, TypeError, OSError) as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def main() -> None:
    server = Server(Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else None)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(server, line)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
