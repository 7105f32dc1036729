"""Which files are tests, by the conventions of the programs that run them (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_JS: Final = r"\.(?:[cm]?[jt]s|[jt]sx)$"


@dataclass(frozen=True)
class Convention:
    """`pattern` is searched for in a path from the repository's root."""

    runner: str
    pattern: re.Pattern[str]
    source: str


CONVENTIONS: Final = (
    Convention(
        "pytest",
        re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$"),
        "https://docs.pytest.org/en/stable/explanation/goodpractices.html#conventions-for-python-test-discovery",
    ),
    Convention(
        "unittest",
        re.compile(r"(?:^|/)test[^/]*\.py$"),
        "https://docs.python.org/3/library/unittest.html#test-discovery",
    ),
    Convention(
        "jest",
        re.compile(rf"(?:^|/)__tests__/(?:[^/]+/)*[^/]+{_JS}|\.(?:test|spec){_JS}"),
        "https://jestjs.io/docs/configuration#testmatch-arraystring",
    ),
    Convention("vitest", re.compile(rf"\.(?:test|spec){_JS}"), "https://vitest.dev/config/include"),
    Convention("mocha", re.compile(r"^test/[^/]+\.[cm]?js$"), "https://mochajs.org/#the-test-directory"),
    Convention(
        "node --test",
        re.compile(r"(?:^|/)(?:test/(?:[^/]+/)*[^/]+|test|test-[^/]+|[^/]+[._-]test)\.[cm]?[jt]s$"),
        "https://nodejs.org/api/test.html#running-tests-from-the-command-line",
    ),
    Convention("go", re.compile(r"_test\.go$"), "https://pkg.go.dev/cmd/go#hdr-Test_packages"),
    Convention(
        "rspec", re.compile(r"_spec\.rb$"), "https://rspec.info/features/3-13/rspec-core/configuration/pattern/"
    ),
    Convention(
        "minitest",
        re.compile(r"(?:^|/)(?:test_[^/]+|[^/]+_test)\.rb$"),
        "https://guides.rubyonrails.org/testing.html",
    ),
    Convention(
        "JUnit",
        re.compile(r"(?:^|/)(?:Test[^/]*|[^/]*(?:Tests?|TestCase)|IT[A-Z][^/]*|[^/]*IT)\.(?:java|kt|groovy|scala)$"),
        "https://maven.apache.org/surefire/maven-surefire-plugin/examples/inclusion-exclusion.html",
    ),
    Convention("PHPUnit", re.compile(r"Test\.php$"), "https://docs.phpunit.de/en/11.5/organizing-tests.html"),
    Convention(
        "cargo",
        re.compile(r"(?:^|/)tests/(?:[^/]+|[^/]+/main)\.rs$"),
        "https://doc.rust-lang.org/cargo/guide/project-layout.html",
    ),
    Convention("ExUnit", re.compile(r"_test\.exs$"), "https://hexdocs.pm/mix/Mix.Tasks.Test.html"),
)

_BESIDE: Final = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|__snapshots__|__mocks__|testdata)/"
    r"|(?:^|/)conftest\.py$|(?:^|/)(?:test|spec|rails)_helper\.rb$"
)


def is_test_file(path: str) -> bool:
    """It holds tests. Tests within the code that they test (`#[cfg(test)]`) cannot be told from it."""
    return any(convention.pattern.search(path) for convention in CONVENTIONS)


def goes_with_tests(path: str) -> bool:
    """A test, or what tests are given to work with: data, snapshots, fixtures."""
    return is_test_file(path) or _BESIDE.search(path) is not None
