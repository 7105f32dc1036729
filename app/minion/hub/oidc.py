"""The issuer of OIDC tokens for jobs.

https://docs.github.com/en/actions/reference/security/oidc
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from minion.hub.actions.contexts import github_context
from minion.hub.actions.host import Host
from minion.hub.actions.records import JobRecord
from minion.hub.actions.service import Actions

PREFIX = "/_services/token"
LIFETIME_S = 300
_FROM_CONTEXT = (
    "repository repository_id repository_owner repository_owner_id repository_visibility run_id run_number run_attempt "
    "actor workflow workflow_ref workflow_sha ref ref_type sha event_name head_ref base_ref"
)
CLAIMS = (
    "iss aud sub jti iat nbf exp actor_id environment job_workflow_ref job_workflow_sha runner_environment "
    "check_run_id ref_protected"
)


class Issuer:
    """Signs with a key of its own, made at first use."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.key_id = uuid.uuid4().hex

    @property
    def url(self) -> str:
        return self._host.base_url + PREFIX

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks",
            "subject_types_supported": ["public", "pairwise"],
            "response_types_supported": ["id_token"],
            "claims_supported": [*CLAIMS.split(), *_FROM_CONTEXT.split()],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }

    def keys(self) -> dict[str, Any]:
        public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        shown = {name: public[name] for name in ("kty", "n", "e")}
        return {"keys": [{**shown, "use": "sig", "alg": "RS256", "kid": self.key_id}]}

    def token(self, job: JobRecord, audience: str | None) -> str:
        claims = self._claims(job, audience)
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id})

    def _claims(self, job: JobRecord, audience: str | None) -> dict[str, Any]:
        repository = self._host.repository(job.run.repository_id)
        context = github_context(self._host.base_url, repository, job.run)
        told = {name: context[name] for name in _FROM_CONTEXT.split()}
        moment = int(time.time())
        return {
            **told,
            **_workflow_claims(job),
            **({"environment": job.environment} if job.environment else {}),
            "iss": self.url,
            "aud": audience or f"{self._host.base_url}/{repository.owner}",
            "sub": _subject(repository.full_name, job),
            "jti": str(uuid.uuid4()),
            "iat": moment,
            "nbf": moment,
            "exp": moment + LIFETIME_S,
            "actor_id": str(self._host.user_json(job.run.cause.actor)["id"]),
            "ref_protected": "false",
            "runner_environment": "github-hosted",
            "check_run_id": str(job.id),
        }


def _workflow_claims(job: JobRecord) -> Mapping[str, str]:
    """The workflow that holds the job: a called one where there is one."""
    if job.instance is None:
        raise AssertionError("only a running job has a request token")
    instance = job.instance
    where = f"{instance.workflow_repository}/{instance.workflow.path}"
    return {"job_workflow_ref": f"{where}@{instance.workflow_ref}", "job_workflow_sha": instance.workflow_sha}


def _subject(repository: str, job: JobRecord) -> str:
    if job.environment:
        return f"repo:{repository}:environment:{job.environment}"
    if job.run.cause.event == "pull_request":
        return f"repo:{repository}:pull_request"
    return f"repo:{repository}:ref:{job.run.cause.ref}"


def routes(service: Actions) -> Sequence[BaseRoute]:
    """Discovery, keys, and the address that jobs ask for tokens."""
    issuer = Issuer(service.host)

    def configuration(_request: Request) -> Response:
        return JSONResponse(issuer.configuration())

    def keys(_request: Request) -> Response:
        return JSONResponse(issuer.keys())

    def id_token(request: Request) -> Response:
        kind, _, credential = request.headers.get("authorization", "").partition(" ")
        job = service.tokens.job_of(credential) if kind.lower() == "bearer" else None
        if job is None or job.id != request.path_params["job_id"] or job.run.id != request.path_params["run_id"]:
            return JSONResponse({"message": "Unauthorized"}, 401)
        value = issuer.token(job, request.query_params.get("audience"))
        return JSONResponse({"count": len(value), "value": value})

    return [
        Route(f"{PREFIX}/.well-known/openid-configuration", configuration),
        Route(f"{PREFIX}/.well-known/jwks", keys),
        Route(f"{PREFIX}/{{run_id:int}}/{{job_id:int}}/idtoken", id_token),
    ]
