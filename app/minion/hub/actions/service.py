"""The Actions service: events in, runs out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from minion.hub.actions.announce import Announcer
from minion.hub.actions.artifacts import ArtifactStore
from minion.hub.actions.dispatching import Inputs, Refused, check_inputs
from minion.hub.actions.git_reader import resolve_commit, workflow_file
from minion.hub.actions.host import Host, RepositoryInfo
from minion.hub.actions.job_runner import Bench, Ended, JobTokens, run_job
from minion.hub.actions.ledger import Ledger
from minion.hub.actions.machine import DIED
from minion.hub.actions.options import ActionsOptions, Knobs
from minion.hub.actions.payloads import run_json
from minion.hub.actions.records import Cause, JobRecord, RunRecord, now
from minion.hub.actions.scheduler import Scheduler
from minion.hub.actions.serial import Serial
from minion.hub.actions.signing import Signer
from minion.hub.actions.starting import Broken, files_at, make_run, read_file, started_by
from minion.hub.actions.workflow import Workflow

_LOST = (
    "The hosted runner lost communication with the server. Anything in your workflow that terminates the runner "
    "process, starves it for CPU/Memory, or blocks its network access can cause this error."
)


@dataclass(frozen=True)
class WorkflowFile:
    """A workflow of the default branch."""

    id: int
    path: str
    name: str


class Actions:
    """Implements `ActionsService`. Methods return at once; `host` is never called with a lock held, except that
    `dispatch` calls it on the caller's thread."""

    def __init__(self, host: Host, options: ActionsOptions) -> None:
        self.host = host
        self.options = options
        self.knobs = Knobs()
        self.ledger = Ledger()
        self.artifacts = ArtifactStore(options.work_dir / "artifacts")
        self.tokens = JobTokens()
        self._bench = Bench(host, options, self.artifacts, self.tokens)
        self._serial = Serial()
        self._jobs = ThreadPoolExecutor(max_workers=options.workers, thread_name_prefix="actions-job")
        self._announcer = Announcer(host, self.ledger)
        self._scheduler = Scheduler(host, self.ledger, self._announcer, self)
        self.signer = Signer()
        self._held: list[RunRecord] = []  # by the knob runs_never_start
        self._timers: set[threading.Timer] = set()
        self._state = threading.Lock()
        self._closing = threading.Event()
        self._cancelled = threading.Event()

    # -- the seam to the hub's core -------------------------------------------------------------------------------

    def handle(
        self, event: str, repository_id: int, payload: Mapping[str, Any], *, ref: str, sha: str, actor: str
    ) -> None:
        cause = Cause(event, payload, ref, sha, actor)
        self._serial.put(partial(self._on_event, repository_id, cause))

    def idle(self) -> bool:
        return self._serial.idle and self.ledger.all_done()

    @property
    def errors(self) -> list[BaseException]:
        """What went wrong inside the service itself; tests expect none."""
        return self._serial.errors

    def set_knobs(self, values: Mapping[str, Any]) -> Knobs:
        """Changes some knobs. Raises ValueError for unknown names."""
        self.knobs = self.knobs.changed(values)
        self._serial.put(self._release_held)
        return self.knobs

    def close(self) -> None:
        self._closing.set()
        with self._state:
            timers = list(self._timers)
        for timer in timers:
            timer.cancel()
        self._serial.put(self._cancel_all)
        self._cancelled.wait(timeout=10)
        self._jobs.shutdown(wait=True)
        self._serial.close()

    def _cancel_all(self) -> None:
        for run in self.ledger.unfinished():
            self._scheduler.cancel(run, force=True)
        self._cancelled.set()

    # -- events ---------------------------------------------------------------------------------------------------

    def _on_event(self, repository_id: int, cause: Cause) -> None:
        repository = self.host.repository(repository_id)
        if self.knobs.actions_disabled or not repository.actions_enabled or _of_actions(cause):
            return
        for found in started_by(repository, cause):
            run = make_run(self.host, self.ledger, repository, cause, found, {})
            self._start(run)

    def _start(self, run: RunRecord) -> None:
        self._chain(run, self._announcer.run(run, "requested"))
        if self.knobs.runs_never_start:
            self._held.append(run)
        elif self.knobs.action_required:
            self._scheduler.finish_run(run, "action_required")
        else:
            self._scheduler.start(run)

    def _release_held(self) -> None:
        if not self.knobs.runs_never_start:
            held, self._held = self._held, []
            for run in held:
                if not run.done:
                    self._scheduler.start(run)

    def run_ended(self, run: RunRecord) -> None:
        """Called by the scheduler: tells the world, and the workflows that listen to workflow_run."""
        self._chain(run, self._announcer.run(run, "completed"))

    def _chain(self, run: RunRecord, payload: Mapping[str, Any]) -> None:
        repository = self.host.repository(run.repository_id)
        sha = resolve_commit(repository.git_dir, repository.default_branch)
        if sha is None or self._closing.is_set():
            return
        ref = f"refs/heads/{repository.default_branch}"
        cause = Cause("workflow_run", payload, ref, sha, run.cause.actor, run.cause.depth + 1)
        self._serial.put(partial(self._on_event, run.repository_id, cause))

    # -- jobs -----------------------------------------------------------------------------------------------------

    def new_job(self, run: RunRecord, key: str, name: str, labels: tuple[str, ...]) -> JobRecord:
        number = self._announcer.create_check(run, name)
        log = self.options.work_dir / "logs" / f"{number}.txt"
        job = JobRecord(number, run, run.attempt, key, name, labels, log)
        self.ledger.add_job(job)
        return job

    def launch(self, job: JobRecord) -> None:
        if self.knobs.queue_delay_s > 0:
            self._after(self.knobs.queue_delay_s, partial(self._submit, job))
        else:
            self._submit(job)

    def _submit(self, job: JobRecord) -> None:
        if self._closing.is_set():
            return
        future = self._jobs.submit(self._work, job, self.knobs)
        future.add_done_callback(lambda done: self._serial.put(partial(self._job_ended, job, done)))

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        def fire() -> None:
            with self._state:
                self._timers.discard(timer)
            work()

        timer = threading.Timer(seconds, fire)
        timer.daemon = True
        with self._state:
            self._timers.add(timer)
        timer.start()

    def _work(self, job: JobRecord, knobs: Knobs) -> Ended | None:
        """On a worker's thread. None when the job was cancelled before it began."""
        if job.instance is None or not job.begin():
            return None
        self._serial.put(partial(self._job_started, job))
        return run_job(self._bench, job, job.instance, knobs)

    def _job_started(self, job: JobRecord) -> None:
        run = job.run
        first = run.status != "in_progress" and not run.done
        if first:
            run.status = "in_progress"
        if not job.done:
            self._announcer.job(job, "in_progress")
        if first:
            self._chain(run, self._announcer.run(run, "in_progress"))

    def _job_ended(self, job: JobRecord, future: Future[Ended | None]) -> None:
        error = future.exception()
        if error is not None:
            self.errors.append(error)
            job.annotations.append(_annotation(f"The hub failed while it ran this job: {error!r}"))
            self._scheduler.job_done(job, "failure", {})
            return
        ended = future.result()
        if ended is None:
            self._scheduler.job_done(job, "cancelled", {})
        elif ended.reason == DIED:
            self._after(self.options.runner_lost_after_s, lambda: self._serial.put(partial(self._job_lost, job)))
        else:
            self._scheduler.job_done(job, ended.conclusion, ended.outputs)

    def _job_lost(self, job: JobRecord) -> None:
        job.log.unlink(missing_ok=True)
        job.annotations[:] = [_annotation(_LOST)]
        self._scheduler.job_done(job, "cancelled" if job.cancelled.is_set() else "failure", {})

    # -- what people ask for --------------------------------------------------------------------------------------

    def workflows(self, repository: RepositoryInfo) -> list[WorkflowFile]:
        """The workflows of the default branch, in order of path."""
        sha = resolve_commit(repository.git_dir, repository.default_branch)
        found = files_at(repository.git_dir, sha) if sha else ()
        return [self._described(repository, each) for each in found]

    def _described(self, repository: RepositoryInfo, found: Workflow | Broken) -> WorkflowFile:
        name = found.name if isinstance(found, Workflow) else found.path
        return WorkflowFile(self.ledger.workflow_id(repository.id, found.path), found.path, name)

    def dispatch(
        self, repository: RepositoryInfo, path: str, ref: str, inputs: Mapping[str, Any], sender: Mapping[str, Any]
    ) -> RunRecord | Refused:
        """Starts the workflow at `path` as it is at `ref`; `sender` is the caller's user JSON."""
        if self.knobs.actions_disabled or not repository.actions_enabled:
            return Refused(422, "Actions has been disabled for this repository.")
        full = _full_ref(repository, ref)
        if full is None:
            return Refused(422, f"No ref found for: {ref}")
        commit = resolve_commit(repository.git_dir, full) or ""
        text = workflow_file(repository.git_dir, commit, path)
        if text is None:
            return Refused(404, "Not Found")
        found = read_file(path, text)
        if found.triggers is None or "workflow_dispatch" not in found.triggers:
            return Refused(422, "Workflow does not have 'workflow_dispatch' trigger")
        checked = check_inputs(found, inputs) if isinstance(found, Workflow) else Inputs({}, {})
        if isinstance(checked, Refused):
            return checked
        whole = self.host.repository_json(repository.id)
        payload = {
            "ref": full,
            "workflow": path,
            "inputs": dict(checked.texts),
            "repository": whole,
            "sender": dict(sender),
        }
        cause = Cause("workflow_dispatch", payload, full, commit, str(sender["login"]))
        run = make_run(self.host, self.ledger, repository, cause, found, checked.typed)
        self._serial.put(partial(self._start, run))
        return run

    def cancel(self, run: RunRecord, *, force: bool = False) -> None:
        self._serial.put(partial(self._scheduler.cancel, run, force=force))

    def approve(self, run: RunRecord) -> None:
        """Starts a run that waits for approval (`action_required`)."""
        self._serial.put(partial(self._approve, run))

    def _approve(self, run: RunRecord) -> None:
        if run.conclusion == "action_required":
            run.status, run.conclusion, run.started_at = "queued", None, now()
            self._scheduler.start(run)

    def rerun(self, run: RunRecord, actor: str, keep: Mapping[str, JobRecord] | None = None) -> None:
        """A new attempt; jobs in `keep` (by name) are carried over as long as nothing that they need ran again."""
        self._serial.put(partial(self._rerun, run, actor, dict(keep or {})))

    def _rerun(self, run: RunRecord, actor: str, keep: dict[str, JobRecord]) -> None:
        if not run.done:
            return
        run.earlier.append(run_json(self.host, run))
        run.attempt += 1
        run.status, run.conclusion, run.cancel_asked = "queued", None, False
        run.started_at, run.triggering_actor = now(), actor
        self._scheduler.carried[run.id] = keep
        self._start(run)


def _annotation(message: str) -> dict[str, Any]:
    return {"path": ".github", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": message}


def _of_actions(cause: Cause) -> bool:
    """Checks of Actions itself start no workflows."""
    if cause.event not in {"check_run", "check_suite"}:
        return False
    app = cause.payload[cause.event].get("app") or {}
    return bool(app.get("slug") == "github-actions")


def _full_ref(repository: RepositoryInfo, ref: str) -> str | None:
    candidates = [ref] if ref.startswith("refs/") else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
    return next((name for name in candidates if resolve_commit(repository.git_dir, name)), None)
