"""Which contexts and functions each workflow key may use.

https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#context-availability
"""

from __future__ import annotations

from minion.hub.actions.expressions import STATUS_FUNCTIONS, Availability

_HASH = frozenset({"hashfiles"})


def _of(names: str, functions: frozenset[str] = frozenset()) -> Availability:
    return Availability(frozenset(names.split()), functions)


NOTHING = _of("")
RUN_NAME = _of("github inputs vars")
CONCURRENCY = _of("github inputs vars")
WORKFLOW_ENV = _of("github secrets inputs vars")
JOB_NAME = _of("github needs strategy matrix vars inputs")
JOB_IF = _of("github needs vars inputs", STATUS_FUNCTIONS)
JOB_ENV = _of("github needs strategy matrix vars secrets inputs")
JOB_CONCURRENCY = _of("github needs strategy matrix inputs vars")
JOB_DEFAULTS = _of("github needs strategy matrix env vars inputs")
JOB_OUTPUTS = _of("github needs strategy matrix job runner env vars secrets steps inputs")
JOB_SECRETS = _of("github needs strategy matrix secrets inputs vars")
JOB_WITH = _of("github needs strategy matrix inputs vars")
STRATEGY = _of("github needs vars inputs")
STEP = _of("github needs strategy matrix job runner env vars secrets steps inputs", _HASH)
STEP_IF = _of("github needs strategy matrix job runner env vars steps inputs", STATUS_FUNCTIONS | _HASH)
CALL_DEFAULT = _of("github inputs vars")
CALL_OUTPUT = _of("github jobs vars inputs")
# https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax: no `secrets` in a composite action
ACTION_STEP = _of("github inputs job runner env steps strategy matrix", _HASH)
ACTION_STEP_IF = _of("github inputs job runner env steps strategy matrix", STATUS_FUNCTIONS | _HASH)
ACTION_OUTPUT = _of("github inputs job runner env steps strategy matrix")
ACTION_DEFAULT = _of("github strategy matrix job runner", _HASH)
