"""Texts that were read and found good, kept in files: what differs is written beside, to be read and taken by hand."""

from __future__ import annotations

from pathlib import Path


def compare(kept: Path, told: str, what: str) -> None:
    """`what` was told, for the message: `the conversation`. A new text is `NAME.new.SUFFIX`."""
    new = kept.with_name(f"{kept.stem}.new{kept.suffix}")
    if kept.is_file() and kept.read_text() == told:
        new.unlink(missing_ok=True)
        return
    kept.parent.mkdir(exist_ok=True)
    new.write_text(told)
    assert kept.is_file(), f"no snapshot yet: read {new.name}, then rename it"
    assert told == kept.read_text(), f"{what} differs; it is in {new.name}"
