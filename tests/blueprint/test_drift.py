"""The language's words are those that the rest of Minion carries out."""

from __future__ import annotations

from dataclasses import fields

from minion.agent.prices import ROLES
from minion.blueprint import schema
from minion.blueprint.paths import ACTION_OUTPUTS
from minion.domain.config import Commands
from minion.nodes.detect import Detected
from minion.nodes.instrument import READ_FROM_STDOUT
from minion.nodes.reports import CommandRun, findings
from minion.orchestrator.registry import EFFECTS, WAITS
from minion.tools.registry import TOOLS

REPORTS = {
    "junit": '<testsuite><testcase classname="c" name="n"><failure message="m"/></testcase></testsuite>',
    "ruff": '[{"code": "F401", "filename": "/w/a.py", "message": "m", "location": {"row": 1, "column": 1}}]',
    "sarif": '{"runs": [{"results": [{"ruleId": "r", "message": {"text": "m"}}]}]}',
    "json": '[{"file": "a.py", "message": "m"}]',
}


def test_tools() -> None:
    assert set(schema.TOOLS) == set(TOOLS)


def test_commands() -> None:
    assert set(schema.COMMANDS) <= set(Commands.model_fields)
    assert set(schema.COMMANDS) <= {field.name for field in fields(Detected)}


def test_reports() -> None:
    assert {*REPORTS, "lines"} == set(schema.REPORTS)
    assert "lines" in READ_FROM_STDOUT
    plain = findings(None, CommandRun(1, "error: it failed", False, 0.1))
    for kind, report in REPORTS.items():
        read = findings(kind, CommandRun(1, "error: it failed", False, 0.1, report))
        assert read, kind
        assert read != plain, kind


def test_built_ins_and_waits() -> None:
    assert set(schema.USES) == set(EFFECTS)
    assert set(schema.EVENTS) == set(WAITS)
    assert set(ACTION_OUTPUTS) <= set(schema.USES)


def test_models() -> None:
    assert set(schema.MODELS) == set(ROLES)
