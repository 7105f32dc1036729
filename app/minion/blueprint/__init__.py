"""The workflow language: schema, loader, pure engine, diagram. No I/O, no other part of minion but `domain`."""
