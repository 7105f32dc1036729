"""A blueprint whose single values are read, before the parts are held against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from minion.blueprint.model import Input, MapNode, Node
from minion.blueprint.problem import Mark
from minion.blueprint.programs import Given
from minion.blueprint.source import Entries, Item


@dataclass(frozen=True)
class Draft:
    tree: Entries
    names: tuple[str, ...]
    """All node names outside of maps, the broken ones too."""
    bodies: Mapping[str, tuple[str, ...]]
    """Map to the names in its body, the broken ones too."""
    nodes: Mapping[str, Node]
    """Without those that were broken."""
    inputs: Mapping[str, Input]
    start: str
    fail: str
    programs: Given = field(default_factory=dict)
    """What stands in `programs/` beside it."""

    @cached_property
    def maps(self) -> Mapping[str, MapNode]:
        return {name: node for name, node in self.nodes.items() if isinstance(node, MapNode)}

    @cached_property
    def homes(self) -> Mapping[str, str]:
        """Name in a body to its map."""
        return {name: home for home, names in self.bodies.items() for name in names}

    @cached_property
    def every(self) -> Mapping[str, Node]:
        """All nodes that could be read, in bodies too."""
        inner = {name: node for each in self.maps.values() for name, node in each.nodes.items()}
        return {**inner, **self.nodes}

    @property
    def whole(self) -> bool:
        """Every node could be read: only then does it make sense to speak of the graph."""
        read = {home: len(each.nodes) for home, each in self.maps.items()}
        inner = all(read.get(home) == len(names) for home, names in self.bodies.items())
        return inner and len(self.names) == len(self.nodes)

    def is_broken(self, name: str) -> bool:
        """It is there, but could not be read."""
        return (name in self.names or name in self.homes) and name not in self.every

    def around(self, name: str) -> MapNode | None:
        """The map whose body the node is in."""
        return None if name in self.names else self.maps.get(self.homes.get(name, ""))

    def path(self, name: str, *rest: str) -> tuple[str, ...]:
        """To the node in the tree, or to something of it."""
        home = None if name in self.names else self.homes.get(name)
        return ("nodes", name, *rest) if home is None else ("nodes", home, "nodes", name, *rest)

    def keys(self, name: str) -> Mapping[str, Item]:
        """The keys that are written for a node."""
        found = self.item(self.path(name))
        return found.items if isinstance(found, Entries) else {}

    def item(self, path: tuple[str, ...]) -> Item | None:
        found: Item | None = self.tree
        for part in path:
            found = found.items.get(part) if isinstance(found, Entries) else None
        return found

    def place(self, name: str, *rest: str | int) -> Mark:
        """Where a value of a node stands."""
        return self.tree.place(*self.path(name), *rest)

    def key(self, name: str, *rest: str) -> Mark:
        """Where a key of a node stands."""
        return self.tree.key(*self.path(name, *rest))

    def targets(self) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        """The path to each value that names a node to go to, with the names that it may give."""
        yield ("start",), self.names
        yield ("defaults", "fail"), self.names
        for name in self.names:
            yield from ((path, self.names) for path in self._targets_of(name))
        for home, names in self.bodies.items():
            yield ("nodes", home, "start"), names
            yield from ((path, names) for name in names if name not in self.names for path in self._targets_of(name))

    def _targets_of(self, name: str) -> Iterator[tuple[str, ...]]:
        for key in ("next", "cases", "else"):
            path = self.path(name, key)
            found = self.item(path)
            if isinstance(found, Entries):
                yield from ((*path, outcome) for outcome in found.items)
            elif found is not None:
                yield path
