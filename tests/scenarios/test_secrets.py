"""While a round runs, nothing that writes or pays is within the runner's reach: not in a process, not in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.scenarios.project import add_notes, add_test, call, conversation, finish, judge, mend_code, triage, turn
from tests.scenarios.universe import MODEL_KEY, SECRET, Snapshot, Universe, wait

SLEEP = "sleep 4.25"
"""Long enough to be looked at, and easily found among all processes."""
PROC = Path("/proc")


def _secrets(universe: Universe) -> dict[str, bytes]:
    """By name: what must be nowhere. Tokens count when they may write."""
    pem = "".join(universe.key.splitlines()[1:-1])
    known = {"the model's key": MODEL_KEY, "the webhook secret": SECRET, "the App's key": pem[40:100]}
    for number, token in enumerate(list(universe.hub.core.state.tokens.values())):
        may_write = token.permissions is None or "write" in {
            level for name, level in token.permissions.items() if name != "id_token"
        }
        if may_write:
            known[f"token {number} of {token.account.login}"] = token.value
    return {name: value.encode() for name, value in known.items()}


def _found(text: bytes, secrets: dict[str, bytes]) -> list[str]:
    return [name for name, value in secrets.items() if value in text or value in text.replace(b"\\n", b"")]


def _tree(root: int) -> list[int]:
    """The process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            parents.setdefault(parent, []).append(int(entry.name))
    found, new = [root], [root]
    while new:
        new = [child for one in new for child in parents.get(one, [])]
        found += new
    return found


def _parent(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None  # it has ended


def _seen(pid: int) -> bytes:
    """Environment and command line, as any process of the same account may read them."""
    parts = []
    for name in ("environ", "cmdline"):
        try:
            parts.append((PROC / str(pid) / name).read_bytes())
        except OSError:
            continue
    return b"\0".join(parts)


def _files(place: Path) -> Iterator[tuple[str, bytes]]:
    for path in place.rglob("*"):
        try:
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()
        except OSError:
            continue  # a job's file that was just removed


def _job(place: Path) -> int | None:
    """The job's first process: the highest above the shell's command that works in the hub's folder."""
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    sleeping = [pid for pid in pids if _seen(pid).rstrip(b"\0").endswith(SLEEP.replace(" ", "\0").encode())]
    return max((_top(pid, place) or 0 for pid in sleeping), default=0) or None


def _top(pid: int, place: Path) -> int | None:
    found, current = None, pid
    while current > 1:
        if str(place).encode() in _seen(current):
            found = current
        parent = _parent(PROC / str(current))
        if parent is None:
            return None
        current = parent
    return found


def test_a_runner_holds_nothing_that_writes_or_pays(universe: Universe, snapshot: Snapshot) -> None:
    repository = universe.repository()
    reads = turn(*(call("read", path=path) for path in ("calc.py", "test_calc.py", "NOTES.md")))
    looks = turn(call("shell", command=f"env; cat /proc/*/environ; {SLEEP}"))
    changes = turn(mend_code(), add_test(), add_notes())
    steps = (reads, looks, changes, turn(finish("add() adds now.")))
    universe.play(triage(), conversation("implement", "Carry out the spec", *steps), judge())
    number = repository.issue()
    repository.ask(number)
    actions = universe.place / "hub" / "actions"
    wait(lambda: _job(actions) is not None, "the agent's shell command")
    secrets = _secrets(universe)
    job = _job(actions)
    assert job is not None
    processes = {pid: _seen(pid) for pid in _tree(job)}
    files = dict(_files(actions))
    assert len([seen for seen in processes.values() if seen]) >= 4  # shell, minion, the box and what runs in it
    assert any("calc.py" in path for path in files)
    assert {pid: _found(seen, secrets) for pid, seen in processes.items() if _found(seen, secrets)} == {}
    assert {path: _found(text, secrets) for path, text in files.items() if _found(text, secrets)} == {}
    assert repository.ended(number) == "minion-done"
    later = dict(_files(actions / "logs")) | dict(_files(actions / "artifacts"))
    assert later
    assert {path: _found(text, secrets) for path, text in later.items() if _found(text, secrets)} == {}
    snapshot(repository)


def test_the_look_sees_what_it_looks_for(universe: Universe, tmp_path: Path) -> None:
    """The App does hold all three, and a planted file is found."""
    secrets = _secrets(universe)
    [app] = [
        int(entry.name)
        for entry in PROC.iterdir()
        if entry.name.isdigit()
        and b"MINION_PRIVATE_KEY=" in _seen(int(entry.name))
        and universe.app.url.encode() in _seen(int(entry.name))
    ]
    assert set(_found(_seen(app), secrets)) == {"the model's key", "the webhook secret", "the App's key"}
    (tmp_path / "kept").write_bytes(b"TOKEN=" + next(v for name, v in secrets.items() if name.startswith("token")))
    [(_, text)] = _files(tmp_path)
    assert len(_found(text, secrets)) == 1
