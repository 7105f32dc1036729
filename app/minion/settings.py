"""The environment, read once and checked as a whole. Nothing else of minion reads it.

`read()` reports every missing or broken variable at once, each with what to put there; values are never repeated in a
message, since many of them are secrets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic_core import ErrorDetails

from minion.domain.errors import UsageError
from minion.domain.secret import Secret

ROLES = frozenset({"cheap", "standard", "strong"})
"""The model roles that a blueprint may name."""


def _url(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("not an address: it has to begin with https:// (or http://)")
    return value.rstrip("/")


def _secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(str(value).strip())


def _private_key(value: object) -> Secret:
    """A PEM text (newlines may be written as \\n, as many secret stores do) or the path of a file that holds one."""
    if isinstance(value, Secret):
        return value
    text = str(value).strip()
    if "-----BEGIN" in text:
        return Secret(text.replace("\\n", "\n") + "\n")
    try:
        read = Path(text).expanduser().read_text(encoding="ascii")
    except (OSError, ValueError):
        raise ValueError("neither a PEM text nor a file that can be read") from None
    if "-----BEGIN" not in read:
        raise ValueError("the file holds no PEM private key")
    return Secret(read)


def _secrets(value: object) -> tuple[Secret, ...]:
    parts = [part.strip() for part in str(value).split(",")]
    found = tuple(Secret(part) for part in parts if part)
    if not found:
        raise ValueError("no secret in it")
    return found


def _models(value: object) -> dict[str, str]:
    models = {}
    for pair in str(value).split(","):
        role, equals, model = (part.strip() for part in pair.partition("="))
        if not equals or not model or role not in ROLES:
            raise ValueError("write role=model,role=model with the roles " + ", ".join(sorted(ROLES)))
        models[role] = model
    return models


def _words(value: object) -> tuple[str, ...]:
    return tuple(part.strip() for part in str(value).split(",") if part.strip())


def _ids(value: object) -> frozenset[int]:
    try:
        return frozenset(int(part) for part in str(value).split(",") if part.strip())
    except ValueError:
        raise ValueError("write numeric user ids, comma-separated (a name can be taken over)") from None


Url = Annotated[str, AfterValidator(_url)]
Hidden = Annotated[Secret, BeforeValidator(_secret), PlainSerializer(repr)]
PrivateKey = Annotated[Secret, BeforeValidator(_private_key), PlainSerializer(repr)]
HiddenList = Annotated[tuple[Secret, ...], BeforeValidator(_secrets), PlainSerializer(repr)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Models = Annotated[dict[str, str], BeforeValidator(_models)]
Ids = Annotated[frozenset[int], BeforeValidator(_ids)]
FullName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$")]
SandboxMode = Literal["auto", "bubblewrap", "unsafe"]
Provider = Literal["anthropic", "bedrock", "vertex"]

_WANTED: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "anthropic": (
        (
            ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
            "a key from https://console.anthropic.com/settings/keys (or set ANTHROPIC_AUTH_TOKEN)",
        ),
    ),
    "bedrock": ((("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"), "the region to call, such as us-east-1"),),
    "vertex": (
        (("CLOUD_ML_REGION",), "a region such as us-east5, or global"),
        (("ANTHROPIC_VERTEX_PROJECT_ID",), "the Google Cloud project that pays"),
    ),
}
"""What each provider needs: one of these variables, and what to put there."""


@dataclass(frozen=True)
class Problem:
    """A variable that is missing or broken; `mend` says what to put there."""

    variable: str
    text: str
    mend: str
    missing: bool = False


@dataclass(frozen=True)
class Problems:
    """All that is wrong with an environment."""

    found: tuple[Problem, ...]

    def __str__(self) -> str:
        lines = [f"  {problem.variable} {problem.text}: {problem.mend}" for problem in self.found]
        return "The environment is incomplete:\n" + "\n".join(lines)


class Environment(BaseModel):
    """Fields are named by `alias`, the variable; `description` says what to put there."""

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True, defer_build=True)

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """From `environ`, or the process's environment. Empty variables count as unset. Raises `UsageError`."""
        checked = cls.check(environ)
        if isinstance(checked, Problems):
            raise UsageError(str(checked))
        return checked

    @classmethod
    def check(cls, environ: Mapping[str, str] | None = None) -> Self | Problems:
        """The settings, or all that is wrong with them."""
        source = os.environ if environ is None else environ
        given = {name: value for name, value in source.items() if value.strip()}
        unmet = cls.unmet(given)
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
            return Problems((*(_problem(cls, detail) for detail in details), *unmet))
        return Problems(unmet) if unmet else settings

    @classmethod
    def unmet(cls, given: Mapping[str, str]) -> tuple[Problem, ...]:  # noqa: ARG003 -- for those that override it
        """What is wrong beyond single variables."""
        return ()


