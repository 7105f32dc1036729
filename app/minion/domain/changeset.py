"""What a round wants to push: the difference of a tree from a commit, by whole files."""

from __future__ import annotations

import base64
import hashlib
import json
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from minion.domain.ids import CommitSha


class FileMode(StrEnum):
    """Git's modes for tree entries that a change set may carry (https://git-scm.com/docs/git-fast-import)."""

    FILE = "100644"
    EXECUTABLE = "100755"
    SYMLINK = "120000"
    SUBMODULE = "160000"


class ChangedFile(BaseModel):
    """One path. `content` is base64 of the new bytes; None means that the path is deleted."""

    model_config = ConfigDict(frozen=True)

    path: str
    mode: FileMode = FileMode.FILE
    content: str | None = None

    @property
    def data(self) -> bytes | None:
        return None if self.content is None else base64.b64decode(self.content, validate=True)

    @classmethod
    def of(cls, path: str, data: bytes, mode: FileMode = FileMode.FILE) -> ChangedFile:
        return cls(path=path, mode=mode, content=base64.b64encode(data).decode("ascii"))


class ChangeSet(BaseModel):
    """Files sorted by path, as they should be on top of `base_sha` (the commit that the round started from)."""

    model_config = ConfigDict(frozen=True)

    base_sha: CommitSha
    files: tuple[ChangedFile, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.files

    def digest(self) -> str:
        """SHA-256 (hex) over the canonical JSON: equal change sets have equal digests."""
        payload = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(payload.encode()).hexdigest()
