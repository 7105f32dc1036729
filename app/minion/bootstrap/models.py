"""Who serves the models, as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from minion.adapters.anthropic_model import AnthropicModel, Credential
from minion.adapters.bedrock_model import BedrockAccess, BedrockModel
from minion.adapters.vertex_model import VertexAccess, VertexModel
from minion.domain.errors import UsageError
from minion.ports.model import Model
from minion.settings import Bedrock, Vertex
from minion.settings import Model as ModelSettings

if TYPE_CHECKING:
    from minion.adapters.cloud_transport import CloudTransport


def model_of(settings: ModelSettings) -> Model:
    """Raises `UsageError` at the first call where credentials or a part of the SDK are missing."""
    match settings.provider:
        case "anthropic":
            return _anthropic(settings)
        case "bedrock":
            return BedrockModel(bedrock_access(settings))
        case "vertex":
            return VertexModel(vertex_access(settings))
        case _:
            assert_never(settings.provider)


def client_of(settings: ModelSettings) -> str:
    """The module that a request to the provider needs."""
    return "httpx2" if settings.provider == "anthropic" else "anthropic"


def transport_of(settings: ModelSettings) -> CloudTransport | None:
    """The gateway's way to the models; None: HTTP to `ANTHROPIC_BASE_URL`."""
    from minion.adapters.cloud_transport import CloudTransport, as_it_came, from_event_stream  # it imports httpx2

    match settings.provider:
        case "anthropic":
            return None
        case "bedrock":
            bedrock = bedrock_access(settings)
            return CloudTransport(bedrock.connect_async, from_event_stream, bedrock.troubles())
        case "vertex":
            vertex = vertex_access(settings)
            return CloudTransport(vertex.connect_async, as_it_came, vertex.troubles())
        case _:
            assert_never(settings.provider)


def missing_credentials(settings: ModelSettings) -> str | None:
    """What keeps Bedrock or Vertex from being asked, with what mends it."""
    access = bedrock_access(settings) if settings.provider == "bedrock" else vertex_access(settings)
    try:
        access.arguments()
    except UsageError as error:
        return str(error)
    return None


def _anthropic(settings: ModelSettings) -> AnthropicModel:
    secret = settings.anthropic_api_key or settings.anthropic_auth_token
    if secret is None:
        raise AssertionError("the settings were checked for a key")
    credential = Credential(secret, bearer=settings.anthropic_api_key is None)
    return AnthropicModel(settings.anthropic_base_url, credential)


def bedrock_access(settings: Bedrock) -> BedrockAccess:
    return BedrockAccess(
        region=settings.bedrock_region,
        access_key=settings.aws_access_key_id,
        secret_key=settings.aws_secret_access_key,
        session_token=settings.aws_session_token,
        profile=settings.aws_profile,
        api_key=settings.aws_bearer_token,
        base_url=settings.bedrock_base_url,
    )


def vertex_access(settings: Vertex) -> VertexAccess:
    if settings.vertex_region is None or settings.vertex_project is None:
        raise AssertionError("the settings were checked for both")
    return VertexAccess(settings.vertex_region, settings.vertex_project, settings.vertex_base_url)
