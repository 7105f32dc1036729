"""Programs that stand beside a blueprint, in the folder `programs`: how they are named, read, and pinned with it.

Among the texts of a library `programs/FILE` is a program for all of its blueprints, and `NAME/programs/FILE` one for
the blueprint NAME alone, which wins: that is how they are pinned, so that two folders may each have a `check.py`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from minion.blueprint.model import Blueprint, MapNode, Node, RunNode
from minion.blueprint.problem import did_you_mean

FOLDER: Final = "programs"
MAX_BYTES: Final = 64 * 1024
"""Linux takes 128 KiB as one argument (MAX_ARG_STRLEN, https://man7.org/linux/man-pages/man2/execve.2.html)."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}\.(?:py|sh)")

Given: TypeAlias = Mapping[str, str | bytes | None]
"""File name to content; None where it was not read, because there are too many."""


def names(texts: Iterable[str]) -> list[str]:
    """The blueprints among the keys of a library's texts."""
    return [key for key in texts if "/" not in key]


def programs_of(texts: Mapping[str, str], name: str) -> dict[str, str]:
    """File name to text: what the blueprint may name."""
    return {**_below(texts, f"{FOLDER}/"), **_below(texts, f"{name}/{FOLDER}/")}


def pinned(blueprint: Blueprint, text: str) -> dict[str, str]:
    """The blueprint's YAML with the programs that it names, under the keys of a library's texts."""
    own = {f"{blueprint.name}/{FOLDER}/{file}": program for file, program in blueprint.programs.items()}
    return {blueprint.name: text, **own}


def digest_of(text: str, programs: Mapping[str, str]) -> str:
    """SHA-256 (hex) of the YAML; where it names programs, of their names and texts too."""
    whole = hashlib.sha256(text.encode())
    for file in sorted(programs):
        whole.update(f"\0{file}\0{hashlib.sha256(programs[file].encode()).hexdigest()}".encode())
    return whole.hexdigest()


def objection(file: str, given: Given) -> tuple[str, str] | None:
    """Why a node cannot run the program `file`, and how to mend it."""
    if not NAME.fullmatch(file):
        return f"`{file[:60]}` is no name of a program", f"a file in `{FOLDER}/`, its name ending in .py or .sh"
    if file not in given:
        return f"there is no program `{FOLDER}/{file}` beside this blueprint", did_you_mean(file, tuple(sorted(given)))
    content = given[file]
    if content is None:
        return f"`{FOLDER}/{file}` was not read: there are too many programs", "delete some"
    data = content.encode() if isinstance(content, str) else content
    if len(data) > MAX_BYTES:
        return (
            f"`{FOLDER}/{file}` is larger than {MAX_BYTES // 1024} kB",
            "keep it to what this node does",
        )
    if _text(data) is None:
        return f"`{FOLDER}/{file}` is no text that a process can be given", "save the file as UTF-8, without NUL"
    return None


def equipped(nodes: Mapping[str, Node], given: Given) -> dict[str, Node]:
    """The nodes with the texts of their programs. Raises `KeyError` for one that there is not."""
    return {name: _equipped(node, given) for name, node in nodes.items()}


def named_by(nodes: Mapping[str, Node]) -> dict[str, str]:
    """File name to text of the programs that equipped nodes run."""
    return {node.program: node.program_text for node in _runs(nodes.values()) if node.program is not None}


def _below(texts: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}


def _equipped(node: Node, given: Given) -> Node:
    if isinstance(node, MapNode):
        return replace(node, nodes=equipped(node.nodes, given))
    if not isinstance(node, RunNode) or node.program is None:
        return node
    content = given[node.program]
    return replace(node, program_text=_text(content.encode() if isinstance(content, str) else content or b"") or "")


def _runs(nodes: Iterable[Node]) -> Iterator[RunNode]:
    for node in nodes:
        if isinstance(node, MapNode):
            yield from _runs(node.nodes.values())
        elif isinstance(node, RunNode):
            yield node


def _text(data: bytes) -> str | None:
    """Lines that end as `bash` wants them; None for what is no text."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text.removeprefix("\ufeff").replace("\r\n", "\n")
