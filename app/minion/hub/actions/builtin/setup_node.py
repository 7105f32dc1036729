"""actions/setup-node with the Node of this machine. https://github.com/actions/setup-node"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from minion.hub.actions.builtin.call import ActionCall, Builtin
from minion.hub.actions.machine import StepError

_NEWEST = frozenset({"", "node", "latest", "current", "*", "lts/*", "lts"})


def _run(call: ActionCall) -> None:
    found = shutil.which("node", path=":".join(call.machine.options.search_path()))
    if found is None:
        raise StepError("There is no node on this machine")
    version = call.capture([found, "--version"], call.machine.dirs.temp).removeprefix("v")
    wanted = call.inputs["node-version"].strip().removeprefix("v")
    if not _matches(wanted, version):
        raise StepError(f"Unable to find Node version '{wanted}' on this machine; it has {version}")
    if call.inputs["cache"]:
        call.log(f"cache: '{call.inputs['cache']}' is not restored in this hub")
    call.add_path(Path(found).parent)
    call.outputs.update({"node-version": f"v{version}", "cache-hit": "false"})
    call.log(f"Found node {version}")


def _matches(wanted: str, version: str) -> bool:
    if wanted in _NEWEST:
        return True
    parts = re.sub(r"\.[x*]", "", wanted).split(".")
    return version.split(".")[: len(parts)] == parts


SETUP_NODE = Builtin(
    {
        "node-version": "",
        "check-latest": "false",
        "token": "",
        "cache": "",
        "package-manager-cache": "true",
        "cache-dependency-path": "",
    },
    _run,
)
