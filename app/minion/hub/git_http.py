"""git over smart HTTP, through git's own http-backend. https://git-scm.com/docs/git-http-backend"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from minion.hub.actors import Actor, AppItself, Nobody
from minion.hub.auth import can, identify
from minion.hub.changes.push_rules import Move
from minion.hub.changes.refs import after_push, policy_for
from minion.hub.core import Request
from minion.hub.errors import Refusal
from minion.hub.git_objects import BASE_ENV, ZERO
from minion.hub.rest.dispatch import Incoming
from minion.hub.rest.route import Answer
from minion.hub.state import Repository

if TYPE_CHECKING:
    from minion.hub.core import Core

SERVICE = re.compile(
    r"/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/(?P<rest>info/refs|git-upload-pack|git-receive-pack)"
)
CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"'}


class GitHttp:
    """Serves every repository of the hub."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def answer(self, request: Incoming) -> Answer | None:
        """None when the path is none of git's. Reading private repositories and every push needs a credential."""
        found = SERVICE.fullmatch(request.path)
        if found is None:
            return None
        pushing = "git-receive-pack" in (request.query + found["rest"])
        try:
            actor, repository = self._open(request, found, pushing=pushing)
            result = self._serve(request, found["rest"], actor, repository)
        except Refusal as refusal:
            result = Answer(refusal.status, refusal.message.encode(), {"Content-Type": "text/plain"} | refusal.headers)
            actor = Nobody()
        with self._core.lock:
            login = actor.account.login if actor.account else ""
            self._core.requests.append(Request(request.method, request.path, login, result.status))
        return result

    def _open(self, request: Incoming, found: re.Match[str], *, pushing: bool) -> tuple[Actor, Repository]:
        with self._core.lock:
            actor = self._identify(request)
            repository = self._core.state.find(found["owner"], found["name"])
            visible = repository is not None and can(repository, actor, "contents", "read")
            if repository is None or not visible:
                raise self._hidden(actor)
            if pushing and not can(repository, actor, "contents", "write"):
                if isinstance(actor, Nobody):
                    raise self._hidden(actor)
                raise Refusal(403, f"Permission to {repository.full_name}.git denied to {_login(actor)}.")
            return actor, repository

    def _identify(self, request: Incoming) -> Actor:
        try:
            actor = identify(self._core, request.headers.get("authorization"))
        except Refusal as refusal:
            raise Refusal(refusal.status, "Invalid username or token.", headers=CHALLENGE) from refusal
        if isinstance(actor, AppItself):
            raise Refusal(401, "Invalid username or token.", headers=CHALLENGE)
        return actor

    def _hidden(self, actor: Actor) -> Refusal:
        """Strangers are asked to sign in; whoever did and still cannot see it is told that it does not exist."""
        if isinstance(actor, Nobody):
            return Refusal(401, "Repository not found.", headers=CHALLENGE)
        return Refusal(404, "Repository not found.")

    def _serve(self, request: Incoming, rest: str, actor: Actor, repository: Repository) -> Answer:
        if rest != "git-receive-pack":
            return _backend(request, repository, rest, actor, {})
        with self._core.lock:  # no other change while refs move
            git = self._core.git(repository)
            before = git.refs()
            policy = json.dumps(dataclasses.asdict(policy_for(repository, actor)))
            result = _backend(request, repository, rest, actor, {"HUB_POLICY": policy})
            after = git.refs()
            for name in sorted(before.keys() | after.keys()):
                move = Move(name, before.get(name, ZERO), after.get(name, ZERO))
                after_push(self._core, actor, repository, move, "git")
        return result


def _login(actor: Actor) -> str:
    return actor.account.login if actor.account else ""


@lru_cache(maxsize=1)
def backend_path() -> Path:
    """Where git keeps git-http-backend."""
    done = subprocess.run(["git", "--exec-path"], capture_output=True, check=True, text=True, env=BASE_ENV)
    return Path(done.stdout.strip()) / "git-http-backend"


def _backend(request: Incoming, repository: Repository, rest: str, actor: Actor, extra: dict[str, str]) -> Answer:
    """Runs the CGI program once; its headers and body are the answer."""
    environment = (
        BASE_ENV
        | extra
        | {
            "GIT_PROJECT_ROOT": str(repository.git_dir),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{rest}",
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "REMOTE_USER": _login(actor),
            "REMOTE_ADDR": "127.0.0.1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
    )
    done = subprocess.run([str(backend_path())], input=request.body, capture_output=True, check=False, env=environment)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split(" ")[0])
    if done.returncode != 0 and not head:
        raise Refusal(500, done.stderr.decode(errors="replace"))
    return Answer(status, body, headers)
