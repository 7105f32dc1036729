"""Writes what the pages of docs/ take from the code and the blueprints; `--check` compares instead (exit 1)."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from ruamel.yaml import YAML

from minion.blueprint.library import assemble
from minion.blueprint.reference import rewrite
from minion.domain.config import RepositoryConfiguration
from minion.nodes.lint.linters import Linter
from minion.nodes.lint.table import LINTERS
from minion.ports.web import NotFetched
from minion.settings import Local, Server, variables
from minion.shipped import shipped
from minion.tasks.gate_paths import PROTECTED
from minion.tasks.spec_schema import front_matter_schema
from minion.tools.bench import ToolBench
from minion.tools.reference import limits_table, tool_reference
from minion.tools.registry import TOOLS

DOCS = Path(__file__).parent


def server_variables() -> str:
    return _variables(Server)


def local_variables() -> str:
    return _variables(Local)


def _variables(kind: type[BaseModel]) -> str:
    rows = [f"| `{name}` | {'yes' if needed else ''} | {text} |" for name, text, needed in variables(kind)]
    return "\n".join(["| variable | needed | what to put there |", "|---|---|---|", *rows])


def repository_keys() -> str:
    return "\n".join(["| key | default | what it is |", "|---|---|---|", *_keys(RepositoryConfiguration, "")])


def _keys(kind: type[BaseModel], prefix: str) -> list[str]:
    rows: list[str] = []
    texts = _docstrings(kind)
    for name, field in kind.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            rows += _keys(field.annotation, f"{prefix}{name}.")
        else:
            default = field.get_default(call_default_factory=True)
            shown = "" if default in (None, (), {}, PydanticUndefined) else f"`{default}`"
            rows.append(f"| `{prefix}{name}` ({_type(field.annotation)}) | {shown} | {texts.get(name, '')} |")
    return rows


def _docstrings(kind: type[BaseModel]) -> dict[str, str]:
    """The string after each field. pydantic would read them whenever the module is imported, which takes 20 ms."""
    body = next(node.body for node in ast.parse(inspect.getsource(kind)).body if isinstance(node, ast.ClassDef))
    return {
        ast.unparse(field.target): inspect.cleandoc(text)
        for field, after in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr)
        for text in [ast.literal_eval(after.value)]
    }


def _type(annotation: object) -> str:
    if get_origin(annotation) in {tuple, list}:
        return "list"
    if get_origin(annotation) is dict:
        return "mapping"
    parts = [part for part in get_args(annotation) or (annotation,) if part is not type(None)]
    return {str: "text", bool: "true or false"}.get(parts[0], "number")


def action_inputs() -> str:
    action = YAML(typ="safe", pure=True).load((DOCS.parent / "action" / "action.yml").read_text())
    rows = [
        f"| `{name}` | {'yes' if given.get('required') else ''} | {given['description']} |"
        for name, given in action["inputs"].items()
    ]
    return "\n".join(["| input | needed | what it is |", "|---|---|---|", *rows])


def protected_paths() -> str:
    return ", ".join(f"`{pattern}`" for pattern in PROTECTED)


def linters() -> str:
    rows = [f"| [{one.name}]({one.source}) | {_does(one)} | {_signs(one)} |" for one in LINTERS]
    return "\n".join(["| linter | what | recognised by |", "|---|---|---|", *rows])


class _Documentation:
    """Stands for what a repository allows."""

    hosts = ("docs.python.org",)
    not_allowed = ()

    def fetch(self, url: str) -> NotFetched:
        return NotFetched(f"{url} is not fetched for a page of documents")


def tools() -> str:
    bench = ToolBench(None, None, DOCS, web=_Documentation(), check_history=())
    return tool_reference({name: tool for name, make in TOOLS.items() if (tool := make(bench)) is not None})


def _does(linter: Linter) -> str:
    if not linter.check:
        return "named only"
    what = "formats" if linter.kind == "format" else "lints, formats" if linter.restyles else "lints"
    return f"{what}, kept loaded" if linter.worker else what


def _signs(linter: Linter) -> str:
    sections = [f"`{begin.strip('[]')}` in `{file}`" for file, begin in linter.sections]
    signs = [*(f"`{name}`" for name in (*linter.configs, *linter.implied)), *sections]
    return ", ".join([*signs, *(["a call in CI"] if linter.words else [])]) or "a hook"


TABLES = {
    ("configuration.md", "server"): server_variables,
    ("configuration.md", "local"): local_variables,
    ("configuration.md", "repository"): repository_keys,
    ("configuration.md", "protected"): protected_paths,
    ("action.md", "inputs"): action_inputs,
    ("lint.md", "linters"): linters,
    ("tools.md", "tools"): tools,
    ("tools.md", "limits"): limits_table,
}


def filled(text: str, name: str, table: str) -> str:
    """`text` with what stands between the markers of `name` replaced."""
    start, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    before, _, rest = text.partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"no markers for {name}")
    return f"{before}{start}\n{table}\n{end}{after}"


def tables() -> dict[Path, str]:
    """Each page as it should be."""
    pages: dict[Path, str] = {}
    for (page, name), table in TABLES.items():
        path = DOCS / page
        pages[path] = filled(pages.get(path) or path.read_text(), name, table())
    return pages


def blueprint_pages() -> dict[Path, str]:
    library = assemble(shipped())
    if not isinstance(library, dict):
        raise SystemExit("\n".join(map(str, library)))
    paths = [DOCS.parent / "README.md", DOCS / "blueprints.md", *(DOCS / "blueprints").glob("*.md")]
    return {path: rewrite(path.read_text(), library) for path in paths}


def schemas() -> dict[Path, str]:
    return {DOCS / "task-spec.schema.json": json.dumps(front_matter_schema(), indent=2) + "\n"}


def main() -> int:
    pages = tables() | blueprint_pages() | schemas()
    stale = sorted(path for path, fresh in pages.items() if not path.exists() or fresh != path.read_text())
    if "--check" in sys.argv:
        names = ", ".join(str(path.relative_to(DOCS.parent)) for path in stale)
        print(f"stale: {names}; run: .venv/bin/python docs/generate.py" if stale else "all pages are current")
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
