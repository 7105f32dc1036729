"""https://docs.github.com/en/rest/git/blobs, /trees, /commits, /refs"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from minion.hub.actors import Installed, JobToken
from minion.hub.changes.pulls import github_signature
from minion.hub.changes.push_rules import Move
from minion.hub.changes.refs import move_ref
from minion.hub.errors import Refusal, invalid, moment, not_found, unprocessable
from minion.hub.git_objects import EMPTY_TREE, ZERO, Git, GitError, Signature, TreeEntry
from minion.hub.git_trees import build_tree
from minion.hub.rest.issues import REPO
from minion.hub.rest.route import Accepts, Answer, Call, needs, route
from minion.hub.shapes.accounts import node_id
from minion.hub.shapes.commits import git_commit_json, ref_json

GIT = REPO + "/git"
READ = needs("contents:read")
WRITE = needs("contents:write")
SINGULAR = {"blob": "blobs", "tree": "trees", "commit": "commits"}


def _git(call: Call) -> Git:
    git = call.core.git(call.repository)
    if git.ref(f"refs/heads/{call.repository.default_branch}") is None:
        raise Refusal(409, "Git Repository is empty.")
    return git


def _url(call: Call, kind: str, sha: str) -> str:
    return f"{call.core.api_url}/repos/{call.repository.full_name}/git/{SINGULAR[kind]}/{sha}"


# -- blobs and trees ------------------------------------------------------------------------------------------------


def create_blob(call: Call) -> Answer:
    encoding, content = call.body.get("encoding", "utf-8"), call.body["content"]
    if encoding not in ("utf-8", "base64"):
        raise invalid("Blob", "encoding")
    try:
        raw = base64.b64decode(content) if encoding == "base64" else content.encode()
    except binascii.Error as error:
        raise unprocessable("content is not valid Base64") from error
    sha = _git(call).write_blob(raw)
    return Answer(201, {"sha": sha, "url": _url(call, "blob", sha)})


def get_blob(call: Call) -> Answer:
    git, sha = _git(call), call.params["sha"]
    if len(sha) != 40 or git.kind(sha) != "blob":
        raise not_found()
    raw = git.blob(sha)
    if "raw" in call.headers.get("accept", ""):
        return Answer(200, raw)
    content = base64.encodebytes(raw).decode()
    shape = {"sha": sha, "node_id": node_id("B", sha), "size": len(raw), "url": _url(call, "blob", sha)}
    return Answer(200, shape | {"content": content, "encoding": "base64"})


def _tree_json(call: Call, sha: str, entries: list[TreeEntry]) -> dict[str, Any]:
    def show(entry: TreeEntry) -> dict[str, Any]:
        shape: dict[str, Any] = {"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
        size = {} if entry.size is None else {"size": entry.size}
        return shape | size | ({} if entry.kind == "commit" else {"url": _url(call, entry.kind, entry.sha)})

    return {"sha": sha, "url": _url(call, "tree", sha), "tree": [show(e) for e in entries], "truncated": False}


def create_tree(call: Call) -> Answer:
    """`base_tree` keeps what is not named; an entry whose sha is null deletes its path."""
    git, base = _git(call), call.body.get("base_tree")
    if base is not None and (base := git.resolve(base, "tree")) is None:
        raise not_found()
    sha = build_tree(git, base or EMPTY_TREE, call.body["tree"])
    return Answer(201, _tree_json(call, sha, git.tree(sha)))


def get_tree(call: Call) -> Answer:
    git, wanted = _git(call), call.params["tree_sha"]
    sha = git.resolve(f"refs/heads/{wanted}", "tree") or git.resolve(wanted, "tree")
    if sha is None:
        raise not_found()
    return Answer(200, _tree_json(call, sha, git.tree(sha, recursive=bool(call.query.get("recursive")))))


# -- commits --------------------------------------------------------------------------------------------------------


def person(value: Any, default: Signature) -> Signature:
    """A commit's author or committer from the body; 422 for what git could not store."""
    if value is None:
        return default
    if not isinstance(value, dict) or set(value) - {"name", "email", "date"}:
        raise invalid("Commit", "author")
    name, email = value.get("name"), value.get("email")
    if not all(isinstance(one, str) and one.strip() and not set(one) & set("<>\n\0") for one in (name, email)):
        raise invalid("Commit", "author", "missing_field")
    return Signature(str(name), str(email), moment(value.get("date"), "Commit", "date") or default.date)


