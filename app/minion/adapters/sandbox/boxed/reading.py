"""Reading: text by lines, images, notebooks by cells, folders by names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from .texts import (
    Answer,
    Options,
    Refused,
    Text,
    contents,
    cut,
    digest,
    image_size,
    image_type,
    lines_of,
    located,
    shown,
)

# The API's own bounds: 5 MB of base64, 8,000 pixels a side
# (https://docs.claude.com/en/docs/build-with-claude/vision#evaluate-image-size).
MAX_IMAGE = 3_750_000
MAX_PIXELS = 8_000
MAX_NAMES = 500


def stat(options: Options, request: Answer) -> Answer:
    real = located(options, request["path"])
    return {"real": shown(options, real), "exists": real.exists(), "folder": real.is_dir()}


def read(options: Options, request: Answer) -> Answer:
    """Lines `start` (from 1) to `start + count - 1`, each cut at 2,000 characters; an image, as base64; or the names
    in a folder, with `sha` empty: there is nothing that could be edited."""
    real = located(options, request["path"])
    if real.is_dir():
        return {"real": shown(options, real), "sha": "", "size": 0, "kind": "folder", **names(real)}
    data = contents(options, real, request["path"])
    facts = {"real": shown(options, real), "sha": digest(data), "size": len(data)}
    kind = image_type(data)
    if kind is not None:
        return {**facts, **image(data, kind, request["path"])}
    text = notebook(data) if real.suffix == ".ipynb" else Text(data, request["path"]).text
    lines = lines_of(text)
    first = max(1, request.get("start", 1))
    part = [cut(line) for line in lines[first - 1 : first - 1 + request.get("count", 2000)]]
    return {**facts, "kind": "text", "lines": part, "start": first, "total": len(lines)}


def names(folder: Path) -> Answer:
    """Folders first, each with `/` behind it."""
    entries = sorted(os.scandir(folder), key=lambda entry: (not entry.is_dir(), entry.name))
    listed = [f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries]
    return {"names": listed[:MAX_NAMES], "total": len(listed)}


def image(data: bytes, kind: str, path: str) -> Answer:
    import base64

    size = image_size(data)
    told = f"{size[0]}x{size[1]} pixels" if size else "of a size that its head does not tell"
    if len(data) > MAX_IMAGE:
        raise Refused(f"{path} is an image, {told}, of {len(data)} bytes; the most that can be shown is {MAX_IMAGE}")
    if size and max(size) > MAX_PIXELS:
        raise Refused(f"{path} is an image, {told}; the most that can be shown is {MAX_PIXELS} a side")
    about = f"{path}: {kind}, {told}, {len(data)} bytes"
    return {"kind": "image", "media_type": kind, "base64": base64.b64encode(data).decode(), "about": about}


def notebook(data: bytes) -> str:
    """The cells of a Jupyter notebook as text (https://nbformat.readthedocs.io/en/latest/format_description.html)."""
    try:
        cells = json.loads(data)["cells"]
        return "\n".join(line for number, cell in enumerate(cells, 1) for line in cell_lines(number, cell))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return data.decode(errors="replace")


def cell_lines(number: int, cell: Answer) -> list[str]:
    outputs = [joined(out.get("text") or out.get("data", {}).get("text/plain", "")) for out in cell.get("outputs", [])]
    shown_outputs = [f"[output]\n{out}" for out in outputs if out]
    return [f"# --- cell {number} ({cell['cell_type']})", joined(cell["source"]), *shown_outputs]


def joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)
