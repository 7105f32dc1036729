"""The blueprints that go through a code base file by file, on real releases with a CI of their own."""

from __future__ import annotations

from typing import Any, Final

import pytest
from tests.scenarios.kept import TOOLS, kept_repository
from tests.scenarios.project import Json, call, conversation, finish, judge, turn
from tests.scenarios.universe import Snapshot, Universe

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("kept")]
ITEM: Final = turn(call("task", names=["item"]))


def for_item(goal: str, path: str, *turns: Json) -> Json:
    """What the model does for one item, once it has asked for its name."""
    said = conversation(path, goal, ITEM, *turns)
    return {**said, "match": {**said["match"], "served": [f'source="item">\n{path}\n']}}


def asks_for_the_item(goal: str) -> Json:
    return conversation("which", goal, ITEM)


def shell(command: str) -> Json:
    return turn(call("shell", command=command))


def spec(goal: str, **output: Any) -> Json:
    return conversation("triage", goal, turn(finish("The request is clear.", output={"question": "", **output})))


def told(goal: str, summary: str) -> Json:
    return conversation("describe", goal, turn(finish(summary)))


# --- migrate

COMPATIBILITY: Final = """\
Python 2 is gone, so `toolz.compatibility` only renames what the standard library has. Use that itself.

### Scope

/toolz/*.py
/toolz/sandbox/

### From

`map`, `filter`, `range`, `zip`, `reduce`, `zip_longest`, `filterfalse`, `Sequence`, `iteritems`, `iterkeys` and
`itervalues` of `toolz.compatibility`

### To

builtins, `functools`, `itertools`, `collections.abc`; the methods of dictionaries

### Rules

`PY3`, `PY34` and `PYPY` stay for now.
"""
RENAMES: Final = [
    *(f"toolz.compatibility.{name} -> {name}" for name in ("map", "filter", "range", "zip")),
    "toolz.compatibility.reduce -> functools.reduce",
    "toolz.compatibility.zip_longest -> itertools.zip_longest",
    "toolz.compatibility.filterfalse -> itertools.filterfalse",
    "toolz.compatibility.Sequence -> collections.abc.Sequence",
]
ADAPT: Final = "One file of a migration"
METHODS: Final = (
    "sed -i -E -e 's/\\biter(items|keys|values)\\((\\w+)\\)/\\2.\\1()/g' -e '/^from toolz.compatibility import/d' "
)
BROKEN: Final = (
    "toolz/tests/test_inspect_args.py toolz/tests/test_tlz.py toolz/tests/test_itertoolz.py::test_random_sample"
)


def _adapted(path: str, command: str) -> Json:
    done = turn(finish("Replaced by methods of dictionaries.", output={"result": "migrated"}))
    return for_item(ADAPT, path, turn(call("read", path=path)), shell(f"{command}{path}"), done)


def _unaffected(path: str) -> Json:
    same = turn(finish("It uses PY3 only, and that stays.", output={"result": "unaffected"}))
    return for_item(ADAPT, path, turn(call("search", pattern="compatibility|PY3", glob=path)), same)


def _gives_up(path: str) -> Json:
    """What it tries breaks the package, and the second thought is a question."""
    question = "`toolz.map` is part of the interface: may it go?"
    return for_item(
        ADAPT,
        path,
        shell(f"sed -i '/^from .compatibility import/d' {path}"),
        turn(finish("Taken out.", output={"result": "migrated"})),
        turn(finish("I cannot tell whether it may go.", status="blocked", open_questions=[question])),
    )


