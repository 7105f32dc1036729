"""POST /api/graphql: runs one operation against the schema. https://docs.github.com/en/graphql/guides/forming-calls-with-graphql"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minion.hub.actors import AppItself, Nobody
from minion.hub.auth import identify
from minion.hub.core import Request
from minion.hub.errors import Refusal
from minion.hub.graphql.schema import SCHEMA, Context, Field, GraphQLProblem
from minion.hub.graphql.syntax import Operation, Selection, SyntaxProblem, parse
from minion.hub.rest.dispatch import Incoming
from minion.hub.rest.route import Answer

if TYPE_CHECKING:
    from minion.hub.core import Core


class GraphQL:
    """The endpoint; problems inside a query are answered with 200 and `errors`, as on GitHub."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def answer(self, request: Incoming) -> Answer:
        with self._core.lock:
            try:
                result = self._run(request)
            except Refusal as refusal:
                result = Answer(refusal.status, refusal.body(), refusal.headers)
            self._core.requests.append(Request(request.method, request.path, "", result.status))
        return result

    def _run(self, request: Incoming) -> Answer:
        actor = identify(self._core, request.headers.get("authorization"))
        if isinstance(actor, Nobody | AppItself):
            raise Refusal(401, "This endpoint requires you to be authenticated.")
        query, variables = _read(request.body)
        problems: list[dict[str, Any]] = []
        try:
            operation = parse(query, variables)
        except SyntaxProblem as problem:
            self._core.unknown_requests.append(f"GraphQL: {problem}")
            return Answer(200, {"errors": [{"message": str(problem)}]})
        run = _Run(self._core, Context(self._core, actor), problems)
        data = run.operation(operation)
        return Answer(200, {"data": data} | ({"errors": problems} if problems else {}))


def _read(raw: bytes) -> tuple[str, dict[str, Any]]:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise Refusal(400, "Problems parsing JSON") from error
    if (
        not isinstance(body, dict)
        or not isinstance(body.get("query"), str)
        or set(body) - {"query", "variables", "operationName"}
    ):
        raise Refusal(400, "A query attribute must be specified and must be a string.")
    return body["query"], body.get("variables") or {}


class _Run:
    def __init__(self, core: Core, context: Context, problems: list[dict[str, Any]]) -> None:
        self._core = core
        self._context = context
        self._problems = problems

    def operation(self, operation: Operation) -> dict[str, Any] | None:
        root = {"query": "Query", "mutation": "Mutation"}[operation.kind]
        strict = [problem for one in operation.selections for problem in _unknown(root, one)]
        if strict:
            for problem in strict:
                self._problems.append({"type": problem.kind, "message": problem.message})
                self._core.unknown_requests.append(f"GraphQL: {problem.message}")
            return None
        return {one.key: self._field(root, None, one, [one.key]) for one in operation.selections}

    def _field(self, kind: str, value: Any, selection: Selection, path: list[str]) -> Any:
        known = SCHEMA.types[kind][selection.name]
        try:
            result = known.resolve(self._context, value, selection.arguments)
        except GraphQLProblem as problem:
            self._problems.append({"type": problem.kind, "path": path, "message": problem.message})
            return None
        except Refusal as refusal:
            self._problems.append({"type": "UNPROCESSABLE", "path": path, "message": refusal.message})
            return None
        return self._complete(known, result, selection, path)

    def _complete(self, known: Field, result: Any, selection: Selection, path: list[str]) -> Any:
        if not known.type or result is None:
            return result
        if isinstance(result, Sequence):
            return [self._object(known.type, item, selection, path) for item in result]
        return self._object(known.type, result, selection, path)

    def _object(self, kind: str, value: Any, selection: Selection, path: list[str]) -> dict[str, Any]:
        return {one.key: self._field(kind, value, one, [*path, one.key]) for one in selection.children}


def _unknown(kind: str, selection: Selection) -> list[GraphQLProblem]:
    """Fields and arguments that the schema does not have, and selections where none or one is due."""
    known = SCHEMA.types[kind].get(selection.name)
    if known is None:
        return [GraphQLProblem("undefinedField", f"Field '{selection.name}' doesn't exist on type '{kind}'")]
    found = _wrong_arguments(kind, known, selection.name, selection.arguments)
    if bool(known.type) != bool(selection.children):
        found.append(
            GraphQLProblem(
                "undefinedField", f"Field '{selection.name}' of '{kind}' needs {'a' if known.type else 'no'} selection"
            )
        )
    return found + [
        problem for child in selection.children for problem in (_unknown(known.type, child) if known.type else [])
    ]


def _wrong_arguments(kind: str, known: Field, name: str, given: Mapping[str, Any]) -> list[GraphQLProblem]:
    names = {one.rstrip("!") for one in known.arguments}
    missing = [one[:-1] for one in known.arguments if one.endswith("!") and given.get(one[:-1]) is None]
    extra = [one for one in given if one not in names]
    return [
        GraphQLProblem("argumentNotAccepted", f"Field '{name}' on '{kind}': argument '{one}'")
        for one in missing + extra
    ]
