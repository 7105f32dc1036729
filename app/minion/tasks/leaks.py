"""Secrets in what goes out: exact values in several disguises, and what looks like a key.

The patterns are detect-secrets' (https://github.com/Yelp/detect-secrets), used one by one: its scanner would ask the
services whether a found key is live.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from minion.domain.secret import Secret

_SHORTEST: Final = 8
"""Shorter exact values would be found everywhere."""
_LONGEST_LINE: Final = 20_000
_BETWEEN: Final = b" \t\n\r\f\v\"'`+\\,;()[]{}<>|&.:-"
"""Signs that a value may be broken up by."""
_OWN_PATTERNS: Final = (
    ("Anthropic key", re.compile(r"sk-ant-[A-Za-z0-9_-]{20,}")),
    ("GitHub token", re.compile(r"(?<![A-Za-z0-9])(?:gh[opsur]_[A-Za-z0-9._-]{36,}|github_pat_[A-Za-z0-9_]{40,})")),
    ("Google API key", re.compile(r"AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])")),
)


_KEY_BLOCK: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_JWT: Final = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")
_REDACTED: Final = "[redacted]"


@dataclass(frozen=True)
class Leak:
    """What was found, and where; never the value. `line` counts from 1; None: not at one place."""

    what: str
    line: int | None


def exact_leaks(data: bytes, secrets: Sequence[Secret]) -> bool:
    """Whether the bytes carry one of the values: plain, in base64 or hex, reversed, or broken up by other signs."""
    values = [value for secret in secrets if len(value := secret.reveal().encode()) >= _SHORTEST]
    squeezed, lowered = (_squeezed(data), data.lower()) if values else (b"", b"")
    for value in values:
        if any(form in data for form in _forms(value)) or value.hex().encode() in lowered:
            return True
        if any(_squeezed(form) in squeezed for form in _forms(value)):
            return True
    return False


def _squeezed(data: bytes) -> bytes:
    return data.translate(None, _BETWEEN)


def _forms(value: bytes) -> Iterator[bytes]:
    yield value
    yield value[::-1]
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * offset + value).rstrip(b"=")
            # the first characters also hold bits of what stands before, the last one of what follows
            yield encoded[(offset * 8 + 5) // 6 : -1]


def pattern_leaks(text: str, known: str = "") -> tuple[Leak, ...]:
    """What looks like a key and does not stand in `known` (the file before the change) already."""
    found: dict[tuple[str, str], Leak] = {}
    as_before = set(known.splitlines())  # whatever such a line holds stands in `known`
    for number, line in enumerate(text.splitlines(), start=1):
        if line in as_before:
            continue
        for what, value in _in_line(line[:_LONGEST_LINE]):
            if value not in known:
                found.setdefault((what, value), Leak(what, number))
    return tuple(found.values())


class Redactor:
    """Takes secrets out of text that is about to leave: exact values (base64 and hex too) and what looks like one."""

    def __init__(self, secrets: Sequence[Secret] = ()) -> None:
        values = [secret.reveal().encode() for secret in secrets if len(secret.reveal()) >= _SHORTEST]
        forms = {form.decode("utf-8", "replace") for value in values for form in (*_forms(value), value.hex().encode())}
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, _REDACTED)
        text = _JWT.sub(_REDACTED, _KEY_BLOCK.sub(_REDACTED, text))
        return "\n".join(_redacted_line(line) for line in text.split("\n"))


def _redacted_line(line: str) -> str:
    for _, value in tuple(_in_line(line[:_LONGEST_LINE])):
        line = line.replace(value, _REDACTED)
    return line


def _in_line(line: str) -> Iterator[tuple[str, str]]:
    for what, pattern in _OWN_PATTERNS:
        for match in pattern.finditer(line):
            yield what, match.group(0)
    for detector in _detectors():
        for value in detector.analyze_string(line):
            if value:
                yield detector.secret_type, str(value)


@cache
def _detectors() -> tuple[Any, ...]:
    """Those that know a provider's form. Guesses by entropy and keyword are left out: they cry at every hash."""
    from detect_secrets.plugins.artifactory import ArtifactoryDetector
    from detect_secrets.plugins.aws import AWSKeyDetector
    from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
    from detect_secrets.plugins.discord import DiscordBotTokenDetector
    from detect_secrets.plugins.github_token import GitHubTokenDetector
    from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
    from detect_secrets.plugins.mailchimp import MailchimpDetector
    from detect_secrets.plugins.npm import NpmDetector
    from detect_secrets.plugins.openai import OpenAIDetector
    from detect_secrets.plugins.private_key import PrivateKeyDetector
    from detect_secrets.plugins.pypi_token import PypiTokenDetector
    from detect_secrets.plugins.sendgrid import SendGridDetector
    from detect_secrets.plugins.slack import SlackDetector
    from detect_secrets.plugins.stripe import StripeDetector
    from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
    from detect_secrets.plugins.twilio import TwilioKeyDetector

    return (
        ArtifactoryDetector(),
        AWSKeyDetector(),
        AzureStorageKeyDetector(),
        DiscordBotTokenDetector(),
        GitHubTokenDetector(),
        GitLabTokenDetector(),
        MailchimpDetector(),
        NpmDetector(),
        OpenAIDetector(),
        PrivateKeyDetector(),
        PypiTokenDetector(),
        SendGridDetector(),
        SlackDetector(),
        StripeDetector(),
        TelegramBotTokenDetector(),
        TwilioKeyDetector(),
    )