def test_migrate_from_a_module_to_the_standard_library(universe: Universe, snapshot: Snapshot) -> None:
    """Of seven files a program migrates one, the model three; two are not concerned, and one goes back."""
    deselected = " ".join(f"--deselect {test}" for test in BROKEN.split())
    repository = kept_repository(universe, "toolz", "0.10.0", f"toolz {deselected}")
    universe.play(
        spec(
            "Turn the request into the spec of one mechanical migration",
            fit="do",
            uses=["toolz.compatibility", "from .compatibility"],
            renames=RENAMES,
            codemod="",
            rules="iteritems(d) is d.items(), and so on. PY3, PY34 and PYPY stay.",
            paths=["/toolz/*.py", "/toolz/sandbox/"],
        ),
        _gives_up("toolz/__init__.py"),
        _unaffected("toolz/_signatures.py"),
        _adapted("toolz/dicttoolz.py", METHODS),
        _unaffected("toolz/functoolz.py"),
        _adapted("toolz/itertoolz.py", METHODS),
        _adapted("toolz/sandbox/parallel.py", "sed -i '/^from toolz.compatibility import/d' "),
        asks_for_the_item(ADAPT),
        judge(),
        told("Summarise the migration", "Four modules use the standard library itself; `toolz/__init__.py` was left."),
    )
    number = repository.issue("Stop using toolz.compatibility", COMPATIBILITY)
    universe.ann.label(repository.name, number, "minion:migrate")
    assert repository.ended(number, 400) == "minion-done"
    [pull] = repository.pulls()
    files = {file["filename"] for file in universe.ann.pr_files(repository.name, pull["number"])}
    assert files == {"toolz/dicttoolz.py", "toolz/itertoolz.py", "toolz/recipes.py", "toolz/sandbox/parallel.py"}
    assert repository.conclusions(pull["head"]["sha"]) == {"test": "success"}
    assert "Put back as it was: toolz/__init__.py: `adapt` ended with fail" in pull["body"].replace("\\", "")
    snapshot(repository)


# --- remove-deprecated

DEPRECATED: Final = """\
`toolz.compatibility` warns since 0.11 that it will be removed. It may go now: nothing takes its place but the standard
library.
"""
REPLACE: Final = "Something deprecated is to go"
REMOVE: Final = "Remove the deprecated thing itself"


def test_remove_deprecated_module(universe: Universe, snapshot: Snapshot) -> None:
    repository = kept_repository(universe, "toolz", "0.12.1", "toolz")
    freed = turn(finish("Nothing refers to it here any more."))
    tests, settings = "toolz/tests/test_compatibility.py", "setup.cfg"
    universe.play(
        spec(
            "Find out what is to be removed",
            fit="do",
            names=["toolz.compatibility", "toolz/compatibility.py"],
            definitions=["toolz/compatibility.py"],
            instead="the standard library",
        ),
        for_item(REPLACE, tests, turn(call("read", path=tests)), shell(f"rm {tests}"), freed),
        for_item(REPLACE, settings, shell(f"sed -i '/toolz.compatibility.py/d' {settings}"), freed),
        asks_for_the_item(REPLACE),
        conversation("remove", REMOVE, shell("rm toolz/compatibility.py"), turn(finish("The module is gone."))),
        judge(),
        told("Summarise for the reviewer", "`toolz.compatibility` is gone, with its test and its line in setup.cfg."),
    )
    number = repository.issue("Remove toolz.compatibility", DEPRECATED)
    universe.ann.label(repository.name, number, "minion:remove-deprecated")
    assert repository.ended(number, 300) == "minion-done"
    [pull] = repository.pulls()
    files = {file["filename"]: file["status"] for file in universe.ann.pr_files(repository.name, pull["number"])}
    assert files == {"setup.cfg": "modified", "toolz/compatibility.py": "removed", tests: "removed"}
    assert repository.conclusions(pull["head"]["sha"]) == {"test": "success"}
    snapshot(repository)


@pytest.mark.thorough
def test_remove_deprecated_stops_where_somebody_still_uses_it(universe: Universe, snapshot: Snapshot) -> None:
    """The model does not free one file: that one goes back, and the definition stays."""
    repository = kept_repository(universe, "toolz", "0.12.1", "toolz")
    tests, settings = "toolz/tests/test_compatibility.py", "setup.cfg"
    blocked = turn(finish("The warning is tested on purpose.", status="blocked", open_questions=["May the test go?"]))
    universe.play(
        spec(
            "Find out what is to be removed",
            fit="do",
            names=["toolz.compatibility", "toolz/compatibility.py"],
            definitions=["toolz/compatibility.py"],
            instead="the standard library",
        ),
        for_item(REPLACE, tests, shell(f"echo '# kept' >> {tests}"), blocked),
        for_item(
            REPLACE,
            settings,
            shell(f"sed -i '/toolz.compatibility.py/d' {settings}"),
            turn(finish("Nothing refers to it here any more.")),
        ),
        asks_for_the_item(REPLACE),
    )
    number = repository.issue("Remove toolz.compatibility", DEPRECATED)
    universe.ann.label(repository.name, number, "minion:remove-deprecated")
    assert repository.ended(number, 300) == "minion-needs-human"
    snapshot(repository)


