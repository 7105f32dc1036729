"""One session of an agent: ask, run what it calls, answer, until it finishes or something ends it.

History only grows; nothing is sent that the budget does not cover at its worst; every `tool_use` is answered in one
user message. Stop reasons: https://docs.claude.com/en/docs/build-with-claude/handling-stop-reasons.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minion.agent import prompts
from minion.agent.budget import FIRST_MAX_TOKENS, Exhausted
from minion.agent.calls import Malformed, Ready, answer, checked, in_batches, run_batch
from minion.agent.finish import Accepted
from minion.agent.nearest import nearest_name
from minion.agent.prices import ModelFacts
from minion.agent.rules import text_of
from minion.agent.run import AgentReport, AgentRun
from minion.agent.stuck import Step, StuckDetector
from minion.agent.transcript import Transcript, cache_alarm, system_block
from minion.agent.verification import VerifyTool
from minion.domain.errors import Outage
from minion.domain.outcomes import Outcome
from minion.ports.model import Block, BudgetExhausted, ModelRejected, ModelRequest, ModelTurn
from minion.tools.base import Json, ToolResult

MALFORMED_IN_A_ROW = 3
LARGER_TRIES = 2
NOT_RUN = ToolResult("Not run.", error=True)
COMPACT_AT = 0.6
LEAST_COMPACTION = 50_000  # the API refuses less


@dataclass(frozen=True)
class Ended:
    outcome: Outcome
    reason: str
    accepted: Accepted | None = None
    salvage: bool = False
    outage: bool = False


def run_agent(run: AgentRun) -> AgentReport:
    """Runs the session to its end. Never raises for what a model or an endpoint does."""
    return _Session(run).run()


class _Session:
    def __init__(self, run: AgentRun) -> None:
        self._run = run
        self._verify = VerifyTool(run.gates)
        tools = [*run.tools, self._verify] if run.gates.names else list(run.tools)
        self._tools = {tool.schema.name: tool for tool in tools}
        self._schemas = [*(tool.schema for tool in self._tools.values()), run.ending.schema]
        self._tool_blocks = [schema.block() for schema in self._schemas]
        if run.facts.strict:  # https://docs.claude.com/en/docs/agents-and-tools/tool-use/strict-tool-use
            self._tool_blocks[-1]["strict"] = True
        self._history = Transcript([{"type": "text", "text": run.opening}])
        self._stuck = StuckDetector()
        self._prompt_tokens = len(json.dumps([self._tool_blocks, run.system]).encode()) // 3
        self._system = [system_block(run.system, marked=self._prompt_tokens >= run.facts.least_cacheable)]
        self._max_tokens = min(FIRST_MAX_TOKENS, run.facts.max_output)
        self._enlarged = 0
        self._cached = False
        self._shortened = False
        self._malformed = 0
        self._last_text = ""

    def run(self) -> AgentReport:
        while True:
            ended = self._turn()
            if ended is not None:
                return self._report(ended)

    # --- one turn

    def _turn(self) -> Ended | None:
        cancelled = self._run.cancelled()
        if cancelled:
            return Ended(Outcome.FAIL, f"cancelled: {cancelled}")
        plan = self._run.budget.plan(self._estimate(), self._max_tokens)
        if isinstance(plan, Exhausted):
            return Ended(Outcome.BUDGET, plan.reason, salvage=True)
        self._shortened = plan.max_tokens < self._max_tokens
        asked = self._ask(plan.max_tokens, plan.deadline_s)
        return asked if isinstance(asked, Ended) else self._judge(asked)

    def _estimate(self) -> int:
        """Tokens of the next prompt: what the last usage said, and a third of the bytes that came since."""
        return self._prompt_tokens + self._history.unsent_bytes // 3

    def _ask(self, max_tokens: int, deadline_s: float) -> ModelTurn | Ended:
        run = self._run
        request = ModelRequest(
            model=run.facts.id,
            system=self._system,
            tools=self._tool_blocks,
            messages=self._history.for_request(),
            max_tokens=max_tokens,
            effort=run.effort if run.facts.effort else None,
            context_management=_compaction(run.facts),
            deadline_s=deadline_s,
        )
        try:
            turn = run.model.complete(request)
        except BudgetExhausted as error:
            return Ended(Outcome.BUDGET, str(error))
        except ModelRejected as error:
            return _rejected(str(error))
        except Outage as error:
            return Ended(Outcome.FAIL, str(error), outage=True)
        self._book(turn)
        return turn

    def _book(self, turn: ModelTurn) -> None:
        budget = self._run.budget
        cost = budget.charge(turn.tokens)
        tokens = turn.tokens
        self._prompt_tokens = turn.context_tokens
        usage = {**tokens.model_dump(), "usd": str(cost), "model": turn.model, "attempts": turn.attempts}
        alarm = cache_alarm(tokens, self._run.facts.least_cacheable, warm=self._cached)
        usage |= {"alarm": alarm} if alarm else {}
        self._cached = tokens.cached > 0
        self._run.emit("agent.usage", "", {**usage, "turn": budget.turns, "stop_reason": turn.stop_reason})

    def _judge(self, turn: ModelTurn) -> Ended | None:
        match turn.stop_reason:
            case "tool_use" | "end_turn" | "stop_sequence":
                self._enlarged = 0
                return self._proceed(turn)
            case "pause_turn" | "compaction":
                self._history.assistant(turn.content)
                return None
            case "max_tokens":
                return self._larger()
            case "refusal":
                category = turn.stop_details.get("category") or "no category given"
                return Ended(Outcome.REFUSED, f"the model refused ({category})")
            case "model_context_window_exceeded":
                return Ended(Outcome.STUCK, "the model's context window is full")
            case other:
                return Ended(Outcome.FAIL, f"the model stopped for a reason that is unknown here: {other or 'none'}")

    def _larger(self) -> Ended | None:
        """That turn is dropped as a whole; the next attempt may be longer."""
        ceiling = self._run.facts.max_output
        if self._shortened:
            return Ended(Outcome.BUDGET, "what is left of the money cuts its answers short", salvage=True)
        if self._enlarged >= LARGER_TRIES or self._max_tokens >= ceiling:
            return Ended(Outcome.STUCK, f"its answers do not fit into {self._max_tokens} tokens", salvage=True)
        self._enlarged += 1
        self._max_tokens = min(self._max_tokens * 2, ceiling)
        return None

    def _proceed(self, turn: ModelTurn) -> Ended | None:
        if turn.content:
            self._history.assistant(turn.content)
        for block in turn.content:
            if block["type"] == "text" and block["text"].strip():
                self._last_text = block["text"]
                self._run.emit("agent.text", block["text"], {})
        calls = [block for block in turn.content if block["type"] == "tool_use"]
        return self._answer(calls) if calls else self._silent()

    def _silent(self) -> Ended | None:
        pattern = self._stuck.silent_turn()
        if pattern:
            return Ended(Outcome.STUCK, pattern, salvage=True)
        self._say([], self._run.reminder)
        return None

    def _say(self, results: Sequence[Block], *texts: str | None) -> None:
        """One user message: all results first, as the API wants, then what there is to say."""
        notes = [text for text in (*texts, self._run.budget.announcement()) if text]
        self._history.user([*results, *({"type": "text", "text": text} for text in notes)])

    # --- tool calls

    def _answer(self, calls: Sequence[Block]) -> Ended | None:
        results: dict[str, Block] = {}
        fitting = [block for block in calls if self._fits(block, results)]
        if self._malformed >= MALFORMED_IN_A_ROW:
            ended = Ended(Outcome.STUCK, f"{MALFORMED_IN_A_ROW} malformed tool calls in a row", salvage=True)
            return self._go_on(calls, results, [], ended)
        ending = self._run.ending.schema.name
        work = [Ready(block, self._tools[block["name"]]) for block in fitting if block["name"] != ending]
        paths = self._run_all(work, results)
        ends = [block for block in fitting if block["name"] == ending]
        return self._go_on(calls, results, paths, self._end(ends, results))

    def _fits(self, block: Block, results: dict[str, Block]) -> bool:
        """Counts malformed calls in a row and answers them; a good one starts the count again."""
        problem = self._problem(block)
        self._malformed = self._malformed + 1 if problem else 0
        if problem:
            results[block["id"]] = self._result(block, ToolResult(problem.text, error=True))
        return problem is None

    def _problem(self, block: Block) -> Malformed | None:
        schema = next((schema for schema in self._schemas if schema.name == block["name"]), None)
        if schema is None:
            known = [schema.name for schema in self._schemas]
            meant = nearest_name(str(block["name"]), known)
            hint = f" Did you mean {meant}?" if meant else ""
            return Malformed(f"There is no tool {block['name']!r}; there are: {', '.join(known)}.{hint}")
        return checked(schema, block["input"])

    def _run_all(self, ready: Sequence[Ready], results: dict[str, Block]) -> list[str]:
        """Fills `results`; returns the paths that were touched."""
        paths: list[str] = []
        for batch in in_batches(ready):
            for call in batch:
                self._run.emit("agent.tool", call.block["name"], {"input": _short(call.block["input"])})
            for call, result in zip(batch, run_batch(batch, self._run.cancelled), strict=True):
                results[call.block["id"]] = self._result(call.block, result)
                paths += result.paths
        return paths

    def _result(self, block: Block, result: ToolResult) -> Block:
        answered = answer(block, result)
        call = json.dumps([block["name"], block["input"]], sort_keys=True)
        self._stuck.step(Step.of(call, json.dumps(answered["content"]), error=result.error))
        text = result.content if isinstance(result.content, str) else f"{len(result.content)} blocks"
        self._run.emit("agent.result", text[:2000], {"tool": block["name"], "error": result.error, **result.data})
        return answered

    def _end(self, ends: Sequence[Block], results: dict[str, Block]) -> Ended | None:
        for block in ends:
            self._run.emit("agent.tool", block["name"], {"input": _short(block["input"])})
            said = self._run.ending.call(block["input"])
            if isinstance(said, Accepted):
                return Ended(said.outcome, "", accepted=said)
            results[block["id"]] = self._result(block, ToolResult(said.text, error=True))
            if said.final:
                return Ended(Outcome.STUCK, "the gates still fail after every try to finish", salvage=True)
        return None

    def _go_on(
        self, calls: Sequence[Block], results: dict[str, Block], paths: Sequence[str], ended: Ended | None
    ) -> Ended | None:
        """Answers every call, unless the session was ended as it should."""
        if ended is not None and ended.accepted:
            return ended
        for verdict in self._verify.failed():
            self._stuck.verified(verdict.fingerprint, verdict.tree)
        answers = [results.get(block["id"]) or answer(block, NOT_RUN) for block in calls]
        rules = text_of(self._run.rules.touched(paths)) if self._run.rules and paths else ""
        pattern = None if ended else self._stuck.pattern()
        if pattern and not self._stuck.nudge():
            ended = Ended(Outcome.STUCK, pattern, salvage=True)
        self._say(answers, rules, prompts.nudge(pattern) if pattern and not ended else None)
        return ended

    # --- the end

    def _report(self, ended: Ended) -> AgentReport:
        note = "" if ended.accepted else self._handover(ended)
        budget = self._run.budget
        return AgentReport(
            outcome=ended.outcome,
            output=ended.accepted.output if ended.accepted else {},
            arguments=ended.accepted.arguments if ended.accepted else {},
            reason=ended.reason,
            note=note,
            tokens=budget.tokens,
            usd=budget.usd,
            turns=budget.turns,
            seconds=budget.seconds,
            outage=ended.outage,
        )

    def _handover(self, ended: Ended) -> str:
        """The model's own note, paid from the reserve, where nothing forbids to ask for it; else its last words."""
        if ended.salvage and self._history.ends_with_user:
            self._history.user([{"type": "text", "text": prompts.SALVAGE}])
            plan = self._run.budget.plan_salvage(self._estimate())
            asked = plan if isinstance(plan, Exhausted) else self._ask(plan.max_tokens, plan.deadline_s)
            if isinstance(asked, ModelTurn):
                return "\n".join(block["text"] for block in asked.content if block["type"] == "text").strip()
        return self._last_text


def _compaction(facts: ModelFacts) -> dict[str, Any] | None:
    """https://docs.claude.com/en/docs/build-with-claude/compaction: done by the API, the history stays as it is."""
    if not facts.compaction:
        return None
    trigger = {"type": "input_tokens", "value": max(LEAST_COMPACTION, int(facts.window * COMPACT_AT))}
    return {"edits": [{"type": "compact_20260112", "trigger": trigger}]}


def _rejected(message: str) -> Ended:
    if "prompt is too long" in message:
        return Ended(Outcome.STUCK, f"the conversation no longer fits: {message}")
    return Ended(Outcome.FAIL, f"the model's endpoint refused the request: {message}")


def _short(arguments: Json) -> dict[str, Any]:
    """For the trace: long strings cut."""
    return {key: value[:500] if isinstance(value, str) else value for key, value in arguments.items()}
