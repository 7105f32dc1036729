"""Text that somebody outside the trust boundary wrote."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Untrusted(BaseModel):
    """Text by people without proven permission, logs, files or a model: shown, labelled, never obeyed."""

    model_config = ConfigDict(frozen=True)

    text: str
    source: str
    """Where it came from, for the label that the model sees: `comment 17 by @ann`, `log of build`."""
