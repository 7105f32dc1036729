"""The environment: read as a whole, complaining as a whole, never repeating a value."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from minion.domain.errors import UsageError
from minion.domain.secret import Secret
from minion.settings import Action, Local, Problems, Server, variables

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----"

SERVER = {
    "MINION_APP_ID": "7",
    "MINION_PRIVATE_KEY": PEM,
    "MINION_WEBHOOK_SECRET": "new, old",
    "MINION_PUBLIC_URL": "https://minion.example.com/",
    "ANTHROPIC_API_KEY": "sk-test",
}


def test_a_complete_environment_has_defaults_for_the_rest() -> None:
    settings = Server.read(SERVER)
    assert settings.app_id == 7
    assert settings.webhook_secrets == (Secret("new"), Secret("old"))
    assert settings.public_url == "https://minion.example.com"
    assert settings.github_api_url == "https://api.github.com"
    assert settings.oidc_issuer == "https://token.actions.githubusercontent.com"
    assert settings.runner_workflow == "minion.yml"
    assert settings.max_usd is None


def test_everything_wrong_is_said_at_once() -> None:
    broken = SERVER | {
        "MINION_APP_ID": "seven",
        "MINION_PUBLIC_URL": "minion.example.com",
        "MINION_MODELS": "fast=claude",
        "MINION_ALLOWED_BOTS": "dependabot",
        "MINION_MAX_USD": "-1",
        "MINION_RUNNER_REPOSITORY": "nobody",
    }
    del broken["MINION_WEBHOOK_SECRET"], broken["ANTHROPIC_API_KEY"]
    with pytest.raises(UsageError) as raised:
        Server.read(broken)
    for name in (
        "MINION_APP_ID",
        "MINION_PUBLIC_URL",
        "MINION_MODELS",
        "MINION_ALLOWED_BOTS",
        "MINION_MAX_USD",
        "MINION_RUNNER_REPOSITORY",
        "MINION_WEBHOOK_SECRET is not set",
        "ANTHROPIC_API_KEY is not set",
    ):
        assert name in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_message_never_repeats_a_value() -> None:
    checked = Server.check(SERVER | {"MINION_PRIVATE_KEY": "/hunter2/key.pem", "MINION_APP_ID": "hunter2"})
    assert isinstance(checked, Problems)
    assert "hunter2" not in str(checked)


def test_secrets_do_not_show() -> None:
    settings = Server.read(SERVER)
    for shown in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "sk-test" not in shown
        assert "MII" not in shown


def test_every_secret_is_known_to_who_watches_over_them() -> None:
    more = {"ANTHROPIC_AUTH_TOKEN": "token-a", "MINION_CLIENT_SECRET": "client-s", "MINION_WEBHOOK_SECRET": "one,two"}
    settings = Server.read(SERVER | more)
    hidden = [getattr(settings, name) for name in Server.model_fields]
    values = [one for value in hidden for one in (value if isinstance(value, tuple) else (value,))]
    assert set(settings.secrets) == {value for value in values if isinstance(value, Secret)}
    assert len(settings.secrets) == 6


def test_a_private_key_may_be_a_file_or_have_escaped_newlines(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(PEM)
    from_file = Server.read(SERVER | {"MINION_PRIVATE_KEY": str(file)})
    escaped = Server.read(SERVER | {"MINION_PRIVATE_KEY": PEM.replace("\n", "\\n")})
    assert from_file.private_key.reveal().strip() == escaped.private_key.reveal().strip() == PEM


def test_empty_variables_count_as_unset() -> None:
    assert Server.read(SERVER | {"MINION_CLIENT_ID": " "}).client_id is None


def test_models_caps_and_bots() -> None:
    more = {"MINION_MODELS": "cheap=a, strong=b", "MINION_MAX_USD": "2.50", "MINION_ALLOWED_BOTS": "1, 2"}
    settings = Server.read(SERVER | more)
    assert settings.models == {"cheap": "a", "strong": "b"}
    assert settings.max_usd == Decimal("2.50")
    assert settings.allowed_bots == {1, 2}


def test_local_takes_a_token_instead_of_a_key() -> None:
    settings = Local.read({"ANTHROPIC_AUTH_TOKEN": "bearer"})
    assert settings.anthropic_auth_token == Secret("bearer")
    assert settings.sandbox == "auto"


def test_a_job_without_an_identity_is_told_about_the_permission() -> None:
    checked = Action.check({"MINION_APP_URL": "https://m.example", "MINION_NONCE": "n1", "RUNNER_TEMP": "/tmp"})
    assert isinstance(checked, Problems)
    assert "id-token: write" in str(checked)


@pytest.mark.parametrize("nonce", ["a b", "x;y", "", "n" * 200])
def test_a_nonce_is_a_plain_word(nonce: str) -> None:
    given = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://t", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t"}
    facts = {"MINION_APP_URL": "https://m.example", "RUNNER_TEMP": "/tmp"}
    assert isinstance(Action.check(given | facts | {"MINION_NONCE": nonce}), Problems)


@pytest.mark.parametrize("kind", [Server, Local, Action])
def test_every_variable_says_what_to_put_there(kind: type[Server | Local | Action]) -> None:
    assert all(name.isupper() and text for name, text, _ in variables(kind))
