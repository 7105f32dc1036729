"""Models on Google Cloud's Vertex AI, through the SDK's own client, with application default credentials.

https://docs.claude.com/en/api/claude-on-vertex-ai
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minion.adapters.bedrock_model import needed_for
from minion.adapters.sdk_model import SdkModel
from minion.domain.errors import UsageError

if TYPE_CHECKING:
    from anthropic import AnthropicVertex, AsyncAnthropicVertex

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True)
class VertexAccess:
    """Credentials are found as Google's libraries find them: application default credentials."""

    region: str
    project: str
    base_url: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Of the SDK's clients, sync or async."""
        needed_for("vertex", "google")
        return {
            "region": self.region,
            "project_id": self.project,
            "base_url": self.base_url,
            "credentials": self._credentials(),
            "max_retries": 0,
        }

    def connect_async(self) -> AsyncAnthropicVertex:
        from anthropic import AsyncAnthropicVertex

        return AsyncAnthropicVertex(**self.arguments())

    def troubles(self) -> tuple[type[Exception], ...]:
        """What Google's own library raises where a token cannot be renewed."""
        needed_for("vertex", "google")
        from google.auth.exceptions import GoogleAuthError

        return (GoogleAuthError,)

    def _credentials(self) -> Any:
        """Once, before anything is spent; the SDK renews the token. Raises `UsageError`."""
        import google.auth
        from google.auth.exceptions import GoogleAuthError

        try:
            return google.auth.default(scopes=[SCOPE])[0]
        except GoogleAuthError as error:
            raise UsageError(f"Vertex: {error}. To mend it: gcloud auth application-default login") from error


@dataclass
class VertexModel(SdkModel):
    """Implements `ports.model.Model`."""

    access: VertexAccess

    def _connect(self) -> AnthropicVertex:
        from anthropic import AnthropicVertex

        return AnthropicVertex(**self.access.arguments())

    def _troubles(self) -> tuple[type[Exception], ...]:
        return self.access.troubles()
