"""Tools of MCP servers through the whole system: declared on the default branch, reviewed, called in a job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.scenarios import tracker
from tests.scenarios.project import (
    CONFIGURATION,
    Json,
    add_test,
    call,
    conversation,
    finish,
    judge,
    mend_code,
    triage,
    turn,
)
from tests.scenarios.universe import ORGANISATION, Repository, Snapshot, Universe

from minion.ports.tool_servers import OfferedTool
from minion.shipped import folder

RUNNER, WORKFLOW = f"{ORGANISATION}/minion-runner", ".github/workflows/minion.yml"
TRACKER_TOKEN, HOUSE_TOKEN = "tracker-canary-5b1f0c77", "house-canary-e02d94aa"
PROGRAM = "tools/tracker.py"
NOTE = "- add() adds (T-7)."
STYLE = "A note is an entry of a list."
PROC = Path("/proc")
DECLARED = {
    "mcpServers": {"tracker": {"command": "python3", "args": [PROGRAM], "env": {"TOKEN": "${TRACKER_TOKEN}"}}},
}
REVIEWS = """\
mcp:
  secrets: [TRACKER_TOKEN, HOUSE_TOKEN]
  servers:
    house: {{type: http, url: "{url}", headers: {{Authorization: "Bearer ${{HOUSE_TOKEN}}"}}}}
  tools:
    tracker.get_ticket: {{risk: read, digest: "{digest}", nodes: [implement]}}
    tracker.move_ticket: {{risk: write, digest: "sha256:{other}", nodes: [implement]}}
    tracker.close_ticket: {{risk: destructive, nodes: [implement]}}
    house.style: {{risk: read, nodes: [implement]}}
"""
ENVIRONMENT = """\
    env:
      TRACKER_TOKEN: ${{ secrets.TRACKER_READ_ONLY_TOKEN }}
      HOUSE_TOKEN: ${{ secrets.HOUSE_TOKEN }}
      MINION_MCP_SECRETS: TRACKER_TOKEN,HOUSE_TOKEN
"""
"""As docs/mcp.md has it, in the job of the runner workflow."""


@contextmanager
def consent(universe: Universe) -> Iterator[None]:
    """The owner of the runner's repository hands the variables to the job."""
    shipped = (folder("action") / "runner-workflow.yml").read_text()
    assert shipped.count("    steps:\n") == 1
    universe.hub.set_secret(RUNNER, "TRACKER_READ_ONLY_TOKEN", TRACKER_TOKEN)
    universe.hub.set_secret(RUNNER, "HOUSE_TOKEN", HOUSE_TOKEN)
    universe.secrets |= {"the tracker's token": TRACKER_TOKEN, "the house's token": HOUSE_TOKEN}
    given = {WORKFLOW: shipped.replace("    steps:\n", f"{ENVIRONMENT}    steps:\n")}
    universe.ann.commit(RUNNER, "main", given, "Servers get their tokens")
    try:
        yield
    finally:
        universe.ann.commit(RUNNER, "main", {WORKFLOW: shipped}, "No servers")


def declaring(universe: Universe, url: str) -> Repository:
    """A repository that holds the tracker's program itself."""
    digest = OfferedTool("tracker", "get_ticket", tracker.TICKETS["get_ticket"], tracker.SCHEMA).digest
    reviews = REVIEWS.format(url=url, digest=digest, other="0" * 64)
    return universe.repository(
        {
            ".mcp.json": json.dumps(DECLARED),
            ".github/minion.yml": CONFIGURATION + reviews,
            PROGRAM: Path(tracker.__file__).read_text(),
        }
    )


def asking() -> tuple[Json, Json]:
    """The change is made only where both answers were shown."""
    look = "env; cat /proc/*/environ; ls -R / 2>/dev/null | grep -c tracker; true"
    asked = turn(
        *(call("read", path=path) for path in ("calc.py", "test_calc.py", "NOTES.md")),
        call("mcp__tracker__get_ticket", number=7),
        call("mcp__tracker__close_ticket", number=7),
        call("mcp__house__style", number=1),
        call("mcp__house__announce", number=1),
        call("shell", command=look),
    )
    note = call("edit", path="NOTES.md", edits=[{"old": "# Notes\n", "new": f"# Notes\n\n{NOTE}\n"}])
    turns = (asked, turn(mend_code(), add_test(), note), turn(call("verify")), turn(finish("As T-7 wants it.")))
    answered = conversation("implement", "Carry out the spec", *turns)
    answered["match"]["served"] = [NOTE, "(seen as ***)", STYLE, "There is no tool 'mcp__house__announce'"]
    return answered, conversation("implement, unanswered", "Carry out the spec", asked)


def test_tools_of_servers_are_called_in_the_runner(universe: Universe, snapshot: Snapshot) -> None:
    with tracker.served(HOUSE_TOKEN, STYLE) as house, consent(universe):
        repository = declaring(universe, house.url)
        universe.play(triage(), *asking(), judge())
        number = repository.issue()
        repository.ask(number)
        assert repository.ended(number) == "minion-done"
    assert house.calls == [{"name": "style", "arguments": {"number": 1}}]
    [pull] = repository.pulls()
    assert universe.ann.read_file(repository.name, "NOTES.md", pull["head"]["ref"]).endswith(f"{NOTE}\n")
    assert "| results of mcp__tracker__get_ticket |" in pull["body"]
    assert called(universe, repository) == [
        ("implement", "house.style", True),
        ("implement", "tracker.get_ticket", True),
    ]
    assert offered(universe) == ["mcp__house__style", "mcp__tracker__get_ticket"]
    assert found(universe, TRACKER_TOKEN) == found(universe, HOUSE_TOKEN) == []
    assert running(PROGRAM) == []
    snapshot(repository)


def called(universe: Universe, repository: Repository) -> list[tuple[str, str, bool]]:
    """Of the trace: node, tool and whether it went well; reads run at the same time."""
    query = "select t.body from trace t join tasks k on k.id = t.task_id where k.repository_id = ? order by t.id"
    events = [json.loads(event) for (event,) in universe.rows(query, universe.ann.repo(repository.name)["id"])]
    calls = [(event["node"], event["data"], event["text"]) for event in events if event["kind"] == "mcp.call"]
    assert all(text.startswith(f"{data['server']}.{data['tool']}: ok") for _, data, text in calls)
    return sorted((node, f"{data['server']}.{data['tool']}", data["ok"]) for node, data, _ in calls)


def offered(universe: Universe) -> list[str]:
    """What the agent had of servers in its last request."""
    bodies = [request["body"] for request in universe.model.requests]
    [*_, last] = [body for body in bodies if "mcp__tracker" in json.dumps(body["tools"])]
    return [tool["name"] for tool in last["tools"] if tool["name"].startswith("mcp__")]


def found(universe: Universe, secret: str) -> list[str]:
    """Where it is: files of the hub, of jobs and of the App; what the model was sent."""
    places = [
        str(path) for path in universe.place.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]
    sent = [
        str(index) for index, request in enumerate(universe.model.requests) if secret in json.dumps(request["body"])
    ]
    return places + sent


def running(program: str) -> list[str]:
    """Processes that have it in their command line."""
    lines = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                lines.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return [line for line in lines if program in line]
