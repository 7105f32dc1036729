"""How a session ends: the tools `finish` (agents) and `verdict` (judges), with strict schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from minion.agent.prompts import NOT_ASKED
from minion.agent.verification import GateRunner, GateVerdict, NoGates
from minion.domain.outcomes import Outcome
from minion.domain.spec import Unclear
from minion.tools.base import Json, ToolSchema


@dataclass(frozen=True)
class Accepted:
    """The session is over; `output` is the node's."""

    outcome: Outcome
    output: Json
    arguments: Json


@dataclass(frozen=True)
class Refused:
    """Not yet, and why, for the model. `final` ends the session as stuck."""

    text: str
    final: bool = False


class Ending(Protocol):
    """The one tool that ends a session."""

    @property
    def schema(self) -> ToolSchema: ...

    def call(self, arguments: Json) -> Accepted | Refused: ...


TEXTS = {"type": "array", "items": {"type": "string"}}


@dataclass
class Finish:
    """`finish` is refused while a gate fails on the current tree; the refusal beyond `repair` is final.

    `blocked` in the output, by which a blueprint asks, is true only where the author wants to be asked. Who wants a
    choice instead is spared the first question.
    """

    output_schema: Mapping[str, Any] | None = None
    gates: GateRunner = field(default_factory=NoGates)
    repair: int = 3
    when_unclear: Unclear = "ask"
    last: GateVerdict | None = None
    _refused: int = 0
    _told_to_choose: bool = False

    @property
    def schema(self) -> ToolSchema:
        properties: dict[str, Any] = {
            "status": {"type": "string", "enum": ["done", "blocked"]},
            "summary": {"type": "string", "description": "What and why, for the reviewer"},
            "verified_how": {"type": "string"},
            "confidence": {"type": "string", "enum": ["high", "medium", "low"]},
            "risks": TEXTS,
            "open_questions": {**TEXTS, "description": "With blocked: what to ask"},
        }
        if self.output_schema is not None:
            properties["output"] = dict(self.output_schema)
        return ToolSchema(
            name="finish",
            description="Ends this step: with status done once every gate passes, or with blocked.",
            input_schema={
                "type": "object",
                "properties": properties,
                "required": ["status", "summary", "verified_how", "confidence", "risks", "open_questions"],
                "additionalProperties": False,
            },
        )

    def call(self, arguments: Json) -> Accepted | Refused:
        if arguments["status"] == "blocked":
            return self._blocked(arguments)
        if self.output_schema is not None and "output" not in arguments:
            return Refused("`output` is required with status done.")
        self.last = self.gates.check()
        if self.last.passed:
            return Accepted(Outcome.OK, arguments.get("output", {}), arguments)
        self._refused += 1
        left = self.repair - self._refused
        return Refused(f"Not finished: gates fail ({max(0, left)} more tries).\n\n{self.last.text}", final=left < 0)

    def _blocked(self, arguments: Json) -> Accepted | Refused:
        if self.when_unclear == "choose" and not self._told_to_choose:
            self._told_to_choose = True
            return Refused(NOT_ASKED)
        question = "\n".join(arguments["open_questions"]) or arguments["summary"]
        asks = self.when_unclear == "ask"
        output = {"blocked": asks, "question": question} | ({} if asks else {"reason": question})
        return Accepted(Outcome.FAIL, output, arguments)


class Verdict:
    """`verdict`: a judge's answer. A veto cites lines."""

    schema = ToolSchema(
        name="verdict",
        description="Ends the review.",
        input_schema={
            "type": "object",
            "properties": {
                "verdict": {"type": "string", "enum": ["pass", "veto"]},
                "summary": {"type": "string"},
                "reasons": {
                    "type": "array",
                    "description": "For a veto: each criterion that is not met, and the line that shows it",
                    "items": {
                        "type": "object",
                        "properties": {
                            "criterion": {"type": "string"},
                            "file": {"type": "string"},
                            "line": {"type": "integer"},
                            "problem": {"type": "string"},
                        },
                        "required": ["criterion", "file", "line", "problem"],
                        "additionalProperties": False,
                    },
                },
            },
            "required": ["verdict", "summary", "reasons"],
            "additionalProperties": False,
        },
    )

    def call(self, arguments: Json) -> Accepted | Refused:
        veto = arguments["verdict"] == "veto"
        if veto and not arguments["reasons"]:
            return Refused("A veto needs at least one reason with file and line.")
        return Accepted(Outcome.VETO if veto else Outcome.PASS, arguments, arguments)
