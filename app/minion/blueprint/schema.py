"""The language's tables: which keys each node type has, which outcomes, which built-ins. The loader reads by them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from minion.blueprint.shapes import (
    Argument,
    Choice,
    Duration,
    Flag,
    Key,
    ListOf,
    Literal,
    LookupOnly,
    Money,
    Name,
    OneOf,
    OutputSchema,
    Path,
    Record,
    Script,
    TableOf,
    Targets,
    Text,
    Whole,
)

API_VERSION = "minion/v1"
HARD_PUSHES = 2
HARD_USD = Decimal(100)
HARD_WALL_S = 24 * 3600.0
DAY_S = 24 * 3600.0

TOOLS = ("read", "search", "edit", "write", "shell", "git.log", "git.show", "git.blame", "ci.history", "web")
COMMANDS = ("setup", "lint", "format", "test", "docs")
REPORTS = ("junit", "ruff", "sarif", "json", "lines")
NETWORKS = ("none", "open")
MOST_ITEMS = 10_000
MOST_MCP = 20
"""Tools of MCP servers that one node may have."""
MODELS = ("cheap", "standard", "strong")
EFFORTS = ("low", "medium", "high", "xhigh", "max")
EVENTS = ("checks.settled", "reply", "approval")
NO_CHECKS = (
    "draft_skipped",
    "not_configured",
    "action_required",
    "conflict",
    "actions_disabled",
    "never_started",
)
"""Why a head has no check run: `nodes.<wait>.output.reason` after the outcome `none`."""
PROOFS = ("proven", "passes_on_base", "fails_on_head", "no_test_changed", "cannot_run")
"""What the tests of a change showed: `nodes.<run>.output.reason` of a `reproduction`."""

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "run": ("ok", "fail", "timeout", "capped"),
    "agent": ("ok", "fail", "stuck", "budget", "refused", "capped"),
    "judge": ("pass", "veto", "fail", "capped"),
    "action": ("ok", "fail", "none", "capped"),
    "wait": ("ok", "fail", "none", "timeout", "capped"),
    "call": ("ok", "fail", "capped"),
    "map": ("ok", "none", "capped"),
}
RESULTS: Mapping[str, tuple[str, ...]] = {**OUTCOMES, "map": ("ok", "fail")}
"""What a host may say of the pending node: for a map, how the one step went that it rests at."""
GOOD = frozenset({"ok", "pass"})

USES: Mapping[str, Mapping[str, Argument]] = {
    "push": {},
    "pr.open": {
        "template": Argument(Choice(("pr",))),
        "draft": Argument(Flag()),
        "text": Argument(Text(), text=True),
    },
    "pr.ready": {},
    "comment": {"template": Argument(Choice(("ask", "note", "plan"))), "text": Argument(Text(), text=True)},
    "checks.collect": {},
    "checks.rerun": {},
    "review.collect": {},
    "review.reply": {"replies": Argument(LookupOnly(), text=True)},
    "handoff": {},
}
"""The built-ins and their parameters."""


def _limits(*names: str) -> Key:
    known = {
        "turns": Key(Whole(1, 500), "Model calls."),
        "usd": Key(Money(HARD_USD), "US dollars."),
        "wall": Key(Duration(HARD_WALL_S), "Runner time."),
        "visits": Key(Whole(1, 20), "How often the node may be entered; one entry too many is `capped`."),
    }
    return Key(Record({name: known[name] for name in names}), "Per visit, except `visits`.")


def _next(kind: str) -> Key:
    return Key(Targets(OUTCOMES[kind]), "Where each outcome leads.", required=True)


_TYPE = Key(Name(), "What kind of node this is.", required=True)
_CONTEXT = Key(ListOf(Path()), "Values for the model, looked up; `?` marks what may be absent.")
_MODEL = Key(Choice(MODELS), "Role of the model.")
_EFFORT = Key(Choice(EFFORTS), "How hard the model thinks.")
_RULES = Key(Choice(("auto", "none")), "Whether the repository's rule files are read.")
_COMMAND = Choice(COMMANDS)

_RUN = Record(
    {
        "type": _TYPE,
        "command": Key(_COMMAND, "The repository's own command, configured or detected."),
        "argv": Key(ListOf(Text(), least=1), "A program and its arguments."),
        "script": Key(Script(), "Lines for `bash`."),
        "program": Key(Text(64), "A file in `programs/` beside the blueprint: `NAME.py` or `NAME.sh`."),
        "autofix": Key(_COMMAND, "Command that is run before the check itself."),
        "parse": Key(Choice(REPORTS), "How the report is read."),
        "env": Key(
            TableOf(Argument(Literal(), text=True), variables=True),
            "Environment of the command: values, also looked up.",
        ),
        "reproduction": Key(Flag(), "Passes only if the tests of the change fail without the rest of it."),
        "prepare": Key(Flag(), "Run again at the start of every round."),
        "gate_only": Key(Flag(), "Never entered; a gate of agent nodes."),
        "network": Key(Choice(NETWORKS), "What the commands may reach; `open` for `prepare` nodes only."),
        "limits": _limits("wall", "visits"),
        "next": Key(Targets(OUTCOMES["run"]), "Where each outcome leads; absent for `gate_only`."),
    }
)
_AGENT = Record(
    {
        "type": _TYPE,
        "goal": Key(Text(), "What to achieve, in a sentence or two.", required=True),
        "context": _CONTEXT,
        "tools": Key(ListOf(Choice(TOOLS)), "What the model may use."),
        "mcp": Key(ListOf(Text(200)), "Tools of MCP servers, each `server.tool`, that the repository has reviewed."),
        "write": Key(
            Record(
                {
                    "allow": Key(ListOf(Text(500)), "Patterns (as in .gitignore) that may change."),
                    "protect": Key(ListOf(Text(500)), "Patterns that may not."),
                }
            ),
            "Paths that the node may change.",
        ),
        "model": _MODEL,
        "effort": _EFFORT,
        "rules": _RULES,
        "output": Key(OutputSchema(), "JSON Schema of the answer."),
        "gate": Key(ListOf(Name()), "`gate_only` nodes that must pass before `finish` is accepted."),
        "repair": Key(Whole(0, 10), "Refused finishes before the outcome is `stuck`."),
        "narrows": Key(Name(), "Field of `output`, a list of patterns that narrows the task's scope from then on."),
        "limits": _limits("turns", "usd", "wall", "visits"),
        "next": _next("agent"),
    }
)
_JUDGE = Record(
    {
        "type": _TYPE,
        "criteria": Key(ListOf(Text(500), least=1), "What the change is held against.", required=True),
        "context": _CONTEXT,
        "model": _MODEL,
        "effort": _EFFORT,
        "limits": _limits("turns", "usd", "wall", "visits"),
        "next": _next("judge"),
    }
)
_ACTION = Record(
    {
        "type": _TYPE,
        "uses": Key(Choice(tuple(USES)), "The built-in.", required=True),
        "with": Key(TableOf(Argument(Literal(), text=True)), "Its parameters."),
        "limits": _limits("visits"),
        "next": _next("action"),
    }
)
_WAIT = Record(
    {
        "type": _TYPE,
        "event": Key(Choice(EVENTS), "What is waited for.", required=True),
        "from": Key(Choice(("write",)), "The permission that a reply or approval needs."),
        "timeout": Key(Duration(30 * DAY_S), "How long; waiting costs nothing."),
        "limits": _limits("visits"),
        "next": _next("wait"),
    }
)
_SWITCH = Record(
    {
        "type": _TYPE,
        "value": Key(LookupOnly(), "An untainted value: an enum, a boolean or an integer.", required=True),
        "cases": Key(TableOf(Name(), any_key=True), "Value to node.", required=True),
        "else": Key(Name(), "Node for every other value."),
    }
)
_CALL = Record(
    {
        "type": _TYPE,
        "blueprint": Key(Name(), "The blueprint that is called.", required=True),
        "with": Key(TableOf(Argument(Literal(), text=True)), "Its inputs."),
        "limits": _limits("visits"),
        "next": _next("call"),
    }
)
_END = Record(
    {
        "type": _TYPE,
        "status": Key(Choice(("success", "handed_off", "declined")), "How the task ends.", required=True),
    }
)
_END_OF_ITEM = Record(
    {
        "type": _TYPE,
        "status": Key(Choice(("keep", "skip", "revert")), "What becomes of the item's changes.", required=True),
    }
)
BODY = OneOf("type", {"run": _RUN, "agent": _AGENT, "judge": _JUDGE, "switch": _SWITCH, "end": _END_OF_ITEM})
_MAP = Record(
    {
        "type": _TYPE,
        "over": Key(LookupOnly(), "The list.", required=True),
        "most": Key(Whole(1, MOST_ITEMS), "Items that are taken; the rest is counted as `left`. 1000 if not given."),
        "start": Key(Name(), "The first node for each item.", required=True),
        "nodes": Key(TableOf(BODY, least=1), "The steps for one item.", required=True),
        "limits": _limits("visits"),
        "next": _next("map"),
    }
)
NODES = OneOf(
    "type",
    {
        "run": _RUN,
        "agent": _AGENT,
        "judge": _JUDGE,
        "action": _ACTION,
        "wait": _WAIT,
        "switch": _SWITCH,
        "call": _CALL,
        "map": _MAP,
        "end": _END,
    },
)
_INPUT = Record(
    {
        "type": Key(Choice(("integer", "boolean", "string")), "A string counts as tainted.", required=True),
        "required": Key(Flag(), "Whether it must be given."),
        "default": Key(Literal(), "Its value when it is not given."),
    }
)
_CAPS = Record(
    {
        "pushes": Key(Whole(0, HARD_PUSHES), "Commits that reach GitHub."),
        "usd": Key(Money(HARD_USD), "US dollars."),
        "wall": Key(Duration(HARD_WALL_S), "Runner time."),
    }
)
_DEFAULTS = Record(
    {
        "fail": Key(Name(), "Where unmapped bad outcomes go.", required=True),
        "agent": Key(Record({"model": _MODEL, "effort": _EFFORT, "rules": _RULES}), "For agent nodes."),
    }
)
BLUEPRINT = Record(
    {
        "apiVersion": Key(Choice((API_VERSION,)), "The language's version.", required=True),
        "kind": Key(Choice(("Blueprint",)), "What this file is.", required=True),
        "name": Key(Name(), "As in the file's name.", required=True),
        "description": Key(Text(), "One sentence for people.", required=True),
        "inputs": Key(TableOf(_INPUT), "What it is started with."),
        "caps": Key(_CAPS, "For the whole task, with all that it calls."),
        "defaults": Key(_DEFAULTS, "What nodes need not repeat.", required=True),
        "start": Key(Name(), "The first node.", required=True),
        "nodes": Key(TableOf(NODES, least=1), "The steps.", required=True),
    }
)
