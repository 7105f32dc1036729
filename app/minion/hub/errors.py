"""Refusals: answers other than success, raised anywhere below the HTTP layer and rendered there.

Shapes as on https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

DOCS = "https://docs.github.com/rest"


class Refusal(Exception):  # noqa: N818  # an answer, not an error
    """An HTTP answer of status >= 400 with GitHub's JSON body; the one way a handler says no."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Any] = (),
        headers: Mapping[str, str] | None = None,
        docs: str = DOCS,
    ) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.docs = docs

    def body(self) -> dict[str, Any]:
        """The JSON body; `errors` only where there are any, `status` as a string, as GitHub sends it."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors:
            body["errors"] = self.errors
        return body | {"documentation_url": self.docs, "status": str(self.status)}


def not_found() -> Refusal:
    """404: also what a caller without access to a private thing sees."""
    return Refusal(404, "Not Found")


def forbidden(message: str = "Resource not accessible by integration", accepted: str = "") -> Refusal:
    """403; `accepted` is the value of X-Accepted-GitHub-Permissions."""
    return Refusal(403, message, headers={"X-Accepted-GitHub-Permissions": accepted} if accepted else None)


def invalid(resource: str, field: str, code: str = "invalid", message: str = "") -> Refusal:
    """422 Validation Failed with one error entry; codes: missing, missing_field, invalid, already_exists, custom."""
    entry = {"resource": resource, "field": field, "code": code}
    return Refusal(422, "Validation Failed", errors=[entry | ({"message": message} if message else {})])


def unprocessable(message: str) -> Refusal:
    """422 with a plain message, as the git-data routes answer."""
    return Refusal(422, message)


def moment(text: str | None, resource: str = "Request", field: str = "since") -> datetime | None:
    """An ISO 8601 time, in UTC where it names no zone; 422 naming the field for anything else."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(resource, field) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def unknown(kind: str, name: str) -> Refusal:
    """501: this hub does not know the route, parameter or field; recorded, so that nothing passes by being ignored."""
    return Refusal(501, f"This hub does not know the {kind} {name}")