class Bedrock(Environment):
    """Amazon Bedrock, as the SDK reads it (https://docs.claude.com/en/api/claude-on-amazon-bedrock). Without keys here,
    AWS's own chain is asked: profiles, roles of the machine."""

    aws_region: str | None = Field(None, alias="AWS_REGION", description="Bedrock: the region to call")
    aws_default_region: str | None = Field(
        None, alias="AWS_DEFAULT_REGION", description="Bedrock: where no other is set"
    )
    aws_access_key_id: Hidden | None = Field(None, alias="AWS_ACCESS_KEY_ID", description="Bedrock: with its secret")
    aws_secret_access_key: Hidden | None = Field(None, alias="AWS_SECRET_ACCESS_KEY", description="Bedrock: the secret")
    aws_session_token: Hidden | None = Field(None, alias="AWS_SESSION_TOKEN", description="Bedrock: of temporary keys")
    aws_profile: str | None = Field(None, alias="AWS_PROFILE", description="Bedrock: a profile of AWS's own files")
    aws_bearer_token: Hidden | None = Field(
        None, alias="AWS_BEARER_TOKEN_BEDROCK", description="Bedrock: an API key, instead of AWS credentials"
    )
    bedrock_base_url: Url | None = Field(
        None, alias="ANTHROPIC_BEDROCK_BASE_URL", description="Bedrock: another endpoint, such as a VPC's"
    )

    @property
    def bedrock_region(self) -> str | None:
        return self.aws_region or self.aws_default_region


class Vertex(Environment):
    """Google Cloud's Vertex AI, as the SDK reads it (https://docs.claude.com/en/api/claude-on-vertex-ai). Credentials
    are Google's application default ones."""

    vertex_region: str | None = Field(None, alias="CLOUD_ML_REGION", description="Vertex: a region, or global")
    vertex_project: str | None = Field(
        None, alias="ANTHROPIC_VERTEX_PROJECT_ID", description="Vertex: the project that pays"
    )
    vertex_base_url: Url | None = Field(None, alias="ANTHROPIC_VERTEX_BASE_URL", description="Vertex: another endpoint")


class Model(Bedrock, Vertex):
    """Where the model answers. The key stays in this process."""

    provider: Provider = Field(
        "anthropic", alias="MINION_MODEL_PROVIDER", description="anthropic, bedrock or vertex: who serves the models"
    )
    anthropic_base_url: Url = Field(
        "https://api.anthropic.com", alias="ANTHROPIC_BASE_URL", description="the address of a Messages API"
    )
    anthropic_api_key: Hidden | None = Field(
        None, alias="ANTHROPIC_API_KEY", description="a key from https://console.anthropic.com/settings/keys"
    )
    anthropic_auth_token: Hidden | None = Field(
        None, alias="ANTHROPIC_AUTH_TOKEN", description="a bearer token, where the endpoint wants one instead of a key"
    )
    models: Models = Field(
        default_factory=dict, alias="MINION_MODELS", description="role=model,... for the roles cheap, standard, strong"
    )
    prices: Words = Field(
        (),
        alias="MINION_PRICES",
        description="model=input/output/cache_read,... in $/MTok, for models not in the table; "
        "with Bedrock and Vertex for each model",
    )
    max_usd: Decimal | None = Field(
        None, alias="MINION_MAX_USD", gt=0, description="the most that one task may cost, in US dollars"
    )

    @classmethod
    def unmet(cls, given: Mapping[str, str]) -> tuple[Problem, ...]:
        wanted = _WANTED.get(given.get("MINION_MODEL_PROVIDER", "anthropic"), ())
        return tuple(
            Problem(names[0], "is not set", mend, missing=True)
            for names, mend in wanted
            if not given.keys() & set(names)
        )

    @property
    def model_secrets(self) -> tuple[Secret, ...]:
        """The keys of every provider that are set."""
        keys = (
            self.anthropic_api_key,
            self.anthropic_auth_token,
            self.aws_secret_access_key,
            self.aws_session_token,
            self.aws_bearer_token,
        )
        return tuple(key for key in keys if key is not None)


