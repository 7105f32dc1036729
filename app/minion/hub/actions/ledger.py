"""All runs that there have been, by id. Safe to use from any thread."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable

from minion.hub.actions.records import JobRecord, RunRecord

_FIRST_RUN = 7_000_000_001
_FIRST_WORKFLOW = 90_001


class Ledger:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[int, RunRecord] = {}
        self._jobs: dict[int, JobRecord] = {}
        self._run_ids = itertools.count(_FIRST_RUN)
        self._workflow_ids = itertools.count(_FIRST_WORKFLOW)
        self._workflows: dict[tuple[int, str], int] = {}
        self._numbers: dict[int, int] = defaultdict(int)

    def workflow_id(self, repository_id: int, path: str) -> int:
        """The lasting id of a workflow file."""
        with self._lock:
            key = (repository_id, path)
            if key not in self._workflows:
                self._workflows[key] = next(self._workflow_ids)
            return self._workflows[key]

    def add(self, make: Callable[[int, int], RunRecord], workflow_id: int) -> RunRecord:
        """`make` is given the run's id and its number within the workflow."""
        with self._lock:
            self._numbers[workflow_id] += 1
            run = make(next(self._run_ids), self._numbers[workflow_id])
            self._runs[run.id] = run
            return run

    def add_job(self, job: JobRecord) -> None:
        with self._lock:
            self._jobs[job.id] = job
            job.run.jobs.append(job)

    def run(self, run_id: int) -> RunRecord | None:
        return self._runs.get(run_id)

    def job(self, job_id: int) -> JobRecord | None:
        return self._jobs.get(job_id)

    def runs_of(self, repository_id: int) -> list[RunRecord]:
        """Newest first."""
        with self._lock:
            found = [run for run in self._runs.values() if run.repository_id == repository_id]
        return sorted(found, key=lambda run: run.id, reverse=True)

    def all_done(self) -> bool:
        with self._lock:
            return all(run.done for run in self._runs.values())

    def unfinished(self) -> list[RunRecord]:
        with self._lock:
            return [run for run in self._runs.values() if not run.done]
