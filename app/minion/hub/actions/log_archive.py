"""The zip of a run's logs: one file for each job, and a folder with one file for each step.

https://docs.github.com/en/rest/actions/workflow-runs#download-workflow-run-logs
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterator

from minion.hub.actions.records import JobRecord


def run_archive(jobs: list[JobRecord]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, job in enumerate(job for job in jobs if job.log.is_file()):
            whole = job.log.read_bytes()
            name = _file_name(job.name)
            archive.writestr(f"{number}_{name}.txt", whole)
            for step, text in _by_step(job, whole):
                archive.writestr(f"{name}/{step}.txt", text)
    return buffer.getvalue()


def _by_step(job: JobRecord, whole: bytes) -> Iterator[tuple[str, bytes]]:
    names = {step.number: step.name for step in job.steps}
    bounds = [*job.step_offsets, (0, len(whole))]
    for (number, start), (_, end) in itertools.pairwise(bounds):
        yield f"{number}_{_file_name(names.get(number, ''))}", whole[start:end]


def _file_name(name: str) -> str:
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "", name)[:90].strip() or "job"
