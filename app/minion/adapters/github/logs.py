"""Job logs: the part that belongs to a step. Pure.

Lines look like `2026-01-01T00:00:00.0000000Z text`; steps are known by the job's own start and end times.
https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

_STAMP: Final = re.compile(r"^\ufeff?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z ?")
_ERROR: Final = "##[error]"
_HEADING: Final = "##[group]Run "


def step_log(log: str, started: datetime | None, completed: datetime | None) -> str:
    """The lines written while the step ran; the whole log when the times are not known or nothing is left.

    Times of steps are whole seconds, so neighbours' lines fall in too: the step's own go from the heading before the
    first error to the last error, with which every failed step ends.
    """
    if started is None or completed is None:
        return log
    last = completed + timedelta(seconds=1)
    kept = [line for when, line in _stamped(log) if when is None or started <= when <= last]
    errors = [index for index, line in enumerate(kept) if _ERROR in line]
    if not errors:
        return log
    headings = [index for index, line in enumerate(kept[: errors[0]]) if _HEADING in line]
    return "\n".join(kept[headings[-1] if headings else 0 : errors[-1] + 1])


def _stamped(log: str) -> Iterator[tuple[datetime | None, str]]:
    """A line without a stamp belongs to the one before it."""
    when: datetime | None = None
    for line in log.splitlines():
        if match := _STAMP.match(line):
            when = datetime.fromisoformat(match.group(1)).replace(tzinfo=UTC)
        yield when, line
