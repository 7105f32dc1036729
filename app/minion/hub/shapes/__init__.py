"""GitHub's JSON for each entity, as in its REST description of version 2026-03-10: pure functions of the state."""
