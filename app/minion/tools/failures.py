"""The failures in the output of a test runner, a compiler or a linter: what a reader looks for first (pure).

A table of shapes says how a failure begins and how it goes on in the output of each program; one walk over the lines
finds all of them. What is not recognised is left to the reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from minion.tools.failure_shapes import SHAPES, Shape
from minion.tools.limits import FAILURES, FAILURES_CHARACTERS

LONGEST_LINE = 2_000
SCANNED = 200_000
"""Characters at each end that are looked at."""
LINES_OF_ONE = 14


@dataclass(frozen=True)
class Failures:
    """`program` is whose output it is; `texts` one for each failure, in their order, each once."""

    program: str
    texts: tuple[str, ...]

    def shown(self) -> str:
        """At most so many, each cut to its share of the room."""
        texts = self.texts[:FAILURES]
        share = max(150, FAILURES_CHARACTERS // len(texts))
        rows = [text if len(text) <= share else f"{text[: share - 1]}…" for text in texts]
        left = len(self.texts) - len(texts)
        more = [f"[{left} more]"] if left else []
        return "\n".join(
            [f'<failures program="{self.program}" count="{len(self.texts)}">', *rows, *more, "</failures>"]
        )


def failures_in(output: str) -> Failures | None:
    """Of the first program of the table that is recognised and has any; None: nothing that is known."""
    looked_at = output if len(output) <= 2 * SCANNED else f"{output[:SCANNED]}\n{output[-SCANNED:]}"
    lines = [line[:LONGEST_LINE] for line in looked_at.split("\n")]
    text = "\n".join(lines)
    for shape in SHAPES:
        texts = tuple(dict.fromkeys(_found(shape, lines))) if shape.sign.search(text) else ()
        if texts:
            return Failures(shape.program, texts)
    return None


def _found(shape: Shape, lines: Sequence[str]) -> Iterator[str]:
    return filter(None, (_text(shape, block) for block in _blocks(shape, lines)))


def _blocks(shape: Shape, lines: Sequence[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in lines:
        begins = shape.begin.match(line)
        if block and (begins or not shape.goes_on.match(line)):
            yield block
            block = []
        if begins or block:
            block.append(line)
    if block:
        yield block


def _text(shape: Shape, block: Sequence[str]) -> str:
    """The first line, then what matters of the others; "" where something has to be among them and is not."""
    begin = shape.begin.match(block[0])
    title = (begin.group("title") if begin and "title" in shape.begin.groupindex else None) or block[0]
    rest = [line.rstrip() for line in block[1:] if line.strip() and not shape.noise.search(line)]
    if shape.pick is not None:
        rest = [line for line in rest if shape.pick.search(line)]
        if not rest:
            return ""
    if len(rest) > LINES_OF_ONE:
        rest = [*rest[: LINES_OF_ONE // 2], "…", *rest[-(LINES_OF_ONE // 2) :]]
    return "\n".join([title.strip(), *_unindented(rest)])


def _unindented(lines: Sequence[str]) -> Iterator[str]:
    """Two columns at least, deeper ones relative to the least."""
    least = min((len(line) - len(line.lstrip()) for line in lines if line != "…"), default=0)
    for line in lines:
        yield f"  {line[least:] if line != '…' else line}"
