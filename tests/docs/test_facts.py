"""Names and figures in the documents are those of the code."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path

from minion.domain.task import TaskStatus
from minion.orchestrator.desk import Limits, Timing
from minion.settings import Action, Local, Server, variables
from minion.web.metrics import Metrics

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]


def first_cells(table: str) -> list[str]:
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    return [row.split("|")[1].strip() for row in rows[1:]]


def test_the_layers_are_those_that_are_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["id"] == "layers"]
    shown = [sorted(re.findall(r"`(\w+)`", cell)) for cell in first_cells(section(ARCHITECTURE, "Layers"))]
    assert shown == [sorted(layer.split(" | ")) for layer in layers]


def test_times_and_limits_are_those_of_the_program() -> None:
    timing, limits = Timing(), Limits()
    assert (timing.claim, timing.lease) == (timedelta(minutes=10), timedelta(minutes=3))
    for said in ("10 minutes to claim it", "3 minutes without a heartbeat"):
        assert said in ARCHITECTURE
    assert "every 5 minutes" in ARCHITECTURE
    assert timing.look_again == timedelta(minutes=5)
    assert f"{limits.per_task} per task, {limits.per_pull} per PR" in ARCHITECTURE
    assert f"(${limits.max_usd} where unset)" in OPERATIONS


def test_the_metrics_are_all_there() -> None:
    metrics = Metrics()
    gauges = {"minion_tasks", "minion_inbox"}
    server = (ROOT / "app" / "minion" / "bootstrap" / "server.py").read_text()
    assert set(re.findall(r"metrics\.watch\(\s*\"(\w+)\"", server)) == gauges
    known = {
        family.name + ("_total" if family.type == "counter" else "") for family in metrics.registry.collect()
    } | gauges
    assert {cell.strip("`") for cell in first_cells(section(OPERATIONS, "Metrics"))} == known


def test_variables_that_are_named_exist() -> None:
    known = {name for kind in (Server, Local, Action) for name, _, _ in variables(kind)}
    for page in PAGES:
        named = set(re.findall(r"\b((?:MINION|ANTHROPIC)_[A-Z_]+[A-Z])\b", page.read_text()))
        assert named <= known, f"{page.name}: {named - known}"


def test_every_end_and_every_wait_for_a_person_is_explained() -> None:
    usage = section((ROOT / "docs" / "usage.md").read_text(), "What comes back")
    asking = {TaskStatus.AWAITING_REPLY, TaskStatus.AWAITING_APPROVAL}
    wanted = {status.value.replace("_", " ") for status in TaskStatus if status.ended or status in asking}
    assert set(first_cells(usage)) == wanted


def test_paths_that_are_named_are_served() -> None:
    app = (ROOT / "app" / "minion" / "web" / "app.py").read_text()
    served = re.findall(r"Route\(\"([^\"]+)\"", app)
    shown = {
        path for cell in first_cells(section(OPERATIONS, "Where it stands")) for path in re.findall(r"`([^`]+)`", cell)
    }
    for path in served:
        assert any(path == one or (one.endswith("…") and path.startswith(one[:-1])) for one in shown), path
