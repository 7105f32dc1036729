"""actions/checkout. https://github.com/actions/checkout#usage"""

from __future__ import annotations

import base64
import shutil
from dataclasses import dataclass
from pathlib import Path

from minion.hub.actions.builtin.call import ActionCall, Builtin
from minion.hub.actions.contexts import ref_names
from minion.hub.actions.machine import StepError


@dataclass(frozen=True)
class Target:
    """What to check out: `source` is fetched to `tracking`; a branch is checked out as one, all else detached."""

    source: str
    tracking: str
    branch: str | None


def _run(call: ActionCall) -> None:
    call.refuse("submodules", "false", "")
    call.refuse("lfs", "false", "")
    path = call.in_workspace(call.inputs["path"] or ".")
    repository = call.inputs["repository"] or str(call.github["repository"])
    token = call.inputs["token"] or str(call.github["token"])
    call.machine.log.mask(token)
    server = str(call.github["server_url"])
    header = f"http.{server}/.extraheader"
    credential = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    call.machine.log.mask(credential)
    _prepare(call, path, f"{server}/{repository}")
    call.run(["git", "config", "--local", header, f"AUTHORIZATION: basic {credential}"], path)
    target = _target(call, repository, path)
    _fetch(call, path, target)
    _check_out(call, path, target)
    _finish(call, path, header)


def _prepare(call: ActionCall, path: Path, url: str) -> None:
    call.log(f"Syncing repository: {url.rsplit('/', 2)[-2]}/{url.rsplit('/', 1)[-1]}")
    path.mkdir(parents=True, exist_ok=True)
    if (path / ".git").is_dir():
        if call.flag("clean"):
            call.run(["git", "clean", "-ffdx"], path)
            call.run(["git", "reset", "--hard", "HEAD"], path)
        call.run(["git", "remote", "set-url", "origin", url], path)
        return
    for entry in list(path.iterdir()):
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    call.run(["git", "init", "--quiet", str(path)], path)
    call.run(["git", "remote", "add", "origin", url], path)
    call.run(["git", "config", "--local", "gc.auto", "0"], path)


def _target(call: ActionCall, repository: str, path: Path) -> Target:
    wanted = call.inputs["ref"]
    own = repository.lower() == str(call.github["repository"]).lower()
    if not wanted and own:
        return _of_event(str(call.github["ref"]), str(call.github["sha"]))
    if not wanted:
        return _default_branch(call, path)
    if len(wanted) == 40 and all(char in "0123456789abcdef" for char in wanted.lower()):
        return Target(wanted, "", None)
    if wanted.startswith("refs/"):
        return _of_event(wanted, wanted)
    return _named(call, path, wanted)


def _of_event(ref: str, source: str) -> Target:
    """The ref of the run at its own commit, even if the ref has moved since."""
    name, kind = ref_names(ref)
    if ref.startswith("refs/heads/"):
        return Target(source, f"refs/remotes/origin/{name}", name)
    if kind == "tag":
        return Target(source, ref, None)
    return Target(source, ref.replace("refs/", "refs/remotes/", 1), None)


def _named(call: ActionCall, path: Path, name: str) -> Target:
    listing = call.capture(["git", "ls-remote", "origin", f"refs/heads/{name}", f"refs/tags/{name}"], path)
    if f"refs/heads/{name}" in listing:
        return Target(f"refs/heads/{name}", f"refs/remotes/origin/{name}", name)
    if f"refs/tags/{name}" in listing:
        return Target(f"refs/tags/{name}", f"refs/tags/{name}", None)
    raise StepError(f"A branch or tag with the name '{name}' could not be found")


def _default_branch(call: ActionCall, path: Path) -> Target:
    listing = call.capture(["git", "ls-remote", "--symref", "origin", "HEAD"], path)
    first = listing.splitlines()[0] if listing else ""
    if not first.startswith("ref: refs/heads/"):
        raise StepError("Unable to determine the default branch")
    name = first.removeprefix("ref: refs/heads/").split("\t")[0]
    return Target(f"refs/heads/{name}", f"refs/remotes/origin/{name}", name)


def _fetch(call: ActionCall, path: Path, target: Target) -> None:
    depth = call.number("fetch-depth")
    tags = [] if call.flag("fetch-tags") else ["--no-tags"]
    shallow = [f"--depth={depth}"] if depth > 0 else []
    fetch = ["git", "-c", "protocol.version=2", "fetch", *tags, "--no-recurse-submodules", *shallow]
    quiet = {"GIT_TERMINAL_PROMPT": "0"}
    if depth == 0:
        everything = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
        call.run([*fetch, "--prune", "origin", *everything], path, quiet)
    # A fetch of its own: the branch may have moved on since the event.
    wanted = f"+{target.source}:{target.tracking}" if target.tracking else target.source
    call.run([*fetch, "origin", wanted], path, quiet)


def _check_out(call: ActionCall, path: Path, target: Target) -> None:
    start = target.tracking or target.source
    where = ["-B", target.branch, start] if target.branch else ["--detach", start]
    call.run(["git", "checkout", "--quiet", "--force", *where], path)
    call.outputs["commit"] = call.capture(["git", "log", "-1", "--format=%H"], path)
    call.outputs["ref"] = call.inputs["ref"] or str(call.github["ref"])
    call.log(call.outputs["commit"])


def _finish(call: ActionCall, path: Path, header: str) -> None:
    """Without persist-credentials the credential goes now; with it, when the job ends."""

    def forget() -> None:
        if (path / ".git").is_dir():
            call.run(["git", "config", "--local", "--unset-all", header], path)

    if call.flag("persist-credentials"):
        call.after_job("Post Run actions/checkout", forget)
    else:
        forget()


CHECKOUT = Builtin(
    {
        "repository": "",
        "ref": "",
        "token": "",
        "persist-credentials": "true",
        "path": "",
        "clean": "true",
        "fetch-depth": "1",
        "fetch-tags": "false",
        "show-progress": "true",
        "submodules": "false",
        "lfs": "false",
        "set-safe-directory": "true",
    },
    _run,
)