class Server(Model):
    """What `minion serve` needs."""

    github_api_url: Url = Field(
        "https://api.github.com", alias="GITHUB_API_URL", description="https://HOST/api/v3 on GitHub Enterprise Server"
    )
    github_server_url: Url = Field(
        "https://github.com", alias="GITHUB_SERVER_URL", description="https://HOST on GitHub Enterprise Server"
    )
    app_id: int = Field(
        alias="MINION_APP_ID", gt=0, description="the number on the App's settings page (About, App ID)"
    )
    private_key: PrivateKey = Field(
        alias="MINION_PRIVATE_KEY", description="the App's private key: PEM, or the path of the .pem file"
    )
    webhook_secrets: HiddenList = Field(
        alias="MINION_WEBHOOK_SECRET", description="the App's webhook secret; several, comma-separated, for rotation"
    )
    public_url: Url = Field(
        alias="MINION_PUBLIC_URL", description="the address where GitHub and the runners reach this server"
    )
    database_url: str = Field(
        "sqlite:///minion.db", alias="MINION_DATABASE_URL", description="sqlite:///FILE or postgresql://..."
    )
    client_id: str | None = Field(
        None, alias="MINION_CLIENT_ID", description="the App's client id; reserved, no page asks for sign-in"
    )
    client_secret: Hidden | None = Field(
        None, alias="MINION_CLIENT_SECRET", description="the App's client secret; reserved, never let out in a change"
    )
    runner_repository: FullName | None = Field(
        None,
        alias="MINION_RUNNER_REPOSITORY",
        description="owner/name of the repository whose Actions run the rounds; by default OWNER/minion-runner",
    )
    runner_workflow: str = Field(
        "minion.yml", alias="MINION_RUNNER_WORKFLOW", description="the workflow file there", pattern=r"^[\w.-]+\.ya?ml$"
    )
    oidc_issuer: Url = Field(
        "https://token.actions.githubusercontent.com",
        alias="MINION_OIDC_ISSUER",
        description="https://HOST/_services/token on GitHub Enterprise Server",
    )
    allowed_bots: Ids = Field(
        frozenset(), alias="MINION_ALLOWED_BOTS", description="numeric ids of bots that may give commands"
    )

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every value that may leave neither in a text nor in a change."""
        keys = (self.private_key, self.client_secret)
        return (*(key for key in keys if key is not None), *self.model_secrets, *self.webhook_secrets)


class ToolVariables(Environment):
    """What tools reach outside of the box: variables for MCP servers, hosts that are this machine."""

    egress_loopback: Words = Field(
        (),
        alias="MINION_EGRESS_LOOPBACK",
        description="host:port,...: allowed hosts that are read from this machine over http, for trying things out",
    )
    mcp_secrets: Words = Field(
        (),
        alias="MINION_MCP_SECRETS",
        description="NAME,NAME: what MCP servers may be given, where the repository's `mcp.secrets` names it",
    )


class Local(Model, ToolVariables):
    """What `minion run` needs."""

    github_api_url: Url = Field(
        "https://api.github.com", alias="GITHUB_API_URL", description="where an issue given by its address is read"
    )
    github_server_url: Url = Field(
        "https://github.com", alias="GITHUB_SERVER_URL", description="the server of such an address"
    )
    github_token: Hidden | None = Field(
        None, alias="GITHUB_TOKEN", description="to read private issues, and who may write; nothing is written with it"
    )
    sandbox: SandboxMode = Field("auto", alias="MINION_SANDBOX", description="auto, bubblewrap or unsafe")
    tool_cache: Path | None = Field(None, alias="RUNNER_TOOL_CACHE", description="a folder with tools for the box")


class Action(ToolVariables):
    """What `minion action` reads of a job: its inputs and the facts that Actions gives to every step
    (https://docs.github.com/en/actions/reference/workflows-and-actions/variables,
    https://docs.github.com/en/actions/concepts/security/openid-connect).
    """

    app_url: Url = Field(alias="MINION_APP_URL", description="the App's address (the action's input app-url)")
    nonce: str = Field(
        alias="MINION_NONCE", pattern=r"^[A-Za-z0-9_-]{1,128}$", description="the dispatch's nonce (the input nonce)"
    )
    id_token_url: Url = Field(
        alias="ACTIONS_ID_TOKEN_REQUEST_URL", description="given by Actions: add `permissions: id-token: write`"
    )
    id_token_bearer: Hidden = Field(
        alias="ACTIONS_ID_TOKEN_REQUEST_TOKEN", description="given by Actions: add `permissions: id-token: write`"
    )
    temp: Path = Field(alias="RUNNER_TEMP", description="given by Actions: a folder that is emptied after the job")
    tool_cache: Path | None = Field(None, alias="RUNNER_TOOL_CACHE", description="given by Actions")
    step_summary: Path | None = Field(None, alias="GITHUB_STEP_SUMMARY", description="given by Actions")
    output: Path | None = Field(None, alias="GITHUB_OUTPUT", description="given by Actions")
    sandbox: SandboxMode = Field("auto", alias="MINION_SANDBOX", description="auto, bubblewrap or unsafe")


def variables(kind: type[BaseModel]) -> list[tuple[str, str, bool]]:
    """(variable, what to put there, whether it is required) of a kind of settings, for the documentation."""
    return [(str(f.alias), f.description or "", f.is_required()) for f in kind.model_fields.values()]


def _problem(kind: type[BaseModel], detail: ErrorDetails) -> Problem:
    name = str(detail["loc"][0])
    wanted = {str(field.alias): field.description for field in kind.model_fields.values()}.get(name) or ""
    if detail["type"] == "missing":
        return Problem(name, "is not set", wanted, missing=True)
    return Problem(name, f"is broken ({_reason(detail)})", wanted)


def _reason(detail: ErrorDetails) -> str:
    context: Mapping[str, Any] = detail.get("ctx") or {}
    return str(context["error"]) if "error" in context else detail["msg"]


def machine_environment() -> dict[str, str]:
    """All of it, for those that hand a named part of it to their children."""
    return dict(os.environ)
