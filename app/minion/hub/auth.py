"""Who is calling, and may they?

https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, assert_never

import jwt

from minion.hub.actors import Actor, AppItself, Installed, JobToken, Nobody, Person
from minion.hub.errors import Refusal, forbidden, not_found
from minion.hub.rest.route import Access, Anyone, AsApp, AsInstallation, OnRepository, SignedIn
from minion.hub.state import LEVELS, ROLES, Account, App, Installation, Repository, Token, covers

if TYPE_CHECKING:
    from minion.hub.core import Core

DRIFT_S = 60
JWT_LIFE_S = 600
TOKEN_LIFE = timedelta(hours=1)


# -- credentials ----------------------------------------------------------------------------------------------------


def identify(core: Core, authorization: str | None) -> Actor:
    """The actor behind an Authorization header (Bearer, token or Basic); 401 when it names nobody."""
    if not authorization:
        return Nobody()
    scheme, _, value = authorization.partition(" ")
    credential = _basic(value) if scheme.lower() == "basic" else value.strip()
    if scheme.lower() not in ("bearer", "token", "basic"):
        raise Refusal(401, "Bad credentials")
    return (
        _app_by_jwt(core, credential)
        if credential.count(".") == 2 and credential.startswith("ey")
        else by_token(core, credential)
    )


def _basic(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refusal(401, "Bad credentials") from error


def by_token(core: Core, value: str) -> Actor:
    """The actor behind a personal, installation or job token."""
    token = core.state.tokens.get(value)
    if token is None or (token.expires_at is not None and token.expires_at <= core.now()):
        raise Refusal(401, "Bad credentials")
    if token.is_job:
        return JobToken(token, core.actions_app)
    if token.installation is None:
        return Person(token.account)
    if token.installation.suspended_at is not None:
        raise Refusal(403, "This installation has been suspended")
    return Installed(token, token.installation)


def _app_by_jwt(core: Core, value: str) -> AppItself:
    try:
        claims = jwt.decode(value, options={"verify_signature": False})
        app = _app_named(core, str(claims.get("iss", "")))
        off = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
        claims = jwt.decode(value, app.public_key, algorithms=["RS256"], options=off)  # type: ignore[arg-type]
    except jwt.PyJWTError as error:
        raise Refusal(401, "A JSON web token could not be decoded") from error
    _check_times(claims, core.now().timestamp())
    return AppItself(app)


def _app_named(core: Core, issuer: str) -> App:
    """By app id or client id."""
    found = next((a for a in core.state.apps.values() if issuer in (str(a.id), a.client_id)), None)
    if found is None:
        raise Refusal(401, "Integration not found")
    return found


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now + DRIFT_S:
        message = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        raise Refusal(401, message)
    if not isinstance(expires, int) or expires <= now:
        message = "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the"
        message += " assertion expires"
        raise Refusal(401, message)
    if expires > now + JWT_LIFE_S + DRIFT_S // 2:
        raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")


def new_installation_token(
    core: Core, installation: Installation, permissions: dict[str, str], repository_ids: set[int] | None
) -> Token:
    """One hour of life, in the long format. https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app"""
    app = installation.app
    body = f"{secrets.token_urlsafe(270)}.{secrets.token_urlsafe(96)}"
    token = Token(
        value=f"ghs_{app.id}_eyJhbGciOiJFUzI1NiJ9.{body}",
        account=app.bot,
        app=app,
        installation=installation,
        permissions=permissions,
        repository_ids=repository_ids,
        expires_at=core.now() + TOKEN_LIFE,
    )
    core.state.tokens[token.value] = token
    return token


def new_personal_token(core: Core, account: Account) -> Token:
    token = Token(f"ghp_{secrets.token_hex(18)}", account)
    core.state.tokens[token.value] = token
    return token


def new_job_token(core: Core, repository: Repository, permissions: Mapping[str, str]) -> Token:
    """A GITHUB_TOKEN for one repository; metadata: read is always in it."""
    wanted = {name.replace("-", "_"): level for name, level in permissions.items() if level != "none"}
    token = Token(
        value=f"ghs_{ACTIONS_PREFIX}{secrets.token_urlsafe(270)}",
        account=core.actions_app.bot,
        app=core.actions_app,
        permissions=wanted | {"metadata": "read"},
        repository_ids={repository.id},
        expires_at=core.now() + timedelta(hours=24),
        is_job=True,
    )
    core.state.tokens[token.value] = token
    return token


ACTIONS_PREFIX = "15368_"


# -- access ---------------------------------------------------------------------------------------------------------


def authorise(core: Core, actor: Actor, access: Access, params: Mapping[str, str], method: str) -> Repository | None:
    """The repository of an OnRepository route; Refusal when the actor may not."""
    match access:
        case Anyone():
            return None
        case SignedIn():
            if isinstance(actor, Nobody | AppItself):
                raise Refusal(401, "Requires authentication")
            return None
        case AsApp():
            if not isinstance(actor, AppItself):
                raise Refusal(401, "A JSON web token could not be decoded")
            return None
        case AsInstallation():
            if not isinstance(actor, Installed):
                raise Refusal(
                    403, "You must authenticate with an installation access token in order to use this endpoint."
                )
            return None
        case OnRepository():
            return _on_repository(core, actor, access, params, method)
    assert_never(access)


def _on_repository(
    core: Core, actor: Actor, access: OnRepository, params: Mapping[str, str], method: str
) -> Repository:
    repository = core.state.find(params["owner"], params["repo"])
    if repository is None:
        raise not_found()
    reading = method in ("GET", "HEAD")
    match actor:
        case Nobody():
            _as_nobody(repository, reading)
        case AppItself():
            raise forbidden(accepted=access.accepted)
        case Person(account=account):
            _as_person(repository, account, access.role)
        case Installed() | JobToken():
            _as_token(repository, actor, access, reading)
        case _:
            assert_never(actor)
    return repository


def _as_nobody(repository: Repository, reading: bool) -> None:
    if repository.private:
        raise not_found()
    if not reading:
        raise Refusal(401, "Requires authentication")


def _as_person(repository: Repository, account: Account, least: str) -> None:
    role = role_of(repository, account)
    if role == "none":
        raise not_found()
    if ROLES.index(role) < ROLES.index(least):
        raise Refusal(
            403,
            "Must have admin rights to Repository."
            if least == "admin"
            else f"Must have {least} access to this repository.",
        )


def _as_token(repository: Repository, actor: Installed | JobToken, access: OnRepository, reading: bool) -> None:
    if not reaches(actor, repository):
        if repository.private:
            raise not_found()
        if not reading:
            raise forbidden(accepted=access.accepted)
        return
    if not any(grants(actor, name, level) for name, level in access.permissions):
        raise forbidden(accepted=access.accepted)


def reaches(actor: Installed | JobToken, repository: Repository) -> bool:
    """Whether the token was made for this repository."""
    ids = actor.token.repository_ids
    if isinstance(actor, Installed) and not covers(actor.installation, repository):
        return False
    return ids is None or repository.id in ids


def grants(actor: Installed | JobToken, name: str, level: str) -> bool:
    """Whether the token, and for an App the installation as it is now, holds the permission at that level."""
    if name == "metadata":
        return True
    held = [(actor.token.permissions or {}).get(name, "none")]
    if isinstance(actor, Installed):
        held.append(actor.installation.permissions.get(name, "none"))
    return all(LEVELS.index(one) >= LEVELS.index(level) for one in held)


def role_of(repository: Repository, account: Account) -> str:
    """The highest of ownership, organization membership, collaboration and the repository being public.
    https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization"""
    owner = repository.owner
    member = owner.members.get(account.login)
    found = [
        "admin" if account is owner or member == "admin" else "none",
        "read" if member == "member" or not repository.private else "none",
        repository.collaborators.get(account.login, "none"),
    ]
    return max(found, key=ROLES.index)


def can(repository: Repository, actor: Actor, permission: str, level: str) -> bool:
    """For git over HTTP and GraphQL: may the actor do this on the repository?"""
    match actor:
        case Nobody() | AppItself():
            return level == "read" and not repository.private
        case Person(account=account):
            return ROLES.index(role_of(repository, account)) >= ROLES.index(level)
        case Installed() | JobToken():
            public = level == "read" and not repository.private
            return public or (reaches(actor, repository) and grants(actor, permission, level))
    assert_never(actor)
