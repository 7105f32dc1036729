"""Single jobs: actions, commands, limits, cancellation."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import JobOf, LogOf, WaitFor, World


STEPS = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"

COMPOSITE = """
name: Greeter
inputs:
  who: {required: true}
  mood: {default: "calm ${{ github.event_name }}"}
outputs:
  said:
    value: ${{ steps.say.outputs.said }}
runs:
  using: composite
  steps:
    - id: say
      shell: bash
      run: echo "said=$WHO is ${{ inputs.mood }} in $(basename "$GITHUB_ACTION_PATH")" >> "$GITHUB_OUTPUT"
      env:
        WHO: ${{ inputs.who }}
    - shell: bash
      if: always()
      run: echo "outer=$OUTER"
"""


def steps(*lines: str) -> str:
    return STEPS + "".join(f"      {line}\n" for line in lines)


def test_a_composite_action_of_another_repository(world: World, job: JobOf, log: LogOf) -> None:
    other = world.host.add_repository("greeter")
    other.commit({"sub/action.yml": COMPOSITE})
    git_tag = other.commit({"x": "1"})
    run = world.push(
        steps(
            "- id: greet",
            "  uses: acme/greeter/sub@main",
            "  with: {who: Ann}",
            "  env: {OUTER: seen}",
            f"- uses: acme/greeter/sub@{git_tag[:10]}",
            "  with: {who: Bob, mood: glad}",
            '- run: echo "result=${{ steps.greet.outputs.said }}"',
        )
    )
    assert run.conclusion == "success", log(job(run, "a"))
    assert "result=Ann is calm push in sub" in log(job(run, "a"))
    assert "outer=seen" in log(job(run, "a"))


@pytest.mark.parametrize(
    ("uses", "part"),
    [
        ("acme/nowhere@v1", "Unable to resolve action acme/nowhere, repository not found"),
        ("docker://alpine", "Docker actions are not available"),
        ("actions/github-script@v7", "actions/github-script, repository not found: it is neither built into this hub"),
        ("./local", "Did you forget to run actions/checkout"),
        ("acme/node@main", "using 'node20' are not available"),
        ("acme/strict@main", "acme/strict@main/action.yml:3: Unexpected value 'inptus'"),
        ("acme/node@v9", "unable to find version `v9`"),
    ],
)
def test_actions_that_cannot_run_fail_the_job_by_name(
    world: World, job: JobOf, log: LogOf, uses: str, part: str
) -> None:
    world.host.add_repository("node").commit({"action.yml": "name: n\nruns:\n  using: node20\n  main: x.js\n"})
    world.host.add_repository("strict").commit(
        {"action.yml": "name: n\nruns: {using: composite, steps: []}\ninptus: {}\n"}
    )
    run = world.push(steps(f"- uses: {uses}"))
    assert run.conclusion == "failure"
    assert part in log(job(run, "a"))


def test_unknown_and_missing_inputs_of_an_action_fail(world: World, job: JobOf, log: LogOf) -> None:
    world.host.add_repository("greeter").commit({"action.yml": COMPOSITE})
    run = world.push(
        steps("- uses: acme/greeter@main", "  with: {who: a, wat: 1}", "- uses: acme/greeter@main", "  if: always()")
    )
    text = log(job(run, "a"))
    assert "Unexpected input 'wat'" in text
    assert "Input required and not supplied: who" in text


def test_commands_that_steps_print(world: World, job: JobOf, log: LogOf) -> None:
    run = world.push(
        steps(
            "- run: |",
            "    echo '::add-mask::tulip'",
            "    echo 'a tulip here'",
            "    echo '::group::Inside'",
            "    echo '::endgroup::'",
            "    echo '::warning file=a.py,line=3,endLine=5::careful'",
            "    echo '::notice::fyi'",
            "    echo '::debug::hidden'",
            "    echo '::stop-commands::pause'",
            "    echo '::error::not a command'",
            "    echo '::pause::'",
            "    echo '::notice::again'",
            '- run: echo "::set-output name=a::b"',
        )
    )
    text = log(job(run, "a"))
    assert "a *** here" in text
    assert "##[group]Inside\n##[endgroup]" in text
    assert "::error::not a command" in text
    assert "hidden" not in text.replace("'::debug::hidden'", "")
    assert "The `set-output` command is disabled" in text
    assert run.conclusion == "failure"
    levels = [(a["annotation_level"], a["start_line"]) for a in job(run, "a").annotations]
    assert ("warning", 3) in levels
    assert len([level for level, _ in levels if level == "notice"]) == 2


def test_nothing_of_the_surrounding_environment_reaches_a_step(
    world: World, job: JobOf, log: LogOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_SECRET_CANARY", "canary")
    run = world.push(steps("- run: env | sort"))
    text = log(job(run, "a"))
    assert "CANARY" not in text
    assert "GITHUB_ACTIONS=true" in text
    assert "CI=true" in text
    home = next(line for line in text.splitlines() if line.startswith("HOME="))
    assert home.endswith(f"/jobs/{job(run, 'a').id}/home")
    assert not Path(home.removeprefix("HOME=")).exists()


def test_secrets_are_masked_and_not_passed_on_as_outputs(world: World, job: JobOf, log: LogOf) -> None:
    world.host.stored_secrets["KEY"] = "open-sesame"
    world.host.stored_variables["PLACE"] = "cave"
    text = """
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    outputs:
      leak: ${{ steps.s.outputs.leak }}
      fine: ${{ vars.PLACE }}
    steps:
      - id: s
        run: |
          echo "it is $KEY"
          echo "leak=$KEY" >> "$GITHUB_OUTPUT"
        env:
          KEY: ${{ secrets.key }}
  b:
    needs: a
    runs-on: ubuntu-latest
    steps:
      - run: echo "leak='${{ needs.a.outputs.leak }}' fine='${{ needs.a.outputs.fine }}'"
