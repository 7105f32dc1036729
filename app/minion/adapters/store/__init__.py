"""The App's durable memory on SQLAlchemy: one embedded SQLite file, or PostgreSQL for several replicas.

Every write is one short transaction. On SQLite it begins with BEGIN IMMEDIATE (a deferred one that turns into a write
fails at once instead of waiting), the journal is a WAL, and `synchronous` is FULL: what was acked survives a power cut.
"""
