"""All stores of one database, opened and migrated."""

from __future__ import annotations

from dataclasses import dataclass

from minion.adapters.store.cursors import SqlCursors
from minion.adapters.store.engine import Database, connect
from minion.adapters.store.inbox import SqlInbox
from minion.adapters.store.inbox_writer import InboxWriter
from minion.adapters.store.leases import SqlLeases
from minion.adapters.store.ledger import SqlPushLedger
from minion.adapters.store.migrate import is_current, migrate
from minion.adapters.store.spend import SqlSpendStore
from minion.adapters.store.tasks import SqlTaskStore
from minion.adapters.store.traces import SqlTraceStore
from minion.domain.errors import Outage
from minion.ports.clock import Clock


@dataclass(frozen=True)
class Store:
    database: Database
    inbox: SqlInbox
    writer: InboxWriter
    tasks: SqlTaskStore
    ledger: SqlPushLedger
    leases: SqlLeases
    spend: SqlSpendStore
    trace: SqlTraceStore
    cursors: SqlCursors

    def ready(self) -> bool:
        """The database answers and has this version's schema."""
        try:
            return is_current(self.database)
        except Outage:
            return False

    def close(self) -> None:
        self.writer.close()
        self.inbox.close()
        self.database.close()


def open_store(url: str, clock: Clock) -> Store:
    """Raises `UsageError` for an URL that is not supported, `Outage` when the database does not answer."""
    database = connect(url)
    migrate(database)
    inbox = SqlInbox(database, clock)
    return Store(
        database,
        inbox,
        InboxWriter(inbox),
        SqlTaskStore(database),
        SqlPushLedger(database),
        SqlLeases(database),
        SqlSpendStore(database),
        SqlTraceStore(database),
        SqlCursors(database),
    )
