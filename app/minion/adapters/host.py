"""Commands on the machine itself, with a part of its environment and their whole process group ended at the timeout."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from minion.adapters.sandbox.process import ProcessSpec, run_process
from minion.ports.host import HostCommand, HostResult

ALLOWED = frozenset(
    """
    PATH HOME USER LOGNAME SHELL LANG LC_ALL TZ TMPDIR CI ImageOS ImageVersion
    RUNNER_TOOL_CACHE AGENT_TOOLSDIRECTORY RUNNER_TEMP RUNNER_OS RUNNER_ARCH RUNNER_TRACKING_ID
    JAVA_HOME GOROOT GOPATH CARGO_HOME RUSTUP_HOME PYENV_ROOT NVM_DIR ANDROID_HOME
    HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy
    SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS
    PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_NO_INDEX PIP_FIND_LINKS PIP_CONFIG_FILE PIP_CACHE_DIR PIP_CERT PIP_CONSTRAINT
    UV_DEFAULT_INDEX UV_INDEX UV_INDEX_URL UV_FIND_LINKS UV_OFFLINE
    npm_config_registry npm_config_offline GOPROXY GOFLAGS CARGO_NET_OFFLINE
    """.split()  # noqa: SIM905 -- words are easier to read and to add to
)
"""What set-up commands need of the machine; tokens of the runner or of a model are not among it. By RUNNER_TRACKING_ID
the runner finds, and ends, what a job that was killed has left (https://github.com/actions/runner/issues/598)."""


class SystemHost:
    """Implements `ports.host.HostCommands`; `environment` is the machine's, as the settings read it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {name: value for name, value in environment.items() if name in ALLOWED}

    def run(self, command: HostCommand, on_output: Callable[[bytes], None] | None = None) -> HostResult:
        spec = ProcessSpec(
            argv=command.argv,
            env=self._environment | dict(command.env),
            cwd=command.cwd,
            timeout_s=command.timeout_s,
            output_limit=command.output_limit,
            merge_stderr=True,
            on_output=on_output,
        )
        try:
            done = run_process(spec)
        except OSError as error:
            return HostResult(127, f"{command.argv[0]}: {error.strerror}\n".encode(), timed_out=False, seconds=0.0)
        return HostResult(done.exit_code, done.stdout, done.timed_out, done.seconds)
