"""Models of the Anthropic API, or of anything that speaks it: a gateway, the App."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minion.adapters.sdk_model import SdkModel
from minion.domain.secret import Secret

if TYPE_CHECKING:
    from anthropic import Anthropic


@dataclass(frozen=True)
class Credential:
    """How to show who asks: `x-api-key`, or `Authorization: Bearer` for run tokens."""

    secret: Secret
    bearer: bool = False


@dataclass
class AnthropicModel(SdkModel):
    base_url: str
    credential: Credential

    def _connect(self) -> Anthropic:
        from anthropic import Anthropic

        secret = self.credential.secret.reveal()
        return Anthropic(
            api_key=None if self.credential.bearer else secret,
            auth_token=secret if self.credential.bearer else None,
            base_url=self.base_url,
            max_retries=0,
        )


def preload() -> threading.Thread:
    """Imports the SDK in a thread: it takes about a second, which a clone or a set-up can hide."""
    thread = threading.Thread(target=_import_sdk, name="import-anthropic", daemon=True)
    thread.start()
    return thread


def _import_sdk() -> None:
    import anthropic  # noqa: F401
    from anthropic.resources.messages import messages  # noqa: F401
