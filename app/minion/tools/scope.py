"""Which paths a tool may change: the task's scope, the repository's protected paths, never a repository's own data."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from pathspec import GitIgnoreSpec

from minion.domain.patterns import Narrowing, compiled, outside
from minion.domain.spec import Scope


class WriteScope:
    """Patterns are those of gitignore (https://git-scm.com/docs/gitignore#_pattern_format), relative to the root."""

    def __init__(self, scope: Scope, protected: Sequence[str] = (), narrowing: Narrowing = ()) -> None:
        self._scope = scope
        self._protected = tuple(protected)
        self._narrowing = narrowing

    @cached_property
    def _allowed(self) -> GitIgnoreSpec:
        return compiled(self._scope.allow)

    @cached_property
    def _forbidden(self) -> GitIgnoreSpec:
        return compiled(self._scope.forbid)

    @cached_property
    def _guarded(self) -> GitIgnoreSpec:
        return compiled(self._protected)

    def refusal(self, path: str) -> str | None:
        """Why `path` (relative, with `/`) may not be changed, for the model; None when it may."""
        if any(part.casefold() == ".git" for part in path.split("/")):
            return f"{path} belongs to git itself and may not be changed"
        if self._guarded.match_file(path):
            return f"{path} is protected in this repository; leave it, and say in your summary what it would need"
        if self._forbidden.match_file(path):
            return f"{path} is outside this task's scope (forbidden: {', '.join(self._scope.forbid)})"
        if self._scope.allow and not self._allowed.match_file(path):
            return f"{path} is outside this task's scope (allowed: {', '.join(self._scope.allow)})"
        narrowed = outside(path, self._narrowing)
        if narrowed is not None:
            return f"{path} is outside what this step may change (allowed: {', '.join(narrowed)})"
        return None
