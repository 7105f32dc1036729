"""All linters that are known, in the order in which their fixes are applied: sorters before formatters."""

from __future__ import annotations

from minion.nodes.lint.linters import Linter
from minion.nodes.lint.table_compiled import COMPILED
from minion.nodes.lint.table_python import PYTHON
from minion.nodes.lint.table_text import TEXT
from minion.nodes.lint.table_web import WEB

LINTERS: tuple[Linter, ...] = (*PYTHON, *WEB, *COMPILED, *TEXT)
BY_NAME = {linter.name: linter for linter in LINTERS}
