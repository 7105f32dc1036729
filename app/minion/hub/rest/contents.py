"""https://docs.github.com/en/rest/repos/contents"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote

from minion.hub.changes.pulls import github_signature
from minion.hub.changes.push_rules import Move
from minion.hub.changes.refs import move_ref
from minion.hub.errors import Refusal, not_found, unprocessable
from minion.hub.git_objects import EMPTY_TREE, ZERO, Signature, TreeEntry
from minion.hub.git_trees import build_tree
from minion.hub.rest.git_data import person
from minion.hub.rest.issues import REPO
from minion.hub.rest.route import Accepts, Answer, Call, needs, route
from minion.hub.shapes.commits import git_commit_json

FILE = REPO + "/contents/{path:path}"
INLINE = 1_000_000  # above this the content is left out
READ = needs("contents:read")
WRITE = needs("contents:write")


def _commit(call: Call) -> str:
    ref = call.query.get("ref") or call.repository.default_branch
    git = call.core.git(call.repository)
    found = git.resolve(f"refs/heads/{ref}") or git.resolve(ref)
    if found is None:
        raise Refusal(404, f"No commit found for the ref {ref}")
    return found


def _entry_json(call: Call, entry: TreeEntry, sha: str) -> dict[str, Any]:
    kind = {"blob": "symlink" if entry.mode == "120000" else "file", "tree": "dir", "commit": "submodule"}[entry.kind]
    api = f"{call.core.api_url}/repos/{call.repository.full_name}"
    page = f"{call.core.base_url}/{call.repository.full_name}"
    path = quote(entry.path)
    ref = call.query.get("ref") or call.repository.default_branch
    links = {
        "self": f"{api}/contents/{path}?ref={quote(ref, safe='')}",
        "git": f"{api}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}",
        "html": f"{page}/{'tree' if kind == 'dir' else 'blob'}/{sha}/{path}",
    }
    return {
        "type": kind,
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": links["self"],
        "html_url": links["html"],
        "git_url": links["git"],
        "download_url": None if kind == "dir" else f"{page}/raw/{sha}/{path}",
        "_links": links,
    }


def get_contents(call: Call) -> Answer:
    """A file (base64, or its bytes with the raw media type) or a folder's entries."""
    git, sha, path = call.core.git(call.repository), _commit(call), call.params.get("path", "").strip("/")
    entry = git.entry(sha, path) if path else None
    if path and entry is None:
        raise not_found()
    if entry is None or entry.kind == "tree":
        return Answer(200, [_entry_json(call, child, sha) for child in git.tree(sha, path)])
    if entry.kind == "commit":
        return Answer(200, _entry_json(call, entry, sha) | {"submodule_git_url": None})
    raw = git.blob(entry.sha)
    if "raw" in call.headers.get("accept", ""):
        return Answer(200, raw, {"Content-Type": "application/vnd.github.raw; charset=utf-8"})
    content, encoding = (base64.encodebytes(raw).decode(), "base64") if len(raw) <= INLINE else ("", "none")
    target = {"target": raw.decode(errors="replace")} if entry.mode == "120000" else {}
    return Answer(200, _entry_json(call, entry, sha) | {"content": content, "encoding": encoding} | target)


def _change(call: Call, entry: dict[str, Any]) -> tuple[str, str]:
    """Commits one path's change to the branch; (commit sha, the file's sha before or '')."""
    git, branch = call.core.git(call.repository), call.body.get("branch") or call.repository.default_branch
    ref = f"refs/heads/{branch}"
    old = git.ref(ref)
    if old is None and git.refs("refs/heads/"):
        raise Refusal(404, f"Branch {branch} not found")
    before = git.entry(old, entry["path"]) if old else None
    given = call.body.get("sha")
    if before is not None and given != before.sha:
        if given is None:
            raise unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.')
        raise Refusal(409, f"{entry['path']} does not match {given}")
    tree = build_tree(git, f"{old}^{{tree}}" if old else EMPTY_TREE, [entry])
    people = _people(call)
    sha = git.write_commit(tree, [old] if old else [], call.body["message"], people)
    if not ({"author", "committer"} & set(call.body)):
        call.repository.web_commits.add(sha)
    move_ref(call.core, call.actor, call.repository, Move(ref, old or ZERO, sha))
    return sha, before.sha if before else ""


def _people(call: Call) -> tuple[Signature, Signature]:
    now = call.core.now()
    own = Signature(call.account.name or call.account.login, call.account.email, now)

    author = person(call.body.get("author"), own)
    return author, person(call.body.get("committer"), github_signature(call.core))


def put_contents(call: Call) -> Answer:
    path = call.params["path"].strip("/")
    git = call.core.git(call.repository)
    try:
        blob = git.write_blob(base64.b64decode(call.body["content"]))
    except binascii.Error as error:
        raise unprocessable("content is not valid Base64") from error
    sha, before = _change(call, {"path": path, "mode": "100644", "type": "blob", "sha": blob})
    entry = git.entry(sha, path)
    shape = None if entry is None else _entry_json(call, entry, sha)
    commit = git_commit_json(call.core, call.repository, git.commit(sha))
    return Answer(200 if before else 201, {"content": shape, "commit": commit})


def delete_contents(call: Call) -> Answer:
    path = call.params["path"].strip("/")
    sha, _ = _change(call, {"path": path, "sha": None})
    commit = git_commit_json(call.core, call.repository, call.core.git(call.repository).commit(sha))
    return Answer(200, {"content": None, "commit": commit})


PUT = "message! content! sha branch author:dict committer:dict"
DELETE = "message! sha! branch author:dict committer:dict"

ROUTES = (
    route(f"GET {REPO}/contents", get_contents, READ, Accepts("ref")),
    route(f"GET {REPO}/contents/", get_contents, READ, Accepts("ref")),
    route(f"GET {FILE}", get_contents, READ, Accepts("ref")),
    route(f"PUT {FILE}", put_contents, WRITE, Accepts(body=PUT)),
    route(f"DELETE {FILE}", delete_contents, WRITE, Accepts(body=DELETE)),
)
