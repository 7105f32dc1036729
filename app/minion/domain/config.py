"""A repository's `.github/minion.yml`, read from the default branch only."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field


class Commands(BaseModel):
    """The repository's own commands, each run by `bash -c` in the workspace; None means: detect it from the files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    setup: str | None = None
    """Makes the checkout ready for the others. Runs outside the box, with the network."""
    lint: str | None = None
    """Must pass before a change is pushed."""
    format: str | None = None
    """Mends what a formatter can mend; runs before `lint`."""
    test: str | None = None
    """Must pass before a change is pushed, but for tests that fail on the base too."""
    docs: str | None = None
    """Builds the documents; must pass before a change of them is pushed."""


class Environment(BaseModel):
    """What the runner prepares outside the box before any task text is in reach."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runs_on: str = "ubuntu-latest"
    """The runner label of the rounds, given to the runner workflow as its input `runner`."""
    packages: tuple[str, ...] = ()
    """Debian packages, installed with apt-get."""
    setup: str | None = None
    """Script run outside the box, with the network."""


class McpServer(BaseModel):
    """One entry of `mcpServers`, as `.mcp.json` has it: a command, or an address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["stdio", "http", "streamable-http", "sse"] | None = None
    """`stdio` where there is a command, `http` where there is an address."""
    command: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    url: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)


class ReviewedTool(BaseModel):
    """What somebody who may change the default branch says of a tool after reading it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    risk: Literal["read", "write", "destructive"]
    """`read` changes nothing, `write` does; `destructive` is never called."""
    nodes: tuple[str, ...] = ()
    """Agent nodes, of any blueprint, that have the tool beside what their own `mcp` lists."""
    digest: str | None = Field(None, pattern=r"^sha256:[0-9a-f]{64}$")
    """Of the tool's name, description and schema: a tool that is not what was reviewed is refused."""
    description: str | None = Field(None, min_length=1, max_length=2000)
    """Told to the model instead of the server's own words."""
    max_bytes: int = Field(20_000, ge=200, le=50_000)
    """The most of a result that the model is shown; the whole is kept in a file that it may read."""
    timeout: int = Field(60, ge=1, le=600)
    """Seconds for one call."""


TOOL_KEY: Final = r"^[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_./-]{1,128}$"
ToolKey = Annotated[str, Field(pattern=TOOL_KEY)]
ServerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Mcp(BaseModel):
    """Tools of MCP servers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    servers: dict[ServerName, McpServer] = Field(default_factory=dict)
    """Servers by name, as in `.mcp.json`, which is read too."""
    tools: dict[ToolKey, ReviewedTool] = Field(default_factory=dict)
    """`server.tool` to its [review](mcp.md#a-review). A tool that is not here does not exist."""
    secrets: tuple[VariableName, ...] = ()
    """Variables that servers may be given; `MINION_MCP_SECRETS` of the runner's job has to name them too."""


HostPattern = Annotated[
    str, Field(pattern=r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]*[a-z][a-z0-9-]*$")
]


class Egress(BaseModel):
    """Where agents may read on the web."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow: tuple[HostPattern, ...] = ()
    """Hosts whose pages the [tool `web`](tools.md#web) reads: names, or `*.` and a domain for all below it."""


class RepositoryConfiguration(BaseModel):
    """Unknown keys are errors. Every field has a default, so that a repository without the file works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commands: Commands = Commands()
    environment: Environment = Environment()
    blueprint: str = "implement"
    """What the label `minion` starts."""
    mcp: Mcp = Mcp()
    egress: Egress = Egress()
    protected_paths: tuple[str, ...] = ()
    """gitignore patterns that no change may touch, besides those that are always protected."""
    reviewers: tuple[str, ...] = ()
    """People who are asked for review; the person who asked, where this is empty."""
    team_reviewers: tuple[str, ...] = ()
    """Teams of the organisation, by slug."""
    address_reviews: bool = True
    """Whether a review that requests changes on Minion's own pull request starts `address`, as the command does."""
    models: dict[str, str] = Field(default_factory=dict)
    """Role (`cheap`, `standard`, `strong`) to a model that the operator allows."""
    max_usd: Decimal | None = None
    """The most that a task may cost here, in US dollars."""
    max_files: int = 40
    """The most files that a change may touch."""
    max_bytes: int = 1_000_000
    """The most bytes that a change may hold."""
    required_checks: tuple[str, ...] = ()
    """Checks to wait for, besides those that the branch requires."""
    settle_seconds: int = 30
    """How long the checks of a head must have been quiet before they count as settled."""
    checks_grace_seconds: int = 180
    """How long to wait for a first check before asking why there is none."""
