"""The words of the project as frozen types: no I/O, no library but pydantic, no import from the rest of minion."""
