"""A repository's `.github/minion.yml`: its text to a checked value, or all that is wrong with it, by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.tokens import AliasToken, AnchorToken, TagToken

from minion.domain.config import RepositoryConfiguration

PATH: Final = ".github/minion.yml"
LIMIT: Final = 64 * 1024


@dataclass(frozen=True)
class Broken:
    """Each problem names the file, the line and the key; for the people of the repository."""

    problems: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.problems)


def read_configuration(data: bytes | None) -> RepositoryConfiguration | Broken:
    """`data` is the file on the default branch; None, where there is none, gives the defaults."""
    if data is None:
        return RepositoryConfiguration()
    if len(data) > LIMIT:
        return Broken((f"{PATH}: larger than {LIMIT} bytes",))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Broken((f"{PATH}: not UTF-8 at byte {error.start}",))
    parsed = _parse(text)
    return parsed if isinstance(parsed, Broken) else _validate(parsed)


def _parse(text: str) -> Mapping[str, Any] | Broken:
    try:
        yaml = YAML(typ="rt", pure=True)
        for token in yaml.scan(text):
            if isinstance(token, AnchorToken | AliasToken | TagToken):
                return Broken((f"{PATH}:{token.start_mark.line + 1}: anchors, aliases and tags are not read here",))
        parsed = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return Broken((f"{PATH}:{line}: not readable as YAML: {error.problem}",))
    except YAMLError as error:
        return Broken((f"{PATH}: not readable as YAML: {str(error).splitlines()[0]}",))
    if parsed is None:
        return {}
    return parsed if isinstance(parsed, Mapping) else Broken((f"{PATH}:1: has to be a mapping of settings",))


def _validate(parsed: Mapping[str, Any]) -> RepositoryConfiguration | Broken:
    try:
        return RepositoryConfiguration.model_validate(parsed)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return Broken(tuple(_problem(parsed, detail) for detail in details))


def _problem(parsed: Mapping[str, Any], detail: ErrorDetails) -> str:
    place = detail["loc"]
    key = ".".join(str(part) for part in place)
    said = "is not a setting" if detail["type"] == "extra_forbidden" else detail["msg"]
    return f"{PATH}:{_line(parsed, place)}: `{key}` {said}"


def _line(parsed: Any, place: Sequence[int | str]) -> int:
    """Of the innermost key that the file itself has; positions are ruamel's `lc`, from 0."""
    line = 0
    for part in place:
        positions = getattr(parsed, "lc", None)
        try:
            line = positions.key(part)[0] if isinstance(part, str) else positions.item(part)[0]  # type: ignore[union-attr]
            parsed = parsed[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line + 1
