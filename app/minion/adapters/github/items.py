"""Issues and the conversation: https://docs.github.com/en/rest/issues"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from minion.adapters.github import fields
from minion.adapters.github.answers import ABSENT, Refusal, as_error
from minion.adapters.github.resource import Resource, part
from minion.domain.ids import RepositoryRef
from minion.ports.github import Comment, Item


class Items(Resource):
    def item(self, repo: RepositoryRef, number: int) -> Item | None:
        data = self._ask.read(lambda: self._rest.issues.get(repo.owner, repo.name, number))
        return None if data is None else _item(data)

    def comments(self, repo: RepositoryRef, number: int) -> Sequence[Comment]:
        found = self._ask.pages(
            lambda page: self._rest.issues.list_comments(repo.owner, repo.name, number, per_page=100, page=page)
        )
        return tuple(self._attributed(_comment(entry)) for entry in found)

    def label_events(self, repo: RepositoryRef, number: int) -> Sequence[tuple[str, str, datetime]]:
        events = self._ask.pages(
            lambda page: self._rest.issues.list_events(repo.owner, repo.name, number, per_page=100, page=page)
        )
        found = [
            (fields.text(event, "label", "name"), fields.text(event, "actor", "login"), _when(event))
            for event in events
            if fields.text(event, "event") == "labeled"
        ]
        return sorted(found, key=lambda entry: entry[2])

    def react(self, repo: RepositoryRef, number: int, comment_id: int | None, content: str) -> None:
        """Reactions are a set: asking twice adds one. A comment that is gone gets none.

        https://docs.github.com/en/rest/reactions/reactions
        """
        reactions = self._rest.reactions
        body: Any = {"content": content}
        if comment_id is None:
            self._tolerant(lambda: reactions.create_for_issue(repo.owner, repo.name, number, data=body))
            return
        given = self._tolerant(lambda: reactions.create_for_issue_comment(repo.owner, repo.name, comment_id, data=body))
        if not given:  # the ids of review comments are another series
            self._tolerant(
                lambda: reactions.create_for_pull_request_review_comment(repo.owner, repo.name, comment_id, data=body)
            )

    def upsert_comment(self, repo: RepositoryRef, number: int, marker: str, body: str) -> int:
        """Ours is the comment that carries the marker *and* was written through our own App."""
        self._same(repo)
        text = self._redacted(body if marker in body else f"{marker}\n{body}")
        mine = self._mine(repo, number, marker)
        if mine is None:
            return self._ask.once(lambda: self._look(repo, number, marker), lambda: self._create(repo, number, text))
        if mine.body != text:
            self._update(repo, mine.id, text)
        return mine.id

    def add_labels(self, repo: RepositoryRef, number: int, labels: Sequence[str]) -> None:
        if labels:
            self._same(repo)
            self._expected(
                lambda: self._rest.issues.add_labels(repo.owner, repo.name, number, data={"labels": list(labels)})
            )

    def remove_label(self, repo: RepositoryRef, number: int, label: str) -> None:
        self._same(repo)
        self._tolerant(lambda: self._rest.issues.remove_label(repo.owner, repo.name, number, part(label)))

    # --- inside

    def _attributed(self, comment: Comment) -> Comment:
        """GitHub does not always say which App a comment came through; nobody else has our bot's login."""
        unsaid = comment.author_is_bot and comment.app_id is None
        ours = unsaid and comment.author == self._connection.bot_login()
        return replace(comment, app_id=self._app_id) if ours else comment

    def _mine(self, repo: RepositoryRef, number: int, marker: str) -> Comment | None:
        ours = (c for c in self.comments(repo, number) if c.author_is_bot and c.app_id == self._app_id)
        return next((comment for comment in ours if marker in comment.body), None)

    def _look(self, repo: RepositoryRef, number: int, marker: str) -> int | None:
        mine = self._mine(repo, number, marker)
        return None if mine is None else mine.id

    def _create(self, repo: RepositoryRef, number: int, text: str) -> int:
        try:
            answer = self._ask.one(
                lambda: self._rest.issues.create_comment(repo.owner, repo.name, number, data={"body": text})
            )
        except Refusal as refusal:
            raise as_error(refusal) from refusal
        return fields.number(answer.json(), "id")

    def _update(self, repo: RepositoryRef, comment_id: int, text: str) -> None:
        self._expected(lambda: self._rest.issues.update_comment(repo.owner, repo.name, comment_id, data={"body": text}))

    def _expected(self, call: Any) -> None:
        try:
            self._ask.again(call)
        except Refusal as refusal:
            raise as_error(refusal) from refusal

    def _tolerant(self, call: Any) -> bool:
        """False when the thing is gone (or locked); other refusals are errors."""
        try:
            self._ask.again(call)
        except Refusal as refusal:
            if refusal.status in ABSENT | {403, 422}:
                return False
            raise as_error(refusal) from refusal
        return True


def _when(event: Mapping[str, Any]) -> datetime:
    return fields.moment(event, "created_at") or datetime.fromtimestamp(0, UTC)


def _item(data: Mapping[str, Any]) -> Item:
    return Item(
        number=fields.number(data, "number"),
        title=fields.text(data, "title"),
        body=fields.text(data, "body"),
        author=fields.text(data, "user", "login") or "ghost",
        author_id=fields.number(data, "user", "id"),
        author_is_bot=fields.text(data, "user", "type") == "Bot",
        state=fields.text(data, "state"),
        labels=tuple(fields.text(label, "name") for label in fields.items(data, "labels")),
        is_pull=bool(data.get("pull_request")),
        created_at=fields.text(data, "created_at"),
        updated_at=fields.text(data, "updated_at"),
        url=fields.text(data, "html_url"),
    )


def _comment(data: Mapping[str, Any]) -> Comment:
    return Comment(
        id=fields.number(data, "id"),
        author=fields.text(data, "user", "login") or "ghost",
        author_id=fields.number(data, "user", "id"),
        author_is_bot=fields.text(data, "user", "type") == "Bot",
        app_id=fields.number_or_none(data, "performed_via_github_app", "id"),
        body=fields.text(data, "body"),
        created_at=fields.text(data, "created_at"),
        updated_at=fields.text(data, "updated_at"),
        url=fields.text(data, "html_url"),
    )
