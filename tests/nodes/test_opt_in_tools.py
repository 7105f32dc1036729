"""The opt-in tools, as a model meets them: offered by name where a node lists them and there is something to serve."""

from __future__ import annotations

from minion.domain.checks import PastCheck
from minion.ports.web import NotFetched, Page

from .conftest import Build, agent, call, finish


class OnePage:
    hosts = ("docs.example",)
    not_allowed = ("other.example",)

    def fetch(self, url: str) -> Page | NotFetched:
        return Page(url, "text/html", "<h1>Add</h1><p>Sums.</p>", 24, whole=True)


LISTED = ("read", "git.log", "git.show", "git.blame", "ci.history", "web")
PAST = (PastCheck(where="base branch", sha="a" * 40, check="test", group="ci", conclusion="failure"),)


def test_they_are_on_the_wire_and_answer(place: Build) -> None:
    at = place(
        {"calls": [call("git_log"), call("ci_history"), call("web", url="https://docs.example/add")]},
        {"calls": [call("git_blame", path="calc.py"), call("git_show", commit="HEAD", path="calc.py", file=True)]},
        {"calls": [finish()]},
        web=OnePage(),
        check_history=PAST,
    )
    report = at.visit(agent(tools=LISTED))
    assert report.result.outcome == "ok"
    assert "Not read: pages of other.example, which `egress.allow` does not have." in report.notes
    names = [tool["name"] for tool in at.bodies[0]["tools"]]
    assert names[:6] == ["ci_history", "git_blame", "git_log", "git_show", "read", "web"]
    assert "T  start" in at.texts(1)
    assert "base branch: aaaaaaaa failure" in at.texts(1)
    assert '<untrusted source="https://docs.example/add">\n# Add' in at.texts(1)
    assert "return a - b" in at.texts(2)


def test_what_has_nothing_to_serve_is_not_there_and_cannot_be_called(place: Build) -> None:
    at = place({"calls": [call("web", url="https://docs.example/"), call("ci_history")]}, {"calls": [finish()]})
    assert at.visit(agent(tools=LISTED)).result.outcome == "ok"
    assert {"web", "ci_history"}.isdisjoint(tool["name"] for tool in at.bodies[0]["tools"])
    assert "docs.example" not in at.texts(1)
    assert at.bodies[1]["messages"][-1]["content"][0]["is_error"]


def test_a_node_that_does_not_list_them_has_none(place: Build) -> None:
    at = place({"calls": [finish()]}, web=OnePage(), check_history=PAST)
    at.visit(agent())
    assert not {"web", "ci_history", "git_log"} & {tool["name"] for tool in at.bodies[0]["tools"]}
