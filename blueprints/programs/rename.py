"""Renames modules, names and arguments in one Python file: all that apply to it, or none.

FILE is its path; RENAMES holds one rule a line, with full dotted names: `pkg.old -> pkg.new` for a module, a function
or a class, `pkg.f(old=) -> pkg.f(new=)` for an argument; `-> name` alone for a builtin. Where a rename takes thought it
ends with 1 and says why, and the file is as it was. Runs on Python 3.9 and later, with its standard library alone.
"""
# ruff: noqa: INP001, TID251 -- a program of its own, whose input is its environment

from __future__ import annotations

import ast
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Union

Links = list[Union[ast.Name, ast.Attribute]]  # noqa: UP007 -- evaluated, also by Python 3.9
"""A dotted name as it is written: `a`, then `.b`, then `.c`."""


class TakesThoughtError(Exception):
    """Why the file is left to somebody who thinks."""


class Edit(NamedTuple):
    """Bytes from `start` to `end` become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Rules:
    names: dict[str, str]
    keywords: dict[tuple[str, str], str]
    """Function and argument to the argument's new name."""

    @classmethod
    def read(cls, text: str) -> Rules:
        """What is no rule is passed over."""
        rules = cls({}, {})
        for line in text.splitlines():
            if found := re.fullmatch(r"\s*([\w.]+)\((\w+)=\)\s*->\s*[\w.]*\((\w+)=\)\s*", line):
                rules.keywords[found[1], found[2]] = found[3]
            elif found := re.fullmatch(r"\s*(\w+(?:\.\w+)+)\s*->\s*(\w+(?:\.\w+)*)\s*", line):
                rules.names[found[1]] = found[2].removeprefix("builtins.")
        return rules

    def key(self, dotted: str) -> str | None:
        """The longest part of it that has a new name."""
        parts = dotted.split(".")
        parents = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
        return next((parent for parent in parents if parent in self.names), None)

    def renamed(self, dotted: str) -> str | None:
        key = self.key(dotted)
        return None if key is None else self.names[key] + dotted[len(key) :]

    def concern(self, module: str) -> bool:
        """The module itself, or something of it."""
        return self.renamed(module) is not None or any(key.startswith(f"{module}.") for key in self.names)


class Text:
    """The bytes of a file. The syntax tree counts lines from 1, and bytes within a line."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._starts = [0]
        for row in data.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(row))

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        start = self._starts[node.lineno - 1] + node.col_offset
        return start, self._starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    def lines(self, node: ast.stmt) -> tuple[int, int]:
        """From the start of the first line of it to the end of its last."""
        return self._starts[node.lineno - 1], self._starts[node.end_lineno or node.lineno]

    def edited(self, edits: set[Edit]) -> bytes:
        data = self.data
        for start, end, text in sorted(edits, reverse=True):
            data = data[:start] + text.encode() + data[end:]
        return data


@dataclass
class Names:
    """What the names of a module stand for."""

    package: Sequence[str]
    origins: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Imported name to the dotted names that it may stand for."""
    stored: set[str] = field(default_factory=set)
    """Names that are given a value otherwise."""

    @classmethod
    def of(cls, tree: ast.Module, package: Sequence[str]) -> Names:
        names = cls(package)
        for node in ast.walk(tree):
            names.origins_of(node)
            names.stored.update(stored_by(node))
        return names

    def origins_of(self, node: ast.AST) -> None:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.origins[alias.asname or alias.name].add(f"{self.module_of(node)}.{alias.name}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                self.origins[alias.asname or first].add(alias.name if alias.asname else first)

    def module_of(self, node: ast.ImportFrom) -> str:
        above = self.package[: len(self.package) - node.level + 1] if node.level else []
        return ".".join([*above, *(node.module or "").split(".")]).strip(".")

    def origin(self, links: Links) -> str:
        """The full dotted name; with a `?` before it where that is not certain."""
        name = links[0].id if isinstance(links[0], ast.Name) else ""
        found = self.origins.get(name, set())
        root = next(iter(found)) if len(found) == 1 else f"?{name}"
        return ".".join([root, *attributes(links)])

    def sure(self, name: str) -> None:
        if len(self.origins.get(name, ())) != 1 or name in self.stored:
            raise TakesThoughtError(f"`{name}` means several things")

    def free(self, name: str) -> None:
        if name in self.stored or name in self.origins:
            raise TakesThoughtError(f"`{name}` is taken")


def stored_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)) and node.name:
        yield node.name


def chain(node: ast.expr) -> Links:
    """The links of a dotted name; none for what is no such name."""
    if isinstance(node, ast.Name):
        return [node]
    before = chain(node.value) if isinstance(node, ast.Attribute) else []
    return [*before, node] if before and isinstance(node, ast.Attribute) else []


def attributes(links: Links) -> list[str]:
    return [link.attr for link in links[1:] if isinstance(link, ast.Attribute)]


class Uses(ast.NodeVisitor):
    """Where names are used, and the arguments that have a new name."""

    def __init__(self, names: Names, rules: Rules, text: Text) -> None:
        self.of: dict[str, list[Links]] = defaultdict(list)
        self.edits: set[Edit] = set()
        self._names, self._rules, self._text = names, rules, text

    def visit_Call(self, node: ast.Call) -> None:
        links = chain(node.func)
        dotted = self._names.origin(links) if links else ""
        for keyword in node.keywords:
            if keyword.arg and (new := self._rules.keywords.get((dotted, keyword.arg))):
                start = self._text.span(keyword)[0]
                self.edits.add(Edit(start, start + len(keyword.arg.encode()), new))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        links = chain(node)
        if links:
            self._used(links)
        else:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._used([node])

    def _used(self, links: Links) -> None:
        if isinstance(links[0], ast.Name):
            self.of[links[0].id].append(links)