def create_commit(call: Call) -> Answer:
    """Signed by GitHub when an App makes it and names neither author nor committer.
    https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification#signature-verification-for-bots"""
    git, body = _git(call), call.body
    if git.kind(body["tree"]) != "tree":
        raise unprocessable("Tree SHA does not exist")
    parents = body.get("parents") or []
    if any(not isinstance(p, str) or git.kind(p) != "commit" for p in parents):
        raise unprocessable("Parent SHA does not exist or is not a commit object")
    by_app = isinstance(call.actor, Installed | JobToken)
    signed = by_app and not ({"author", "committer", "signature"} & set(body))
    own = Signature(
        call.account.login if by_app else call.account.name or call.account.login, call.account.email, call.core.now()
    )
    author = person(body.get("author"), own)
    committer = github_signature(call.core) if signed else person(body.get("committer"), author)
    sha = git.write_commit(body["tree"], parents, body["message"], (author, committer))
    if signed:
        call.repository.web_commits.add(sha)
    return Answer(201, git_commit_json(call.core, call.repository, git.commit(sha)))


def get_commit(call: Call) -> Answer:
    git, sha = _git(call), call.params["sha"]
    if len(sha) != 40 or git.kind(sha) != "commit":
        raise not_found()
    return Answer(200, git_commit_json(call.core, call.repository, git.commit(sha)))


# -- refs -----------------------------------------------------------------------------------------------------------


def _name(call: Call) -> str:
    return f"refs/{call.params['ref']}"


def get_ref(call: Call) -> Answer:
    sha = _git(call).ref(_name(call))
    if sha is None:
        raise not_found()
    return Answer(200, ref_json(call.core, call.repository, _name(call), sha))


def list_matching(call: Call) -> Answer:
    found = _git(call).refs(_name(call))
    return Answer(200, [ref_json(call.core, call.repository, name, sha) for name, sha in found.items()])


def create_ref(call: Call) -> Answer:
    """One push event at the sha."""
    git, name, sha = _git(call), call.body["ref"], call.body["sha"]
    if not name.startswith("refs/") or name.count("/") < 2 or not git.valid_ref(name):
        raise unprocessable(f"Reference name is not valid: {name}")
    if len(sha) != 40 or git.kind(sha) is None:
        raise unprocessable("Object does not exist")
    if git.ref(name) is not None:
        raise unprocessable("Reference already exists")
    _no_clash(git, name)
    move_ref(call.core, call.actor, call.repository, Move(name, ZERO, sha))
    return Answer(201, ref_json(call.core, call.repository, name, sha))


def _no_clash(git: Git, name: str) -> None:
    """`a` and `a/b` cannot both be refs."""
    if any(other.startswith(f"{name}/") or name.startswith(f"{other}/") for other in git.refs()):
        raise unprocessable("Reference update failed")


def update_ref(call: Call) -> Answer:
    git, name, sha = _git(call), _name(call), call.body["sha"]
    old = git.ref(name)
    if old is None:
        raise unprocessable("Reference does not exist")
    if len(sha) != 40 or git.kind(sha) is None:
        raise unprocessable("Object does not exist")
    move_ref(call.core, call.actor, call.repository, Move(name, old, sha), force=bool(call.body.get("force")))
    return Answer(200, ref_json(call.core, call.repository, name, sha))


def delete_ref(call: Call) -> Answer:
    old = _git(call).ref(_name(call))
    if old is None:
        raise unprocessable("Reference does not exist")
    try:
        move_ref(call.core, call.actor, call.repository, Move(_name(call), old, ZERO))
    except GitError as error:
        raise unprocessable("Reference cannot be deleted") from error
    return Answer(204)


COMMIT = "message! tree! parents:list author:dict committer:dict signature"

ROUTES = (
    route(f"POST {GIT}/blobs", create_blob, WRITE, Accepts(body="content! encoding")),
    route(f"GET {GIT}/blobs/{{sha}}", get_blob, READ),
    route(f"POST {GIT}/trees", create_tree, WRITE, Accepts(body="tree:list! base_tree")),
    route(f"GET {GIT}/trees/{{tree_sha:path}}", get_tree, READ, Accepts("recursive")),
    route(f"POST {GIT}/commits", create_commit, WRITE, Accepts(body=COMMIT)),
    route(f"GET {GIT}/commits/{{sha}}", get_commit, READ),
    route(f"GET {GIT}/ref/{{ref:path}}", get_ref, READ),
    route(f"GET {GIT}/matching-refs/{{ref:path}}", list_matching, READ),
    route(f"POST {GIT}/refs", create_ref, WRITE, Accepts(body="ref! sha!")),
    route(f"PATCH {GIT}/refs/{{ref:path}}", update_ref, WRITE, Accepts(body="sha! force:bool")),
    route(f"DELETE {GIT}/refs/{{ref:path}}", delete_ref, WRITE),
)