# --- annotate-types

KEYS: Final = [
    ('"typedkey")\n', '"typedkey")\n\nfrom typing import Any, Callable, Dict, Hashable, Optional, Tuple\n'),
    ("__hashvalue = None\n", "__hashvalue: Optional[int] = None\n"),
    ("self, hash=tuple.__hash__):", "self, hash: Callable[[Tuple[Any, ...]], int] = tuple.__hash__) -> int:"),
    (
        "    def __add__(self, other, add=tuple.__add__):",
        '    def __add__(self, other: Any, add: Callable[..., Any] = tuple.__add__) -> "_HashedTuple":',
    ),
    (
        "__radd__(self, other, add=tuple.__add__):",
        '__radd__(self, other: Any, add: Callable[..., Any] = tuple.__add__) -> "_HashedTuple":',
    ),
    ("__getstate__(self):", "__getstate__(self) -> Dict[str, Any]:"),
    ("_kwmark = (_HashedTuple,)", "_kwmark: Tuple[Any, ...] = (_HashedTuple,)"),
    ("def hashkey(*args, **kwargs):", "def hashkey(*args: Hashable, **kwargs: Hashable) -> _HashedTuple:"),
    ("def typedkey(*args, **kwargs):", "def typedkey(*args: Hashable, **kwargs: Hashable) -> _HashedTuple:"),
]
ANNOTATE: Final = "Add the types that the type checker misses"
KEYS_PY: Final = "src/cachetools/keys.py"
FUNC_PY: Final = "src/cachetools/func.py"


def test_annotate_types(universe: Universe, snapshot: Snapshot) -> None:
    """Of four files two need no model, one needs it, and one cannot be typed without a change of its code."""
    repository = kept_repository(universe, "cachetools", "4.2.4", "tests", TOOLS)
    edits = [{"old": old, "new": new} for old, new in KEYS]
    info = 'sed -i \'s/"CacheInfo"/"_CacheInfo"/\' '
    blocked = "The name of the tuple `CacheInfo` is not that of its variable, and people see it."
    universe.play(
        spec(
            "Find out which files are to be typed",
            fit="do",
            paths=["/src/cachetools/func.py", "/src/cachetools/keys.py", "/src/cachetools/l*.py"],
        ),
        for_item(
            ANNOTATE,
            FUNC_PY,
            shell(info + FUNC_PY),
            turn(finish("Typed.")),
            turn(finish(blocked, status="blocked", open_questions=["May the tuple's name change?"])),
        ),
        for_item(
            ANNOTATE,
            KEYS_PY,
            turn(call("read", path=KEYS_PY)),
            turn(call("edit", path=KEYS_PY, edits=edits)),
            turn(finish("Keys are hashable, and so are their parts.")),
        ),
        asks_for_the_item(ANNOTATE),
        judge(),
        told("Summarise for the reviewer", "`keys.py`, `lfu.py` and `lru.py` are typed; `func.py` was left."),
    )
    number = repository.issue("Type the keys", "Type func.py, keys.py and the modules of LFU and LRU caches.")
    universe.ann.label(repository.name, number, "minion:annotate-types")
    assert repository.ended(number, 400) == "minion-done"
    [pull] = repository.pulls()
    files = {file["filename"] for file in universe.ann.pr_files(repository.name, pull["number"])}
    assert files == {KEYS_PY, "src/cachetools/lfu.py", "src/cachetools/lru.py"}
    assert repository.conclusions(pull["head"]["sha"]) == {"test": "success"}
    assert f"Put back as it was: {FUNC_PY}: `annotate` ended with fail" in pull["body"].replace("\\", "")
    snapshot(repository)
