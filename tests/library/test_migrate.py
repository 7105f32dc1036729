"""Finding uses, renaming without a model, and telling what was left."""

from __future__ import annotations

import pytest
from tests.library.conftest import Commit, Done

OLD = {
    "pkg/__init__.py": "from .compat import map, longest\n",
    "pkg/compat.py": "from itertools import zip_longest as longest\nmap = map\n",
    "pkg/a.py": "from pkg.compat import longest\n",
    "lib/b.py": "import pkg.compat\n",
    "lib/old/c.py": "import pkg.compat\n",
    "CHANGELOG.md": "pkg.compat came in 1.0\n",
    "docs/news/1.0.md": "other\n",
    "unlike.py": "import pkg.compatible\n",
}


def test_files_that_use_the_old_api_within_the_bounds(commit: Commit) -> None:
    checkout = commit("migrate", OLD)
    everywhere = checkout.run("find", USES="pkg.compat\n.compat", PATHS="")
    assert everywhere.said.split() == ["lib/b.py", "lib/old/c.py", "pkg/__init__.py", "pkg/a.py"]
    bounded = checkout.run("find", USES="pkg.compat", PATHS="lib/*.py\n/unlike.py")
    assert bounded.said.split() == ["lib/b.py"]
    uses = {"USES": "pkg.compat", "PATHS": ""}
    assert checkout.run("find", **uses, ALLOWED="lib/\nunlike.py").said.split() == ["lib/b.py", "lib/old/c.py"]
    assert checkout.run("find", **uses, ALLOWED="lib/", FORBIDDEN="old/").said.split() == ["lib/b.py"]
    assert checkout.run("find", **uses, FORBIDDEN="/lib/").said.split() == ["pkg/a.py"]
    assert checkout.run("find", USES="nowhere", PATHS="") == Done(0, "", "")


def test_a_search_for_nothing_is_no_search(commit: Commit) -> None:
    assert commit("migrate", OLD).run("find", USES="", PATHS="").code != 0


@pytest.mark.parametrize("node", ["seen", "still"])
def test_a_use_is_seen(commit: Commit, node: str) -> None:
    checkout = commit("migrate", OLD)
    assert checkout.run(node, FILE="lib/b.py", USES="pkg.compat").code == 1
    assert checkout.run(node, FILE="unlike.py", USES="pkg.compat").code == 0


RENAMES = """\
old.api.map -> map
old.api.one -> old.api.two
old.api.zip -> builtins.zip
old.api.reduce -> functools.reduce
pkg.compat.longest -> itertools.zip_longest
old.api.thing -> new.api.thing
old.mod.f(old_name=) -> old.mod.f(new_name=)
old.mod -> new.mod
that is no rule
"""
BEFORE = '''\
"""É doc, and old.api.thing in a text."""
import old.api
import keep, old.api as oa
from old.api import (map, zip,
                     iteritems, reduce as r)
from .compat import longest, other
from old.mod import f


def g(x):
    é = longest(map(x))
    return r(é, old.api.thing(x), old_name=3), oa.reduce(1), oa.one, f(old_name=1), iteritems(x), x.reduce
'''
AFTER = '''\
"""É doc, and old.api.thing in a text."""
import new.api
import keep
import old.api as oa
import functools
from old.api import iteritems
from functools import reduce as r
from .compat import other
from itertools import zip_longest
from new.mod import f


def g(x):
    é = zip_longest(map(x))
    return r(é, new.api.thing(x), old_name=3), functools.reduce(1), oa.two, f(new_name=1), iteritems(x), x.reduce
'''


def test_renames(commit: Commit) -> None:
    checkout = commit("migrate", {"pkg/__init__.py": "", "pkg/m.py": BEFORE})
    done = checkout.run("rename", FILE="pkg/m.py", RENAMES=RENAMES)
    assert (done.code, done.errors) == (0, "")
    assert checkout.read("pkg/m.py") == AFTER


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("from a import f\n\ndef g(f):\n    return f\n", "means several things"),
        ("from a import f\n\nh = 1\nprint(f, h)\n", "is taken"),
        ("from a import *\n", "imports everything"),
        ("from a import f  # noqa\nf()\n", "shares its lines"),
        ("from a import f; f()\n", "shares its lines"),
        ("def f(:\n", "invalid"),
    ],
)
def test_what_takes_thought_is_left_to_the_model(commit: Commit, text: str, why: str) -> None:
    checkout = commit("migrate", {"m.py": text})
    done = checkout.run("rename", FILE="m.py", RENAMES="a.f -> b.h")
    assert done.code == 1
    assert why in done.errors
    assert checkout.read("m.py") == text


def test_a_package_keeps_its_interface(commit: Commit) -> None:
    checkout = commit("migrate", OLD)
    done = checkout.run("rename", FILE="pkg/__init__.py", RENAMES="pkg.compat.map -> map")
    assert (done.code, checkout.read("pkg/__init__.py")) == (1, OLD["pkg/__init__.py"])


def test_an_import_that_was_all_there_was(commit: Commit) -> None:
    text = "import os\nfrom a import f\n\nif os:\n    from a import f\n    f()\n"
    checkout = commit("migrate", {"m.py": text})
    checkout.run("rename", FILE="m.py", RENAMES="a.f -> sorted")
    assert checkout.read("m.py") == "import os\n\nif os:\n    pass\n    sorted()\n"


def test_other_languages_take_no_renames(commit: Commit) -> None:
    checkout = commit("migrate", {"m.rb": "Old.f\n"})
    assert checkout.run("rename", FILE="m.rb", RENAMES="a.f -> b.f").code == 0
    assert checkout.read("m.rb") == "Old.f\n"


def test_the_repositorys_own_codemod(commit: Commit) -> None:
    files = {"m.txt": "old old\n", "codemods/to-new.sh": 'sed -i s/old/new/g "$1"\n', "codemods/x.py": "1/0\n"}
    checkout = commit("migrate", files)
    assert checkout.run("codemod", FILE="m.txt", CODEMOD="to-new.sh").code == 0
    assert checkout.read("m.txt") == "new new\n"
    assert checkout.run("codemod", FILE="m.txt", CODEMOD="x.py").code != 0


@pytest.mark.parametrize("name", ["../evil.sh", "evil.sh", "a b.sh", "-x.sh", "."])
def test_only_a_committed_codemod_runs(commit: Commit, name: str) -> None:
    checkout = commit("migrate", {"m.txt": "old\n", "codemods/x.sh": "true\n"})
    checkout.write("codemods/evil.sh", "echo ran\n")
    checkout.write("evil.sh", "echo ran\n")
    done = checkout.run("codemod", FILE="m.txt", CODEMOD=name)
    assert done.code != 0
    assert "ran" not in done.said


def test_what_was_not_looked_at_is_told(commit: Commit) -> None:
    checkout = commit("migrate", OLD)
    told = "3 more files use the old API and were not looked at: ask once more for those.\n"
    assert checkout.run("left", LEFT="3") == Done(0, told, "")
    assert checkout.run("left", LEFT="0") == Done(0, "", "")
