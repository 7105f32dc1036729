"""A repository's `.github/minion.yml`, read from the default branch only."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class Commands(BaseModel):
    """The repository's own commands, each run by `bash -c` in the workspace; None means: detect it from the files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    setup: str | None = None
    lint: str | None = None
    format: str | None = None
    test: str | None = None


class Environment(BaseModel):
    """What the runner prepares outside the box before any task text is in reach."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runs_on: str = "ubuntu-latest"
    packages: tuple[str, ...] = ()
    """Debian packages, installed with apt-get."""
    setup: str | None = None
    """Script run outside the box, with the network."""
    network: tuple[str, ...] = ()
    """Hosts that boxed commands may reach; empty means none."""


class RepositoryConfiguration(BaseModel):
    """Unknown keys are errors. Every field has a default, so that a repository without the file works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commands: Commands = Commands()
    environment: Environment = Environment()
    blueprint: str = "implement"
    protected_paths: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    models: dict[str, str] = Field(default_factory=dict)
    max_usd: Decimal | None = None
    max_files: int = 40
    max_bytes: int = 1_000_000
    required_checks: tuple[str, ...] = ()
    settle_seconds: int = 30
    """How long the checks of a head must have been quiet before they count as settled."""
    checks_grace_seconds: int = 180
    """How long to wait for a first check before asking why there is none."""