class Imports:
    """The import statements of a module, and the uses of what they import, by the rules."""

    def __init__(self, text: Text, tree: ast.Module, rules: Rules, package: Sequence[str]) -> None:
        self._text, self._rules = text, rules
        self._names = Names.of(tree, package)
        self._uses = Uses(self._names, rules, text)
        self._uses.visit(tree)
        self.edits = self._uses.edits

    def changed(self, node: ast.AST, *, interface: bool) -> None:
        """`interface`: what the module imports is what others find in it."""
        if isinstance(node, ast.ImportFrom):
            module = self._names.module_of(node)
            if node.names[0].name == "*" and self._rules.concern(module):
                raise TakesThoughtError("it imports everything from there")
            moved = {alias: new for alias in node.names if (new := self._rules.renamed(f"{module}.{alias.name}"))}
            if moved and interface:
                raise TakesThoughtError("what it imports is part of its own interface")
            if moved:
                self._from(node, moved)
        elif isinstance(node, ast.Import):
            lines = [line for alias in node.names for line in self._plain(alias)]
            if lines != [ast.unparse(ast.Import([alias])) for alias in node.names]:
                self._rewrite(node, list(dict.fromkeys(lines)))

    def _from(self, node: ast.ImportFrom, moved: dict[ast.alias, str]) -> None:
        groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for alias, new in moved.items():
            module, _, name = new.rpartition(".")
            old = alias.asname or alias.name
            local = alias.asname if alias.asname and module else name
            self._names.sure(old)
            if local != old:
                self._names.free(local)
                self.edits.update(Edit(*self._text.span(links[0]), local) for links in self._uses.of.get(old, ()))
            if module:
                groups[module].append((name, local))
        kept = [(alias.name, alias.asname or alias.name) for alias in node.names if alias not in moved]
        lines = [imported("." * node.level + (node.module or ""), kept)] if kept else []
        self._rewrite(node, lines + [imported(module, pairs) for module, pairs in groups.items()])

    def _plain(self, alias: ast.alias) -> Iterator[str]:
        """What stands in the place of `import NAME`."""
        suffix = f" as {alias.asname}" if alias.asname else ""
        stays, more = self._qualified(alias)
        if new := self._rules.renamed(alias.name):
            self._names.sure(alias.asname or alias.name.split(".")[0])
            more = [f"import {new}{suffix}"]
            stays = stays and not alias.asname
        if stays or not more:
            yield f"import {alias.name}{suffix}"
        yield from more

    def _qualified(self, alias: ast.alias) -> tuple[bool, list[str]]:
        """Renames the uses by `NAME.…`: whether it is used still, and what has to be imported for the new ones."""
        name = alias.asname or alias.name.split(".")[0]
        base = alias.name if alias.asname else name
        stays, more = False, []
        for links in self._uses.of.get(name, ()):
            key = self._rules.key(".".join([base, *attributes(links)]))
            depth = key.count(".") - base.count(".") if key else 0
            if key is None or depth <= 0:
                stays = True
                continue
            self._names.sure(name)
            new = self._rules.names[key]
            module, _, last = new.rpartition(".")
            text = f"{name}.{last}" if module == base else new
            self.edits.add(Edit(self._text.span(links[0])[0], self._text.span(links[depth])[1], text))
            stays = stays or module == base
            if module and module != base and not self._rules.renamed(alias.name):
                more.append(f"import {module}")
        return stays, more

    def _rewrite(self, node: ast.Import | ast.ImportFrom, lines: list[str]) -> None:
        """These lines in its place; it goes where there are none."""
        start, end = self._text.span(node)
        first, behind = self._text.lines(node)
        indent = self._text.data[first:start].decode()
        if indent.strip() or self._text.data[end:behind].strip() or b"#" in self._text.data[start:end]:
            raise TakesThoughtError("an import shares its lines")
        if not lines and not indent:
            self.edits.add(Edit(first, behind, ""))
            return
        self.edits.add(Edit(start, end, "\n".join(lines or ["pass"]).replace("\n", f"\n{indent}")))


def imported(module: str, pairs: list[tuple[str, str]]) -> str:
    listed = [name if name == local else f"{name} as {local}" for name, local in pairs]
    line = f"from {module} import {', '.join(listed)}"
    return line if len(line) < 80 else f"from {module} import (\n" + "".join(f"    {item},\n" for item in listed) + ")"


def package_of(path: Path) -> list[str]:
    names: list[str] = []
    for folder in path.parents:
        if not (folder / "__init__.py").is_file():
            break
        names.insert(0, folder.name)
    return names


def renamed(path: Path, rules: Rules) -> bytes:
    """The file's new content. Raises `TakesThoughtError`."""
    text = Text(path.read_bytes())
    try:
        tree = ast.parse(text.data.decode())
        imports = Imports(text, tree, rules, package_of(path))
        for node in ast.walk(tree):
            imports.changed(node, interface=path.name == "__init__.py")
        data = text.edited(imports.edits)
        ast.parse(data)
    except (SyntaxError, ValueError) as error:
        raise TakesThoughtError(str(error)) from error
    return data


def main() -> None:
    path, rules = Path(os.environ["FILE"]), Rules.read(os.environ["RENAMES"])
    if path.suffix != ".py" or not (rules.names or rules.keywords):
        return
    try:
        path.write_bytes(renamed(path, rules))
    except TakesThoughtError as why:
        sys.exit(f"{path}: {why}; left as it is")


if __name__ == "__main__":
    main()