"""
    run = world.push(text)
    assert "it is ***" in log(job(run, "a"))
    assert "open-sesame" not in job(run, "a").log.read_text()
    assert "Skip output 'leak'" in log(job(run, "a"))
    assert "leak='' fine='cave'" in log(job(run, "b"))


def test_malformed_file_commands_fail_the_step(world: World, job: JobOf, log: LogOf) -> None:
    run = world.push(steps("- run: echo nonsense >> $GITHUB_ENV"))
    assert "Invalid format 'nonsense'" in log(job(run, "a"))
    assert run.conclusion == "failure"


def test_a_step_that_takes_too_long_fails_and_its_processes_end(
    world: World, job: JobOf, log: LogOf, tmp_path: Path
) -> None:
    run = world.push(steps(f"- run: sleep 300 & echo $! > {tmp_path}/pid; wait", "  timeout-minutes: 0.01"))
    assert run.conclusion == "failure"
    assert "The action has timed out after 0.01 minutes." in log(job(run, "a"))
    assert not alive(tmp_path / "pid")


def test_a_job_that_takes_too_long_is_cancelled(world: World, job: JobOf, log: LogOf) -> None:
    text = steps("- run: sleep 300", "- run: echo cleaned", "  if: always()").replace(
        "    runs-on", "    timeout-minutes: 0.01\n    runs-on"
    )
    run = world.push(text)
    assert job(run, "a").conclusion == "cancelled"
    assert "cleaned" in log(job(run, "a"))
    assert "exceeded its maximum execution time" in log(job(run, "a"))


def test_cancelling_kills_the_processes_and_runs_always_steps(
    world: World, job: JobOf, log: LogOf, wait_for: WaitFor, tmp_path: Path
) -> None:
    marker = tmp_path / "pid"
    script = f"setsid sleep 300 & echo $! > {marker}; sleep 300"
    sha = world.repo.commit(
        {
            ".github/workflows/ci.yml": steps(
                f"- run: {script}", "- run: echo never", "- run: echo bye", "  if: always()"
            )
        }
    )
    world.pushed(sha)
    wait_for(lambda: marker.exists() and marker.read_text().endswith("\n"))
    run = world.runs()[0]
    world.actions.cancel(run)
    world.settle()
    assert (run.conclusion, job(run, "a").conclusion) == ("cancelled", "cancelled")
    text = log(job(run, "a"))
    assert "##[error]The operation was canceled." in text
    assert "bye" in text
    assert "never" not in text
    assert [step.conclusion for step in job(run, "a").steps][1:4] == ["cancelled", "skipped", "success"]
    wait_for(lambda: not alive(marker))


def alive(marker: Path) -> bool:
    pid = int(marker.read_text())
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        try:
            os.kill(pid, signal.SIG_DFL)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return False
        except (ProcessLookupError, FileNotFoundError):
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("escape", ["cd / && exec setsid", "exec env -i /usr/bin/setsid"])
def test_a_daemon_that_leaves_its_group_ends_with_the_job(world: World, tmp_path: Path, escape: str) -> None:
    marker = tmp_path / "pid"
    run = world.push(
        steps(
            "- run: |",
            f"    ({escape} /bin/sh -c 'echo $$ > {marker}; exec /bin/sleep 300') &",
            f"    while [ ! -s {marker} ]; do sleep 0.05; done",
        )
    )
    assert run.conclusion == "success"
    assert not alive(marker)


def test_the_time_limit_of_a_step_holds_inside_its_action(world: World, job: JobOf, log: LogOf) -> None:
    slow = "name: s\nruns:\n  using: composite\n  steps:\n    - {run: sleep 300, shell: bash}\n"
    world.host.add_repository("slow").commit({"action.yml": slow})
    run = world.push(steps("- uses: acme/slow@main", "  timeout-minutes: 0.01"))
    assert run.conclusion == "failure"
    assert "The action has timed out after 0.01 minutes." in log(job(run, "a"))


def test_artifacts_and_caches(world: World, job: JobOf, log: LogOf) -> None:
    text = steps(
        "- id: c",
        "  uses: actions/cache@v4",
        "  with: {path: kept, key: k1, restore-keys: k}",
        '- run: echo "hit=${{ steps.c.outputs.cache-hit }} $(cat kept/f 2>/dev/null)"',
        "- run: mkdir -p kept out/deep && echo cached > kept/f && echo 1 > out/a.txt && echo 2 > out/deep/b.txt",
        "- uses: actions/upload-artifact@v4",
        "  with: {name: result, path: out}",
        "- uses: actions/download-artifact@v4",
        "  with: {name: result, path: back}",
        "- run: find back -type f | sort",
    )
    first = world.push(text)
    assert first.conclusion == "success", log(job(first, "a"))
    assert "back/a.txt\nback/deep/b.txt" in log(job(first, "a"))
    assert "hit= \n" in log(job(first, "a"))
    second = world.push(text, message="again")
    assert "hit=true cached" in log(job(second, "a"))
    assert [artifact.name for artifact in world.actions.artifacts.of_run(first.id)] == ["result"]


def test_hash_files_and_working_directory(world: World, job: JobOf, log: LogOf) -> None:
    run = world.push(
        steps(
            "- run: mkdir d && echo x > d/a.lock && echo y > d/b.txt",
            "- run: |",
            "    pwd",
            "    echo \"one=${{ hashFiles('**/*.lock') == hashFiles('d/*', '!d/b*') }} ${{ hashFiles('no') == '' }}\"",
            "  working-directory: d",
        )
    )
    assert "one=true true" in log(job(run, "a"))
    assert "/d\n" in log(job(run, "a"))


def test_setup_python_finds_an_interpreter_or_says_there_is_none(world: World, job: JobOf, log: LogOf) -> None:
    run = world.push(
        steps(
            "- id: py",
            "  uses: actions/setup-python@v5",
            '  with: {python-version: "3.x"}',
            "- run: python -c 'import sys; print(sys.version_info[0])'",
            '- run: echo "v=${{ steps.py.outputs.python-version }}"',
            "- uses: actions/setup-python@v5",
            '  with: {python-version: "2.6"}',
        )
    )
    text = log(job(run, "a"))
    assert "v=3." in text
    assert "The version '2.6' with architecture 'x64' was not found" in text


def test_containers_are_refused(world: World, job: JobOf, log: LogOf) -> None:
    run = world.push(steps("- run: echo hi").replace("    runs-on", "    container: alpine\n    runs-on"))
    assert "'container' is not available in this hub" in log(job(run, "a"))
    assert run.conclusion == "failure"
