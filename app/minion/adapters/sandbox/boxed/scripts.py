"""Whether a script of JavaScript can be parsed, where Node is there."""

from __future__ import annotations

import re
import shutil
import subprocess

LONGEST = 500_000
"""Characters of what is parsed."""
NODE_SECONDS = 5.0
_MODULE = re.compile(r"^(?:import|export)\b", re.MULTILINE)
"""What such a file says last of itself is said as a module's."""


def javascript_problem(text: str) -> str | None:
    """What Node's parser objects to, be it a script or a module; None where there is no Node, and what it does not know
    (JSX, types) fails before the edit as well (https://nodejs.org/api/cli.html#-c---check)."""
    node = shutil.which("node")
    if node is None or len(text) > LONGEST:
        return None
    problem = None
    for kind in ("commonjs", "module") if _MODULE.search(text) else ("module", "commonjs"):
        command = [node, "--check", f"--input-type={kind}", "-"]
        try:
            done = subprocess.run(
                command, input=text, capture_output=True, text=True, check=False, timeout=NODE_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode == 0:
            return None
        place = re.search(r"^\[stdin\]:(\d+)", done.stderr)
        said = re.search(r"^SyntaxError: (.*)$", done.stderr, re.MULTILINE)
        if said is None:
            return None
        problem = f"line {place.group(1)}: {said.group(1)}" if place else said.group(1)
    return problem
