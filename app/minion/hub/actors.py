"""Who is behind a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from minion.hub.state import Account, App, Installation, Token


@dataclass(frozen=True)
class Nobody:
    """No credential."""

    account: None = None
    app: None = None


@dataclass(frozen=True)
class Person:
    """A user with a personal access token, who may do what their role allows."""

    account: Account
    app: None = None


@dataclass(frozen=True)
class AppItself:
    """An App signed in by JWT; it can only manage itself."""

    app: App
    account: None = None


@dataclass(frozen=True)
class Installed:
    """An App acting through an installation token."""

    token: Token
    installation: Installation

    @property
    def account(self) -> Account:
        return self.token.account

    @property
    def app(self) -> App:
        return self.installation.app


@dataclass(frozen=True)
class JobToken:
    """A workflow job's GITHUB_TOKEN: bound to one repository, and its events start no workflows.
    https://docs.github.com/en/actions/concepts/security/github_token"""

    token: Token
    app: App

    @property
    def account(self) -> Account:
        return self.token.account


Actor: TypeAlias = Nobody | Person | AppItself | Installed | JobToken
