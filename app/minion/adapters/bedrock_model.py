"""Models on Amazon Bedrock, through the SDK's own client: it signs (SigV4) or shows a Bedrock API key.

https://docs.claude.com/en/api/claude-on-amazon-bedrock
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minion.adapters.event_stream import EventStream
from minion.adapters.sdk_model import SdkModel
from minion.domain.errors import UsageError
from minion.domain.secret import Secret

if TYPE_CHECKING:
    from anthropic import AnthropicBedrock, AsyncAnthropicBedrock


@dataclass(frozen=True)
class BedrockAccess:
    """Without keys, AWS's own chain is asked: a profile, a role of the machine. `base_url`: another endpoint."""

    region: str | None = None
    access_key: Secret | None = None
    secret_key: Secret | None = None
    session_token: Secret | None = None
    profile: str | None = None
    api_key: Secret | None = None
    base_url: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Of the SDK's clients, sync or async. With an API key nothing is signed."""
        needed_for("bedrock", "botocore")
        common = {"aws_region": self.region, "base_url": self.base_url, "max_retries": 0}
        if self.api_key is not None:
            return common | {"api_key": self.api_key.reveal()}
        self._check_credentials()
        return common | {
            "aws_access_key": _revealed(self.access_key),
            "aws_secret_key": _revealed(self.secret_key),
            "aws_session_token": _revealed(self.session_token),
            "aws_profile": self.profile,
        }

    def connect_async(self) -> AsyncAnthropicBedrock:
        from anthropic import AsyncAnthropicBedrock

        return AsyncAnthropicBedrock(**self.arguments())

    def troubles(self) -> tuple[type[Exception], ...]:
        """What AWS's own library raises where credentials cannot be renewed."""
        needed_for("bedrock", "botocore")
        from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]

        return (BotoCoreError,)

    def _check_credentials(self) -> None:
        """Once, before anything is spent. Raises `UsageError`."""
        if self.access_key is not None:
            return
        import boto3  # type: ignore[import-untyped]
        from botocore.exceptions import BotoCoreError

        try:
            found = boto3.Session(profile_name=self.profile, region_name=self.region).get_credentials()
        except BotoCoreError as error:
            raise UsageError(f"Bedrock: {error}") from error
        if found is None:
            raise UsageError(
                "Bedrock: no AWS credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, "
                "or AWS_BEARER_TOKEN_BEDROCK"
            )


@dataclass
class BedrockModel(SdkModel):
    """Implements `ports.model.Model`."""

    access: BedrockAccess

    def _connect(self) -> AnthropicBedrock:
        from anthropic import AnthropicBedrock

        return AnthropicBedrock(**self.access.arguments())

    def _troubles(self) -> tuple[type[Exception], ...]:
        return self.access.troubles()

    def _events(self, response: Any) -> Iterator[Mapping[str, Any]]:
        """Bedrock frames its events in its own way (`event_stream`)."""
        stream = EventStream()
        for chunk in response.iter_bytes():
            yield from stream.feed(chunk)


def needed_for(extra: str, module: str) -> None:
    """Raises `UsageError` with the command that installs what is missing."""
    from importlib.util import find_spec

    if find_spec(module.partition(".")[0]) is None:
        raise UsageError(f"MINION_MODEL_PROVIDER={extra} needs more of the SDK: pip install 'minion[{extra}]'")


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()
