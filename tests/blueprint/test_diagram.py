from __future__ import annotations

import re
from pathlib import Path

from minion.blueprint.diagram import mermaid
from minion.blueprint.engine import Engine
from minion.blueprint.fit import all_nodes
from minion.blueprint.library import assemble
from minion.blueprint.loader import load
from minion.blueprint.model import Blueprint
from minion.blueprint.reference import rewrite
from minion.blueprint.scenario import Walks, follow, load_walks

from .test_maps import EACH, HEAD, TAIL

DOCS = Path(__file__).parents[2] / "docs" / "blueprints.md"


def test_the_reference_is_what_the_code_says(library: dict[str, Blueprint]) -> None:
    """To mend: minion blueprint reference docs/blueprints.md."""
    text = DOCS.read_text(encoding="utf-8")
    assert text.count("<!-- generated: ") == 6
    assert rewrite(text, library) == text


def test_the_example_of_the_reference_loads() -> None:
    text = re.search(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert text is not None
    found = load(text[1], source="docs/blueprints.md")
    assert isinstance(found, Blueprint), "\n".join(map(str, found))


def test_the_walks_of_the_reference_go_as_written(engine: Engine, library: dict[str, Blueprint]) -> None:
    text = DOCS.read_text(encoding="utf-8").split("```yaml\n")[3].split("```")[0]
    walks = load_walks(text, source="docs/blueprints.md", library=library)
    assert isinstance(walks, Walks), "\n".join(map(str, walks))
    assert [follow(engine, walks, expected) for expected in walks.walks] == [()]


def test_every_node_and_arrow_is_drawn(library: dict[str, Blueprint]) -> None:
    for blueprint in library.values():
        drawn = mermaid(blueprint)
        for name in all_nodes(blueprint):
            assert f"<b>{name}</b>" in drawn
        arrows = re.findall(r"^ +(\w+)(?: -->| -\.-).* (\w+)$", drawn, re.MULTILINE)
        boxes = set(re.findall(r"^ +(n_\w+)[\[({]", drawn, re.MULTILINE))
        assert {target for _, target in arrows} <= boxes
        assert len(boxes) == len(all_nodes(blueprint))


def test_the_nodes_of_an_item_stand_in_a_frame() -> None:
    library = assemble({"each": HEAD + EACH + TAIL})
    assert isinstance(library, dict)
    drawn = mermaid(library["each"])
    frame = drawn.split('subgraph n_each_items["each item of each"]\n')[1].split("\n  end\n")[0]
    for name in ("annotate", "route", "check", "types", "kept", "skip"):
        assert f"<b>{name}</b>" in frame
        assert drawn.count(f"<b>{name}</b>") == 1
    assert "  n_each -.->|each item| n_annotate\n" in drawn
    assert '  n_each -->|"ok"| n_report\n' in drawn
    assert "!" not in drawn, "undoing is no node"


def test_arrows_say_their_outcomes(library: dict[str, Blueprint]) -> None:
    drawn = mermaid(library["implement"])
    assert '  n_checks -->|"fail"| n_fix\n' in drawn
    assert '  n_no_ci -->|"else"| n_handoff\n' in drawn
    assert "  n_setup --> n_triage\n" in drawn
    assert "  n_implement -.-|gate| n_lint\n" in drawn
    assert "  otherwise([any other outcome]) -.-> n_handoff\n" in drawn
