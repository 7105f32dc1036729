"""Whether nothing but types was changed in the Python files of the working tree, held against the last commit.

The syntax trees before and after are one, once everything is taken away that only says types. Ends with 1 and names
the first file where they are not. Runs on Python 3.9 and later, with its standard library alone.
"""
# ruff: noqa: INP001 -- a program of its own

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Union

TYPING = {"__future__", "typing", "typing_extensions", "collections.abc", "types", "_typeshed"}
MAKERS = {"TypeVar", "ParamSpec", "TypeVarTuple", "NewType"}
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]  # noqa: UP007 -- evaluated, also by Python 3.9


def called(node: ast.expr | None) -> str:
    """The last part of the name of what is called, or of the name itself."""
    found = node.func if isinstance(node, ast.Call) else node
    return found.attr if isinstance(found, ast.Attribute) else str(getattr(found, "id", ""))


class Bare(ast.NodeTransformer):
    """Takes the types away. The names of the methods are given by `ast`."""

    def _function(self, node: Function) -> ast.AST | None:
        if any(called(decorator) == "overload" for decorator in node.decorator_list):
            return None
        node.returns, node.type_comment = None, None
        return self._untyped(node)

    def _untyped(self, node: ast.AST) -> ast.AST:
        if getattr(node, "type_params", None):  # from Python 3.12 on
            vars(node)["type_params"] = []
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST | None:
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._untyped(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = node.type_comment = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None or called(node.annotation) == "TypeAlias":
            return None
        return self.generic_visit(ast.Assign([node.target], node.value))

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        node.type_comment = None
        return None if called(node.value) in MAKERS else self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        node.names = [alias for alias in node.names if alias.name not in TYPING]
        return node if node.names else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module in TYPING and not node.level else node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if called(node.test) == "TYPE_CHECKING" and not node.orelse else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return node.args[1] if called(node) == "cast" and len(node.args) == 2 else node


def bare(source: bytes) -> str:
    tree = Bare().visit(ast.parse(source))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            vars(node)["body"] = [part for part in body if not isinstance(part, ast.Pass)]
    return ast.dump(tree)


def git(*arguments: str) -> bytes:
    command = ["git", "-c", "core.quotePath=off", *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def main() -> None:
    for file in git("diff", "--name-only", "HEAD", "--", "*.py").decode().splitlines():
        if not Path(file).exists() or bare(git("show", f"HEAD:{file}")) != bare(Path(file).read_bytes()):
            sys.exit(f"{file}: more than annotations was changed; take back what changes the code itself")


if __name__ == "__main__":
    main()
