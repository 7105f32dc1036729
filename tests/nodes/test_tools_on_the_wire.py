"""What a model is sent back for its calls: images as images, errors as errors, failures first."""

from __future__ import annotations

import base64
from typing import Any

from tests.tools.test_read_and_search import PNG

from .conftest import Build, agent, call, finish


def results(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in body["messages"][-1]["content"] if block["type"] == "tool_result"]


def test_an_image_is_an_image_in_the_answer(place: Build) -> None:
    code = base64.b64encode(PNG).decode()
    at = place(
        {"calls": [call("shell", command=f"echo {code} | base64 -d > dot.png")]},
        {"calls": [call("read", path="dot.png"), call("read", path="calc.py"), call("read", path="clac.py")]},
        {"calls": [call("shell", command="rm dot.png"), finish()]},
        {"calls": [finish()]},
    )
    at.visit(agent())
    image, text, missing = results(at.bodies[2])
    assert [block["type"] for block in image["content"]] == ["text", "image"]
    assert image["content"][1]["source"] == {"type": "base64", "media_type": "image/png", "data": code}
    assert text["content"].startswith("def add(a, b):")
    assert missing["is_error"]
    assert missing["content"] == "clac.py does not exist; there is: calc.py, test_calc.py"


def test_a_red_test_run_begins_with_what_is_red(place: Build) -> None:
    run = "python3 -c 'print(\"noise \" * 2000)'; python3 -m pytest -q -p no:cacheprovider"
    at = place({"calls": [call("shell", command=run)]}, {"calls": [finish()]})
    at.visit(agent())
    [answer] = results(at.bodies[1])
    assert answer["is_error"]
    assert answer["content"].startswith(
        'exit code 1\n<failures program="pytest" count="1">\ntest_add\n  >       assert'
    )
    assert "The whole output: read /" in answer["content"]
