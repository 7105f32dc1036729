"""Who serves the models, as the settings say."""

from __future__ import annotations

from minion.adapters.anthropic_model import AnthropicModel, Credential
from minion.ports.model import Model
from minion.settings import Model as ModelSettings


def model_of(settings: ModelSettings) -> Model:
    secret = settings.anthropic_api_key or settings.anthropic_auth_token
    if secret is None:
        raise AssertionError("the settings were checked for a key")
    credential = Credential(secret, bearer=settings.anthropic_api_key is None)
    return AnthropicModel(settings.anthropic_base_url, credential)
