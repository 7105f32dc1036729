"""Apps and where they are installed. https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from minion.hub.errors import Refusal
from minion.hub.shapes.accounts import installation_json, node_id
from minion.hub.state import LEVELS, Account, App, Installation, Repository

if TYPE_CHECKING:
    from minion.hub.core import Core


@dataclass(frozen=True)
class Registration:
    """What an App is registered with. Without `public_key` (PEM) the hub makes a key pair."""

    slug: str
    owner: str
    webhook_url: str
    webhook_secret: str
    permissions: Mapping[str, str]
    events: Sequence[str] = ()
    name: str = ""
    public_key: str = ""


def new_key_pair() -> tuple[str, str]:
    """(private, public) PEM of 2048-bit RSA."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def register(core: Core, wanted: Registration) -> App:
    """A new App and its bot account."""
    owner = core.state.account(wanted.owner)
    if owner is None or core.state.account(f"{wanted.slug}[bot]"):
        raise Refusal(422, f"owner {wanted.owner} does not exist, or {wanted.slug} is taken")
    _check_permissions(wanted.permissions)
    private, public = (None, wanted.public_key) if wanted.public_key else new_key_pair()
    bot = core.add_account(f"{wanted.slug}[bot]", "Bot", wanted.name or wanted.slug)
    app = App(
        id=1_000_000 + secrets.randbelow(9_000_000),  # clients cache credentials by App id: no two hubs share one
        slug=wanted.slug,
        name=wanted.name or wanted.slug,
        owner=owner,
        bot=bot,
        public_key=public,
        private_key=private,
        webhook_url=wanted.webhook_url,
        webhook_secret=wanted.webhook_secret,
        permissions=dict(wanted.permissions) | {"metadata": "read"},
        events=list(wanted.events),
        created_at=core.now(),
    )
    core.state.apps[app.id] = app
    return app


def _check_permissions(permissions: Mapping[str, str]) -> None:
    wrong = [name for name, level in permissions.items() if level not in LEVELS]
    if wrong:
        raise Refusal(422, f"permission {wrong[0]} must be one of {', '.join(LEVELS)}")


def install(
    core: Core, app: App, account: Account, repositories: Sequence[Repository] | None, by: Account
) -> Installation:
    """All repositories of the account, or the selected ones; the App hears `installation` (created)."""
    now = core.now()
    ids = None if repositories is None else {r.id for r in repositories}
    installation = Installation(
        core.state.next_id(), app, account, dict(app.permissions), list(app.events), now, now, ids
    )
    core.state.installations[installation.id] = installation
    _tell(core, installation, "created", by)
    return installation


def _brief(repository: Repository) -> dict[str, Any]:
    return {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }


def covered(core: Core, installation: Installation) -> list[Repository]:
    """The repositories of an installation."""
    mine = [r for r in core.state.repositories.values() if r.owner is installation.account]
    return [r for r in mine if installation.repository_ids is None or r.id in installation.repository_ids]


def _tell(core: Core, installation: Installation, action: str, by: Account) -> None:
    payload = {
        "action": action,
        "installation": installation_json(core, installation),
        "repositories": [_brief(r) for r in covered(core, installation)],
        "requester": None,
    }
    core.emit_to(installation.app, "installation", payload, by)


def suspend(core: Core, installation: Installation, by: Account, *, suspended: bool) -> None:
    """Its tokens are refused with 403 and it hears no events while suspended."""
    installation.suspended_at = core.now() if suspended else None
    installation.suspended_by = by if suspended else None
    _tell(core, installation, "suspend" if suspended else "unsuspend", by)


def uninstall(core: Core, installation: Installation, by: Account) -> None:
    """Its tokens die at once."""
    _tell(core, installation, "deleted", by)
    del core.state.installations[installation.id]
    tokens = core.state.tokens
    for value in [v for v, t in tokens.items() if t.installation is installation]:
        del tokens[value]


def set_permissions(core: Core, installation: Installation, permissions: Mapping[str, str], by: Account) -> None:
    """Accepts new permissions for one installation; living tokens lose what was taken away."""
    _check_permissions(permissions)
    installation.permissions = dict(permissions) | {"metadata": "read"}
    installation.updated_at = core.now()
    _tell(core, installation, "new_permissions_accepted", by)


def select_repositories(
    core: Core, installation: Installation, repositories: Sequence[Repository], by: Account
) -> None:
    """Changes the selection; one `installation_repositories` for what came and one for what went."""
    before = {r.id: r for r in covered(core, installation)}
    after = {r.id: r for r in repositories}
    installation.repository_ids = set(after)
    added = [r for key, r in after.items() if key not in before]
    removed = [r for key, r in before.items() if key not in after]
    for action, changed in (("added", added), ("removed", removed)):
        if changed:
            _tell_selection(core, installation, action, changed, by)


def _tell_selection(
    core: Core, installation: Installation, action: str, changed: Sequence[Repository], by: Account
) -> None:
    shapes = [_brief(r) for r in changed]
    payload = {
        "action": action,
        "installation": installation_json(core, installation),
        "repository_selection": "selected",
        "repositories_added": shapes if action == "added" else [],
        "repositories_removed": shapes if action == "removed" else [],
        "requester": None,
    }
    core.emit_to(installation.app, "installation_repositories", payload, by)
